/*
 * accept: what an NFQUEUE costs by itself: lets every packet of a queue pass, 10 minutes at most.
 *
 *   accept QUEUE
 */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct queue {
    struct mnl_socket *nl;
    uint16_t number;
};

static int accept_packet(const struct nlmsghdr *nlh, void *data)
{
    const struct queue *q = data;
    struct nlattr *attrs[NFQA_MAX + 1] = {NULL};
    const struct nfqnl_msg_packet_hdr *head;
    struct nlmsghdr *answer;
    char buffer[256];

    if (nfq_nlmsg_parse(nlh, attrs) < 0 || !attrs[NFQA_PACKET_HDR])
        return MNL_CB_OK;
    head = mnl_attr_get_payload(attrs[NFQA_PACKET_HDR]);
    answer = nfq_nlmsg_put(buffer, NFQNL_MSG_VERDICT, q->number);
    nfq_nlmsg_verdict_put(answer, (int)ntohl(head->packet_id), NF_ACCEPT);
    return mnl_socket_sendto(q->nl, answer, answer->nlmsg_len) < 0 ? MNL_CB_ERROR : MNL_CB_OK;
}

int main(int argc, char **argv)
{
    struct queue q = {.number = argc == 2 ? (uint16_t)strtoul(argv[1], NULL, 10) : 0};
    char buffer[8192];
    struct nlmsghdr *nlh;
    ssize_t n;

    q.nl = mnl_socket_open(NETLINK_NETFILTER);
    if (argc != 2 || !q.nl || mnl_socket_bind(q.nl, 0, MNL_SOCKET_AUTOPID) < 0)
        return 71;
    alarm(600);
    nlh = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, q.number);
    nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
    mnl_socket_sendto(q.nl, nlh, nlh->nlmsg_len);
    nlh = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, q.number);
    nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, 256);
    mnl_socket_sendto(q.nl, nlh, nlh->nlmsg_len);
    while ((n = mnl_socket_recvfrom(q.nl, buffer, sizeof buffer)) >= 0)
        mnl_cb_run(buffer, (size_t)n, 0, mnl_socket_get_portid(q.nl), accept_packet, &q);
    return 0;
}
