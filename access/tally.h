/*
 * tally: how many connections there are from an address, and from the network of any size around
 * it. A question costs one probe of a hash table; the first about networks of a size costs a look
 * at all.
 *
 * Owns its memory. Nothing blocks.
 */
#ifndef TCPQUOTA_TALLY_H
#define TCPQUOTA_TALLY_H

#include "addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally;

/* 0 or -ENOMEM. */
int tally_new(struct tally **out);
void tally_free(struct tally *t);
/* A connection comes. 0 or -ENOMEM, and then it is not counted. */
int tally_add(struct tally *t, const struct addr *a);
/* It goes. */
void tally_remove(struct tally *t, const struct addr *a);
/* Those from the network of `len` bits (at most those of its family) around `a`; -ENOMEM. */
int64_t tally_count(struct tally *t, const struct addr *a, unsigned len);

#endif
