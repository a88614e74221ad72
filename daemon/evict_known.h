/*
 * evict_known: the processes that one eviction has signalled, by number and start: each is asked
 * and logged once. Part of evict; nobody else includes it.
 *
 * Owns its memory, evict_known_free() gives it back. Nothing blocks.
 */
#ifndef TCPQUOTA_EVICT_KNOWN_H
#define TCPQUOTA_EVICT_KNOWN_H

#include "index.h"
#include "process.h"

#include <stdbool.h>

struct known_process {
    bool is_stopped, is_killed;
    bool was_stopped; /* by its user, before it was stopped here */
};

struct evict_known {
    struct index by_key;
    struct known_process *list;
    uint32_t count, room;
};

void evict_known_init(struct evict_known *k);
void evict_known_free(struct evict_known *k);
/* NULL if it is none of them. Good until the next one is added. */
struct known_process *evict_known_find(const struct evict_known *k, const struct process *p);
/* The same, and adds it if it is none; NULL without memory. */
struct known_process *evict_known_add(struct evict_known *k, const struct process *p);

#endif
