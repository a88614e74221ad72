#include "topology.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void net_state_free(struct net_state *net)
{
    free(net->links);
    free(net->addresses);
    free(net->routes);
    *net = (struct net_state){0};
}

static const struct net_link *find_link(const struct net_state *net, int index)
{
    for (size_t i = 0; i < net->link_count; i++) {
        if (net->links[i].index == index)
            return &net->links[i];
    }
    return NULL;
}

/* `ppp+` matches every name that begins with ppp, as in iptables(8). */
static bool name_matches(const struct name_list *patterns, const char *name)
{
    for (size_t i = 0; i < patterns->count; i++) {
        const char *pattern = patterns->names[i];
        size_t len = strlen(pattern);

        if (len > 0 && pattern[len - 1] == '+' ? strncmp(pattern, name, len - 1) == 0
                                               : strcmp(pattern, name) == 0)
            return true;
    }
    return false;
}

static int add_once(struct name_list *list, const char *name)
{
    return name_list_has(list, name) ? 0 : name_list_add(list, name);
}

static int find_wan(struct topology_family *f, int family, const struct conf *conf,
                    const struct net_state *net)
{
    int err = 0;

    for (size_t i = 0; i < conf->wan_if.count && !err; i++)
        err = add_once(&f->wan_if, conf->wan_if.names[i]);
    for (size_t i = 0; i < net->route_count && !err && conf->wan_if.count == 0; i++) {
        const struct net_route *r = &net->routes[i];
        const struct net_link *link = find_link(net, r->index);

        if (link && r->destination.len == 0 && r->destination.addr.family == family)
            err = add_once(&f->wan_if, link->name);
    }
    return err;
}

static bool is_wan(const struct topology_family *f, const struct net_state *net, int index)
{
    const struct net_link *link = find_link(net, index);

    return link && name_matches(&f->wan_if, link->name);
}

static int find_networks(struct topology_family *f, int family, const struct conf *conf,
                         const struct net_state *net)
{
    int err = 0;

    for (size_t i = 0; i < conf->localnet.count && !err; i++) {
        if (conf->localnet.prefixes[i].addr.family == family)
            err = prefix_list_add(&f->localnet, &conf->localnet.prefixes[i]);
    }
    for (size_t i = 0; i < net->address_count && !err; i++) {
        const struct net_address *a = &net->addresses[i];

        if (a->network.addr.family == family && is_wan(f, net, a->index))
            err = prefix_list_add(&f->wan_nets, &a->network);
    }
    /* The default route leads everywhere: it carries no LOCALNET in particular. */
    for (size_t i = 0; i < net->route_count && !err; i++) {
        const struct net_route *r = &net->routes[i];
        const struct net_link *link = find_link(net, r->index);

        if (link && r->destination.len > 0 && !is_wan(f, net, r->index) &&
            strcmp(link->name, "lo") != 0 && prefix_list_overlaps(&f->localnet, &r->destination))
            err = add_once(&f->lan_if, link->name);
    }
    return err;
}

static int copy_own(struct topology *t, const struct net_state *net)
{
    t->own = calloc(net->address_count + 1, sizeof *t->own);
    if (!t->own)
        return -ENOMEM;
    for (size_t i = 0; i < net->address_count; i++)
        t->own[t->own_count++] = net->addresses[i].own;
    t->own_count = addr_sort_once(t->own, t->own_count);
    return 0;
}

/* The kernel gives a link-local network to every IPv6 interface: that leads nowhere. */
static bool is_link_local(const struct prefix *p)
{
    return p->addr.family == AF_INET6 && p->len >= 10 && p->addr.bytes[0] == 0xfe &&
           (p->addr.bytes[1] & 0xc0) == 0x80;
}

static bool carries_route(const struct net_state *net, int index)
{
    for (size_t i = 0; i < net->route_count; i++) {
        if (net->routes[i].index == index && !is_link_local(&net->routes[i].destination))
            return true;
    }
    return false;
}

