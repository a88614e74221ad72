#include "relay_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add(struct relay_words *w, const char *text, size_t len, unsigned line, bool quoted)
{
    struct relay_word *list = reallocarray(w->list, w->count + 1, sizeof *list);

    if (!list)
        return -ENOMEM;
    w->list = list;
    list[w->count] = (struct relay_word){strndup(text, len), line, quoted};
    return list[w->count].text ? (w->count++, 0) : -ENOMEM;
}

/* Bytes of the word that begins here. */
static size_t length(const char *text)
{
    return strchr("={}", *text) ? 1 : strcspn(text, " \t\r\n={}#\"");
}

int relay_scan(struct relay_words *out, const char *text, unsigned *line)
{
    unsigned at = 1;
    int err = 0;

    *out = (struct relay_words){0};
    while (*text && !err) {
        size_t len = strspn(text, " \t\r");

        if (len) {
            text += len;
        } else if (*text == '\n') {
            at++;
            text++;
        } else if (*text == '#') {
            text += strcspn(text, "\n");
        } else if (*text == '"') {
            len = strcspn(text + 1, "\"\n");
            *line = at;
            if (text[1 + len] != '"')
                return -EINVAL;
            err = add(out, text + 1, len, at, true);
            text += len + 2;
        } else {
            len = length(text);
            err = add(out, text, len, at, false);
            text += len;
        }
    }
    return err;
}

void relay_words_free(struct relay_words *w)
{
    for (size_t i = 0; i < w->count; i++)
        free(w->list[i].text);
    free(w->list);
    *w = (struct relay_words){0};
}
