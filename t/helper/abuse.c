/*
 * abuse: what a hostile user does to the control socket, for the tests. Runs as that user.
 *
 *   abuse MODE SOCKET SECONDS [ARGUMENT]
 *     ask REQUEST    sends one request and prints what is answered
 *     short          comes, says half of it or nothing, and goes, at every stage
 *     huge           texts that are long, deep, or no JSON
 *     endless [WHAT] a packet after the other on one connection, never reading; WHAT `openhost`:
 *                    on one that holds a host open; WHAT `broken`: there, what is no request
 *     many           MANY connections at once, held
 *     flood [WHAT]   connects, asks, and goes; WHAT is the request, or a ping
 *     cycle          openhost, and gone, and openhost
 *     mute           asks for `list` on SHARE connections, and never reads
 *     drip           asks for `list` on SHARE connections, and reads a packet a second of each
 *     stopped        the same on two connections, one of them an openhost, and stops itself
 *     fds            passes descriptors along with each packet
 *     wrong NAME     every command with what it does not take; NAME is who runs it
 *
 * Prints a line of figures. 0: it got what an abuser is to get; 1: it did not, and a line says so.
 */
#include "abuse_texts.h"

#include "num.h"
#include "packet.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MS 8000
#define MANY 1000
#define SHARE 32   /* connections that one uid may have */
#define PASSED 100 /* descriptors with a packet */

struct abuse {
    const char *path, *argument;
    int64_t end_ms;
    bool failed;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static bool has_time(const struct abuse *a)
{
    return now_ms() < a->end_ms;
}

static void rest_until_end(const struct abuse *a)
{
    int64_t left = a->end_ms - now_ms();

    if (left > 0)
        poll(NULL, 0, (int)left);
}

static void complain(struct abuse *a, const char *what, const char *why)
{
    a->failed = true;
    printf("wrong: %.300s: %s\n", what, why);
}

static int connect_once(const struct abuse *a)
{
    int fd = packet_connect(a->path, 60);

    if (fd < 0 && fd != -EAGAIN) {
        printf("wrong: connect: %s\n", strerror(-fd));
        exit(1);
    }
    return fd;
}

static bool send_text(int fd, const char *text)
{
    return send(fd, text, strlen(text), MSG_NOSIGNAL) >= 0;
}

/* The next packet as a string; 0 at the end, -ETIME. */
static int hear(int fd, char *out, size_t room)
{
    struct pollfd slot = {.fd = fd, .events = POLLIN};
    int n;

    if (poll(&slot, 1, ANSWER_MS) != 1)
        return -ETIME;
    n = packet_receive(fd, out, room - 1);
    out[n > 0 ? n : 0] = '\0';
    return n;
}

/* Sends it on a connection of its own, and takes the whole answer. 0 at the end, or -errno. */
static int ask(const struct abuse *a, const char *bytes, size_t len, char *out, size_t room)
{
    int fd = connect_once(a), n = 1;
    size_t done = 0;

    out[0] = '\0';
    if (fd < 0)
        return fd;
    if (send(fd, bytes, len, MSG_NOSIGNAL) < 0 && errno != EPIPE)
        n = -errno;
    while (n > 0 && done < room - 1) {
        n = hear(fd, out + done, room - done);
        done += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    return n > 0 ? -EMSGSIZE : n;
}

/* openhost, as the program asks for it. */
static bool ask_openhost(int fd)
{
    const char *terminal = ttyname(0);
    char request[256];

    snprintf(request, sizeof request, "{\"command\": \"openhost\", \"terminal\": \"%s\"}",
             terminal ? terminal : "");
    return send_text(fd, request);
}

/* It is open, as far as the daemon says. */
static bool open_host(struct abuse *a, int fd)
{
    char answer[PACKET_ANSWER_MAX + 1] = "";
    bool open = ask_openhost(fd) && hear(fd, answer, sizeof answer) > 0 &&
                strstr(answer, "\"event\":\"open\"");

    if (!open)
        complain(a, "openhost", answer);
    return open;
}

static void run_ask(struct abuse *a)
{
    static char answer[1 << 20];
    int err = ask(a, a->argument, strlen(a->argument), answer, sizeof answer);

    fputs(answer, stdout);
    if (err || !strstr(answer, "\"end\":0"))
        a->failed = true;
}

static void run_short(struct abuse *a)
{
    char answer[PACKET_ANSWER_MAX + 1];
    long count = 0;

    for (; has_time(a) && count < 1000000; count++) {
        const char *text = short_texts[(size_t)count % (sizeof short_texts / sizeof *short_texts)];
        int fd = connect_once(a);

        if (fd < 0)
            continue;
        if (count % 7)
            send_text(fd, text);
        if (count % 5 == 0)
            send_text(fd, text);
        if (count % 3 == 0 && count % 7 && strchr(text, '}'))
            hear(fd, answer, sizeof answer);
        if (count % 11 == 0)
            shutdown(fd, SHUT_WR);
        close(fd);
    }
    printf("connections %ld\n", count);
}

/* The text, made in the buffer: `head`, as often as it fits `body`, `tail`. */
static size_t fill(char *out, size_t size, const char *head, const char *body, const char *tail)
{
    size_t len = strlen(head), each = strlen(body), rest = strlen(tail);

    memcpy(out, head, len);
    while (each && len + each + rest <= size) {
        memcpy(out + len, body, each);
        len += each;
    }
    memcpy(out + len, tail, rest);
    return len + rest;
}

/* It is refused in plain words, or the connection ends. */
static void expect_refusal(struct abuse *a, const char *bytes, size_t len, const char *what)
{
    char answer[2 * PACKET_ANSWER_MAX];
    int err = ask(a, bytes, len, answer, sizeof answer);

    if (err && err != -EAGAIN && err != -EMSGSIZE)
        complain(a, what, strerror(-err));
    else if (strstr(answer, "\"row\"") || strstr(answer, "\"total\""))
        complain(a, what, answer);
    else if (strstr(answer, "\"end\":0") && !strstr(answer, "\"version\""))
        complain(a, what, answer);
}

static void run_huge(struct abuse *a)
{
    static char text[LONGEST + 1024];
    size_t rounds = 0;

    do {
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            for (size_t k = 0; k < sizeof sizes / sizeof *sizes && has_time(a); k++) {
                const struct shape *s = &shapes[i];
                size_t len = fill(text, sizes[k], s->head, s->body, s->tail);

                expect_refusal(a, text, len, s->head[0] ? s->head : s->body);
            }
        }
        memset(text, 0, LONGEST);
        expect_refusal(a, text, 1, "a NUL");
        expect_refusal(a, text, 65536, "NULs");
        rounds++;
    } while (has_time(a));
    printf("rounds %zu\n", rounds);
}

/* One packet after the other, as fast as they are taken, until the end or until it is thrown out.
 */
static long send_forever(const struct abuse *a, int fd, const char *text, size_t len)
{
    struct pollfd slot = {.fd = fd, .events = POLLOUT};
    long count = 0;

    while (has_time(a)) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno != EAGAIN)
            break;
        count += n >= 0;
        if (n < 0)
            poll(&slot, 1, 100);
    }
    return count;
}

