/* The hash table: what was put is found, what was not is not, through growth and clearing. */
#include "index.h"
#include "tap.h"

#define MANY 20000u

struct key {
    uint8_t bytes[17];
};

static struct key key_of(uint32_t n)
{
    struct key k = {{10}};

    memcpy(k.bytes + 9, &n, sizeof n);
    return k;
}

static void test_few(struct tap *t)
{
    struct index ix;
    struct key one = key_of(1), two = key_of(2);

    index_init(&ix, sizeof(struct key));
    tap_is(t, index_find(&ix, &one), INDEX_NONE, "nothing is in an empty index");
    tap_is(t, index_put(&ix, &one, 7), 0, "a key is put");
    tap_is(t, index_find(&ix, &one), 7, "and found");
    tap_is(t, index_find(&ix, &two), INDEX_NONE, "another is not");
    tap_is(t, index_put(&ix, &one, 8), 0, "it is put again");
    tap_is(t, index_find(&ix, &one), 8, "the later value counts");
    tap_is(t, ix.used, 1, "and there is one key");
    tap_is(t, index_put(&ix, &two, 0), 0, "the value 0");
    tap_is(t, index_find(&ix, &two), 0, "is a value");
    index_clear(&ix);
    tap_is(t, index_find(&ix, &one), INDEX_NONE, "cleared: nothing is there");
    tap_is(t, index_put(&ix, &two, 3), 0, "it can be filled again");
    tap_is(t, index_find(&ix, &two), 3, "and has the new value");
    tap_is(t, index_find(&ix, &one), INDEX_NONE, "and no old one");
    index_free(&ix);
    tap_is(t, index_find(&ix, &two), INDEX_NONE, "freed: nothing is there");
    tap_is(t, index_put(&ix, &two, 4), 0, "freed: it can be filled again");
    tap_is(t, index_find(&ix, &two), 4, "freed: and found");
    index_free(&ix);
}

static void test_many(struct tap *t)
{
    unsigned missing = 0, invented = 0, stale = 0;
    struct index ix;

    index_init(&ix, sizeof(struct key));
    for (uint32_t i = 0; i < MANY; i++) {
        struct key k = key_of(i * 2);

        if (index_put(&ix, &k, i) != 0)
            exit(1);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        struct key even = key_of(i * 2), odd = key_of(i * 2 + 1);

        missing += index_find(&ix, &even) != i;
        invented += index_find(&ix, &odd) != INDEX_NONE;
    }
    tap_is(t, missing, 0, "of many keys, those not found");
    tap_is(t, invented, 0, "keys found that were never put");
    tap_is(t, ix.used, MANY, "number of keys");
    index_clear(&ix);
    for (uint32_t i = 0; i < MANY; i++) {
        struct key even = key_of(i * 2);

        stale += index_find(&ix, &even) != INDEX_NONE;
    }
    tap_is(t, stale, 0, "after clearing, those still found");
    index_free(&ix);
}

/* Keys that differ in one bit, whichever, are different keys. */
static void test_bits(struct tap *t)
{
    unsigned wrong = 0;
    struct index ix;

    index_init(&ix, sizeof(struct key));
    for (uint32_t bit = 0; bit < 136; bit++) {
        struct key k = {{0}};

        k.bytes[bit / 8] = (uint8_t)(1u << bit % 8);
        if (index_put(&ix, &k, bit) != 0)
            exit(1);
    }
    for (uint32_t bit = 0; bit < 136; bit++) {
        struct key k = {{0}};

        k.bytes[bit / 8] = (uint8_t)(1u << bit % 8);
        wrong += index_find(&ix, &k) != bit;
    }
    tap_is(t, wrong, 0, "keys taken for another");
    tap_is(t, ix.used, 136, "every bit of a key counts");
    index_free(&ix);
}

int main(void)
{
    struct tap t = {0};

    test_few(&t);
    test_many(&t);
    test_bits(&t);
    return tap_done(&t);
}
