#include "reason.h"

#include <string.h>

static const struct {
    const char *word;
    int code;
    const char *sentence;
} reasons[REASON_COUNT] = {
#define REASON_ENTRY(id, word, code, sentence) [REASON_##id] = {word, code, sentence},
    REASONS(REASON_ENTRY)
#undef REASON_ENTRY
};

const char *reason_word(enum reason r)
{
    return reasons[r].word;
}

enum reason reason_parse(const char *word)
{
    unsigned i = 0;

    while (i < REASON_COUNT && strcmp(reasons[i].word, word) != 0)
        i++;
    return (enum reason)i;
}

int reason_code(enum reason r)
{
    return reasons[r].code;
}

const char *reason_sentence(enum reason r)
{
    return reasons[r].sentence;
}
