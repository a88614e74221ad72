/*
 * relay_scan: the words of a configuration in the form of tcprelay: what blanks, `=`, `{` and `}`
 * separate, those three themselves, and what stands between double quotes; # begins a comment.
 * Nothing blocks.
 */
#ifndef TCPQUOTA_RELAY_SCAN_H
#define TCPQUOTA_RELAY_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct relay_word {
    char *text;
    unsigned line; /* from 1 */
    bool quoted;   /* then `=`, `{` and `}` are plain text */
};

struct relay_words {
    struct relay_word *list;
    size_t count;
};

/* 0; -ENOMEM; -EINVAL: a quote that begins on *line has no end. To be freed in any case. */
int relay_scan(struct relay_words *out, const char *text, unsigned *line);
void relay_words_free(struct relay_words *w);

#endif
