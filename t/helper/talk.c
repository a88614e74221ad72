/*
 * talk: clients of TCP servers, and what came of them.
 *
 *   talk [-f FROM] [-k] [-s MS] ADDR PORT [TEXT]
 *                          sends TEXT, ends its half (-k: keeps it open), prints what comes to the
 *                          end; -s: waits so long between two bytes of TEXT
 *   talk -c COUNT ADDR PORT
 *                          so many at a time; when all are connected each sends a line of its own
 *                          and has to get it back. Prints how many did
 *   talk -p BYTES ADDR PORT
 *                          sends so many, ends its half, and has to get the same back. Prints how
 *                          many came, up to the first wrong one
 *   talk -w PORT           a server that takes connections and never says a word, 10 minutes at
 * most
 *
 * Exit codes: 0 the other side has ended the connection, 1 it was not taken, 2 it was reset, 3
 * nothing has come for 30 seconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 30000
#define SERVE_S 600

enum { ENDED, REFUSED, RESET, SILENT };

static const char *from;

static socklen_t place(const char *address, const char *port, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    uint16_t number = htons((uint16_t)strtol(port, NULL, 10));

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = number;
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, address, &v6->sin6_addr) != 1)
        exit(64);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = number;
    return sizeof *v6;
}

static int dial(const char *address, const char *port)
{
    struct sockaddr_storage to, own;
    socklen_t len = place(address, port, &to), own_len = from ? place(from, "0", &own) : 0;
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (from && bind(fd, (struct sockaddr *)&own, own_len) != 0)
        exit(71);
    if (connect(fd, (struct sockaddr *)&to, len) == 0)
        return fd;
    close(fd);
    return -1;
}

/* False: the connection was reset. Whoever is told of it here is not told again by recv(2). */
static bool say(int fd, const char *text, long gap_ms)
{
    const struct timespec gap = {gap_ms / 1000, gap_ms % 1000 * 1000000};

    for (; gap_ms && *text; text++) {
        if (send(fd, text, 1, MSG_NOSIGNAL) != 1)
            return false;
        nanosleep(&gap, NULL);
    }
    return !*text || send(fd, text, strlen(text), MSG_NOSIGNAL) >= 0;
}

static int print_all(int fd)
{
    char buffer[65536];

    for (;;) {
        struct pollfd p = {fd, POLLIN, 0};
        ssize_t n = poll(&p, 1, PATIENCE_MS) == 1 ? recv(fd, buffer, sizeof buffer, 0) : -2;

        if (n == 0)
            return ENDED;
        if (n < 0)
            return n == -2 ? SILENT : RESET;
        fwrite(buffer, 1, (size_t)n, stdout);
        fflush(stdout);
    }
}

static int talk(const char *address, const char *port, const char *text, bool keep, long gap_ms)
{
    int fd = dial(address, port), code;
    bool said;

    if (fd < 0)
        return REFUSED;
    said = say(fd, text, gap_ms);
    if (!keep)
        shutdown(fd, SHUT_WR);
    code = print_all(fd);
    return code == ENDED && !said ? RESET : code;
}

/* The line of one of the crowd comes back. */
static bool echoes(int fd, int number)
{
    char line[32], back[32];
    size_t got = 0, len = (size_t)snprintf(line, sizeof line, "client %d\n", number);

    if (send(fd, line, len, MSG_NOSIGNAL) != (ssize_t)len)
        return false;
    while (got < len) {
        struct pollfd p = {fd, POLLIN, 0};
        ssize_t n = poll(&p, 1, PATIENCE_MS) == 1 ? recv(fd, back + got, len - got, 0) : -1;

        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return memcmp(line, back, len) == 0;
}

static int crowd(const char *address, const char *port, int count)
{
    struct rlimit files;
    int *fds = calloc((size_t)count, sizeof *fds), good = 0;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    for (int i = 0; i < count; i++)
        fds[i] = dial(address, port);
    for (int i = 0; i < count; i++)
        good += fds[i] >= 0 && echoes(fds[i], i);
    free(fds);
    printf("%d\n", good);
    return good == count ? ENDED : REFUSED;
}

/* The byte at a place: what is lost, doubled or moved shows. */
static uint8_t byte_at(int64_t at)
{
    uint64_t x = (uint64_t)at * UINT64_C(0x9e3779b97f4a7c15);

    return (uint8_t)(x >> 56);
}

struct pour {
    int fd;
    int64_t bytes, sent, got;
    bool wrong;
    uint8_t out[65536], in[65536];
};

/* False: no more can be sent. */
static bool pour_out(struct pour *p)
{
    size_t len = sizeof p->out;
    ssize_t n;

    if (p->bytes - p->sent < (int64_t)len)
        len = (size_t)(p->bytes - p->sent);
    for (size_t i = 0; i < len; i++)
        p->out[i] = byte_at(p->sent + (int64_t)i);
    n = send(p->fd, p->out, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN;
    p->sent += n;
    if (p->sent == p->bytes)
        shutdown(p->fd, SHUT_WR);
    return true;
}

/* -1: go on. */
static int pour_in(struct pour *p)
{
    ssize_t n = recv(p->fd, p->in, sizeof p->in, MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN ? -1 : RESET;
    if (n == 0)
        return ENDED;
    for (ssize_t i = 0; i < n && !p->wrong; i++) {
        p->wrong = p->in[i] != byte_at(p->got);
        p->got += !p->wrong;
    }
    return -1;
}

static int pour(const char *address, const char *port, int64_t bytes)
{
    static struct pour p;
    int code = -1;

    p = (struct pour){.fd = dial(address, port), .bytes = bytes};
    if (p.fd < 0)
        return REFUSED;
    while (code < 0) {
        struct pollfd poller = {p.fd, POLLIN, 0};

        if (p.sent < p.bytes)
            poller.events |= POLLOUT;
        if (poll(&poller, 1, PATIENCE_MS) != 1)
            code = SILENT;
        if (code < 0 && (poller.revents & POLLOUT) && !pour_out(&p))
            code = RESET;
        if (code < 0 && (poller.revents & (POLLIN | POLLHUP | POLLERR)))
            code = pour_in(&p);
    }
    printf("%lld\n", (long long)p.got);
    return p.wrong ? RESET : code;
}

static int wait_silently(const char *port)
{
    struct sockaddr_storage at;
    socklen_t len = place("127.0.0.1", port, &at);
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, 100) != 0)
        return 71;
    alarm(SERVE_S);
    while (accept(fd, NULL, NULL) >= 0)
        ;
    return 0;
}

int main(int argc, char **argv)
{
    long long count = 0, bytes = 0;
    long gap_ms = 0;
    bool keep = false;
    int c;

    signal(SIGPIPE, SIG_IGN);
    while ((c = getopt(argc, argv, "f:ks:c:p:w:")) != -1) {
        if (c == 'f')
            from = optarg;
        else if (c == 'k')
            keep = true;
        else if (c == 's')
            gap_ms = strtol(optarg, NULL, 10);
        else if (c == 'c')
            count = strtoll(optarg, NULL, 10);
        else if (c == 'p')
            bytes = strtoll(optarg, NULL, 10);
        else if (c == 'w')
            return wait_silently(optarg);
        else
            return 64;
    }
    if (argc - optind < 2)
        return 64;
    if (count)
        return crowd(argv[optind], argv[optind + 1], (int)count);
    if (bytes)
        return pour(argv[optind], argv[optind + 1], bytes);
    return talk(argv[optind], argv[optind + 1], argc - optind > 2 ? argv[optind + 2] : "", keep,
                gap_ms);
}
