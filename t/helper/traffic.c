/*
 * traffic: real connections for the tests, bounded in time and in bytes.
 *
 *   traffic serve PORT                     TCP and UDP, both families, 10 minutes at most
 *   traffic probe tcp|udp ADDR PORT        exit 0 if an answer comes within a second, 1 if not
 *   traffic get tcp|udp ADDR PORT SECONDS  downloads, prints one line when it is over
 *   traffic hold ADDR PORT SECONDS         connects, gets one byte, then keeps silent
 *   traffic burst ADDR PORT COUNT          COUNT short connections, prints how long they took
 *
 * The server sends some 200 kB a second on a connection, and to whoever sent it a datagram for 60
 * seconds after the last one; to a client whose first byte is `h` it sends one byte and waits.
 */
#include "num.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 64
#define STEP_MS 20
#define SERVE_S 600
#define STALL_MS 1500 /* a download that gets nothing for so long has been stopped */

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void die(const char *what)
{
    fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int open_server(int type, int port)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    int fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, off = 0;

    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        (type == SOCK_STREAM && listen(fd, 1024) != 0))
        die("serve");
    return fd;
}

struct peer {
    struct sockaddr_in6 at;
    int64_t until;
};

struct client {
    int fd;
    char kind; /* of its first byte; 0 before that */
};

static void serve_client(struct client *c)
{
    static const char data[4000];
    char byte = 'x';
    ssize_t n;

    if (!c->kind) {
        n = recv(c->fd, &c->kind, 1, 0);
        if (n == 1 && c->kind != 'd')
            n = send(c->fd, &byte, 1, MSG_NOSIGNAL);
        if (n == 1 && c->kind == 'b')
            n = 0; /* burst: one byte and the end */
    } else if (c->kind == 'd') {
        n = send(c->fd, data, sizeof data, MSG_NOSIGNAL);
    } else {
        n = recv(c->fd, &byte, 1, 0);
    }
    if (n > 0 || (n < 0 && errno == EAGAIN))
        return;
    close(c->fd);
    c->fd = -1;
}

static void accept_clients(int tcp, struct client *clients)
{
    for (int i = 0; i < CLIENTS; i++) {
        if (clients[i].fd < 0)
            clients[i] = (struct client){.fd = accept4(tcp, NULL, NULL, SOCK_NONBLOCK)};
        if (clients[i].fd < 0)
            return;
    }
}

static void hear_peers(int udp, struct peer *peers)
{
    struct sockaddr_in6 from;
    socklen_t len = sizeof from;
    char byte;

    while (recvfrom(udp, &byte, 1, 0, (struct sockaddr *)&from, &len) >= 0) {
        int place = 0;

        for (int i = 0; i < CLIENTS; i++) {
            if (memcmp(&peers[i].at, &from, sizeof from) == 0)
                place = i;
            else if (peers[i].until < peers[place].until &&
                     memcmp(&peers[place].at, &from, sizeof from) != 0)
                place = i;
        }
        peers[place] = (struct peer){from, now_ms() + 60000};
    }
}

static int serve(int port)
{
    int tcp = open_server(SOCK_STREAM, port), udp = open_server(SOCK_DGRAM, port);
    struct client clients[CLIENTS];
    struct peer peers[CLIENTS] = {0};
    int64_t end = now_ms() + SERVE_S * 1000, next = 0;
    char data[1000] = {0};

    for (int i = 0; i < CLIENTS; i++)
        clients[i].fd = -1;
    while (now_ms() < end) {
        struct pollfd slots[CLIENTS + 2] = {{tcp, POLLIN, 0}, {udp, POLLIN, 0}};
        nfds_t n = 2;

        for (int i = 0; i < CLIENTS; i++) {
            if (clients[i].fd >= 0 && !clients[i].kind)
                slots[n++] = (struct pollfd){clients[i].fd, POLLIN, 0};
        }
        poll(slots, n, STEP_MS);
        accept_clients(tcp, clients);
        hear_peers(udp, peers);
        for (int i = 0; i < CLIENTS; i++) {
            if (clients[i].fd >= 0 && (clients[i].kind != 'd' || now_ms() >= next))
                serve_client(&clients[i]);
        }
        if (now_ms() < next)
            continue;
        for (int i = 0; i < CLIENTS; i++) {
            if (peers[i].until > now_ms())
                sendto(udp, data, sizeof data, 0, (struct sockaddr *)&peers[i].at,
                       sizeof peers[i].at);
        }
        next = now_ms() + STEP_MS;
    }
    return 0;
}

