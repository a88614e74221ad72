/*
 * dump_scan: the text of a dump as tokens, for dump alone. One token at a time, none is read twice.
 */
#ifndef TCPQUOTA_DUMP_SCAN_H
#define TCPQUOTA_DUMP_SCAN_H

#include "dump.h"

enum dump_kind {
    DUMP_BAD,    /* see dump_scan.fault */
    DUMP_FILE,   /* the end of the text */
    DUMP_STOP,   /* the end of a statement: `;`, `\g`, what DELIMITER said */
    DUMP_WORD,   /* a bare word */
    DUMP_NAME,   /* in back quotes */
    DUMP_STRING, /* in single quotes */
    DUMP_DOUBLE, /* in double quotes: a string, or a name in a dump for other servers */
    DUMP_NUMBER, /* begins like a number; see dump_is_number() */
    DUMP_OTHER   /* any one byte else */
};

struct dump_token {
    enum dump_kind kind;
    struct dump_text text; /* without quotes, escapes undone */
    size_t line;           /* where it begins */
    bool first_on_line;
};

struct dump_scan {
    char *next, *end;
    size_t line;
    bool begins_line; /* nothing but blanks and comments stands before `next` in its line */
    bool begins;      /* the next token is a statement's first */
    bool conditional; /* within a comment for a server */
    struct dump_text delimiter;
    struct dump_token token;
    const char *fault;
};

void dump_scan_begin(struct dump_scan *s, char *text, size_t len);
/* Reads the next token into s->token. */
void dump_scan_next(struct dump_scan *s);
/* After the word DELIMITER: the rest of its line is what ends statements from now on. Whether it
 * is fit for that. */
bool dump_scan_delimiter(struct dump_scan *s);
/* Whether the token is that word, case ignored, or that one byte. */
bool dump_is_word(const struct dump_token *token, const char *word);
bool dump_is_byte(const struct dump_token *token, char byte);
/* Decimal: an optional minus, digits with or without a point, an optional exponent. */
bool dump_is_number(const struct dump_token *token);

#endif
