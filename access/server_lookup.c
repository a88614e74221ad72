#include "server_lookup.h"

#include "endpoint.h"
#include "server_ident.h"

#include <errno.h>
#include <event2/dns.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define RESOLV_CONF "/etc/resolv.conf"

struct server_lookups {
    struct server_lookups_setup setup;
    struct evdns_base *dns; /* NULL: no names are asked for */
    TAILQ_HEAD(, lookup) list;
};

/* The questions about one client. It ends when none is open. */
struct lookup {
    TAILQ_ENTRY(lookup) list;
    struct server_lookups *all;
    struct addr remote;
    struct evdns_request *remote_request, *check_request, *local_request;
    struct server_ident *ident;
    struct event *over; /* tells of the end, from the loop */
    struct event *late; /* names are given up */
    struct server_found found;
    server_lookup_done *done;
    void *context;
};

/* Without a server for names there are none; with one that is slow they are given up soon. */
static struct evdns_base *open_dns(const struct server_lookups_setup *setup)
{
    struct evdns_base *dns = evdns_base_new(setup->base, 0);
    char inflight[24];

    if (!dns)
        return NULL;
    evdns_base_resolv_conf_parse(dns, DNS_OPTION_NAMESERVERS, RESOLV_CONF);
    /* All may ask for two names each, at once. */
    snprintf(inflight, sizeof inflight, "%" PRId64, 2 * setup->clients + 1);
    evdns_base_set_option(dns, "max-inflight:", inflight);
    evdns_base_set_option(dns, "timeout:", "3");
    evdns_base_set_option(dns, "attempts:", "2");
    if (evdns_base_count_nameservers(dns) > 0)
        return dns;
    evdns_base_free(dns, 0);
    return NULL;
}

int server_lookups_new(struct server_lookups **out, const struct server_lookups_setup *setup)
{
    struct server_lookups *l = calloc(1, sizeof *l);

    if (!l)
        return -ENOMEM;
    l->setup = *setup;
    TAILQ_INIT(&l->list);
    if (setup->remote_name || setup->local_name)
        l->dns = open_dns(setup);
    *out = l;
    return 0;
}

static void drop(struct lookup *k)
{
    TAILQ_REMOVE(&k->all->list, k, list);
    server_ident_free(k->ident);
    event_free(k->over);
    event_free(k->late);
    free(k->found.local_name);
    free(k->found.remote_name);
    free(k->found.remote_info);
    free(k);
}

void server_lookups_free(struct server_lookups *l)
{
    struct lookup *k;

    if (!l)
        return;
    if (l->dns)
        evdns_base_free(l->dns, 0);
    while ((k = TAILQ_FIRST(&l->list)))
        drop(k);
    free(l);
}

bool server_lookups_are_wanted(const struct server_lookups *l)
{
    return l->dns || l->setup.info;
}

static void check_over(struct lookup *k)
{
    if (!k->remote_request && !k->check_request && !k->local_request && !k->ident)
        event_active(k->over, EV_TIMEOUT, 0);
}

/* Their callbacks are told of it. */
static void on_late(evutil_socket_t fd, short what, void *context)
{
    struct lookup *k = context;

    (void)fd;
    (void)what;
    if (k->remote_request)
        evdns_cancel_request(k->all->dns, k->remote_request);
    if (k->check_request)
        evdns_cancel_request(k->all->dns, k->check_request);
    if (k->local_request)
        evdns_cancel_request(k->all->dns, k->local_request);
}

static void on_over(evutil_socket_t fd, short what, void *context)
{
    struct lookup *k = context;
    struct server_found found = k->found;

    (void)fd;
    (void)what;
    k->found = (struct server_found){0};
    k->done(k->context, &found);
    drop(k);
}

/* Whoever owns the zone chooses the name: one that is empty, or has what no name of a host has, is
 * none. */
static char *first_name(int result, char type, int count, void *addresses)
{
    const char *name;

    if (result != DNS_ERR_NONE || type != DNS_PTR || count < 1)
        return NULL;
    name = *(char **)addresses;
    for (const char *p = name; *p; p++) {
        if (*p < '!' || *p > '~')
            return NULL;
    }
    return *name ? strdup(name) : NULL;
}

