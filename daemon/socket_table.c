#include "socket_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Behind the addresses: state, queues, timer, retransmissions. An X is a hexadecimal digit. */
#define STATE " XX"
#define QUEUES " XXXXXXXX:XXXXXXXX XX:XXXXXXXX" /* the last number is a long: it may go on */
#define BEFORE_TIMER " XXXXXXXX:XXXXXXXX "
#define TIME_WAIT "03"
#define RETRANSMISSIONS " XXXXXXXX"
/* The least of uid, timeout, inode, references and pointer. */
#define NUMBERS "     0        0 0 0 0"
#define LEN(literal) (sizeof(literal) - 1)

/* As in the kernel's include/net/tcp_states.h. */
enum state {
    STATE_ESTABLISHED = 1,
    STATE_FIN_WAIT1 = 4,
    STATE_FIN_WAIT2 = 5,
    STATE_CLOSE_WAIT = 8
};

struct layout {
    const char *path;
    const char *header; /* its words */
    uint8_t protocol;
    uint8_t words;  /* of 32 bits, in an address */
    uint8_t behind; /* numbers behind the pointer */
};

static const struct layout layouts[SOCKET_TABLES] = {
    [SOCKET_TABLE_TCP] = {"/proc/net/tcp",
                          "sl local_address rem_address st tx_queue rx_queue tr tm->when retrnsmt "
                          "uid timeout inode",
                          IPPROTO_TCP, 1, 5},
    [SOCKET_TABLE_TCP6] = {"/proc/net/tcp6",
                           "sl local_address remote_address st tx_queue rx_queue tr tm->when "
                           "retrnsmt uid timeout inode",
                           IPPROTO_TCP, 4, 5},
    [SOCKET_TABLE_UDP] = {"/proc/net/udp",
                          "sl local_address rem_address st tx_queue rx_queue tr tm->when retrnsmt "
                          "uid timeout inode ref pointer drops",
                          IPPROTO_UDP, 1, 1},
    [SOCKET_TABLE_UDP6] = {"/proc/net/udp6",
                           "sl local_address remote_address st tx_queue rx_queue tr tm->when "
                           "retrnsmt uid timeout inode ref pointer drops",
                           IPPROTO_UDP, 4, 1},
};

#define DIGIT 0x10
/* DIGIT and the value of each hexadecimal digit as the kernel writes them here, 0 for others. */
static const uint8_t hex_digits[256] = {
    ['0'] = DIGIT | 0,  ['1'] = DIGIT | 1,  ['2'] = DIGIT | 2,  ['3'] = DIGIT | 3,
    ['4'] = DIGIT | 4,  ['5'] = DIGIT | 5,  ['6'] = DIGIT | 6,  ['7'] = DIGIT | 7,
    ['8'] = DIGIT | 8,  ['9'] = DIGIT | 9,  ['A'] = DIGIT | 10, ['B'] = DIGIT | 11,
    ['C'] = DIGIT | 12, ['D'] = DIGIT | 13, ['E'] = DIGIT | 14, ['F'] = DIGIT | 15,
};

/* Where the parser is in a line; NULL once something was not as it has to be. */
struct scan {
    const char *at, *end;
};

/* `count` digits, which the caller knows to lie within the line. Whether they are digits. */
static inline bool parse_hex(const char *p, unsigned count, uint32_t *out)
{
    unsigned digits = DIGIT;
    uint32_t value = 0;

    for (unsigned i = 0; i < count; i++) {
        unsigned digit = hex_digits[(unsigned char)p[i]];

        digits &= digit;
        value = value << 4 | (digit & 0xf);
    }
    *out = value;
    return digits & DIGIT;
}

/* Moves past what has the form of `pattern`. */
static inline void skip_pattern(struct scan *s, const char *pattern, size_t len)
{
    if (!s->at || (size_t)(s->end - s->at) < len) {
        s->at = NULL;
        return;
    }
    for (size_t i = 0; i < len; i++) {
        char c = s->at[i];

        if (pattern[i] == 'X' ? !hex_digits[(unsigned char)c] : c != pattern[i]) {
            s->at = NULL;
            return;
        }
    }
    s->at += len;
}

/* One blank or more, which stand before every column. */
static inline void skip_blanks(struct scan *s)
{
    if (!s->at || s->at == s->end || *s->at != ' ') {
        s->at = NULL;
        return;
    }
    while (s->at < s->end && *s->at == ' ')
        s->at++;
}

