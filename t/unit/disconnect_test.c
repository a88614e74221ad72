/*
 * Which sockets are ended, on real ones: both ends of each stand in a network namespace of the
 * test's own, on addresses of its loopback interface; inside and outside are told apart by the
 * topology alone.
 */
#include "disconnect.h"
#include "disconnect_world.h"
#include "tap.h"

#include <netinet/tcp.h>
#include <sys/stat.h>

#define USER 23011      /* is disconnected */
#define BYSTANDER 23012 /* is not */
#define SERVICE 23013   /* serves the user: its socket is named by its inode */
#define NOBODY 23019    /* has no socket */

enum fate { LIVES, ENDS, ENDS_BY_INODE, LIVES_LISTED };

/* A socket of `uid', connected to `to'. */
static const struct {
    const char *what;
    int type;
    uid_t uid;
    const char *to;
    enum fate fate;
} cases[] = {
    {"TCP", SOCK_STREAM, USER, "192.0.2.1", ENDS},
    {"TCP, IPv6", SOCK_STREAM, USER, "2001:db8::1", ENDS},
    {"TCP, IPv4-mapped", SOCK_STREAM, USER, "::ffff:192.0.2.1", ENDS},
    {"UDP", SOCK_DGRAM, USER, "192.0.2.1", ENDS},
    {"UDP, IPv6", SOCK_DGRAM, USER, "2001:db8::1", ENDS},
    {"UDP, IPv4-mapped", SOCK_DGRAM, USER, "::ffff:192.0.2.1", ENDS},
    {"TCP to WAN_IF's network in LOCALNET", SOCK_STREAM, USER, "10.99.200.1", ENDS},
    {"UDP to WAN_IF's network in LOCALNET", SOCK_DGRAM, USER, "10.99.200.1", ENDS},
    {"TCP to LOCALNET", SOCK_STREAM, USER, "10.99.0.1", LIVES},
    {"TCP to LOCALNET, IPv6", SOCK_STREAM, USER, "fd99::1", LIVES},
    {"TCP to LOCALNET, IPv4-mapped", SOCK_STREAM, USER, "::ffff:10.99.0.1", LIVES},
    {"UDP to LOCALNET", SOCK_DGRAM, USER, "10.99.0.1", LIVES},
    {"UDP to LOCALNET, IPv6", SOCK_DGRAM, USER, "fd99::1", LIVES},
    {"TCP to the gateway", SOCK_STREAM, USER, "198.51.100.1", LIVES},
    {"UDP to the gateway", SOCK_DGRAM, USER, "198.51.100.1", LIVES},
    {"TCP to loopback", SOCK_STREAM, USER, "127.0.0.1", LIVES},
    {"TCP to another loopback", SOCK_STREAM, USER, "127.9.9.9", LIVES},
    {"TCP to loopback, IPv6", SOCK_STREAM, USER, "::1", LIVES},
    {"TCP to loopback, IPv4-mapped", SOCK_STREAM, USER, "::ffff:127.0.0.1", LIVES},
    {"UDP to loopback", SOCK_DGRAM, USER, "127.0.0.1", LIVES},
    {"UDP to loopback, IPv6", SOCK_DGRAM, USER, "::1", LIVES},
    {"TCP to link-local", SOCK_STREAM, USER, "169.254.7.7", LIVES},
    {"TCP to link-local, IPv6", SOCK_STREAM, USER, "fe80::7", LIVES},
    {"UDP to link-local, IPv6", SOCK_DGRAM, USER, "fe80::7", LIVES},
    {"a bystander's TCP", SOCK_STREAM, BYSTANDER, "192.0.2.1", LIVES},
    {"a bystander's TCP, IPv6", SOCK_STREAM, BYSTANDER, "2001:db8::1", LIVES},
    {"a bystander's UDP", SOCK_DGRAM, BYSTANDER, "192.0.2.1", LIVES},
    {"root's TCP", SOCK_STREAM, 0, "192.0.2.1", LIVES},
    {"a service's TCP", SOCK_STREAM, SERVICE, "192.0.2.1", LIVES},
    {"TCP by inode", SOCK_STREAM, SERVICE, "192.0.2.1", ENDS_BY_INODE},
    {"TCP by inode, IPv6", SOCK_STREAM, 0, "2001:db8::1", ENDS_BY_INODE},
    {"UDP by inode", SOCK_DGRAM, SERVICE, "192.0.2.1", ENDS_BY_INODE},
    {"TCP to LOCALNET by inode", SOCK_STREAM, SERVICE, "10.99.0.1", LIVES_LISTED},
    {"TCP to loopback by inode", SOCK_STREAM, SERVICE, "127.0.0.1", LIVES_LISTED},
};
#define CASES (sizeof cases / sizeof *cases)

