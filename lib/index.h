/*
 * index: finds a small number by a key of fixed size, in one probe of a hash table. The place of
 * a host or a user in an array is looked up with it; the array stays with its owner.
 *
 * Owns its table; index_free() gives it back. Keys are copied. Nothing blocks.
 */
#ifndef TCPQUOTA_INDEX_H
#define TCPQUOTA_INDEX_H

#include <stddef.h>
#include <stdint.h>

#define INDEX_NONE UINT32_MAX

struct index {
    size_t key_size; /* bytes */
    uint32_t slots;  /* a power of two, or 0 while empty */
    uint32_t used;
    uint32_t *values; /* INDEX_NONE marks a free slot */
    uint8_t *keys;
};

void index_init(struct index *ix, size_t key_size);
void index_free(struct index *ix);
/* Forgets every key, keeps the memory. */
void index_clear(struct index *ix);
/* The value under `key`, or INDEX_NONE. */
uint32_t index_find(const struct index *ix, const void *key);
/* Sets the value (not INDEX_NONE) under `key`. 0 or -ENOMEM, and then nothing has changed. */
int index_put(struct index *ix, const void *key, uint32_t value);

#endif
