#include "variables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The place of a name of so many bytes, or count. */
static size_t find(const struct variables *v, const char *name, size_t len)
{
    size_t i = 0;

    while (i < v->count && (strncmp(v->list[i], name, len) != 0 || v->list[i][len] != '='))
        i++;
    return i;
}

/* Takes the text over, whatever comes of it. */
static int put(struct variables *v, char *text, size_t name_len)
{
    size_t at;

    if (!text)
        return -ENOMEM;
    at = find(v, text, name_len);
    if (at == v->count) {
        char **list = reallocarray(v->list, v->count + 1, sizeof *list);

        if (!list) {
            free(text);
            return -ENOMEM;
        }
        v->list = list;
        v->list[v->count++] = NULL;
    }
    free(v->list[at]);
    v->list[at] = text;
    return 0;
}

/* Bytes to the end of the line; *skip: what ends it. */
static size_t line_length(const char *text, bool escapes, size_t *skip)
{
    size_t len = 0;

    *skip = 0;
    for (; text[len]; len++) {
        if (text[len] == '\n')
            *skip = 1;
        else if (escapes && text[len] == '\\' && text[len + 1] == 'n')
            *skip = 2;
        if (*skip)
            break;
    }
    return len;
}

int variables_add_text(struct variables *v, const char *text, bool escapes, const char **fault)
{
    size_t len, skip;

    for (; *text; text += len + skip) {
        const char *equals;
        int err;

        len = line_length(text, escapes, &skip);
        if (len == 0)
            continue;
        *fault = text;
        equals = memchr(text, '=', len);
        if (!equals || equals == text)
            return -EINVAL;
        err = put(v, strndup(text, len), (size_t)(equals - text));
        if (err)
            return err;
    }
    return 0;
}

int variables_set(struct variables *v, const char *name, const char *value)
{
    size_t len = strlen(name), at = find(v, name, len);
    char *text;

    if (value)
        return put(v, asprintf(&text, "%s=%s", name, value) < 0 ? NULL : text, len);
    if (at < v->count) {
        free(v->list[at]);
        v->list[at] = v->list[--v->count];
    }
    return 0;
}

const char *variables_get(const struct variables *v, const char *name)
{
    size_t len = strlen(name), at = find(v, name, len);

    return at < v->count ? v->list[at] + len + 1 : NULL;
}

void variables_free(struct variables *v)
{
    for (size_t i = 0; i < v->count; i++)
        free(v->list[i]);
    free(v->list);
    *v = (struct variables){0};
}