/* Both ends of a case; `far` is root's. */
struct pair {
    int near, far;
};

static void add_prefix(struct prefix_list *list, const char *text)
{
    struct prefix p = {.len = 0};

    if (prefix_parse(text, &p) != 0 || prefix_list_add(list, &p) != 0)
        give_up(text);
}

static void make_topology(struct topology *t)
{
    static struct addr own;

    *t = (struct topology){.own = &own, .own_count = 1};
    addr_parse("198.51.100.1", &own);
    add_prefix(&t->v4.localnet, "10.99.0.0/16");
    add_prefix(&t->v6.localnet, "fd99::/64");
    add_prefix(&t->v4.wan_nets, "10.99.200.0/24");
    add_prefix(&t->v4.wan_nets, "192.0.2.0/24");
}

static void free_topology(struct topology *t)
{
    t->own = NULL; /* not allocated */
    topology_free(t);
}

static struct pair make_pair(size_t i)
{
    int listener = bound_socket(0, cases[i].type, cases[i].to);
    struct sockaddr_storage name;
    struct pair p;

    make_name(&name, cases[i].to, 0);
    p.near = socket_of(cases[i].uid, name.ss_family, cases[i].type);
    connect_to(p.near, cases[i].to, port_of(listener));
    if (cases[i].type == SOCK_DGRAM)
        return (struct pair){p.near, listener};
    p.far = accept(listener, NULL, NULL);
    if (p.far < 0)
        give_up("accept");
    close(listener);
    return p;
}

static void close_pair(struct pair p)
{
    close(p.near);
    close(p.far);
}

/* 0 and what was read in *byte; -errno; 1 at the end of the stream. */
static int read_byte(int fd, char *byte)
{
    struct pollfd slot = {fd, POLLIN, 0};
    ssize_t n;

    if (poll(&slot, 1, WAIT_MS) != 1)
        return -ETIMEDOUT;
    n = recv(fd, byte, 1, 0);
    return n < 0 ? -errno : n == 0;
}

