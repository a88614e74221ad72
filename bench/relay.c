/*
 * relay: both sides of a relay that is measured, on the loopback interface.
 *
 *   relay serve PORT                    the server: for each connection one byte comes; `b' has it
 *                                       send for ever, any other byte one byte back and the end
 *   relay rate PORT COUNT PARALLEL      so many connections, so many at a time: connect, a byte
 *                                       there, a byte back, the end. Prints connections a second
 *   relay bulk PORT MEGABYTES PARALLEL  receives so much in all, prints megabytes a second
 *
 * The server ends after 10 minutes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 256
#define SERVE_S 600
#define MEGABYTE (1 << 20)

static char buffer[256 * 1024];

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static struct sockaddr_in place(const char *port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)strtol(port, NULL, 10)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void want(int epoll, int how, int fd, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.fd = fd};

    epoll_ctl(epoll, how, fd, &e);
}

static void serve_one(int epoll, const struct epoll_event *e)
{
    int fd = e->data.fd;
    char byte;

    if (e->events & EPOLLOUT) {
        if (send(fd, buffer, sizeof buffer, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
            close(fd);
    } else if (recv(fd, &byte, 1, 0) != 1) {
        close(fd);
    } else if (byte == 'b') {
        want(epoll, EPOLL_CTL_MOD, fd, EPOLLOUT);
    } else {
        if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
            fprintf(stderr, "relay: a byte is lost\n");
        close(fd);
    }
}

static int serve(const char *port)
{
    struct sockaddr_in at = place(port);
    int on = 1, epoll = epoll_create1(0);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int64_t ends = now_ns() + SERVE_S * INT64_C(1000000000);

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 4096) != 0) {
        fprintf(stderr, "relay: port %s: %s\n", port, strerror(errno));
        return 71;
    }
    want(epoll, EPOLL_CTL_ADD, listener, EPOLLIN);
    while (now_ns() < ends) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(epoll, events, EVENTS, 1000), fd;

        for (int i = 0; i < count; i++) {
            if (events[i].data.fd != listener) {
                serve_one(epoll, &events[i]);
                continue;
            }
            while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
                want(epoll, EPOLL_CTL_ADD, fd, EPOLLIN);
        }
    }
    return 0;
}

static int start(int epoll, const char *port, char byte)
{
    struct sockaddr_in to = place(port);
    struct linger reset = {1, 0};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 || send(fd, &byte, 1, 0) != 1) {
        fprintf(stderr, "relay: connect: %s\n", strerror(errno));
        exit(71);
    }
    want(epoll, EPOLL_CTL_ADD, fd, EPOLLIN);
    return fd;
}

static int rate(const char *port, long count, long parallel)
{
    int epoll = epoll_create1(0);
    long begun = 0, ended = 0;
    int64_t begin = now_ns();
    char bytes[16];

    while (begun < parallel && begun < count)
        start(epoll, port, (char)('0' + begun++ % 10));
    while (ended < count) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(epoll, events, EVENTS, 10000);

        if (ready <= 0)
            return 70;
        for (int i = 0; i < ready; i++) {
            if (recv(events[i].data.fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
                continue;
            close(events[i].data.fd);
            ended++;
            if (begun < count)
                start(epoll, port, (char)('0' + begun++ % 10));
        }
    }
    printf("%.0f\n", (double)count * 1e9 / (double)(now_ns() - begin));
    return 0;
}

static int bulk(const char *port, long megabytes, long parallel)
{
    int epoll = epoll_create1(0);
    int64_t left = (int64_t)megabytes * MEGABYTE, begin = now_ns();

    for (long i = 0; i < parallel; i++)
        start(epoll, port, 'b');
    while (left > 0) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(epoll, events, EVENTS, 10000);

        if (ready <= 0)
            return 70;
        for (int i = 0; i < ready; i++) {
            ssize_t n = recv(events[i].data.fd, buffer, sizeof buffer, MSG_DONTWAIT);

            if (n == 0 || (n < 0 && errno != EAGAIN))
                return 70;
            left -= n > 0 ? n : 0;
        }
    }
    printf("%.0f\n", (double)megabytes * 1e9 / (double)(now_ns() - begin));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2]);
    if (argc == 5 && strcmp(argv[1], "rate") == 0)
        return rate(argv[2], strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10));
    if (argc == 5 && strcmp(argv[1], "bulk") == 0)
        return bulk(argv[2], strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10));
    return 64;
}
