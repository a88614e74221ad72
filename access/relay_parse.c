#include "relay_parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void parse_complain(struct relay_parser *p, const char *what)
{
    unsigned line = p->words.count ? p->words.list[p->words.count - 1].line : 1;
    char text[512];

    if (p->at < p->words.count)
        line = p->words.list[p->at].line;
    snprintf(text, sizeof text, "%s:%u: %s", p->path, line, what);
    p->fault(p->context, text);
    if (!p->err)
        p->err = -EINVAL;
}

const char *parse_word(const struct relay_parser *p)
{
    return p->at < p->words.count ? p->words.list[p->at].text : "";
}

bool parse_at_end(const struct relay_parser *p)
{
    return p->at >= p->words.count;
}

bool parse_is_mark(const struct relay_parser *p, const char *mark)
{
    return !parse_at_end(p) && !p->words.list[p->at].quoted && strcmp(parse_word(p), mark) == 0;
}

bool parse_take_mark(struct relay_parser *p, const char *mark)
{
    bool there = parse_is_mark(p, mark);

    p->at += there;
    return there;
}

bool parse_take_word(struct relay_parser *p, const char *name)
{
    bool there = !parse_at_end(p) && strcasecmp(parse_word(p), name) == 0;

    p->at += there;
    return there;
}

void parse_unexpected(struct relay_parser *p, const char *expected)
{
    char what[256];

    if (parse_at_end(p))
        snprintf(what, sizeof what, "ends where %s is expected", expected);
    else
        snprintf(what, sizeof what, "`%.60s' stands where %s is expected", parse_word(p), expected);
    parse_complain(p, what);
}

/* Past the end of the section, or of the one that begins here. */
void parse_skip_section(struct relay_parser *p)
{
    int depth = 0;

    for (; !parse_at_end(p); p->at++) {
        depth += parse_is_mark(p, "{") ? 1 : parse_is_mark(p, "}") ? -1 : 0;
        if (depth <= 0) {
            p->at++;
            return;
        }
    }
}

/* `= VALUE`, where it stands; "" and told if there is none. */
const char *parse_value(struct relay_parser *p)
{
    const char *text = "";

    parse_take_mark(p, "=");
    if (parse_at_end(p) || parse_is_mark(p, "{") || parse_is_mark(p, "}") || parse_is_mark(p, "="))
        parse_unexpected(p, "a value");
    else
        text = p->words.list[p->at++].text;
    return text;
}

/* What came of a value that was just taken. */
void parse_done(struct relay_parser *p, int err, const char *expected)
{
    if (err == -ENOMEM)
        p->err = err;
    if (err != -EINVAL)
        return;
    p->at--;
    parse_unexpected(p, expected);
    p->at++;
}

void parse_take_number(struct relay_parser *p, int64_t *member, int64_t min)
{
    const char *what;
    int err = relay_conf_set_number(member, parse_value(p), min, INT32_MAX, &what);

    parse_done(p, err, what);
}

/* A word that this program does not do, refused by its name. False: it is none of those. */
bool parse_refuse(struct relay_parser *p)
{
    static const char *const names[] = {"mavis",  "include", "permit",   "deny", "acl",
                                        "sticky", "bind",    "overload", "tcp",  "path"};
    char what[128];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcasecmp(parse_word(p), names[i]) != 0)
            continue;
        snprintf(what, sizeof what, "`%s' is not done here%s", names[i],
                 i >= 2 && i <= 4 ? ": rules stand in tcpserver_scope, see tcpquota-schema(5)"
                                  : "");
        parse_complain(p, what);
        return true;
    }
    return false;
}

/* What is not understood: the rest of its section with it, so that it is told once. */
void parse_give_section_up(struct relay_parser *p, const char *expected)
{
    int depth = 0;

    if (!parse_refuse(p))
        parse_unexpected(p, expected);
    for (; !parse_at_end(p); p->at++) {
        if (parse_is_mark(p, "}") && depth-- == 0)
            return;
        depth += parse_is_mark(p, "{");
    }
}

bool parse_begin_braces(struct relay_parser *p)
{
    parse_take_mark(p, "=");
    if (parse_take_mark(p, "{"))
        return true;
    parse_unexpected(p, "{");
    return false;
}

/* The closing one, which the caller has come to. */
void parse_end_braces(struct relay_parser *p)
{
    if (!parse_take_mark(p, "}"))
        parse_unexpected(p, "}");
}

void parse_take_address(struct relay_parser *p, struct addr *member)
{
    const char *what;
    int err = relay_conf_set_address(member, parse_value(p), &what);

    parse_done(p, err, what);
}

void parse_take_port(struct relay_parser *p, uint16_t *member)
{
    const char *what;
    int err = relay_conf_set_port(member, parse_value(p), &what);

    parse_done(p, err, what);
}

void parse_take_protocol(struct relay_parser *p, bool *sctp)
{
    const char *what;
    int err = relay_conf_set_protocol(sctp, parse_value(p), &what);

    parse_done(p, err, what);
}

void parse_take_bool(struct relay_parser *p, bool *member)
{
    const char *what;
    int err = relay_conf_set_bool(member, parse_value(p), &what);

    parse_done(p, err, what);
}

void parse_take_text(struct relay_parser *p, char **member)
{
    parse_done(p, relay_conf_set_text(member, parse_value(p)), "");
}

/* What stands behind two words: `idle timeout`, `single process`. */
bool parse_take_words(struct relay_parser *p, const char *first, const char *second)
{
    bool there = !parse_at_end(p) && strcasecmp(parse_word(p), first) == 0 &&
                 p->at + 1 < p->words.count &&
                 strcasecmp(p->words.list[p->at + 1].text, second) == 0;

    p->at += there ? 2 : 0;
    return there;
}