/* Interfaces of a dialled link, `ppp*` or `ippp*`, that are up and carry a route. */
static unsigned count_channels(const struct conf *conf, const struct net_state *net)
{
    const char *kind = conf->protocol == PROTOCOL_ISDN ? "ippp" : "ppp";
    unsigned channels = 0;

    if (conf->protocol == PROTOCOL_ETHERNET)
        return 1;
    for (size_t i = 0; i < net->link_count; i++) {
        const struct net_link *link = &net->links[i];

        channels += link->up && strncmp(link->name, kind, strlen(kind)) == 0 &&
                    carries_route(net, link->index);
    }
    return conf->protocol == PROTOCOL_PPP && channels > 1 ? 1 : channels;
}

int topology_derive(struct topology *out, const struct conf *conf, const struct net_state *net)
{
    struct topology t = {0};
    int err = find_wan(&t.v4, AF_INET, conf, net);

    if (!err)
        err = find_wan(&t.v6, AF_INET6, conf, net);
    if (!err)
        err = find_networks(&t.v4, AF_INET, conf, net);
    if (!err)
        err = find_networks(&t.v6, AF_INET6, conf, net);
    if (!err)
        err = copy_own(&t, net);
    if (err) {
        topology_free(&t);
        return err;
    }
    t.channels = count_channels(conf, net);
    t.is_dialled = conf->protocol != PROTOCOL_ETHERNET;
    t.leak_v6 = net->forward_v6 && t.v6.localnet.count == 0;
    *out = t;
    return 0;
}

static void free_family(struct topology_family *f)
{
    name_list_free(&f->wan_if);
    name_list_free(&f->lan_if);
    prefix_list_free(&f->wan_nets);
    prefix_list_free(&f->localnet);
}

const char *topology_missing_wan(const struct conf *conf, const struct net_state *net)
{
    for (size_t i = 0; i < conf->wan_if.count; i++) {
        const char *name = conf->wan_if.names[i];
        bool there = strchr(name, '+') != NULL;

        for (size_t k = 0; k < net->link_count && !there; k++)
            there = strcmp(net->links[k].name, name) == 0;
        if (!there)
            return name;
    }
    return NULL;
}

bool topology_lacks_wan(const struct topology *t)
{
    return (t->v4.localnet.count && !t->v4.wan_if.count) ||
           (t->v6.localnet.count && !t->v6.wan_if.count);
}

void topology_free(struct topology *t)
{
    free_family(&t->v4);
    free_family(&t->v6);
    free(t->own);
    *t = (struct topology){0};
}

const struct topology_family *topology_family(const struct topology *t, int family)
{
    return family == AF_INET ? &t->v4 : &t->v6;
}

bool topology_is_own(const struct topology *t, const struct addr *a)
{
    return addr_listed(t->own, t->own_count, a);
}

bool topology_is_local(const struct topology *t, const struct addr *a)
{
    return prefix_list_contains(&topology_family(t, a->family)->localnet, a);
}

bool topology_is_outside(const struct topology *t, const struct addr *a)
{
    return (!topology_is_local(t, a) ||
            prefix_list_contains(&topology_family(t, a->family)->wan_nets, a)) &&
           !topology_is_own(t, a);
}

bool topology_is_beyond(const struct topology *t, const struct addr *a)
{
    return !addr_is_near(a) && topology_is_outside(t, a);
}

static bool same_names(const struct name_list *a, const struct name_list *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; i < a->count && same; i++)
        same = strcmp(a->names[i], b->names[i]) == 0;
    return same;
}

static bool same_prefixes(const struct prefix_list *a, const struct prefix_list *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; i < a->count && same; i++)
        same = prefix_covers(&a->prefixes[i], &b->prefixes[i]) &&
               prefix_covers(&b->prefixes[i], &a->prefixes[i]);
    return same;
}

static bool same_family(const struct topology_family *a, const struct topology_family *b)
{
    return same_names(&a->wan_if, &b->wan_if) && same_names(&a->lan_if, &b->lan_if) &&
           same_prefixes(&a->wan_nets, &b->wan_nets) && same_prefixes(&a->localnet, &b->localnet);
}

bool topology_same_entries(const struct topology *a, const struct topology *b)
{
    return same_family(&a->v4, &b->v4) && same_family(&a->v6, &b->v6);
}
