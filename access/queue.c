#include "queue.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdlib.h>
#include <sys/socket.h>

#define LENGTH 4096             /* packets that may wait */
#define RECEIVE_BYTES (4 << 20) /* of the socket, for so many */
#define BUFFER_BYTES 8192       /* for one message: a packet's first bytes and its attributes */

struct queue {
    struct mnl_socket *nl;
    uint16_t number;
    unsigned port;
    char in[BUFFER_BYTES];
};

int queue_fd(const struct queue *q)
{
    return mnl_socket_get_fd(q->nl);
}

/* Sends a message that asks for an answer, and waits for it. */
static int configure(struct queue *q, struct nlmsghdr *nlh)
{
    char buffer[BUFFER_BYTES];
    ssize_t n;

    nlh->nlmsg_flags |= NLM_F_ACK;
    if (mnl_socket_sendto(q->nl, nlh, nlh->nlmsg_len) < 0)
        return -errno;
    n = mnl_socket_recvfrom(q->nl, buffer, sizeof buffer);
    if (n < 0 || mnl_cb_run(buffer, (size_t)n, 0, q->port, NULL, NULL) < 0)
        return -errno;
    return 0;
}

static int bind_queue(struct queue *q)
{
    char buffer[BUFFER_BYTES];
    struct nlmsghdr *nlh = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, q->number);

    nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
    return configure(q, nlh);
}

static int set_mode(struct queue *q, bool fail_open)
{
    char buffer[BUFFER_BYTES];
    struct nlmsghdr *nlh = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, q->number);
    uint32_t flags = NFQA_CFG_F_GSO | (fail_open ? NFQA_CFG_F_FAIL_OPEN : 0);

    nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, HEADER_BYTES);
    nfq_nlmsg_cfg_put_qmaxlen(nlh, LENGTH);
    mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, htonl(flags));
    mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN));
    return configure(q, nlh);
}

int queue_open(struct queue **out, uint16_t number, bool fail_open)
{
    struct queue *q = calloc(1, sizeof *q);
    int bytes = RECEIVE_BYTES, err = 0;

    if (!q)
        return -ENOMEM;
    q->number = number;
    q->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    if (!q->nl || mnl_socket_bind(q->nl, 0, MNL_SOCKET_AUTOPID) < 0)
        err = -errno;
    if (!err) {
        q->port = mnl_socket_get_portid(q->nl);
        /* What cannot be had of it costs packets under load, not the start. */
        if (setsockopt(queue_fd(q), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
            setsockopt(queue_fd(q), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
        err = bind_queue(q);
        /* The kernel says that it is taken with EPERM (nfqnl_recv_config()), or EBUSY. */
        if (err == -EPERM)
            err = -EBUSY;
    }
    if (!err)
        err = set_mode(q, fail_open);
    if (err) {
        queue_close(q);
        return err;
    }
    *out = q;
    return 0;
}

void queue_close(struct queue *q)
{
    if (!q)
        return;
    if (q->nl)
        mnl_socket_close(q->nl);
    free(q);
}

static int take_packet(const struct nlmsghdr *nlh, void *data)
{
    struct queue_packet *out = data;
    struct nlattr *attrs[NFQA_MAX + 1] = {NULL};
    const struct nfqnl_msg_packet_hdr *head;

    if (nfq_nlmsg_parse(nlh, attrs) < 0 || !attrs[NFQA_PACKET_HDR])
        return MNL_CB_OK;
    head = mnl_attr_get_payload(attrs[NFQA_PACKET_HDR]);
    out->id = ntohl(head->packet_id);
    out->mark = attrs[NFQA_MARK] ? ntohl(mnl_attr_get_u32(attrs[NFQA_MARK])) : 0;
    out->parsed = attrs[NFQA_PAYLOAD] &&
                  header_parse(mnl_attr_get_payload(attrs[NFQA_PAYLOAD]),
                               mnl_attr_get_payload_len(attrs[NFQA_PAYLOAD]), &out->header) == 0;
    return MNL_CB_STOP; /* the kernel sends one a message */
}

int queue_next(struct queue *q, struct queue_packet *out)
{
    ssize_t n = recv(queue_fd(q), q->in, sizeof q->in, MSG_DONTWAIT);
    int rc;

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    rc = mnl_cb_run(q->in, (size_t)n, 0, q->port, take_packet, out);
    /* What is no packet is the kernel's word that an answer came too late, or was none. */
    return rc == MNL_CB_STOP ? 1 : rc < 0 && errno != ENOENT ? -errno : 0;
}

int queue_answer(struct queue *q, const struct queue_packet *p, enum queue_verdict verdict,
                 uint32_t mark)
{
    char buffer[256];
    struct nlmsghdr *nlh = nfq_nlmsg_put(buffer, NFQNL_MSG_VERDICT, q->number);

    nfq_nlmsg_verdict_put(nlh, (int)p->id, verdict == QUEUE_DROP ? NF_DROP : NF_REPEAT);
    if (verdict == QUEUE_REPEAT)
        nfq_nlmsg_verdict_put_mark(nlh, mark);
    return mnl_socket_sendto(q->nl, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
}
