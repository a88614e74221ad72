/*
 * The kernel's own tables of sockets, read while this process has some on loopback.
 */
#include "socket_table.h"
#include "tap.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANY 300  /* sockets, whose lines the kernel hands out in ten readings */
#define TRIES 20  /* one that others close meanwhile may hide one of ours from a reading */
#define UID 54321 /* of nobody */

struct wanted {
    uint64_t inode;
    unsigned found;
    struct socket_entry entry;
};

struct search {
    struct wanted *list;
    size_t count;
};

static void look(void *context, const struct socket_entry *entry)
{
    struct search *s = context;

    for (size_t i = 0; i < s->count; i++) {
        if (s->list[i].inode == entry->inode) {
            s->list[i].entry = *entry;
            s->list[i].found++;
        }
    }
}

/* How many of them one reading tells of; reads again while it is less than `expected`. */
static int64_t search(int table, enum socket_table_kind kind, struct wanted *list, size_t count,
                      int64_t expected)
{
    struct search s = {list, count};
    int64_t found = -1;

    for (int tries = 0; tries < TRIES && found < expected; tries++) {
        struct socket_table_error where = {0};
        int err;

        for (size_t i = 0; i < count; i++)
            list[i].found = 0;
        err = socket_table_read(table, kind, look, &s, &where);
        if (err) {
            tap_note("line %zu: %s", where.line, where.text);
            return err;
        }
        found = 0;
        for (size_t i = 0; i < count; i++)
            found += list[i].found > 0;
    }
    return found;
}

static int must(int result)
{
    if (result < 0) {
        printf("Bail out! %s\n", strerror(errno));
        exit(1);
    }
    return result;
}

static uint64_t inode_of(int fd)
{
    struct stat st;

    must(fstat(fd, &st));
    return st.st_ino;
}

static uid_t uid_of(int fd)
{
    struct stat st;

    must(fstat(fd, &st));
    return st.st_uid;
}

/* Of another user, where this one may. */
static int foreign_socket(int family, int type)
{
    bool root = geteuid() == 0;
    int fd;

    if (root)
        must(seteuid(UID));
    fd = must(socket(family, type | SOCK_CLOEXEC, 0));
    if (root)
        must(seteuid(0));
    return fd;
}

static socklen_t loopback(int family, bool mapped, struct sockaddr_storage *out)
{
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;

    *out = (struct sockaddr_storage){.ss_family = (sa_family_t)family};
    if (family == AF_INET) {
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return sizeof *v4;
    }
    v6->sin6_addr = in6addr_loopback;
    if (mapped) {
        static const uint8_t bytes[16] = {[10] = 0xff, 0xff, 127, 0, 0, 1};

        memcpy(&v6->sin6_addr, bytes, sizeof bytes);
    }
    return sizeof *v6;
}

/* Of either family. */
static uint16_t port_of(const struct sockaddr_storage *a)
{
    return ntohs(a->ss_family == AF_INET ? ((const struct sockaddr_in *)a)->sin_port
                                         : ((const struct sockaddr_in6 *)a)->sin6_port);
}

static uint16_t local_port(int fd)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;

    must(getsockname(fd, (struct sockaddr *)&a, &len));
    return port_of(&a);
}

static const struct {
    const char *what;
    enum socket_table_kind kind;
    int family, type;
    bool mapped;
    uint8_t protocol;
    const char *address;
} cases[] = {
    {"TCP", SOCKET_TABLE_TCP, AF_INET, SOCK_STREAM, false, IPPROTO_TCP, "127.0.0.1"},
    {"TCP over IPv6", SOCKET_TABLE_TCP6, AF_INET6, SOCK_STREAM, false, IPPROTO_TCP, "::1"},
    {"TCP, IPv4 in IPv6", SOCKET_TABLE_TCP6, AF_INET6, SOCK_STREAM, true, IPPROTO_TCP, "127.0.0.1"},
    {"UDP", SOCKET_TABLE_UDP, AF_INET, SOCK_DGRAM, false, IPPROTO_UDP, "127.0.0.1"},
    {"UDP over IPv6", SOCKET_TABLE_UDP6, AF_INET6, SOCK_DGRAM, false, IPPROTO_UDP, "::1"},
    {"UDP, IPv4 in IPv6", SOCKET_TABLE_UDP6, AF_INET6, SOCK_DGRAM, true, IPPROTO_UDP, "127.0.0.1"},
};
#define CASES (sizeof cases / sizeof *cases)

