#include "tcprules.h"

#include "num.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

struct reader {
    tcprules_take *take;
    tcprules_fault *fault;
    void *context;
    size_t line;
    int err;
};

static int complain(struct reader *r, const char *what)
{
    r->fault(r->context, r->line, what);
    r->err = -EINVAL;
    return -EINVAL;
}

/* One number of an address, or a range of them: 0 or -EINVAL. */
static int read_octet(const char *text, size_t len, uint8_t *first, uint8_t *last)
{
    const char *dash = memchr(text, '-', len);
    size_t left = dash ? (size_t)(dash - text) : len;
    int64_t from, to;

    if (num_parse_n(text, left, 0, 255, &from) != 0)
        return -EINVAL;
    to = from;
    if (dash && num_parse_n(dash + 1, len - left - 1, from, 255, &to) != 0)
        return -EINVAL;
    *first = (uint8_t)from;
    *last = (uint8_t)to;
    return 0;
}

/* `1.2.3.4`, `1.2.`, `1.2.3.37-53`, `10.2-3.`: 0 or -EINVAL. *octet: which number is a range; 4:
 * none. */
static int read_dotted(const char *text, struct addr_range *out, size_t *octet)
{
    uint8_t first[4] = {0}, last[4] = {255, 255, 255, 255};
    size_t n = 0;

    while (*text && n < 4) {
        size_t len = strcspn(text, ".");

        if (n > 0 && first[n - 1] != last[n - 1])
            return -EINVAL; /* a range is the last number */
        if (read_octet(text, len, &first[n], &last[n]) != 0)
            return -EINVAL;
        n++;
        text += len;
        if (*text == '.')
            text++;
        else if (n < 4)
            return -EINVAL; /* a beginning has a dot behind it */
    }
    if (n == 0 || *text || (n == 4 && text[-1] == '.'))
        return -EINVAL;
    *octet = first[n - 1] != last[n - 1] ? n - 1 : 4;
    out->first = addr_make(AF_INET, first);
    out->last = addr_make(AF_INET, last);
    return 0;
}

static int read_addresses(char *text, struct addr_range *out, size_t *octet)
{
    size_t len = strlen(text);

    *octet = 4;

    if (text[0] == '[' && text[len - 1] == ']') {
        text[len - 1] = '\0';
        text++;
    }
    return read_dotted(text, out, octet) == 0 ? 0 : addr_range_parse(text, out);
}

/* By name: what has an `@`, or begins with `=`. */
static bool is_name(const char *text)
{
    return *text == '=' || strchr(text, '@');
}

/* `INFO@` has to be followed by an address or a whole name. */
static bool is_sound_name(const char *text)
{
    const char *at = strrchr(text, '@');
    struct addr a;

    if (!at)
        return true;
    return at != text && (at[1] == '=' ? at[2] != '\0' : addr_parse(at + 1, &a) == 0);
}

/* Puts `NAME=value` lines in the place of `,NAME="value"...`: they are shorter. 0 or -EINVAL. */
static int read_variables(struct reader *r, char *text)
{
    char *out = text, *start = text;

    while (*text) {
        char *equals, *end;

        if (*text++ != ',')
            return complain(r, "a comma is expected behind allow, deny and each variable");
        equals = strchr(text, '=');
        if (!equals || equals == text || memchr(text, ',', (size_t)(equals - text)))
            return complain(r, "a variable is NAME=\"value\"");
        end = equals[1] ? strchr(equals + 2, equals[1]) : NULL;
        if (!end)
            return complain(r, "the quote behind a variable's value is missing");
        if (out != start)
            *out++ = '\n';
        memmove(out, text, (size_t)(equals - text) + 1);
        out += equals - text + 1;
        memmove(out, equals + 2, (size_t)(end - equals - 2));
        out += end - equals - 2;
        text = end + 1;
    }
    *out = '\0';
    return 0;
}

/* The colon before the instructions: an address may have others. */
static char *find_colon(char *line)
{
    for (char *p = strchr(line, ':'); p; p = strchr(p + 1, ':')) {
        if (strncmp(p + 1, "allow", 5) == 0 || strncmp(p + 1, "deny", 4) == 0)
            return p;
    }
    return NULL;
}

/* A range stands for a rule for each of its numbers, and counts as those do. */
static int take_each(struct reader *r, const struct tcprule *rule, size_t octet)
{
    struct tcprule one = *rule;
    unsigned first, last;
    int err = 0;

    if (octet > 3)
        return r->take(r->context, rule);
    first = rule->rule.range.first.bytes[octet];
    last = rule->rule.range.last.bytes[octet];
    for (unsigned n = first; n <= last && !err; n++) {
        one.rule.range.first.bytes[octet] = one.rule.range.last.bytes[octet] = (uint8_t)n;
        err = r->take(r->context, &one);
    }
    return err;
}

static int read_rule(struct reader *r, char *line)
{
    struct tcprule out = {.line = r->line, .rule = {.itime = -(int64_t)r->line}};
    char *colon = find_colon(line), *rest;
    size_t octet = 4;

    if (!colon)
        return complain(r, "a rule is ADDRESS:allow or ADDRESS:deny");
    *colon = '\0';
    out.rule.decision = colon[1] == 'a' ? RULE_ACCEPT : RULE_DENY;
    rest = colon + 1 + strlen(colon[1] == 'a' ? "allow" : "deny");
    if (is_name(line)) {
        if (!is_sound_name(line))
            return complain(r, "behind INFO@ an address or =HOST is expected");
        out.name = line;
    } else if (*line && read_addresses(line, &out.rule.range, &octet) != 0) {
        return complain(r, "no address, no beginning of one with a dot, no range, no network");
    }
    if (read_variables(r, rest) != 0)
        return -EINVAL;
    out.rule.env = rest;
    return take_each(r, &out, octet);
}

/* At the end of the line, as tcprules(1) does. */
static void cut_blanks(char *line)
{
    size_t len = strlen(line);

    while (len > 0 && strchr(" \t\r", line[len - 1]))
        line[--len] = '\0';
}

int tcprules_read(char *text, tcprules_take *take, tcprules_fault *fault, void *context)
{
    struct reader r = {.take = take, .fault = fault, .context = context};
    char *next;

    for (char *line = text; line; line = next) {
        int err;

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        r.line++;
        cut_blanks(line);
        if (*line == '#' || *line == '\0')
            continue;
        err = read_rule(&r, line);
        if (err && err != -EINVAL)
            return err;
    }
    return r.err;
}
