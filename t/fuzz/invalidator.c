/* Any bytes into the FIFO, in pieces of a size that the first byte tells: whole or in pieces, the
 * same addresses are told of. */
#include "invalidator.h"

#include <stdlib.h>

static void count(void *context, const struct addr *a)
{
    *(size_t *)context += a->bytes[0] + 1u;
}

static void pass_over(void *context, const char *word)
{
    (void)context;
    (void)word;
}

static size_t feed(const uint8_t *data, size_t size, size_t piece)
{
    struct invalidator v;
    size_t sum = 0;

    invalidator_init(&v, -1);
    for (size_t from = 0; from < size; from += piece)
        invalidator_feed(&v, (const char *)data + from, size - from < piece ? size - from : piece,
                         count, pass_over, &sum);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (feed(data + 1, size - 1, size) != feed(data + 1, size - 1, 1u + data[0]))
        abort();
    return 0;
}
