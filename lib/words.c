#include "words.h"

#include <errno.h>
#include <stddef.h>
#include <strings.h>

int words_parse_bool(const char *text, bool *out)
{
    static const char *const words[] = {"no", "yes", "false", "true", "0", "1"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(words[i], text) == 0) {
            *out = i % 2;
            return 0;
        }
    }
    return -EINVAL;
}
