#include "disconnect.h"

#include "attrs.h"
#include "num.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>

#define READ_TRIES 5

/* Sets of states, as the kernel takes them: a bit for each. A socket of UDP is ESTABLISHED once it
 * is connected, and CLOSE before. */
#define STATE(name) (1u << TCP_##name)
#define STATES_TCP                                                                                 \
    (STATE(ESTABLISHED) | STATE(SYN_SENT) | STATE(SYN_RECV) | STATE(FIN_WAIT1) |                   \
     STATE(FIN_WAIT2) | STATE(CLOSE_WAIT) | STATE(LAST_ACK) | STATE(CLOSING))
#define STATES_UDP STATE(ESTABLISHED)

static const struct {
    uint8_t family, protocol;
    uint32_t states;
} tables[] = {{AF_INET, IPPROTO_TCP, STATES_TCP},
              {AF_INET6, IPPROTO_TCP, STATES_TCP},
              {AF_INET, IPPROTO_UDP, STATES_UDP},
              {AF_INET6, IPPROTO_UDP, STATES_UDP}};

/* What is looked for, and what has been found: each a request that ends just this socket. */
struct search {
    const struct topology *topology;
    uid_t uid;
    const uint64_t *inodes;
    size_t inode_count;
    uint8_t protocol; /* of the table that is being read: an answer does not say it */
    struct inet_diag_req_v2 *found;
    size_t count, room;
};

/* A socket that no file holds any more has the inode 0. */
static bool is_wanted(const struct search *s, const struct inet_diag_msg *socket)
{
    uint64_t inode = socket->idiag_inode;

    return socket->idiag_uid == s->uid ||
           (inode && s->inode_count &&
            bsearch(&inode, s->inodes, s->inode_count, sizeof inode, num_compare));
}

static bool leads_outside(const struct search *s, const struct inet_diag_msg *socket)
{
    struct addr far;

    if (socket->idiag_family != AF_INET && socket->idiag_family != AF_INET6)
        return false;
    far = addr_make(socket->idiag_family, socket->id.idiag_dst);
    return socket->id.idiag_dport && topology_is_beyond(s->topology, &far);
}

static int keep(struct search *s, const struct inet_diag_msg *socket)
{
    if (s->count == s->room) {
        size_t room = s->room ? s->room * 2 : 64;
        struct inet_diag_req_v2 *found = realloc(s->found, room * sizeof *found);

        if (!found)
            return -ENOMEM;
        s->found = found;
        s->room = room;
    }
    /* The addresses as they were shown, IPv4-mapped or not, and the cookie: with it the kernel ends
     * this socket, and none that has come to stand in its place. */
    s->found[s->count++] = (struct inet_diag_req_v2){.sdiag_family = socket->idiag_family,
                                                     .sdiag_protocol = s->protocol,
                                                     .idiag_states = UINT32_MAX,
                                                     .id = socket->id};
    return 0;
}

static int read_socket(const struct nlmsghdr *message, void *data)
{
    struct search *s = data;
    const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(message);
    int err = 0;

    if (mnl_nlmsg_get_payload_len(message) >= sizeof *socket && is_wanted(s, socket) &&
        leads_outside(s, socket))
        err = keep(s, socket);
    if (!err)
        return MNL_CB_OK;
    errno = -err;
    return MNL_CB_ERROR;
}

/* 0 or -errno; *out is the caller's to close on 0 only. */
static int open_socket(struct mnl_socket **out)
{
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
    int err;

    if (!nl)
        return -errno;
    if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) != 0) {
        err = -errno;
        mnl_socket_close(nl);
        return err;
    }
    *out = nl;
    return 0;
}

static int send_request(struct mnl_socket *nl, uint16_t type, uint16_t flags, uint32_t sequence,
                        const struct inet_diag_req_v2 *request)
{
    char buffer[NLMSG_SPACE(sizeof *request)];
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
    struct inet_diag_req_v2 *to;

    nlh->nlmsg_type = type;
    nlh->nlmsg_flags = NLM_F_REQUEST | flags;
    nlh->nlmsg_seq = sequence;
    to = mnl_nlmsg_put_extra_header(nlh, sizeof *to);
    *to = *request;
    return mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
}

/* libmnl says -EINTR of a dump that the kernel marks with NLM_F_DUMP_INTR. */
static int dump(struct search *s, const struct inet_diag_req_v2 *request)
{
    char buffer[ATTRS_BUFFER];
    struct mnl_socket *nl;
    int rc = MNL_CB_OK, err = open_socket(&nl);

    if (err)
        return err;
    err = send_request(nl, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, 1, request);
    while (!err && rc > MNL_CB_STOP) {
        ssize_t n = mnl_socket_recvfrom(nl, buffer, sizeof buffer);

        rc = n < 0 ? MNL_CB_ERROR
                   : mnl_cb_run(buffer, (size_t)n, 1, mnl_socket_get_portid(nl), read_socket, s);
        if (rc == MNL_CB_ERROR)
            err = -errno;
    }
    mnl_socket_close(nl);
    return err;
}

/* What an interrupted dump has shown is true as far as it goes: the last one is kept. */
static int search_table(struct search *s, size_t table)
{
    struct inet_diag_req_v2 request = {.sdiag_family = tables[table].family,
                                       .sdiag_protocol = tables[table].protocol,
                                       .idiag_states = tables[table].states};
    size_t before = s->count;
    int err = -EINTR;

    s->protocol = tables[table].protocol;
    for (int i = 0; err == -EINTR && i < READ_TRIES; i++) {
        s->count = before;
        err = dump(s, &request);
    }
    /* sock_diag knows nothing of the protocol. */
    return err == -ENOENT ? -EOPNOTSUPP : err;
}

/* 1, 0 if it is gone (-ESTALE: another socket has its addresses), or -errno. */
static int end_socket(struct mnl_socket *nl, uint32_t sequence, const struct inet_diag_req_v2 *one)
{
    char buffer[512];
    int err = send_request(nl, SOCK_DESTROY, NLM_F_ACK, sequence, one);
    ssize_t n;

    if (err)
        return err;
    n = mnl_socket_recvfrom(nl, buffer, sizeof buffer);
    if (n < 0)
        return -errno;
    if (mnl_cb_run(buffer, (size_t)n, sequence, mnl_socket_get_portid(nl), NULL, NULL) >= 0)
        return 1;
    return errno == ENOENT || errno == ESTALE ? 0 : -errno;
}

/* All that were found, so far as it goes. How many were ended, or the first error. */
static int end_all(const struct search *s)
{
    struct mnl_socket *nl;
    int ended = 0, err = 0, rc;

    if (s->count == 0)
        return 0;
    err = open_socket(&nl);
    if (err)
        return err;
    for (size_t i = 0; i < s->count; i++) {
        rc = end_socket(nl, (uint32_t)i + 1, &s->found[i]);
        if (rc < 0)
            err = err ? err : rc;
        else
            ended += rc;
    }
    mnl_socket_close(nl);
    return err ? err : ended;
}

int disconnect_user(const struct topology *topology, uid_t uid, const uint64_t *inodes,
                    size_t count)
{
    struct search s = {.topology = topology, .uid = uid, .inodes = inodes, .inode_count = count};
    int err = 0, ended;

    /* All are found before the first is ended, so that the dumps see no list that changes by it. */
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        int bad = search_table(&s, i);

        err = err ? err : bad;
    }
    ended = end_all(&s);
    free(s.found);
    return err ? err : ended;
}
