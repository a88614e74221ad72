/*
 * invalidator_evictions: which addresses are to leave the cache, as they come over the FIFO: read
 * at a bounded pace, each once a reading.
 *
 * Owns the descriptor. Nothing blocks.
 */
#ifndef TCPQUOTA_INVALIDATOR_EVICTIONS_H
#define TCPQUOTA_INVALIDATOR_EVICTIONS_H

#include "addr.h"
#include "clock.h"
#include "invalidator.h"

#include <stddef.h>

struct evictions {
    struct invalidator fifo;
    const char *path; /* for the log */
    struct addr list[INVALIDATOR_ADDRESSES];
    size_t count;
    struct mono read_at, garbage_at;
    unsigned garbage; /* words that were none, since they were last told of */
};

/* `fd` -1: there is no FIFO. `path` has to live as long. */
void evictions_init(struct evictions *e, int fd, const char *path);
void evictions_close(struct evictions *e);
/* What is to be polled now, or -1: it has just been read. */
int evictions_fd(const struct evictions *e);
/* Milliseconds after which evictions_take() is to be called without anything to read; -1: never. */
int evictions_wait_ms(const struct evictions *e);
/* Reads, if there is something, or takes a word whose end does not come. The addresses, sorted, are
 * in e->list until the next call; how many. */
size_t evictions_take(struct evictions *e, bool readable);

#endif
