/*
 * invalidator: addresses that are written into a FIFO, separated by blanks or newlines, by anybody
 * who may write there and by several at once.
 *
 * Owns its descriptor. Nothing blocks.
 */
#ifndef TCPQUOTA_INVALIDATOR_H
#define TCPQUOTA_INVALIDATOR_H

#include "addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define INVALIDATOR_BYTES 4096                        /* read at once */
#define INVALIDATOR_ADDRESSES (INVALIDATOR_BYTES / 2) /* no more come of one reading */
#define INVALIDATOR_WORD 63 /* the longest word that can be an address, and some more */

struct invalidator {
    int fd; /* -1: none */
    char word[INVALIDATOR_WORD + 1];
    size_t len;
    bool too_long; /* the word goes on, and is none */
    bool flushed;  /* it was told of, as its end did not come */
};

/* Told of each address; and of what is none, cut to the length of a word. */
typedef void invalidator_address(void *context, const struct addr *a);
typedef void invalidator_garbage(void *context, const char *word);

/* Makes a FIFO at `path`, mode 0620, of root and this group, or takes the one that is there. By
 * root. A descriptor or -errno; -EEXIST if something else is there. */
int invalidator_make(const char *path, gid_t group);
/* Starts with a descriptor that becomes the invalidator's. */
void invalidator_init(struct invalidator *v, int fd);
void invalidator_close(struct invalidator *v);
/* Reads some of what is there: INVALIDATOR_ADDRESSES at most. False if it cannot be read any more.
 */
bool invalidator_read(struct invalidator *v, invalidator_address *each, invalidator_garbage *bad,
                      void *context);
/* Whether a word stands there whose end has not come, and which was not told of. */
bool invalidator_waits(const struct invalidator *v);
/* For a word whose end does not come: tells of it if it is an address. It may go on all the same:
 * to have told of one address too many harms nobody. */
void invalidator_flush(struct invalidator *v, invalidator_address *each, void *context);
/* The same as invalidator_read() for bytes that were read. */
void invalidator_feed(struct invalidator *v, const char *bytes, size_t len,
                      invalidator_address *each, invalidator_garbage *bad, void *context);

#endif
