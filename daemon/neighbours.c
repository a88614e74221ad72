#include "neighbours.h"

#include "attrs.h"
#include "network.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* In these states the kernel knows the address, even if it has not been confirmed for a while. */
#define STATES_KNOWN (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

void neighbours_free(struct neighbours *n)
{
    free(n->list);
    *n = (struct neighbours){0};
}

static int add(struct neighbours *n, const struct neighbour *entry)
{
    if (n->count == n->room) {
        size_t room = n->room ? n->room * 2 : 64;
        struct neighbour *list = realloc(n->list, room * sizeof *list);

        if (!list)
            return -ENOMEM;
        n->list = list;
        n->room = room;
    }
    n->list[n->count++] = *entry;
    return 0;
}

int neighbours_add(struct neighbours *n, const struct nlmsghdr *message)
{
    const struct ndmsg *info = mnl_nlmsg_get_payload(message);
    const struct nlattr *attrs[NDA_LLADDR + 1] = {0};
    struct neighbour entry = {.index = 0};

    if (message->nlmsg_type != RTM_NEWNEIGH || mnl_nlmsg_get_payload_len(message) < sizeof *info ||
        (info->ndm_family != AF_INET && info->ndm_family != AF_INET6) ||
        !(info->ndm_state & STATES_KNOWN) || (info->ndm_flags & NTF_PROXY))
        return 0;
    attrs_sort(message, sizeof *info, attrs, NDA_LLADDR);
    if (!attrs_has(attrs[NDA_DST], info->ndm_family == AF_INET ? 4 : 16) || !attrs[NDA_LLADDR])
        return 0;
    entry.index = info->ndm_ifindex;
    entry.addr = addr_make(info->ndm_family, mnl_attr_get_payload(attrs[NDA_DST]));
    entry.lladdr = lladdr_make(mnl_attr_get_payload(attrs[NDA_LLADDR]),
                               mnl_attr_get_payload_len(attrs[NDA_LLADDR]));
    return entry.lladdr.len ? add(n, &entry) : 0;
}

static int compare(const void *a, const void *b)
{
    const struct neighbour *x = a, *y = b;
    int order = addr_compare(&x->addr, &y->addr);

    return order ? order : (x->index > y->index) - (x->index < y->index);
}

void neighbours_sort(struct neighbours *n)
{
    if (n->count)
        qsort(n->list, n->count, sizeof *n->list, compare);
}

/* The first entry whose address is not below this one; the end of the list if there is none. */
static size_t first_of(const struct neighbours *n, const struct addr *addr)
{
    size_t low = 0, high = n->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (addr_compare(&n->list[middle].addr, addr) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct neighbour *neighbours_find(const struct neighbours *n, const struct addr *addr)
{
    size_t at = first_of(n, addr);

    return at < n->count && addr_equal(&n->list[at].addr, addr) ? &n->list[at] : NULL;
}

bool neighbours_has(const struct neighbours *n, const struct addr *addr, const struct lladdr *at)
{
    for (size_t i = first_of(n, addr); i < n->count && addr_equal(&n->list[i].addr, addr); i++) {
        if (lladdr_equal(&n->list[i].lladdr, at))
            return true;
    }
    return false;
}

const struct neighbour *neighbours_next(const struct neighbours *n, const struct lladdr *at,
                                        const struct neighbour *last)
{
    for (size_t i = last ? (size_t)(last - n->list) + 1 : 0; i < n->count; i++) {
        if (lladdr_equal(&n->list[i].lladdr, at) &&
            (!last || !addr_equal(&n->list[i].addr, &last->addr)))
            return &n->list[i];
    }
    return NULL;
}

static int read_entry(const struct nlmsghdr *message, void *data)
{
    int err = neighbours_add(data, message);

    if (!err)
        return MNL_CB_OK;
    errno = -err;
    return MNL_CB_ERROR;
}

static int read_once(struct neighbours *out)
{
    struct neighbours n = {0};
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    int err = nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0 ? 0 : -errno;

    if (!err)
        err = network_dump(nl, RTM_GETNEIGH, AF_UNSPEC, read_entry, &n);
    if (nl)
        mnl_socket_close(nl);
    if (err) {
        neighbours_free(&n);
        return err;
    }
    neighbours_sort(&n);
    *out = n;
    return 0;
}

#define READ_TRIES 5

/* A dump during which something changed is inconsistent, and the kernel says so (-EINTR). */
int neighbours_read(struct neighbours *out)
{
    int err = -EINTR;

    for (int i = 0; err == -EINTR && i < READ_TRIES; i++)
        err = read_once(out);
    return err;
}
