/*
 * store_rules: the tables of tcpquota-server(8): rules, and where relays take connections. store.h
 * says more of errors and of locks; readings are as in store_read.h.
 */
#ifndef TCPQUOTA_STORE_RULES_H
#define TCPQUOTA_STORE_RULES_H

#include "rules.h"
#include "store.h"

/* A row of tcpserver_rules or of tcpserver_scope, as a rule. Texts are until the next call. */
struct store_rule {
    struct rule rule;
    const char *service, *hostgroup, *net; /* of tcpserver_scope; "": none */
    bool nobody;  /* its group is none or has no address, its net is none: it holds for nobody */
    bool strange; /* and there is no such group, or what it is for is no address, network, range */
};

/* Told of each rule for a service, those of every service among them; NULL: of all. One of a host
 * group is told for each of its addresses. 0, -errno, or what `take` returned. */
typedef int store_take_rule(void *context, const struct store_rule *rule);
int store_read_rules(struct store *s, const char *service, store_take_rule *take, void *context);

/* A new row, within a transaction; `service` NULL: of every one. What is for IPv4 or for everyone,
 * and for every service, goes to tcpserver_rules, the rest to tcpserver_scope. */
int store_put_rule(struct store *s, const char *service, const struct rule *rule);

struct store_backend {
    const char *address; /* until the next call */
    uint16_t port;
    bool sctp;
    uint32_t weight; /* 0: drains */
};

/* The backends of a relay: 1 and *out, 0 at the end, -errno. */
void store_read_backends(struct store *s, const char *service);
int store_next_backend(struct store *s, struct store_backend *out);

#endif
