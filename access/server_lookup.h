/*
 * server_lookup: what a front door finds out about a client before its program starts: the name of
 * its address and of ours (DNS), and who its identd says it is (RFC 1413). Nothing blocks; what
 * cannot be found in time is unknown.
 */
#ifndef TCPQUOTA_SERVER_LOOKUP_H
#define TCPQUOTA_SERVER_LOOKUP_H

#include "server_log.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

struct server_lookups;

struct server_lookups_setup {
    struct event_base *base;
    bool remote_name, paranoid; /* paranoid: a name that does not have the address is none */
    bool local_name;
    bool info;
    int64_t info_seconds;
    int64_t clients; /* that there may be at a time */
};

#define SERVER_LOOKUP_S 6 /* for names, however many are asked for */

/* 0 or -ENOMEM. Names are looked up where /etc/resolv.conf says. */
int server_lookups_new(struct server_lookups **out, const struct server_lookups_setup *setup);
/* Those under way come to nothing. */
void server_lookups_free(struct server_lookups *l);
/* Whether there is anything to be found out. */
bool server_lookups_are_wanted(const struct server_lookups *l);

/* What was found, each NULL if it was not; they are the taker's to free(). */
struct server_found {
    char *local_name, *remote_name, *remote_info;
};

typedef void server_lookup_done(void *context, struct server_found *found);

/* `done` is called once, but not by this call. 0 or -ENOMEM, and then it is not called. */
int server_lookup(struct server_lookups *l, const struct server_ends *ends,
                  server_lookup_done *done, void *context);

#endif
