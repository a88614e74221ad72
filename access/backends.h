/*
 * backends: the servers behind a relay, and which one is next: that with the fewest connections for
 * its weight. One that cannot be reached is dead, and comes last, until it is seen alive again.
 *
 * A backend lives as long as somebody holds it, in the set or not. Nothing blocks, time is not
 * looked at.
 */
#ifndef TCPQUOTA_BACKENDS_H
#define TCPQUOTA_BACKENDS_H

#include "endpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backend {
    struct endpoint to;
    uint32_t weight; /* 0: drains, nothing new goes there */
    uint32_t next;   /* what it weighs in the set that is being made */
    uint32_t active; /* connections */
    uint64_t served; /* connections, since the last rebalancing */
    bool dead;
    unsigned holders;
    bool marked; /* seen by backends_begin() ... backends_commit() */
    void *check; /* of whoever checks it; NULL: nobody does */
};

struct backends {
    struct backend **list;
    size_t count;
};

void backends_free(struct backends *b);
/*
 * A new set of servers: backends_begin(), backends_add() each, backends_commit(), which lets go of
 * those that were not added. What is known of one that stays holds on. Of two equal ones the last
 * one's weight counts. 0 or -ENOMEM.
 */
void backends_begin(struct backends *b);
int backends_add(struct backends *b, const struct endpoint *to, uint32_t weight);
void backends_commit(struct backends *b);

/* The next one, none of `tried`; a dead one if no other is left; NULL: none at all. */
struct backend *backends_pick(const struct backends *b, struct backend *const *tried, size_t count);
/* All are alive, and equal, again. */
void backends_rebalance(struct backends *b);
struct backend *backend_hold(struct backend *one);
void backend_release(struct backend *one);

#endif