static void check_entry(struct tap *t, size_t which, const struct socket_entry *e, int near,
                        uint16_t far_port)
{
    const char *what = cases[which].what;
    char text[ADDR_TEXT_LEN];

    tap_is(t, e->uid, uid_of(near), "%s: its uid", what);
    tap_is(t, e->protocol, cases[which].protocol, "%s: its protocol", what);
    tap_text(t, addr_format(&e->local, text), cases[which].address, "%s: its address", what);
    tap_text(t, addr_format(&e->remote, text), cases[which].address, "%s: the other's", what);
    tap_is(t, e->local_port, local_port(near), "%s: its port", what);
    tap_is(t, e->remote_port, far_port, "%s: the other's", what);
}

static void test_connected(struct tap *t, size_t which, int table)
{
    const char *what = cases[which].what;
    enum socket_table_kind kind = cases[which].kind;
    int server = must(socket(cases[which].family, cases[which].type | SOCK_CLOEXEC, 0));
    int client = foreign_socket(cases[which].family, cases[which].type);
    struct wanted list[2] = {{.inode = inode_of(client)}, {.inode = inode_of(server)}};
    bool tcp = cases[which].type == SOCK_STREAM;
    struct sockaddr_storage a;
    socklen_t len = loopback(cases[which].family, cases[which].mapped, &a);
    int accepted = -1;

    must(bind(server, (struct sockaddr *)&a, len));
    must(bind(client, (struct sockaddr *)&a, len));
    if (tcp)
        must(listen(server, 1));
    must(getsockname(server, (struct sockaddr *)&a, &(socklen_t){sizeof a}));
    tap_is(t, search(table, kind, list, 2, 0), 0, "%s: none is connected", what);
    must(connect(client, (struct sockaddr *)&a, len));
    if (tcp)
        accepted = must(accept(server, NULL, NULL));
    tap_is(t, search(table, kind, list, 2, 1), 1, "%s: one is", what);
    tap_is(t, list[0].found > 0, 1, "%s: the one that called", what);
    check_entry(t, which, &list[0].entry, client, local_port(server));
    if (tcp) {
        list[1].inode = inode_of(accepted);
        tap_is(t, search(table, kind, list, 2, 2), 2, "%s: and the one that answered", what);
        check_entry(t, which, &list[1].entry, accepted, local_port(client));
        must(close(accepted));
        /* The one that answered has closed, the one that called may still send. */
        tap_is(t, search(table, kind, list, 2, 1), 1, "%s: half closed, one is connected", what);
        tap_is(t, list[0].found > 0, 1, "%s: the one that may send", what);
    }
    must(close(client));
    tap_is(t, search(table, kind, list, 1, 0), 0, "%s: no more once it is closed", what);
    must(close(server));
}

static void test_many(struct tap *t, int table)
{
    static struct wanted list[MANY];
    static int sockets[MANY];
    struct sockaddr_storage a;
    socklen_t len = loopback(AF_INET, false, &a);
    int server = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

    must(bind(server, (struct sockaddr *)&a, len));
    must(getsockname(server, (struct sockaddr *)&a, &len));
    for (size_t i = 0; i < MANY; i++) {
        sockets[i] = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        if (i % 3)
            must(connect(sockets[i], (struct sockaddr *)&a, len));
        list[i].inode = inode_of(sockets[i]);
    }
    tap_is(t, search(table, SOCKET_TABLE_UDP, list, MANY, MANY - MANY / 3), MANY - MANY / 3,
           "of many, those that are connected");
    for (size_t i = 0; i < MANY; i++)
        must(close(sockets[i]));
    tap_is(t, search(table, SOCKET_TABLE_UDP, list, MANY, 0), 0, "and none of them afterwards");
    must(close(server));
}

/* IPv6 may be left out of a kernel, or be turned off. */
static bool has_ipv6(void)
{
    struct sockaddr_storage a;
    socklen_t len = loopback(AF_INET6, false, &a);
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0;

    if (fd >= 0)
        close(fd);
    return has;
}

int main(void)
{
    struct tap t = {0};
    bool ipv6 = has_ipv6();
    int tables[SOCKET_TABLES];

    for (int i = 0; i < SOCKET_TABLES; i++) {
        enum socket_table_kind kind = (enum socket_table_kind)i;

        tables[i] = socket_table_open(kind);
        if (ipv6 || kind == SOCKET_TABLE_TCP || kind == SOCKET_TABLE_UDP)
            tap_is(&t, tables[i] >= 0 ? 0 : tables[i], 0, "%s is opened", socket_table_path(kind));
    }
    for (size_t i = 0; i < CASES; i++) {
        if (ipv6 || cases[i].family == AF_INET)
            test_connected(&t, i, tables[cases[i].kind]);
        else
            tap_ok(&t, true, "%s # SKIP needs IPv6 on loopback", cases[i].what);
    }
    test_many(&t, tables[SOCKET_TABLE_UDP]);
    for (int i = 0; i < SOCKET_TABLES; i++) {
        if (tables[i] >= 0)
            close(tables[i]);
    }
    return tap_done(&t);
}
