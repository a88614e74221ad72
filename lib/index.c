#include "index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a with eight bytes a step, and the finalizer of MurmurHash3 (both public domain). */
static uint32_t hash(const void *key, size_t size)
{
    const uint8_t *p = key;
    uint64_t h = UINT64_C(0xcbf29ce484222325), chunk;

    for (; size >= 8; p += 8, size -= 8) {
        memcpy(&chunk, p, 8);
        h = (h ^ chunk) * UINT64_C(0x100000001b3);
        h ^= h >> 32;
    }
    for (; size > 0; p++, size--)
        h = (h ^ *p) * UINT64_C(0x100000001b3);
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    return (uint32_t)h;
}

void index_init(struct index *ix, size_t key_size)
{
    *ix = (struct index){.key_size = key_size};
}

void index_free(struct index *ix)
{
    free(ix->values);
    free(ix->keys);
    index_init(ix, ix->key_size);
}

void index_clear(struct index *ix)
{
    if (ix->slots)
        memset(ix->values, 0xff, ix->slots * sizeof *ix->values);
    ix->used = 0;
}

/* The slot that holds `key`, or the free one where it would go. */
static uint32_t slot_of(const struct index *ix, const void *key)
{
    uint32_t mask = ix->slots - 1, i = hash(key, ix->key_size) & mask;

    while (ix->values[i] != INDEX_NONE &&
           memcmp(ix->keys + (size_t)i * ix->key_size, key, ix->key_size) != 0)
        i = (i + 1) & mask;
    return i;
}

uint32_t index_find(const struct index *ix, const void *key)
{
    return ix->used ? ix->values[slot_of(ix, key)] : INDEX_NONE;
}

static void place(struct index *ix, const void *key, uint32_t value)
{
    uint32_t i = slot_of(ix, key);

    if (ix->values[i] == INDEX_NONE) {
        memcpy(ix->keys + (size_t)i * ix->key_size, key, ix->key_size);
        ix->used++;
    }
    ix->values[i] = value;
}

static int grow(struct index *ix)
{
    struct index bigger = {.key_size = ix->key_size, .slots = ix->slots ? ix->slots * 2 : 16};

    bigger.values = malloc(bigger.slots * sizeof *bigger.values);
    bigger.keys = malloc(bigger.slots * bigger.key_size);
    if (!bigger.values || !bigger.keys) {
        free(bigger.values);
        free(bigger.keys);
        return -ENOMEM;
    }
    memset(bigger.values, 0xff, bigger.slots * sizeof *bigger.values);
    for (uint32_t i = 0; i < ix->slots; i++) {
        if (ix->values[i] != INDEX_NONE)
            place(&bigger, ix->keys + (size_t)i * ix->key_size, ix->values[i]);
    }
    free(ix->values);
    free(ix->keys);
    *ix = bigger;
    return 0;
}

int index_put(struct index *ix, const void *key, uint32_t value)
{
    /* At most half full: a probe stays short. */
    if (ix->used >= ix->slots / 2) {
        int err = grow(ix);

        if (err)
            return err;
    }
    place(ix, key, value);
    return 0;
}
