/*
 * addrset: a set of addresses, networks and ranges, and whether an address is in one of them.
 * Single addresses cost one probe of a hash table, the others a binary search, however many there
 * are.
 *
 * What is added twice has to be removed twice. Owns its memory; addrset_free() gives it back and
 * leaves it empty. Nothing blocks.
 */
#ifndef TCPQUOTA_ADDRSET_H
#define TCPQUOTA_ADDRSET_H

#include "addr.h"
#include "index.h"

#include <stdbool.h>
#include <stddef.h>

struct addrset {
    struct index singles; /* how often each is there */
    size_t live, dead;    /* singles that are there; that were */
    struct addr_range *ranges;
    size_t range_count, range_room;
    struct addr_range *merged; /* the ranges, sorted, none touching another */
    size_t merged_count;
    bool stale; /* merged is not what the ranges say */
};

void addrset_init(struct addrset *s);
void addrset_free(struct addrset *s);
/* 0 or -ENOMEM, and then nothing has changed. */
int addrset_add(struct addrset *s, const struct addr_range *range);
/* One that is not there is no error. 0 or -ENOMEM. */
int addrset_remove(struct addrset *s, const struct addr_range *range);
/* 1, 0 or -ENOMEM: the first question after a change sorts the ranges. */
int addrset_has(struct addrset *s, const struct addr *a);
/* Addresses, networks and ranges in it. */
size_t addrset_count(const struct addrset *s);

#endif
