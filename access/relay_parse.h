/*
 * relay_parse: how the form of tcprelay is read, word by word: what is there, what is expected, and
 * what is told if they differ. Used by relay_conf_file.c alone.
 */
#ifndef TCPQUOTA_RELAY_PARSE_H
#define TCPQUOTA_RELAY_PARSE_H

#include "relay_conf.h"
#include "relay_scan.h"

#include <stdbool.h>
#include <stdint.h>

struct relay_parser {
    struct relay_conf *conf;
    const char *path;
    relay_fault *fault;
    void *context;
    struct relay_words words;
    size_t at;
    char *child; /* the section that `spawn { id = }` names; or NULL */
    int err;     /* of all that were told, or -ENOMEM */
};

/* Tells of a fault at the word that is next. */
void parse_complain(struct relay_parser *p, const char *what);
/* Tells that something else is there. */
void parse_unexpected(struct relay_parser *p, const char *expected);
bool parse_at_end(const struct relay_parser *p);
/* Whether the next word is `=`, `{` or `}`; and past it. */
bool parse_is_mark(const struct relay_parser *p, const char *mark);
bool parse_take_mark(struct relay_parser *p, const char *mark);
/* The next word, "" at the end. */
const char *parse_word(const struct relay_parser *p);
/* Past the next word, or the next two, if it is that. */
bool parse_take_word(struct relay_parser *p, const char *name);
bool parse_take_words(struct relay_parser *p, const char *first, const char *second);
/* `= {`, and `}`; what is missing is told. */
bool parse_begin_braces(struct relay_parser *p);
void parse_end_braces(struct relay_parser *p);
/* Past the section that begins here. */
void parse_skip_section(struct relay_parser *p);
/* A word of tcprelay that is not done here is told by its name. False: it is none of those. */
bool parse_refuse(struct relay_parser *p);
/* What is not understood, told, and the rest of its section with it. */
void parse_give_section_up(struct relay_parser *p, const char *expected);
/* `= VALUE`; "" and told if there is none. */
const char *parse_value(struct relay_parser *p);
/* Tells of what came of a value that was just taken: -EINVAL. */
void parse_done(struct relay_parser *p, int err, const char *expected);
/* `= VALUE` of a kind. */
void parse_take_number(struct relay_parser *p, int64_t *member, int64_t min);
void parse_take_address(struct relay_parser *p, struct addr *member);
void parse_take_port(struct relay_parser *p, uint16_t *member);
void parse_take_protocol(struct relay_parser *p, bool *sctp);
void parse_take_bool(struct relay_parser *p, bool *member);
void parse_take_text(struct relay_parser *p, char **member);

#endif