/* Digits, one or more; whether the column ends behind them, whatever comes next finds out. */
static inline uint64_t take_digits(struct scan *s, uint64_t max)
{
    const char *begin = s->at;
    uint64_t value = 0;

    for (; s->at && s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++) {
        unsigned digit = (unsigned)(*s->at - '0');

        if (value > (UINT64_MAX - digit) / 10) {
            s->at = NULL;
            return 0;
        }
        value = value * 10 + digit;
    }
    if (s->at == begin || value > max)
        s->at = NULL;
    return value;
}

static inline uint64_t next_number(struct scan *s, uint64_t max)
{
    skip_blanks(s);
    return take_digits(s, max);
}

/* What the kernel writes as an int: a number that may be -1. */
static inline void skip_signed_number(struct scan *s)
{
    skip_blanks(s);
    if (s->at && s->at < s->end && *s->at == '-')
        s->at++;
    take_digits(s, UINT32_MAX);
}

/* A hash, zeros, or what the kernel writes while it has no hash yet: any word. */
static inline void skip_pointer(struct scan *s)
{
    skip_blanks(s);
    if (!s->at || s->at == s->end) {
        s->at = NULL;
        return;
    }
    while (s->at < s->end && *s->at != ' ')
        s->at++;
}

/* The line's number, or the hash bucket of UDP: up to the colon, and past it. */
static void skip_slot(struct scan *s)
{
    const char *begin;

    while (s->at < s->end && *s->at == ' ')
        s->at++;
    for (begin = s->at; s->at < s->end && *s->at >= '0' && *s->at <= '9';)
        s->at++;
    if (s->at == begin || s->at == s->end || *s->at++ != ':')
        s->at = NULL;
}

/* Blank, address, colon, port. */
static size_t endpoint_len(const struct layout *layout)
{
    return 1 + (size_t)layout->words * 8 + 1 + 4;
}

static inline bool has_endpoint(const struct layout *layout, const char *p)
{
    return p[0] == ' ' && p[1 + layout->words * 8] == ':';
}

/* The words of an address are written as numbers of this machine: in memory they are in network
 * order again. */
static inline bool parse_endpoint(const struct layout *layout, const char *p, struct addr *addr,
                                  uint16_t *port)
{
    uint32_t words[4], number;

    for (unsigned i = 0; i < layout->words; i++) {
        if (!parse_hex(p + 1 + i * 8, 8, &words[i]))
            return false;
    }
    if (!parse_hex(p + layout->words * 8 + 2, 4, &number))
        return false;
    *addr = addr_make(layout->words == 1 ? AF_INET : AF_INET6, words);
    *port = (uint16_t)number;
    return true;
}

/* What stands behind the state. */
static bool parse_columns(const struct layout *layout, struct scan *s, struct socket_entry *out)
{
    skip_pattern(s, QUEUES, LEN(QUEUES));
    while (s->at && s->at < s->end && hex_digits[(unsigned char)*s->at])
        s->at++;
    skip_pattern(s, RETRANSMISSIONS, LEN(RETRANSMISSIONS));
    out->uid = (uid_t)next_number(s, UINT32_MAX);
    next_number(s, INT32_MAX); /* what TCP has sent in vain */
    out->inode = next_number(s, UINT64_MAX);
    next_number(s, INT32_MAX); /* references */
    skip_pointer(s);
    for (unsigned i = 1; i < layout->behind; i++)
        next_number(s, UINT64_MAX);
    skip_signed_number(s);
    while (s->at && s->at < s->end && *s->at == ' ')
        s->at++;
    return s->at == s->end;
}

/*
 * A TCP connection that this end has begun to close, FIN_WAIT1 or FIN_WAIT2, goes on to receive for
 * as long as somebody holds it, and one that the far end has, CLOSE_WAIT, to send: shutdown(2), at
 * either end, is no way to be let off. Without a holder the kernel shows it with no inode, or as
 * time-wait, timer 03 and fewer columns.
 */
static bool may_be_connected(const struct layout *layout, uint32_t state, const char *timer)
{
    if (state == STATE_ESTABLISHED)
        return true;
    return layout->protocol == IPPROTO_TCP &&
           (state == STATE_FIN_WAIT1 || state == STATE_FIN_WAIT2 || state == STATE_CLOSE_WAIT) &&
           memcmp(timer, TIME_WAIT, LEN(TIME_WAIT)) != 0;
}

