/* Any bytes as a packet: no read out of bounds, and what is taken for one has two addresses. */
#include "header.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct header h;

    if (header_parse(data, size, &h) == 0 &&
        (!h.source.family || h.source.family != h.destination.family))
        abort();
    return 0;
}