/* On a connection that holds a host open, which stays. */
static void run_holding(struct abuse *a, const char *text, size_t len)
{
    static const char status[] = "{\"ask\": \"status\"}";
    bool broken = strcmp(a->argument, "broken") == 0;
    int fd = connect_once(a);

    if (fd < 0 || !open_host(a, fd))
        return;
    printf("packets %ld\n",
           send_forever(a, fd, broken ? text : status, broken ? len : sizeof status - 1));
    fflush(stdout);
    rest_until_end(a);
    close(fd);
}

static void run_endless(struct abuse *a)
{
    static const char ping[] = "{\"command\": \"ping\"}";
    static char text[65536];
    size_t len = fill(text, sizeof text, "{\"ask\": \"status\", \"more\": [", "{},", "{}]}");
    long count = 0, connections = 0;

    if (a->argument) {
        run_holding(a, text, len);
        return;
    }
    while (has_time(a)) {
        int fd = connect_once(a);

        if (fd < 0)
            continue;
        connections++;
        count += send_forever(a, fd, connections % 2 ? ping : text,
                              connections % 2 ? sizeof ping - 1 : len);
        close(fd);
    }
    printf("packets %ld connections %ld\n", count, connections);
}

/* Whether what comes on it first is the refusal, or nothing. */
static bool is_refused(struct abuse *a, int fd)
{
    char answer[PACKET_ANSWER_MAX + 1] = "";
    ssize_t n = recv(fd, answer, sizeof answer - 1, MSG_DONTWAIT);

    if (n > 0 && !strstr(answer, "\"too-many\"") && !strstr(answer, "\"slow\""))
        complain(a, "held", answer);
    return n > 0;
}

static void run_many(struct abuse *a)
{
    static int fds[MANY];
    int kept = 0, refused = 0;

    for (int i = 0; i < MANY; i++)
        fds[i] = connect_once(a);
    poll(NULL, 0, 1000);
    for (int i = 0; i < MANY; i++) {
        bool out = fds[i] >= 0 && is_refused(a, fds[i]);

        refused += out;
        kept += fds[i] >= 0 && !out;
    }
    printf("kept %d refused %d\n", kept, refused);
    fflush(stdout);
    rest_until_end(a);
}

static void run_flood(struct abuse *a)
{
    const char *text = a->argument ? a->argument : "{\"command\": \"ping\"}";
    long count = 0;

    while (has_time(a)) {
        int fd = connect_once(a);

        if (fd < 0)
            continue;
        send_text(fd, text);
        close(fd);
        count++;
    }
    printf("connections %ld\n", count);
}