int socket_table_parse_line(enum socket_table_kind kind, const char *line, size_t len,
                            struct socket_entry *out)
{
    const struct layout *layout = &layouts[kind];
    struct scan s = {.at = line, .end = line + len};
    struct socket_entry entry = {.protocol = layout->protocol};
    size_t endpoint = endpoint_len(layout);
    const char *local, *remote, *state;
    uint32_t number;

    skip_slot(&s);
    if (!s.at || (size_t)(s.end - s.at) <
                     2 * endpoint + LEN(STATE) + LEN(QUEUES) + LEN(RETRANSMISSIONS) + LEN(NUMBERS))
        return -EBADMSG;
    local = s.at;
    remote = local + endpoint;
    state = remote + endpoint;
    s.at = state + LEN(STATE);
    if (!has_endpoint(layout, local) || !has_endpoint(layout, remote) || state[0] != ' ' ||
        *s.at != ' ' || !parse_hex(state + 1, 2, &number))
        return -EBADMSG;
    if (!may_be_connected(layout, number, s.at + LEN(BEFORE_TIMER)))
        return 0;
    if (!parse_endpoint(layout, local, &entry.local, &entry.local_port) ||
        !parse_endpoint(layout, remote, &entry.remote, &entry.remote_port) ||
        !parse_columns(layout, &s, &entry))
        return -EBADMSG;
    if (number != STATE_ESTABLISHED && !entry.inode)
        return 0;
    *out = entry;
    return 1;
}

const char *socket_table_path(enum socket_table_kind kind)
{
    return layouts[kind].path;
}

int socket_table_open(enum socket_table_kind kind)
{
    int fd = open(layouts[kind].path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

/* Its words and no others; how many blanks are between them differs between kernels. */
static bool is_header(const struct layout *layout, const char *line, size_t len)
{
    const char *p = line, *end = line + len;

    for (const char *word = layout->header; *word;) {
        size_t word_len = strcspn(word, " ");

        while (p < end && *p == ' ')
            p++;
        if ((size_t)(end - p) < word_len || memcmp(p, word, word_len) != 0)
            return false;
        p += word_len;
        word += word_len;
        if (p < end && *p != ' ')
            return false;
        if (*word)
            word++;
    }
    while (p < end && *p == ' ')
        p++;
    return p == end;
}

static int bad_line(struct socket_table_error *where, size_t line, const char *text, size_t len)
{
    where->line = line;
    snprintf(where->text, sizeof where->text, "%.*s", (int)(len < 150 ? len : 150), text);
    return -EBADMSG;
}

/* Takes the whole lines among `len` bytes, *line being the number of the last before them and then
 * of the last of them. How many bytes they are, or -EBADMSG. */
static ssize_t take_lines(enum socket_table_kind kind, const char *text, size_t len, size_t *line,
                          socket_table_entry *each, void *context, struct socket_table_error *where)
{
    const char *begin = text, *end;

    while ((end = memchr(begin, '\n', len - (size_t)(begin - text)))) {
        size_t line_len = (size_t)(end - begin);
        struct socket_entry entry;
        int connected;

        if (++*line == 1)
            connected = is_header(&layouts[kind], begin, line_len) ? 0 : -EBADMSG;
        else
            connected = socket_table_parse_line(kind, begin, line_len, &entry);
        if (connected < 0)
            return bad_line(where, *line, begin, line_len);
        if (connected)
            each(context, &entry);
        begin = end + 1;
    }
    return begin - text;
}

/*
 * The kernel fills a page, or more, up to the first line that does not fit (fs/seq_file.c,
 * seq_read_iter()): a reading that ends with a line and is far shorter is the last. To be told so
 * by the kernel, with 0, costs another walk over the whole of its hash table.
 */
#define LAST_READ 2048

int socket_table_read(int fd, enum socket_table_kind kind, socket_table_entry *each, void *context,
                      struct socket_table_error *where)
{
    char buffer[32768]; /* the kernel hands out 4 KiB at a time; a line has some 150 bytes */
    size_t held = 0, line = 0;
    bool is_last = false;
    ssize_t n;

    if (lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    while (!is_last && (n = read(fd, buffer + held, sizeof buffer - held)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        held += (size_t)n;
        is_last = n < LAST_READ && buffer[held - 1] == '\n';
        n = take_lines(kind, buffer, held, &line, each, context, where);
        if (n < 0)
            return (int)n;
        held -= (size_t)n;
        memmove(buffer, buffer + n, held);
        if (held == sizeof buffer)
            return bad_line(where, line + 1, buffer, held);
    }
    return held == 0 && line > 0 ? 0 : bad_line(where, line + 1, buffer, held);
}
