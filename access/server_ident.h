/*
 * server_ident: who a client's identd says it is (RFC 1413). Nothing blocks. Used by
 * server_lookup.c alone.
 */
#ifndef TCPQUOTA_SERVER_IDENT_H
#define TCPQUOTA_SERVER_IDENT_H

#include "server_log.h"

#include <event2/event.h>
#include <stdint.h>

struct server_ident;

/* `info` is the taker's to free(), NULL if it is not known. */
typedef void server_ident_done(void *context, char *info);

/* Asks, from the address that the client is connected to; `done` is called from the loop. NULL: it
 * cannot be asked, and `done` is not called. */
struct server_ident *server_ident_ask(struct event_base *base, const struct server_ends *ends,
                                      int64_t seconds, server_ident_done *done, void *context);
void server_ident_free(struct server_ident *i);

#endif