/* Whether it is before so much time is over. In small parts: a machine that stands still for a
 * moment takes the time of one of them. */
static bool is_ready(int fd, short events, int ms)
{
    struct pollfd slot = {fd, events, 0};

    for (int waited = 0; poll(&slot, 1, STEP_MS) != 1; waited += STEP_MS) {
        if (waited >= ms)
            return false;
    }
    return true;
}

static int start_client(bool udp, const char *addr, int port, char kind)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    bool four = inet_pton(AF_INET, addr, &v4.sin_addr) == 1;
    int fd, err = 0;
    socklen_t len = sizeof err;

    if (!four && inet_pton(AF_INET6, addr, &v6.sin6_addr) != 1)
        die(addr);
    fd = socket(four ? AF_INET : AF_INET6, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
    if (connect(fd, four ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
                four ? sizeof v4 : sizeof v6) != 0 &&
        errno != EINPROGRESS)
        return -1;
    if (!is_ready(fd, POLLOUT, 1000) || getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0 ||
        err || send(fd, &kind, 1, MSG_NOSIGNAL) != 1) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Bytes read, 0 at the end, -1 for nothing within the time, -2 for an error such as a reset. */
static ssize_t wait_bytes(int fd, int ms)
{
    char data[65536];
    ssize_t n;

    if (!is_ready(fd, POLLIN, ms))
        return -1;
    n = recv(fd, data, sizeof data, 0);
    return n < 0 ? -2 : n;
}

static int probe(bool udp, const char *addr, int port)
{
    int fd = start_client(udp, addr, port, 'd');
    bool answered = fd >= 0 && wait_bytes(fd, 1000) > 0;

    if (fd >= 0)
        close(fd);
    return answered ? 0 : 1;
}

static int get(bool udp, const char *addr, int port, int seconds)
{
    int fd = start_client(udp, addr, port, 'd');
    int64_t end = now_ms() + seconds * 1000, last = 0, bytes = 0;
    const char *why;

    /* A machine that stands still for a second is no refusal. */
    for (int i = 0; i < 3 && fd < 0; i++)
        fd = start_client(udp, addr, port, 'd');
    why = fd < 0 ? "refused" : "done";

    while (fd >= 0 && now_ms() < end) {
        ssize_t n = wait_bytes(fd, STALL_MS);

        if (n <= 0) {
            why = n == -1 ? "stalled" : "reset";
            break;
        }
        bytes += n;
        last = now_ms();
    }
    printf("end=%s bytes=%lld last_ms=%lld\n", why, (long long)bytes, (long long)last);
    return 0;
}

static int hold(const char *addr, int port, int seconds)
{
    int fd = start_client(false, addr, port, 'h');

    if (fd < 0 || wait_bytes(fd, 1000) != 1)
        return 1;
    sleep((unsigned)seconds);
    return 0;
}

static int burst(const char *addr, int port, int count)
{
    int64_t begin = now_ms();

    for (int i = 0; i < count; i++) {
        int fd = start_client(false, addr, port, 'b');

        if (fd < 0 || wait_bytes(fd, 1000) != 1)
            return 1;
        close(fd);
    }
    printf("connections=%d ms=%lld\n", count, (long long)(now_ms() - begin));
    return 0;
}

/* Digits alone; 0, which no port and no number of seconds is, for anything else. */
static int number(const char *text)
{
    int64_t n = 0;

    return num_parse(text, 0, INT32_MAX, &n) == 0 ? (int)n : 0;
}

int main(int argc, char **argv)
{
    bool udp = argc > 2 && strcmp(argv[2], "udp") == 0;

    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        return serve(number(argv[2]));
    if (argc == 5 && strcmp(argv[1], "probe") == 0)
        return probe(udp, argv[3], number(argv[4]));
    if (argc == 6 && strcmp(argv[1], "get") == 0)
        return get(udp, argv[3], number(argv[4]), number(argv[5]));
    if (argc == 5 && strcmp(argv[1], "hold") == 0)
        return hold(argv[2], number(argv[3]), number(argv[4]));
    if (argc == 5 && strcmp(argv[1], "burst") == 0)
        return burst(argv[2], number(argv[3]), number(argv[4]));
    fprintf(stderr, "traffic: see the head of its source\n");
    return 64;
}
