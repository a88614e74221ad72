/*
 * stream: packets of established connections.
 *
 *   stream serve PORT                 sends zeros on every TCP connection, echoes datagrams; 10
 *                                     minutes at most
 *   stream tcp ADDR PORT MEGABYTES    receives so many, prints the microseconds for one
 *   stream udp ADDR PORT COUNT        sends a datagram and waits for its echo so many times, prints
 *                                     the nanoseconds for one round
 */
#include "clock.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVE_S 600
#define MEGABYTE (1 << 20)

static char buffer[65536];

static struct sockaddr_in place(const char *addr, const char *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)strtol(port, NULL, 10))};

    if (addr && inet_pton(AF_INET, addr, &to.sin_addr) != 1)
        exit(64);
    return to;
}

static int open_socket(int type, const struct sockaddr_in *at, bool server)
{
    int fd = socket(AF_INET, type, 0), one = 1;
    struct timeval patience = {.tv_sec = 5};

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (!server)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (fd < 0 || (server ? bind(fd, (const void *)at, sizeof *at)
                          : connect(fd, (const void *)at, sizeof *at)) != 0) {
        perror("stream");
        exit(71);
    }
    return fd;
}

static int serve(const char *port)
{
    struct sockaddr_in at = place(NULL, port), from;
    int tcp = open_socket(SOCK_STREAM, &at, true), udp = open_socket(SOCK_DGRAM, &at, true), fd;

    alarm(SERVE_S);
    listen(tcp, 16);
    if (fork() == 0) {
        alarm(SERVE_S);
        for (;;) {
            socklen_t len = sizeof from;
            ssize_t n = recvfrom(udp, buffer, sizeof buffer, 0, (void *)&from, &len);

            if (n > 0 && sendto(udp, buffer, (size_t)n, 0, (void *)&from, len) < 0)
                continue;
        }
    }
    while ((fd = accept(tcp, NULL, NULL)) >= 0) {
        while (send(fd, buffer, sizeof buffer, MSG_NOSIGNAL) > 0)
            ;
        close(fd);
    }
    return 71;
}

static int measure(bool tcp, const char *addr, const char *port, long count)
{
    struct sockaddr_in to = place(addr, port);
    int fd = open_socket(tcp ? SOCK_STREAM : SOCK_DGRAM, &to, false);
    int64_t bytes = (int64_t)count * MEGABYTE;
    struct mono begin = mono_now();

    for (long i = 0; tcp ? bytes > 0 : i < count; i++) {
        ssize_t n = tcp || send(fd, buffer, 64, 0) == 64 ? recv(fd, buffer, sizeof buffer, 0) : -1;

        if (n <= 0)
            return 71;
        bytes -= n;
    }
    printf("%lld\n", (long long)(mono_since(begin, mono_now()).ns / count / (tcp ? 1000 : 1)));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2]);
    if (argc != 5 || strtol(argv[4], NULL, 10) <= 0)
        return 64;
    return measure(strcmp(argv[1], "tcp") == 0, argv[2], argv[3], strtol(argv[4], NULL, 10));
}
