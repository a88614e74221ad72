/*
 * acceptor: takes connections from the sockets that listen, as long as there is room for one more,
 * some at a time, so that what else there is to do is not put off. Without descriptors or memory it
 * pauses for a moment.
 *
 * Nothing blocks.
 */
#ifndef TCPQUOTA_ACCEPTOR_H
#define TCPQUOTA_ACCEPTOR_H

#include "endpoint.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

struct acceptor;

struct acceptor_setup {
    struct event_base *base;
    bool blocking; /* the connections are to block */
    bool (*has_room)(void *context);
    /* A connection has come, on the socket that was added as this one; the descriptor, which is
     * closed on exec, is the callee's. */
    void (*take)(void *context, size_t socket, int fd, const struct endpoint *peer);
    void *context;
};

/* 0 or -ENOMEM. */
int acceptor_new(struct acceptor **out, const struct acceptor_setup *setup);
/* A socket that listens and does not block; it stays the caller's. 0 or -ENOMEM. */
int acceptor_add(struct acceptor *a, int fd);
/* To be called when there is room again, and once at the beginning. */
void acceptor_go_on(struct acceptor *a);
/* Takes no more, for good; the sockets may be closed. */
void acceptor_end(struct acceptor *a);
void acceptor_free(struct acceptor *a);

#endif
