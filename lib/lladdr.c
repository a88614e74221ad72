#include "lladdr.h"

#include <stdio.h>
#include <string.h>

struct lladdr lladdr_make(const void *bytes, size_t len)
{
    static const uint8_t zeros[LLADDR_BYTES];
    struct lladdr a = {0};

    if (len > sizeof a.bytes || memcmp(bytes, zeros, len) == 0)
        return a;
    a.len = (uint8_t)len;
    memcpy(a.bytes, bytes, len);
    return a;
}

bool lladdr_equal(const struct lladdr *a, const struct lladdr *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

const char *lladdr_format(const struct lladdr *a, char out[LLADDR_TEXT_LEN])
{
    snprintf(out, LLADDR_TEXT_LEN, "-");
    for (size_t i = 0; i < a->len && i < LLADDR_BYTES; i++)
        snprintf(out + i * 3, LLADDR_TEXT_LEN - i * 3, "%02x%s", a->bytes[i],
                 i + 1 < a->len ? ":" : "");
    return out;
}
