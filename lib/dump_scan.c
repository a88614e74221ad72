#include "dump_scan.h"

#include <string.h>
#include <strings.h>

#define DELIMITER_MAX 16

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Of a bare word; every byte past ASCII is, whatever the character set. */
static bool is_word_byte(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '$' || (unsigned char)c >= 0x80;
}

void dump_scan_begin(struct dump_scan *s, char *text, size_t len)
{
    *s = (struct dump_scan){
        .next = text,
        .end = text + len,
        .line = 1,
        .begins_line = true,
        .begins = true,
        .delimiter = {";", 1},
    };
}

static bool ahead(const struct dump_scan *s, const char *at, const char *bytes, size_t len)
{
    return (size_t)(s->end - at) >= len && memcmp(at, bytes, len) == 0;
}

/* Goes to `to` and counts the lines on the way. */
static void go_to(struct dump_scan *s, char *to)
{
    char *end;

    while ((end = memchr(s->next, '\n', (size_t)(to - s->next)))) {
        s->line++;
        s->begins_line = true;
        s->next = end + 1;
    }
    s->next = to;
}

/*
 * Two hyphens and a blank. In front of a statement, at the beginning of a line, two are enough:
 * mysqldump 8.22 draws its line of 57, and mysql takes it for a comment.
 */
static bool at_hyphens(const struct dump_scan *s)
{
    const char *behind = s->next + 2;

    return ahead(s, s->next, "--", 2) &&
           (behind == s->end || is_blank(*behind) || (s->begins && s->begins_line));
}

/* Whether there was a comment, which is behind us now, or a fault in one. */
static bool skip_comment(struct dump_scan *s)
{
    char *end;

    if (s->next < s->end && (*s->next == '#' || at_hyphens(s))) {
        end = memchr(s->next, '\n', (size_t)(s->end - s->next));
        go_to(s, end ? end : s->end);
        return true;
    }
    if (s->conditional && ahead(s, s->next, "*/", 2)) {
        s->conditional = false;
        s->next += 2;
        return true;
    }
    if (ahead(s, s->next, "/*!", 3)) {
        if (s->conditional)
            s->fault = "a comment for a server within another";
        s->conditional = true;
        for (s->next += 3; s->next < s->end && is_digit(*s->next); s->next++)
            ;
        return true;
    }
    if (!ahead(s, s->next, "/*", 2))
        return false;
    end = memmem(s->next + 2, (size_t)(s->end - s->next - 2), "*/", 2);
    if (end)
        go_to(s, end + 2);
    else
        s->fault = "a comment without its end";
    return true;
}

/* To the next token, or to a fault. */
static void skip_space(struct dump_scan *s)
{
    do {
        char *end = s->next;

        while (end < s->end && is_blank(*end))
            end++;
        go_to(s, end);
    } while (skip_comment(s) && !s->fault);
}

/* What a backslash and `c` stand for: one byte (MySQL Reference Manual, "String Literals"). */
static char unescape(char c)
{
    switch (c) {
    case '0':
        return '\0';
    case 'b':
        return '\b';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'Z':
        return '\x1a';
    default:
        return c;
    }
}

/* From one quote to its counterpart; a doubled one stands for itself. */
static void scan_quoted(struct dump_scan *s, enum dump_kind kind)
{
    char quote = *s->next, *from = s->next + 1, *to = from;

    s->token.text.bytes = to;
    for (; from < s->end; from++) {
        if (*from == quote) {
            if (from + 1 == s->end || from[1] != quote)
                break;
            from++;
        } else if (*from == '\\' && kind != DUMP_NAME && from + 1 < s->end) {
            from++;
            s->line += *from == '\n';
            /* These two keep their backslash: only LIKE undoes it. */
            if (*from == '%' || *from == '_')
                *to++ = '\\';
            *to++ = unescape(*from);
            continue;
        }
        s->line += *from == '\n';
        *to++ = *from;
    }
    if (from == s->end) {
        s->fault = kind == DUMP_NAME ? "a name without its closing quote"
                                     : "a string without its closing quote";
        return;
    }
    s->token.kind = kind;
    s->token.text.len = (size_t)(to - s->token.text.bytes);
    s->next = from + 1;
}

static bool at_delimiter(const struct dump_scan *s)
{
    return !s->conditional && ahead(s, s->next, s->delimiter.bytes, s->delimiter.len);
}