/* Whether a byte goes from the near end to the far one, and for TCP back. 0 or -errno. */
static int exchange(struct pair p, int type)
{
    char byte = 0;
    int err = send(p.near, "a", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;

    if (!err)
        err = read_byte(p.far, &byte);
    if (!err && type == SOCK_STREAM)
        err = send(p.far, "b", 1, MSG_NOSIGNAL) == 1 ? read_byte(p.near, &byte) : -errno;
    return err;
}

static uint64_t inode_of(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        give_up("fstat");
    return st.st_ino;
}

static void check_ended(struct tap *t, struct pair p, size_t i)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    char byte;

    tap_is(t, read_byte(p.near, &byte), -ECONNABORTED, "%s: is ended", cases[i].what);
    tap_is(t, getpeername(p.near, (struct sockaddr *)&name, &len) == 0 ? 0 : errno, ENOTCONN,
           "%s: has no far end any more", cases[i].what);
    if (cases[i].type == SOCK_STREAM)
        tap_is(t, read_byte(p.far, &byte), -ECONNRESET, "%s: the far end is told", cases[i].what);
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void check_all(struct tap *t, const struct pair *pairs, bool done)
{
    for (size_t i = 0; i < CASES; i++) {
        if (done && (cases[i].fate == ENDS || cases[i].fate == ENDS_BY_INODE))
            check_ended(t, pairs[i], i);
        else
            tap_is(t, exchange(pairs[i], cases[i].type), 0, "%s: %s", cases[i].what,
                   done ? "lives" : "speaks before");
    }
}

static void test_cases(struct tap *t, const struct topology *topology)
{
    struct pair pairs[CASES];
    uint64_t inodes[CASES];
    size_t inode_count = 0, by_uid = 0, by_inode = 0;

    for (size_t i = 0; i < CASES; i++) {
        pairs[i] = make_pair(i);
        by_uid += cases[i].fate == ENDS;
        by_inode += cases[i].fate == ENDS_BY_INODE;
        if (cases[i].fate == ENDS_BY_INODE || cases[i].fate == LIVES_LISTED)
            inodes[inode_count++] = inode_of(pairs[i].near);
    }
    qsort(inodes, inode_count, sizeof *inodes, compare);
    check_all(t, pairs, false);
    tap_is(t, disconnect_user(topology, NOBODY, NULL, 0), 0, "somebody without sockets");
    check_all(t, pairs, false);
    tap_is(t, disconnect_user(topology, USER, inodes, inode_count), (int64_t)(by_uid + by_inode),
           "so many are ended");
    check_all(t, pairs, true);
    tap_is(t, disconnect_user(topology, USER, inodes, inode_count), 0, "nothing is left to end");
    for (size_t i = 0; i < CASES; i++)
        close_pair(pairs[i]);
}

/* What is accepted belongs to whoever accepts it. */
static int accept_as(uid_t uid, int listener)
{
    int fd;

    if (seteuid(uid) != 0)
        give_up("seteuid");
    fd = accept(listener, NULL, NULL);
    if (seteuid(0) != 0 || fd < 0)
        give_up("accept");
    return fd;
}

/* A socket that waits for others is nobody's connection, but what it has accepted is. */
static void test_listening(struct tap *t, const struct topology *topology)
{
    int tcp = bound_socket(USER, SOCK_STREAM, "192.0.2.1"), one;
    int udp = bound_socket(USER, SOCK_DGRAM, "192.0.2.1");
    struct sockaddr_storage name;
    socklen_t len;
    struct pair p = {socket_of(BYSTANDER, AF_INET, SOCK_STREAM), -1};
    char byte;

    connect_to(p.near, "192.0.2.1", port_of(tcp));
    p.far = accept_as(USER, tcp);
    tap_is(t, exchange(p, SOCK_STREAM), 0, "what the user serves speaks before");
    tap_is(t, disconnect_user(topology, USER, NULL, 0), 1, "what has been accepted is ended");
    tap_is(t, read_byte(p.near, &byte), -ECONNRESET, "and its far end is told");
    close_pair(p);
    p.near = socket_of(BYSTANDER, AF_INET, SOCK_STREAM);
    connect_to(p.near, "192.0.2.1", port_of(tcp));
    p.far = accept_as(USER, tcp);
    tap_is(t, exchange(p, SOCK_STREAM), 0, "the listening socket goes on");
    close_pair(p);
    one = socket_of(BYSTANDER, AF_INET, SOCK_DGRAM);
    len = make_name(&name, "192.0.2.1", port_of(udp));
    tap_is(t, sendto(one, "x", 1, 0, (struct sockaddr *)&name, len), 1, "a datagram is sent");
    tap_is(t, read_byte(udp, &byte), 0, "a UDP socket without a far end goes on");
    close(one);
    close(tcp);
    close(udp);
}

static int start_connecting(uid_t uid, int listener)
{
    struct sockaddr_storage name;
    socklen_t len = make_name(&name, "192.0.2.1", port_of(listener));
    int fd = socket_of(uid, AF_INET, SOCK_STREAM | SOCK_NONBLOCK);

    if (connect(fd, (struct sockaddr *)&name, len) == 0 || errno != EINPROGRESS)
        give_up("connect");
    return fd;
}

static int state_of(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 ? info.tcpi_state : -errno;
}

/* Its queue is full: who connects next waits for an answer. */
static int busy_listener(void)
{
    int fd = bound_socket(0, SOCK_STREAM, "192.0.2.1");

    if (listen(fd, 0) != 0)
        give_up("listen");
    for (int i = 0; i < 2; i++)
        start_connecting(BYSTANDER, fd); /* held until the test is over */
    return fd;
}

/* Not yet, or no longer, established. */
static void test_states(struct tap *t, const struct topology *topology)
{
    int asking, busy = busy_listener();
    struct pair half = make_pair(0), left = make_pair(0), gone = make_pair(0);
    char byte;

    asking = start_connecting(USER, busy);
    tap_is(t, state_of(asking), TCP_SYN_SENT, "one waits for an answer");
    shutdown(half.far, SHUT_WR);
    tap_is(t, read_byte(half.near, &byte), 1, "the far end has finished");
    /* Nobody holds this one any more, but it waits for the far end. */
    tap_is(t, exchange(left, SOCK_STREAM), 0, "one that is left alone speaks before");
    close(left.near);
    /* TIME_WAIT: what is left of a connection that both sides have closed. */
    close(gone.near);
    tap_is(t, read_byte(gone.far, &byte), 1, "one is closed by the near end");
    close(gone.far);
    tap_ok(t, disconnect_user(topology, USER, NULL, 0) >= 2, "what is asking or half closed ends");
    tap_is(t, read_byte(asking, &byte), -ECONNABORTED, "one that waits for an answer is ended");
    tap_is(t, send(half.near, "a", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno, -ECONNABORTED,
           "one whose far end has finished is ended");
    tap_is(t, disconnect_user(topology, USER, NULL, 0), 0, "nothing is left to end");
    close(asking);
    close(busy);
    close_pair(half);
    close(left.far);
}

static void test_many(struct tap *t, const struct topology *topology)
{
    enum { MANY = 300 };
    struct pair pairs[MANY];
    int ended = 0;
    char byte;

    for (size_t i = 0; i < MANY; i++)
        pairs[i] = make_pair(i % 6); /* each of them outside */
    tap_is(t, disconnect_user(topology, USER, NULL, 0), MANY, "%d are ended", MANY);
    /* Up to the first that is not: there would be long to wait for the others. */
    while (ended < MANY && read_byte(pairs[ended].near, &byte) == -ECONNABORTED)
        ended++;
    for (size_t i = 0; i < MANY; i++)
        close_pair(pairs[i]);
    tap_is(t, ended, MANY, "all of them");
}

static void test_privilege(struct tap *t, const struct topology *topology)
{
    struct pair p = make_pair(0);
    int rc;

    if (seteuid(BYSTANDER) != 0)
        give_up("seteuid");
    rc = disconnect_user(topology, USER, NULL, 0);
    if (seteuid(0) != 0)
        give_up("seteuid");
    tap_is(t, rc, -EPERM, "others may not");
    tap_is(t, exchange(p, SOCK_STREAM), 0, "and nothing is ended");
    close_pair(p);
}

static void skip_without_destroy(const struct topology *topology)
{
    struct pair p = make_pair(0);

    if (disconnect_user(topology, USER, NULL, 0) == -EOPNOTSUPP) {
        printf("1..0 # SKIP needs SOCK_DESTROY: CONFIG_INET_DIAG_DESTROY, tcp_diag, udp_diag\n");
        exit(0);
    }
    close_pair(p);
}

int main(void)
{
    struct tap t = {0};
    struct topology topology;

    if (geteuid() != 0) {
        printf("1..0 # SKIP needs root: network namespaces, SOCK_DESTROY\n");
        return 0;
    }
    make_network();
    make_topology(&topology);
    skip_without_destroy(&topology);
    test_cases(&t, &topology);
    test_listening(&t, &topology);
    test_states(&t, &topology);
    test_many(&t, &topology);
    test_privilege(&t, &topology);
    free_topology(&topology);
    return tap_done(&t);
}
