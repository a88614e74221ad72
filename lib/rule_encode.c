#include "rule_encode.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mac.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_owner.h>
#include <linux/netfilter/xt_recent.h>
#include <linux/netfilter/xt_set.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>

/* Without the padding behind the last member. */
#define V6_HEADER_BYTES (offsetof(struct ip6t_ip6, invflags) + 1)

static size_t header_size(int family)
{
    return family == AF_INET ? sizeof(struct ipt_entry) : sizeof(struct ip6t_entry);
}

static uint16_t target_offset(int family, const void *e)
{
    return family == AF_INET ? ((const struct ipt_entry *)e)->target_offset
                             : ((const struct ip6t_entry *)e)->target_offset;
}

static void set_interface(char name[IFNAMSIZ], unsigned char mask[IFNAMSIZ], const char *from)
{
    size_t len = strlen(from);

    /* The mask covers the NUL too, unless a `+` leaves the rest open. */
    if (len == 0)
        return;
    if (from[len - 1] == '+') {
        memcpy(name, from, len - 1);
        memset(mask, 0xff, len - 1);
    } else {
        memcpy(name, from, len);
        memset(mask, 0xff, len + 1);
    }
}

static void set_mask(void *mask, unsigned len)
{
    uint8_t *bytes = mask;

    for (unsigned bit = 0; bit < len; bit++)
        bytes[bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
}

static void encode_v4(struct ipt_entry *e, const struct rule *r)
{
    memcpy(&e->ip.src, r->source.addr.bytes, 4);
    set_mask(&e->ip.smsk, r->source.len);
    memcpy(&e->ip.dst, r->destination.addr.bytes, 4);
    set_mask(&e->ip.dmsk, r->destination.len);
    set_interface(e->ip.iniface, e->ip.iniface_mask, r->in);
    set_interface(e->ip.outiface, e->ip.outiface_mask, r->out);
    e->ip.proto = r->protocol;
    e->ip.flags = r->target == TARGET_GOTO ? IPT_F_GOTO : 0;
}

static void encode_v6(struct ip6t_entry *e, const struct rule *r)
{
    memcpy(&e->ipv6.src, r->source.addr.bytes, 16);
    set_mask(&e->ipv6.smsk, r->source.len);
    memcpy(&e->ipv6.dst, r->destination.addr.bytes, 16);
    set_mask(&e->ipv6.dmsk, r->destination.len);
    set_interface(e->ipv6.iniface, e->ipv6.iniface_mask, r->in);
    set_interface(e->ipv6.outiface, e->ipv6.outiface_mask, r->out);
    e->ipv6.proto = r->protocol;
    e->ipv6.flags =
        (uint8_t)((r->target == TARGET_GOTO ? IP6T_F_GOTO : 0) | (r->protocol ? IP6T_F_PROTO : 0));
}

/* The header of a match whose data has `size` bytes; returns where those go. */
static void *begin_match(void *at, const char *name, uint8_t revision, size_t size)
{
    struct xt_entry_match *m = at;

    m->u.user.match_size = (uint16_t)(XT_ALIGN(sizeof *m) + XT_ALIGN(size));
    memcpy(m->u.user.name, name, strlen(name) + 1);
    m->u.user.revision = revision;
    return m->data;
}

static void encode_mark(void *at, const struct rule *r)
{
    if (r->mark.mask) {
        struct xt_mark_mtinfo1 *info = begin_match(at, "mark", 1, sizeof *info);

        info->mark = r->mark.value;
        info->mask = r->mark.mask;
    } else {
        struct xt_connmark_mtinfo1 *info = begin_match(at, "connmark", 1, sizeof *info);

        info->mark = r->connmark.value;
        info->mask = r->connmark.mask;
    }
}

static void encode_ports(void *at, const struct rule *r)
{
    if (r->protocol == IPPROTO_UDP) {
        struct xt_udp *info = begin_match(at, "udp", 0, sizeof *info);

        info->spts[1] = UINT16_MAX; /* from any */
        info->dpts[0] = r->ports.first;
        info->dpts[1] = r->ports.last;
    } else {
        struct xt_tcp *info = begin_match(at, "tcp", 0, sizeof *info);

        info->spts[1] = UINT16_MAX;
        info->dpts[0] = r->ports.asked ? r->ports.first : 0;
        info->dpts[1] = r->ports.asked ? r->ports.last : UINT16_MAX;
        if (r->reset)
            info->flg_mask = info->flg_cmp = TH_RST;
    }
}

/* Appends the match that the rule asks for at `at`, returns its size: 0 if it asks for none. */
static size_t encode_match(int family, void *at, const struct rule *r)
{
    if (r->states) {
        struct xt_conntrack_mtinfo3 *info = begin_match(at, "conntrack", 3, sizeof *info);

        info->match_flags = XT_CONNTRACK_STATE;
        info->invert_flags = r->not_states ? XT_CONNTRACK_STATE : 0;
        info->state_mask = r->states;
    } else if (r->mark.mask || r->connmark.mask) {
        encode_mark(at, r);
    } else if (r->lease) {
        struct xt_recent_mtinfo_v1 *info = begin_match(at, "recent", 1, sizeof *info);

        /* The mask leaves nothing of the source: every packet looks for the one entry, `any'. */
        info->seconds = r->lease;
        info->check_set = XT_RECENT_CHECK;
        memcpy(info->name, family == AF_INET ? RULE_LEASE : RULE_LEASE6,
               family == AF_INET ? sizeof RULE_LEASE : sizeof RULE_LEASE6);
        info->side = XT_RECENT_SOURCE;
    } else if (r->mac.len) {
        struct xt_mac_info *info = begin_match(at, "mac", 0, sizeof *info);

        memcpy(info->srcaddr, r->mac.bytes, sizeof info->srcaddr);
    } else if (r->owners.asked) {
        struct xt_owner_match_info *info = begin_match(at, "owner", 1, sizeof *info);

        info->match = XT_OWNER_UID;
        info->uid_min = r->owners.first;
        info->uid_max = r->owners.last;
    } else if (r->reset || r->ports.asked) {
        encode_ports(at, r);
    } else if (r->set.asked) {
        struct xt_set_info_match_v1 *info = begin_match(at, "set", 1, sizeof *info);

        /* A bit of `flags` for each dimension that is the source's, counted from 1. */
        info->match_set.index = r->set.index;
        info->match_set.dim = r->set.port ? IPSET_DIM_TWO : IPSET_DIM_ONE;
        info->match_set.flags = 1 << IPSET_DIM_ONE;
    }
    return ((struct xt_entry_match *)at)->u.match_size;
}

const char *rule_target_name(const struct rule *r)
{
    switch (r->target) {
    case TARGET_ACCEPT:
        return "ACCEPT";
    case TARGET_DROP:
        return "DROP";
    case TARGET_RETURN:
        return "RETURN";
    case TARGET_REJECT:
    case TARGET_REJECT_TCP:
        return "REJECT";
    case TARGET_MASQUERADE:
        return "MASQUERADE";
    case TARGET_QUEUE:
        return "NFQUEUE";
    case TARGET_MARK:
        return "MARK";
    case TARGET_CONNMARK:
        return "CONNMARK";
    case TARGET_JUMP:
    case TARGET_GOTO:
        break;
    }
    return r->chain;
}

/* Of NFQUEUE and the marks: fills in what follows the header, returns its size. */
static size_t encode_queue_or_mark(void *data, const struct rule *r)
{
    struct xt_NFQ_info_v3 *queue = data;
    struct xt_mark_tginfo2 *mark = data;
    struct xt_connmark_tginfo2 *connmark = data;

    if (r->target == TARGET_QUEUE) {
        *queue = (struct xt_NFQ_info_v3){
            .queuenum = r->queue, .queues_total = 1, .flags = r->bypass ? NFQ_FLAG_BYPASS : 0};
        return sizeof *queue;
    }
    if (r->target == TARGET_MARK) {
        *mark = (struct xt_mark_tginfo2){.mark = r->set_mark.value, .mask = r->set_mark.mask};
        return sizeof *mark;
    }
    connmark->ctmark = r->set_mark.value;
    connmark->ctmask = r->set_mark.mask;
    connmark->nfmask = UINT32_MAX;
    connmark->mode = XT_CONNMARK_SET;
    return sizeof *connmark;
}

static uint8_t target_revision(enum rule_target target)
{
    return target == TARGET_QUEUE ? 3 : target == TARGET_MARK || target == TARGET_CONNMARK ? 2 : 0;
}

/* Fills in what follows the target's header, returns its size. */
static size_t encode_target_data(int family, void *data, const struct rule *r)
{
    bool reset = r->target == TARGET_REJECT_TCP;

    if (r->target >= TARGET_QUEUE && r->target <= TARGET_CONNMARK)
        return encode_queue_or_mark(data, r);
    if (r->target == TARGET_MASQUERADE && family == AF_INET) {
        ((struct nf_nat_ipv4_multi_range_compat *)data)->rangesize = 1;
        return sizeof(struct nf_nat_ipv4_multi_range_compat);
    }
    if (r->target == TARGET_MASQUERADE)
        return sizeof(struct nf_nat_range);
    if ((r->target == TARGET_REJECT || reset) && family == AF_INET) {
        ((struct ipt_reject_info *)data)->with = reset ? IPT_TCP_RESET : IPT_ICMP_ADMIN_PROHIBITED;
        return sizeof(struct ipt_reject_info);
    }
    if (r->target == TARGET_REJECT || reset) {
        ((struct ip6t_reject_info *)data)->with =
            reset ? IP6T_TCP_RESET : IP6T_ICMP6_ADM_PROHIBITED;
        return sizeof(struct ip6t_reject_info);
    }
    /* A standard target: libiptc finds the verdict or the chain by the name. */
    return sizeof(struct xt_standard_target) - sizeof(struct xt_entry_target);
}

void rule_encode(int family, union rule_entry *e, const struct rule *r)
{
    size_t at = header_size(family), size;
    struct xt_entry_target *t;
    const char *name = rule_target_name(r);

    memset(e, 0, sizeof *e);
    at += encode_match(family, e->bytes + at, r);
    t = (void *)(e->bytes + at);
    memcpy(t->u.user.name, name, strlen(name) + 1);
    t->u.user.revision = target_revision(r->target);
    size = XT_ALIGN(sizeof *t + encode_target_data(family, t->data, r));
    t->u.user.target_size = (uint16_t)size;
    if (family == AF_INET) {
        encode_v4(&e->v4, r);
        e->v4.target_offset = (uint16_t)at;
        e->v4.next_offset = (uint16_t)(at + size);
    } else {
        encode_v6(&e->v6, r);
        e->v6.target_offset = (uint16_t)at;
        e->v6.next_offset = (uint16_t)(at + size);
    }
}

static bool same_header(int family, const void *theirs, const union rule_entry *ours)
{
    const struct ipt_entry *v4 = theirs;
    const struct ip6t_entry *v6 = theirs;

    return family == AF_INET ? memcmp(&v4->ip, &ours->v4.ip, sizeof v4->ip) == 0
                             : memcmp(&v6->ipv6, &ours->v6.ipv6, V6_HEADER_BYTES) == 0;
}

/* The kernel hands back the name up to its NUL only: what stands behind it is anybody's. */
static bool same_match(const void *theirs, const void *ours)
{
    const struct xt_entry_match *a = theirs, *b = ours;

    return a->u.match_size == b->u.match_size && a->u.user.revision == b->u.user.revision &&
           strncmp(a->u.user.name, b->u.user.name, sizeof a->u.user.name) == 0 &&
           memcmp(a->data, b->data, b->u.match_size - sizeof *b) == 0;
}

bool rule_encode_same(int family, const void *theirs, const struct rule *rule)
{
    const struct xt_entry_target *t, *own;
    union rule_entry ours;
    char scratch[64] = {0};
    uint16_t at;

    rule_encode(family, &ours, rule);
    at = target_offset(family, &ours);
    if (target_offset(family, theirs) != at || !same_header(family, theirs, &ours))
        return false;
    if (at > header_size(family) &&
        !same_match((const char *)theirs + header_size(family), ours.bytes + header_size(family)))
        return false;
    if (rule->target < TARGET_REJECT || rule->target > TARGET_CONNMARK)
        return true;
    t = (const void *)((const char *)theirs + at);
    own = (const void *)(ours.bytes + at);
    return t->u.user.revision == own->u.user.revision &&
           memcmp(t->data, own->data, encode_target_data(family, scratch, rule)) == 0;
}
