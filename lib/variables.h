/*
 * variables: `NAME=value` for the environment of a program, as a rule has them: one a line. A
 * literal `\n` in the text ends a line, too, since a shell makes it easier to type.
 *
 * A list owns its memory; variables_free() gives it back and leaves it empty. Nothing blocks.
 */
#ifndef TCPQUOTA_VARIABLES_H
#define TCPQUOTA_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

struct variables {
    char **list; /* "NAME=value" each */
    size_t count;
};

/* Adds what a text says; `escapes`: a literal `\n` ends a line. Empty lines are passed over. 0;
 * -ENOMEM; -EINVAL at a line that is no variable, the start of which *fault then is. */
int variables_add_text(struct variables *v, const char *text, bool escapes, const char **fault);
/* Sets one; a value that was there is replaced; NULL removes it. 0 or -ENOMEM. */
int variables_set(struct variables *v, const char *name, const char *value);
/* The value, or NULL. */
const char *variables_get(const struct variables *v, const char *name);
void variables_free(struct variables *v);

#endif
