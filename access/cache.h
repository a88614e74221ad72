/*
 * cache: answers that were given, each for so long. A line is an answer for one address, or for one
 * address and the port that it asked for. When all lines are in use the oldest makes room, unless
 * the cache is one that grows.
 *
 * Pure: time is passed in. Owns its memory; cache_free() gives it back. Nothing blocks.
 */
#ifndef TCPQUOTA_CACHE_H
#define TCPQUOTA_CACHE_H

#include "answer_kind.h"
#include "addr.h"
#include "clock.h"
#include "conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache_key {
    struct addr addr;
    uint8_t protocol; /* 0, and port 0: of every connection of this address */
    uint16_t port;
};

/* What a line holds, besides its place. */
struct cache_entry {
    struct cache_key key;
    struct answer_kind answer;
    struct mono expires;
};

struct cache;

/* Told of every line that goes, for whatever reason. */
typedef void cache_gone(void *context, const struct cache_entry *entry);

/* 0 or -ENOMEM. The rules are those of [cache] in tcpquota.cf(5). */
int cache_new(struct cache **out, const struct conf_cache *rules, cache_gone *gone, void *context);
void cache_free(struct cache *c);

/* A look-up: the entry, until the next call, or NULL. One whose time is over is none, and goes. */
const struct cache_entry *cache_find(struct cache *c, const struct cache_key *key, struct mono now);
/* Adds a line for a key that cache_find() has just not found. */
void cache_put(struct cache *c, const struct cache_key *key, struct answer_kind answer,
               struct mono now);
/* Takes out all lines, or those that `goes` says. How many. */
size_t cache_purge(struct cache *c);
size_t cache_drop_if(struct cache *c, bool (*goes)(void *context, const struct cache_entry *entry),
                     void *context);

struct cache_facts {
    size_t size, used; /* lines */
    uint64_t hits, misses;
    size_t line_bytes; /* memory of one, with its share of the table */
};
void cache_get_facts(const struct cache *c, struct cache_facts *out);

#endif
