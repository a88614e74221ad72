/*
 * topology: where inside ends and outside begins, derived from the configuration and from what
 * the kernel says of interfaces, addresses and routes.
 *
 * topology_derive() is pure. The result owns its lists; topology_free() gives them back.
 */
#ifndef TCPQUOTA_TOPOLOGY_H
#define TCPQUOTA_TOPOLOGY_H

#include "addr.h"
#include "conf.h"
#include "list.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

struct net_link {
    int index;
    char name[IFNAMSIZ];
    bool up;
};

struct net_address {
    int index; /* of the interface */
    struct addr own;
    struct prefix network; /* that it is connected to (the peer, point to point) */
};

struct net_route {
    int index; /* of the interface */
    struct prefix destination;
};

/* What the kernel says, main routing table. */
struct net_state {
    struct net_link *links;
    size_t link_count;
    struct net_address *addresses;
    size_t address_count;
    struct net_route *routes;
    size_t route_count;
    bool forward_v6; /* IPv6 forwarding is switched on */
};

/* What is different for the two families. */
struct topology_family {
    struct name_list wan_if;     /* where masquerading happens; may end in `+` */
    struct name_list lan_if;     /* others that carry a route into LOCALNET */
    struct prefix_list wan_nets; /* that WAN_IF itself is connected to */
    struct prefix_list localnet;
};

struct topology {
    struct topology_family v4, v6;
    struct addr *own; /* addresses of the gateway, sorted */
    size_t own_count;
    unsigned channels; /* of the link: 0 while it is down; the rate is multiplied by it */
    bool is_dialled;   /* the link is of a kind that goes down and comes up */
    bool leak_v6;      /* IPv6 is forwarded but LOCALNET has none */
};

void net_state_free(struct net_state *net);

/* 0 or -ENOMEM; *out is set on 0 only. */
int topology_derive(struct topology *out, const struct conf *conf, const struct net_state *net);
void topology_free(struct topology *t);
/* The first WAN_IF that names no interface there is, or NULL. A name with `+` is never missing: its
 * interfaces come and go. */
const char *topology_missing_wan(const struct conf *conf, const struct net_state *net);
/* Whether a family that LOCALNET has a network of has no way to the outside. */
bool topology_lacks_wan(const struct topology *t);
const struct topology_family *topology_family(const struct topology *t, int family);

bool topology_is_own(const struct topology *t, const struct addr *a);
bool topology_is_local(const struct topology *t, const struct addr *a); /* in LOCALNET */
/* Not in LOCALNET, or in a network of WAN_IF; and not the gateway. */
bool topology_is_outside(const struct topology *t, const struct addr *a);
/* Outside, and the far end of a connection that may use the link: neither this machine by any of
 * its names (127.0.0.0/8, ::1) nor a neighbour by an address that no router passes on (link-local,
 * multicast). */
bool topology_is_beyond(const struct topology *t, const struct addr *a);
/* Whether both lead to the same firewall entries. */
bool topology_same_entries(const struct topology *a, const struct topology *b);

#endif
