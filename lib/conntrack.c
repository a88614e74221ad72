#include "conntrack.h"

#include "num.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where the parser is in a line. */
struct scan {
    const char *at, *end;
};

/* A word, up to the next blank; len 0 at the end of the line. */
struct word {
    const char *text;
    size_t len;
};

static struct word next_word(struct scan *s)
{
    const char *p = s->at;
    struct word w;

    while (p < s->end && *p == ' ')
        p++;
    w.text = p;
    while (p < s->end && *p != ' ')
        p++;
    w.len = (size_t)(p - w.text);
    s->at = p;
    return w;
}

static bool is_word(struct word w, const char *text, size_t len)
{
    return w.len == len && memcmp(w.text, text, len) == 0;
}

#define IS(w, literal) is_word(w, literal, sizeof literal - 1)
#define BEGINS(w, literal)                                                                         \
    ((w).len >= sizeof literal - 1 && memcmp((w).text, literal, sizeof literal - 1) == 0)

/* Dotted quad, the whole word. */
static int parse_v4(const char *p, const char *end, struct addr *out)
{
    unsigned octet = 0, digits = 0, n = 0;

    *out = (struct addr){.family = AF_INET};
    for (; p <= end; p++) {
        if (p == end || *p == '.') {
            if (digits == 0 || n == 4)
                return -EBADMSG;
            out->bytes[n++] = (uint8_t)octet;
            octet = digits = 0;
        } else {
            unsigned digit = (unsigned)(unsigned char)*p - '0';

            octet = octet * 10 + digit;
            if (digit > 9 || ++digits > 3 || octet > 255)
                return -EBADMSG;
        }
    }
    return n == 4 ? 0 : -EBADMSG;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The kernel writes IPv6 in full, eight groups of four digits (%pI6); any other form is rare. */
static int parse_v6(const char *p, size_t len, struct addr *out)
{
    uint8_t bytes[16];
    char text[ADDR_TEXT_LEN];

    if (len == 39) {
        for (size_t i = 0; i < 16; i++) {
            int high = hex_digit(p[i / 2 * 5 + i % 2 * 2]);
            int low = hex_digit(p[i / 2 * 5 + i % 2 * 2 + 1]);

            if (high < 0 || low < 0 || (i % 2 && i < 15 && p[i / 2 * 5 + 4] != ':'))
                return -EBADMSG;
            bytes[i] = (uint8_t)(high << 4 | low);
        }
    } else {
        if (len >= sizeof text)
            return -EBADMSG;
        memcpy(text, p, len);
        text[len] = '\0';
        if (inet_pton(AF_INET6, text, bytes) != 1)
            return -EBADMSG;
    }
    *out = addr_make(AF_INET6, bytes);
    return 0;
}

static int parse_tcp_state(struct word w, struct flow *out)
{
    static const struct word names[FLOW_TCP_STATES] = {
#define NAME(text) {text, sizeof text - 1}
        [FLOW_TCP_NONE] = NAME("NONE"),         [FLOW_TCP_SYN_SENT] = NAME("SYN_SENT"),
        [FLOW_TCP_SYN_RECV] = NAME("SYN_RECV"), [FLOW_TCP_ESTABLISHED] = NAME("ESTABLISHED"),
        [FLOW_TCP_FIN_WAIT] = NAME("FIN_WAIT"), [FLOW_TCP_CLOSE_WAIT] = NAME("CLOSE_WAIT"),
        [FLOW_TCP_LAST_ACK] = NAME("LAST_ACK"), [FLOW_TCP_TIME_WAIT] = NAME("TIME_WAIT"),
        [FLOW_TCP_CLOSE] = NAME("CLOSE"),       [FLOW_TCP_SYN_SENT2] = NAME("SYN_SENT2"),
#undef NAME
    };

    for (uint8_t i = 0; i < FLOW_TCP_STATES; i++) {
        if (is_word(w, names[i].text, names[i].len)) {
            out->tcp_state = i;
            return 0;
        }
    }
    return -EBADMSG;
}

/* `ipv4     2 tcp      6 ` */
static int parse_protocols(struct scan *s, int *family, struct flow *out)
{
    struct word name = next_word(s), number = next_word(s);
    int64_t protocol;

    if (IS(name, "ipv4") && IS(number, "2"))
        *family = AF_INET;
    else if (IS(name, "ipv6") && IS(number, "10"))
        *family = AF_INET6;
    else
        return -EBADMSG;
    name = next_word(s);
    number = next_word(s);
    if (name.len == 0 || num_parse_n(number.text, number.len, 0, 255, &protocol) != 0)
        return -EBADMSG;
    out->protocol = (uint8_t)protocol;
    return 0;
}

/* Seconds left and the state, neither of which an offloaded flow has. Returns the word after. */
static int parse_timer(struct scan *s, struct word *next, struct flow *out)
{
    struct word w = next_word(s);

    out->left = -1;
    if (w.len > 0 && w.text[0] >= '0' && w.text[0] <= '9') {
        if (num_parse_n(w.text, w.len, 0, INT64_MAX, &out->left) != 0)
            return -EBADMSG;
        w = next_word(s);
    }
    if (out->protocol == IPPROTO_TCP && out->left >= 0) {
        if (parse_tcp_state(w, out) != 0)
            return -EBADMSG;
        w = next_word(s);
    }
    *next = w;
    return 0;
}

static void parse_flag(struct word w, struct flow *out)
{
    if (IS(w, "[UNREPLIED]"))
        out->replied = false;
    else if (IS(w, "[ASSURED]"))
        out->assured = true;
    else if (IS(w, "[OFFLOAD]") || IS(w, "[HW_OFFLOAD]"))
        out->offloaded = true;
}

static int parse_address(int family, struct word w, struct addr *out)
{
    const char *p = w.text + 4;

    return family == AF_INET ? parse_v4(p, w.text + w.len, out) : parse_v6(p, w.len - 4, out);
}

/* Source and destination stand side by side; to whom does not matter, only that the tuple is whole.
 */
static int parse_tuple(struct scan *s, struct word source, int family, struct addr *out)
{
    struct word destination = next_word(s);

    return BEGINS(destination, "dst=") && destination.len > 4 ? parse_address(family, source, out)
                                                              : -EBADMSG;
}

/* The flags of the line's end, `[ASSURED]` and the like, somewhere among its other words. */
static void parse_flags(struct scan *s, struct flow *out)
{
    while (s->at < s->end && (s->at = memchr(s->at, '[', (size_t)(s->end - s->at))))
        parse_flag(next_word(s), out);
}

/* `use=`, the last word: a line without it has been cut. */
static int parse_end(const struct scan *s)
{
    const char *end = s->end, *p;
    int64_t use;

    while (end > s->at && end[-1] == ' ')
        end--;
    for (p = end; p > s->at && p[-1] != ' ';)
        p--;
    return end - p > 4 && memcmp(p, "use=", 4) == 0 &&
                   num_parse_n(p + 4, (size_t)(end - p - 4), 0, INT32_MAX, &use) == 0
               ? 0
               : -EBADMSG;
}

/* The two tuples and what stands among them and behind them. */
static int parse_tuples(struct scan *s, struct word w, int family, struct flow *out)
{
    int err;

    /* Other protocols have words of their own here: SCTP its state, GRE its timeouts. */
    while (w.len > 0 && !BEGINS(w, "src="))
        w = next_word(s);
    err = w.len > 0 ? parse_tuple(s, w, family, &out->source) : -EBADMSG;
    for (w = next_word(s); !err && !BEGINS(w, "src="); w = next_word(s)) {
        if (w.len == 0)
            return -EBADMSG;
        if (w.text[0] == '[')
            parse_flag(w, out);
    }
    if (!err)
        err = parse_tuple(s, w, family, &out->reply_source);
    if (!err)
        err = parse_end(s);
    if (!err)
        parse_flags(s, out);
    return err;
}

int conntrack_parse_line(const char *line, size_t len, struct flow *out)
{
    struct scan s = {.at = line, .end = line + len};
    struct flow flow = {.replied = true};
    struct word w = {0};
    int family, err = parse_protocols(&s, &family, &flow);

    if (!err)
        err = parse_timer(&s, &w, &flow);
    if (!err)
        err = parse_tuples(&s, w, family, &flow);
    if (!err && (flow.left < 0) != flow.offloaded)
        err = -EBADMSG;
    if (!err)
        *out = flow;
    return err;
}

int conntrack_open(void)
{
    int fd = open(CONNTRACK_PATH, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static int bad_line(struct conntrack_error *where, size_t line, const char *text, size_t len)
{
    where->line = line;
    snprintf(where->text, sizeof where->text, "%.*s", (int)(len < 150 ? len : 150), text);
    return -EBADMSG;
}

int conntrack_read(int fd, conntrack_flow *each, void *context, struct conntrack_error *where)
{
    char buffer[32768]; /* the kernel hands out 4 KiB at a time; a line has some 200 bytes */
    size_t held = 0, line = 0;
    ssize_t n;

    if (lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    while ((n = read(fd, buffer + held, sizeof buffer - held)) != 0) {
        char *begin = buffer, *end;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        held += (size_t)n;
        while ((end = memchr(begin, '\n', held - (size_t)(begin - buffer)))) {
            struct flow flow;

            line++;
            if (conntrack_parse_line(begin, (size_t)(end - begin), &flow) != 0)
                return bad_line(where, line, begin, (size_t)(end - begin));
            each(context, &flow);
            begin = end + 1;
        }
        held -= (size_t)(begin - buffer);
        memmove(buffer, begin, held);
        if (held == sizeof buffer)
            return bad_line(where, line + 1, buffer, held);
    }
    return held == 0 ? 0 : bad_line(where, line + 1, buffer, held);
}
