/*
 * relay_session: one connection through a relay: the client's handshake, the connection to a
 * backend, and the bytes both ways until both have ended.
 *
 * Each half is ended when its source has ended and all of it is delivered. An end by an error is
 * passed on as a reset, so that nobody takes a part for the whole. Nothing blocks.
 */
#ifndef TCPQUOTA_RELAY_SESSION_H
#define TCPQUOTA_RELAY_SESSION_H

#include "backends.h"
#include "relay_conf.h"

#include <event2/event.h>
#include <openssl/types.h>
#include <stddef.h>

struct relay_session;
struct relay_sessions;

/* A session has ended; its client had this address, and was let in for quota. */
typedef void relay_ended(void *context, const struct addr *client, bool quota);

struct relay_sessions_setup {
    struct event_base *base;
    const struct relay_conf *conf;
    struct backends *backends;
    SSL_CTX *tls; /* or NULL */
    relay_ended *ended;
    void *context;
};

/* 0 or -ENOMEM. */
int relay_sessions_new(struct relay_sessions **out, const struct relay_sessions_setup *setup);
/* Ends all of them. */
void relay_sessions_free(struct relay_sessions *all);
size_t relay_sessions_count(const struct relay_sessions *all);
/* Begins a session; takes the descriptor, which does not block. `ended` is told of its end, which
 * may be at once. 0 or -ENOMEM, and then it is not. */
int relay_session_begin(struct relay_sessions *all, int fd, const struct endpoint *client, bool tls,
                        bool quota);
/* Ends those of quota for which `may_stay` is false. */
void relay_sessions_sift(struct relay_sessions *all,
                         bool (*may_stay)(void *context, const struct addr *client), void *context);

#endif