static bool at_number(const struct dump_scan *s)
{
    const char *at = s->next;

    at += at < s->end && *at == '-';
    at += at < s->end && *at == '.';
    return at < s->end && is_digit(*at);
}

/* A word, or something that begins like a number and goes on like a number or a word. */
static void scan_run(struct dump_scan *s, enum dump_kind kind)
{
    char *begin = s->next;

    s->next += *s->next == '-';
    while (s->next < s->end && !at_delimiter(s)) {
        bool exponent = kind == DUMP_NUMBER && s->next > begin &&
                        (s->next[-1] == 'e' || s->next[-1] == 'E') &&
                        (*s->next == '+' || *s->next == '-');

        if (!is_word_byte(*s->next) && !exponent && !(kind == DUMP_NUMBER && *s->next == '.'))
            break;
        s->next++;
    }
    s->token.kind = kind;
    s->token.text = (struct dump_text){begin, (size_t)(s->next - begin)};
}

static void scan_short(struct dump_scan *s, enum dump_kind kind, size_t len)
{
    s->token.kind = kind;
    s->token.text = (struct dump_text){s->next, len};
    s->next += len;
}

static void scan_token(struct dump_scan *s)
{
    if (s->next == s->end && s->conditional)
        s->fault = "a comment without its end";
    else if (s->next == s->end)
        scan_short(s, DUMP_FILE, 0);
    else if (at_delimiter(s))
        scan_short(s, DUMP_STOP, s->delimiter.len);
    else if (!s->conditional && (ahead(s, s->next, "\\g", 2) || ahead(s, s->next, "\\G", 2)))
        scan_short(s, DUMP_STOP, 2);
    else if (*s->next == '\'')
        scan_quoted(s, DUMP_STRING);
    else if (*s->next == '"')
        scan_quoted(s, DUMP_DOUBLE);
    else if (*s->next == '`')
        scan_quoted(s, DUMP_NAME);
    else if (at_number(s))
        scan_run(s, DUMP_NUMBER);
    else if (is_word_byte(*s->next))
        scan_run(s, DUMP_WORD);
    else if (*s->next == '\0')
        s->fault = "a zero byte outside of a string";
    else
        scan_short(s, DUMP_OTHER, 1);
}

void dump_scan_next(struct dump_scan *s)
{
    size_t line;

    skip_space(s);
    line = s->line;
    s->token = (struct dump_token){
        .kind = DUMP_BAD, .line = line, .first_on_line = s->begins_line, .text = {s->next, 0}};
    if (!s->fault)
        scan_token(s);
    if (s->fault)
        s->token.kind = DUMP_BAD;
    s->begins_line = false;
    s->begins = s->token.kind == DUMP_STOP;
}

bool dump_scan_delimiter(struct dump_scan *s)
{
    char *begin, *end;

    while (s->next < s->end && (*s->next == ' ' || *s->next == '\t'))
        s->next++;
    begin = end = s->next;
    while (end < s->end && !is_blank(*end))
        end++;
    s->next = end;
    s->begins = true;
    s->delimiter = (struct dump_text){begin, (size_t)(end - begin)};
    /* Nothing that could be mistaken for a string, a comment or a part of a word. */
    for (const char *p = begin; p < end; p++) {
        if (*p <= ' ' || *p > '~' || strchr("'\"`\\#-*", *p) || (is_word_byte(*p) && *p != '$'))
            return false;
    }
    return end > begin && end - begin <= DELIMITER_MAX;
}

bool dump_is_word(const struct dump_token *token, const char *word)
{
    return token->kind == DUMP_WORD && token->text.len == strlen(word) &&
           strncasecmp(token->text.bytes, word, token->text.len) == 0;
}

bool dump_is_byte(const struct dump_token *token, char byte)
{
    return token->kind == DUMP_OTHER && *token->text.bytes == byte;
}

static size_t digits(const char **at, const char *end)
{
    const char *begin = *at;

    while (*at < end && is_digit(**at))
        (*at)++;
    return (size_t)(*at - begin);
}

bool dump_is_number(const struct dump_token *token)
{
    const char *at = token->text.bytes, *end = at + token->text.len;
    size_t count;

    if (token->kind != DUMP_NUMBER)
        return false;
    at += at < end && *at == '-';
    count = digits(&at, end);
    if (at < end && *at == '.') {
        at++;
        count += digits(&at, end);
    }
    if (count > 0 && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        count = digits(&at, end);
    }
    return count > 0 && at == end;
}