static void run_cycle(struct abuse *a)
{
    char answer[PACKET_ANSWER_MAX + 1];
    long opened = 0, refused = 0;

    while (has_time(a)) {
        int fd = connect_once(a);

        if (fd < 0)
            continue;
        ask_openhost(fd);
        hear(fd, answer, sizeof answer);
        if (strstr(answer, "\"event\":\"open\""))
            opened++;
        else
            refused++;
        close(fd);
    }
    printf("opened %ld refused %ld\n", opened, refused);
}

static size_t ask_all(struct abuse *a, int fds[SHARE], const char *text)
{
    size_t count = 0;

    for (int i = 0; i < SHARE; i++) {
        int small = 1, fd = connect_once(a);

        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        send_text(fd, text);
        fds[count++] = fd;
    }
    return count;
}

static void run_mute(struct abuse *a)
{
    int fds[SHARE];

    printf("connections %zu\n", ask_all(a, fds, "{\"command\": \"list\"}"));
    fflush(stdout);
    rest_until_end(a);
}

static void run_drip(struct abuse *a)
{
    static char answer[PACKET_ANSWER_MAX];
    int fds[SHARE];
    size_t count = ask_all(a, fds, "{\"command\": \"list\"}");
    long packets = 0;

    while (has_time(a)) {
        for (size_t i = 0; i < count; i++)
            packets += recv(fds[i], answer, sizeof answer, MSG_DONTWAIT) > 0;
        poll(NULL, 0, 1000);
    }
    printf("connections %zu packets %ld\n", count, packets);
}

static void run_stopped(struct abuse *a)
{
    int list = connect_once(a), host = connect_once(a);

    send_text(list, "{\"command\": \"list\"}");
    open_host(a, host);
    puts("open");
    fflush(stdout);
    raise(SIGSTOP);
    close(list);
    close(host);
}

static void run_fds(struct abuse *a)
{
    static const char text[] = "{\"command\": \"ping\"}";
    union {
        char bytes[CMSG_SPACE(PASSED * sizeof(int))];
        struct cmsghdr aligned;
    } control;
    struct iovec part = {(char *)text, sizeof text - 1};
    int passed[PASSED];
    long count = 0;

    for (int i = 0; i < PASSED; i++)
        passed[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (has_time(a) && count < 20000) {
        struct msghdr m = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
        struct cmsghdr *head = CMSG_FIRSTHDR(&m);
        int fd = connect_once(a);

        if (fd < 0)
            continue;
        *head = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof passed), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(head), passed, sizeof passed);
        count += sendmsg(fd, &m, MSG_NOSIGNAL) > 0;
        /* Every other one waits for its answer: so it has been read. */
        if (count % 2) {
            char answer[PACKET_ANSWER_MAX + 1];

            hear(fd, answer, sizeof answer);
        }
        close(fd);
    }
    printf("packets %ld\n", count);
}

static void run_wrong(struct abuse *a)
{
    char request[512];
    size_t count = 0;

    for (size_t i = 0; i < sizeof wrong_requests / sizeof *wrong_requests; i++, count++)
        expect_refusal(a, wrong_requests[i], strlen(wrong_requests[i]), wrong_requests[i]);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        for (size_t k = 0; k < sizeof change_terms / sizeof *change_terms; k++, count++) {
            snprintf(request, sizeof request, "{\"command\": \"%s\"%s}", changes[i],
                     change_terms[k]);
            expect_refusal(a, request, strlen(request), request);
        }
        snprintf(request, sizeof request, "{\"command\": \"%s\", \"user\": \"%s\", \"points\": 60}",
                 changes[i], a->argument);
        expect_refusal(a, request, strlen(request), request);
    }
    printf("requests %zu\n", count);
}

static const struct {
    const char *name;
    void (*run)(struct abuse *a);
    bool takes_argument;
} modes[] = {
    {"ask", run_ask, true},          {"short", run_short, false}, {"huge", run_huge, false},
    {"endless", run_endless, false}, {"many", run_many, false},   {"flood", run_flood, false},
    {"cycle", run_cycle, false},     {"mute", run_mute, false},   {"drip", run_drip, false},
    {"stopped", run_stopped, false}, {"fds", run_fds, false},     {"wrong", run_wrong, true},
};

int main(int argc, char **argv)
{
    struct abuse a = {.argument = argc > 4 ? argv[4] : NULL};
    int64_t seconds;

    if (argc < 4 || argc > 5 || num_parse(argv[3], 0, 600, &seconds) != 0) {
        fputs("abuse MODE SOCKET SECONDS [ARGUMENT]\n", stderr);
        return 64;
    }
    a.path = argv[2];
    a.end_ms = now_ms() + seconds * 1000;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(modes[i].name, argv[1]) != 0 || (modes[i].takes_argument && !a.argument))
            continue;
        modes[i].run(&a);
        return a.failed;
    }
    return 64; /* no such mode */
}