static void on_local(int result, char type, int count, int ttl, void *addresses, void *context)
{
    struct lookup *k = context;

    (void)ttl;
    k->local_request = NULL;
    if (result == DNS_ERR_SHUTDOWN)
        return;
    k->found.local_name = first_name(result, type, count, addresses);
    check_over(k);
}

/* The addresses of the name: ours has to be among them. */
static void on_check(int result, char type, int count, int ttl, void *addresses, void *context)
{
    struct lookup *k = context;
    size_t bytes = type == DNS_IPv4_A ? 4 : 16;
    bool has = false;

    (void)ttl;
    k->check_request = NULL;
    if (result == DNS_ERR_SHUTDOWN)
        return;
    for (int i = 0; result == DNS_ERR_NONE && i < count; i++)
        has = has || memcmp((char *)addresses + (size_t)i * bytes, k->remote.bytes, bytes) == 0;
    if (!has) {
        free(k->found.remote_name);
        k->found.remote_name = NULL;
    }
    check_over(k);
}

static void check_name(struct lookup *k)
{
    struct evdns_base *dns = k->all->dns;
    const char *name = k->found.remote_name;

    if (k->remote.family == AF_INET)
        k->check_request = evdns_base_resolve_ipv4(dns, name, DNS_QUERY_NO_SEARCH, on_check, k);
    else
        k->check_request = evdns_base_resolve_ipv6(dns, name, DNS_QUERY_NO_SEARCH, on_check, k);
    if (!k->check_request) {
        free(k->found.remote_name);
        k->found.remote_name = NULL;
    }
}

static void on_remote(int result, char type, int count, int ttl, void *addresses, void *context)
{
    struct lookup *k = context;

    (void)ttl;
    k->remote_request = NULL;
    if (result == DNS_ERR_SHUTDOWN)
        return;
    k->found.remote_name = first_name(result, type, count, addresses);
    if (k->found.remote_name && k->all->setup.paranoid)
        check_name(k);
    check_over(k);
}

static void on_info(void *context, char *info)
{
    struct lookup *k = context;

    k->found.remote_info = info;
    server_ident_free(k->ident);
    k->ident = NULL;
    check_over(k);
}

static struct evdns_request *ask_name(struct lookup *k, const struct addr *a,
                                      evdns_callback_type callback)
{
    struct in6_addr v6;
    struct in_addr v4;

    if (a->family == AF_INET) {
        memcpy(&v4, a->bytes, sizeof v4);
        return evdns_base_resolve_reverse(k->all->dns, &v4, 0, callback, k);
    }
    memcpy(&v6, a->bytes, sizeof v6);
    return evdns_base_resolve_reverse_ipv6(k->all->dns, &v6, 0, callback, k);
}

int server_lookup(struct server_lookups *l, const struct server_ends *ends,
                  server_lookup_done *done, void *context)
{
    static const struct timeval limit = {.tv_sec = SERVER_LOOKUP_S};
    struct lookup *k = calloc(1, sizeof *k);

    if (!k)
        return -ENOMEM;
    *k = (struct lookup){.all = l, .remote = ends->remote, .done = done, .context = context};
    k->over = event_new(l->setup.base, -1, 0, on_over, k);
    k->late = evtimer_new(l->setup.base, on_late, k);
    if (!k->over || !k->late || evtimer_add(k->late, &limit) != 0) {
        if (k->over)
            event_free(k->over);
        if (k->late)
            event_free(k->late);
        free(k);
        return -ENOMEM;
    }
    TAILQ_INSERT_TAIL(&l->list, k, list);
    if (l->dns && l->setup.remote_name)
        k->remote_request = ask_name(k, &ends->remote, on_remote);
    if (l->dns && l->setup.local_name)
        k->local_request = ask_name(k, &ends->local, on_local);
    if (l->setup.info)
        k->ident = server_ident_ask(l->setup.base, ends, l->setup.info_seconds, on_info, k);
    check_over(k);
    return 0;
}
