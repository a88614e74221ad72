/*
 * Lines of the kernel's tables of sockets: the corpus t/corpus/sockets.txt (found under $TOP or the
 * current folder), its good lines cut and spoilt at every byte; and readings of whole files.
 */
#include "socket_table.h"
#include "tap.h"

#include <endian.h>
#include <errno.h>
#include <unistd.h>

#define LINE_LEN 1024

static const char *const names[SOCKET_TABLES] = {"tcp", "tcp6", "udp", "udp6"};

/* As the corpus writes it. */
static void describe(const struct socket_entry *e, char *out, size_t size)
{
    char local[ADDR_TEXT_LEN], remote[ADDR_TEXT_LEN];
    bool v6 = e->local.family == AF_INET6, far_v6 = e->remote.family == AF_INET6;

    addr_format(&e->local, local);
    addr_format(&e->remote, remote);
    snprintf(out, size,
             "connected proto=%u local=%s%s%s:%u remote=%s%s%s:%u uid=%" PRIu32 " inode=%" PRIu64,
             e->protocol, v6 ? "[" : "", local, v6 ? "]" : "", e->local_port, far_v6 ? "[" : "",
             remote, far_v6 ? "]" : "", e->remote_port, (uint32_t)e->uid, e->inode);
}

/* The corpus was written by a little-endian machine: swaps the words of the addresses for others.
 * In a line that is none this spoils something else. */
static void fit_to_machine(enum socket_table_kind kind, char *line)
{
    size_t words = kind == SOCKET_TABLE_TCP || kind == SOCKET_TABLE_UDP ? 1 : 4;
    char *p = strchr(line, ':');

    if (BYTE_ORDER == LITTLE_ENDIAN || !p || strlen(p) < 2 * words * 8 + 14)
        return;
    for (size_t i = 0; i < 2 * words; i++) {
        char *word = p + 2 + i * 8 + (i < words ? 0 : 6), swapped[8];

        for (size_t at = 0; at < 8; at += 2)
            memcpy(swapped + at, word + 6 - at, 2);
        memcpy(word, swapped, 8);
    }
}

/* Parses a copy without anything behind it, so that a sanitizer sees every read past the end. */
static int parse(enum socket_table_kind kind, const char *line, size_t len, struct socket_entry *e)
{
    char *copy = malloc(len ? len : 1);
    int result;

    if (!copy)
        exit(1);
    memcpy(copy, line, len);
    result = socket_table_parse_line(kind, copy, len, e);
    free(copy);
    return result;
}

/* Where the word begins of which `end` is the end. */
static size_t word_before(const char *line, size_t end)
{
    while (end > 0 && line[end - 1] != ' ')
        end--;
    return end;
}

/* Every beginning of a connected socket's line is bad, but for one that ends within its last
 * number or behind it; one of another socket's has to be long enough for the columns it needs. */
static void test_cuts(struct tap *t, enum socket_table_kind kind, const char *what,
                      const char *line, bool connected)
{
    bool v6 = kind == SOCKET_TABLE_TCP6 || kind == SOCKET_TABLE_UDP6;
    size_t len = strlen(line), short_of = v6 ? 138 : 90, accepted = 0, first = 0;

    if (connected) {
        while (len > 0 && line[len - 1] == ' ')
            len--;
        short_of = word_before(line, len) + 1;
    }
    for (size_t cut = 0; cut < short_of && cut < len; cut++) {
        struct socket_entry e;

        if (parse(kind, line, cut, &e) != -EBADMSG)
            first = accepted++ ? first : cut;
    }
    if (!tap_is(t, (int64_t)accepted, 0, "%s cut anywhere is bad", what))
        tap_note("first at byte %zu: %.*s", first, (int)first, line);
}

/* A connected socket's line with one byte spoilt is bad, but for the pointer, which is any word. */
static void test_spoilt(struct tap *t, enum socket_table_kind kind, const char *what,
                        const char *line)
{
    bool tcp = kind == SOCKET_TABLE_TCP || kind == SOCKET_TABLE_TCP6;
    size_t len = strlen(line), end, begin, accepted = 0, first = 0;
    char spoilt[LINE_LEN];

    while (len > 0 && line[len - 1] == ' ')
        len--;
    end = len;
    for (int columns = tcp ? 5 : 1; columns > 0; columns--)
        end = word_before(line, end) - 1;
    begin = word_before(line, end);
    for (size_t at = 0; at < len; at++) {
        struct socket_entry e;

        memcpy(spoilt, line, len);
        spoilt[at] = 'g';
        if (parse(kind, spoilt, len, &e) != -EBADMSG && (at < begin || at >= end))
            first = accepted++ ? first : at;
    }
    if (!tap_is(t, (int64_t)accepted, 0, "%s spoilt anywhere is bad", what))
        tap_note("first at byte %zu of: %s", first, line);
}

static void test_line(struct tap *t, enum socket_table_kind kind, unsigned number, const char *line,
                      const char *expected)
{
    bool connected = strncmp(expected, "connected", 9) == 0;
    struct socket_entry e = {.inode = 77, .uid = 77};
    char got[LINE_LEN] = "bad", what[64];
    int result = parse(kind, line, strlen(line), &e);

    snprintf(what, sizeof what, "%s, line %u", names[kind], number);
    if (result == 0)
        snprintf(got, sizeof got, "other");
    else if (result == 1)
        describe(&e, got, sizeof got);
    tap_text(t, got, expected, "%s", what);
    tap_is(t, result,
           connected                      ? 1
           : strcmp(expected, "bad") == 0 ? -EBADMSG
                                          : 0,
           "%s: result", what);
    if (result != 1)
        tap_ok(t, e.inode == 77 && e.uid == 77, "%s: nothing is set", what);
    if (strcmp(expected, "bad") != 0)
        test_cuts(t, kind, what, line, connected);
    if (connected)
        test_spoilt(t, kind, what, line);
}

static void take_table(const char *name, enum socket_table_kind *kind)
{
    for (int i = 0; i < SOCKET_TABLES; i++) {
        if (strcmp(name, names[i]) == 0)
            *kind = (enum socket_table_kind)i;
    }
}

static void test_corpus(struct tap *t)
{
    char path[LINE_LEN], line[LINE_LEN], expected[LINE_LEN] = "";
    unsigned number = 0, tested[SOCKET_TABLES] = {0};
    enum socket_table_kind kind = SOCKET_TABLE_TCP;
    const char *top = getenv("TOP");
    FILE *f;

    snprintf(path, sizeof path, "%s%st/corpus/sockets.txt", top ? top : "", top ? "/" : "");
    f = fopen(path, "r");
    if (!tap_ok(t, f != NULL, "the corpus is there")) {
        tap_note("%s: %s", path, strerror(errno));
        return;
    }
    while (fgets(line, sizeof line, f)) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "# table ", 8) == 0) {
            take_table(line + 8, &kind);
        } else if (strncmp(line, "# connected proto=", 18) == 0 || strcmp(line, "# other") == 0 ||
                   strcmp(line, "# bad") == 0) {
            snprintf(expected, sizeof expected, "%s", line + 2);
        } else if (*expected && line[0] != '#') {
            fit_to_machine(kind, line);
            test_line(t, kind, number, line, expected);
            *expected = '\0';
            tested[kind]++;
        }
    }
    fclose(f);
    for (int i = 0; i < SOCKET_TABLES; i++) {
        if (!tap_ok(t, tested[i] >= 100, "the corpus holds lines enough of %s", names[i]))
            tap_note("got %u", tested[i]);
    }
}

struct seen {
    unsigned entries, out_of_order;
};

static void see(void *context, const struct socket_entry *entry)
{
    struct seen *s = context;

    s->out_of_order += entry->inode != s->entries + 1;
    s->entries++;
}

#define TCP_HEADER                                                                                 \
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "  \
    "inode"
#define UDP_HEADER "  " TCP_HEADER " ref pointer drops"
#define TCP6_HEADER                                                                                \
    "  sl  local_address                         remote_address                        st "        \
    "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
#define UDP6_HEADER TCP6_HEADER " ref pointer drops"

/* A line of a connected TCP socket with this inode, or of one that listens with inode 0. */
static void put_line(FILE *f, unsigned number, unsigned inode)
{
    int len = fprintf(f,
                      "%4u: 0200630A:B9AC 010200C0:01BB %s 00000000:00000000 00:00000000 00000000 "
                      " 1000        0 %u 2 00000000a1b2c3d4 20 4 30 10 -1",
                      number, inode ? "01" : "0A", inode);

    fprintf(f, "%*s", len < 149 ? 149 - len : 0, "");
}

/* A header and `lines` lines of sockets whose inodes count up, every fifth of which listens; line
 * `bad`, counted with the header, is `text` instead, 0: none. */
static FILE *table(const char *header, unsigned lines, unsigned bad, const char *text,
                   const char *end)
{
    FILE *f = tmpfile();
    unsigned inode = 0;

    if (!f)
        exit(1);
    fprintf(f, "%s%s", bad == 1 ? text : header, lines ? "\n" : end);
    for (unsigned i = 0; i < lines; i++) {
        if (i + 2 == bad)
            fprintf(f, "%s", text);
        else
            put_line(f, i, i % 5 == 4 ? 0 : ++inode);
        fprintf(f, "%s", i + 1 == lines ? end : "\n");
    }
    fflush(f);
    return f;
}

static const struct {
    const char *what;
    unsigned lines, bad;
    const char *text, *end;
    int result;
    unsigned entries, line;
} files[] = {
    {"empty", 0, 1, "", "", -EBADMSG, 0, 1},
    {"an empty line alone", 0, 1, "", "\n", -EBADMSG, 0, 1},
    {"header alone", 0, 0, "", "\n", 0, 0, 0},
    {"header without its end", 0, 0, "", "", -EBADMSG, 0, 1},
    {"one line", 1, 0, "", "\n", 0, 1, 0},
    {"five lines", 5, 0, "", "\n", 0, 4, 0},
    {"5,000 lines, in many readings", 5000, 0, "", "\n", 0, 4000, 0},
    {"12,000 lines, of more than four digits", 12000, 0, "", "\n", 0, 9600, 0},
    {"last line without its end", 3, 0, "", "", -EBADMSG, 2, 4},
    {"the last of 5,000, which listens, without its end", 5000, 0, "", "", -EBADMSG, 4000, 5001},
    {"no header", 3, 1, "   0: 0200630A:B9AC", "\n", -EBADMSG, 0, 1},
    {"a header spelt otherwise", 3, 1, "  sl  local_address", "\n", -EBADMSG, 0, 1},
    {"garbage first", 3, 2, "garbage", "\n", -EBADMSG, 0, 2},
    {"garbage in the middle", 6, 4, "garbage", "\n", -EBADMSG, 2, 4},
    {"garbage far down", 5000, 4322, "garbage", "\n", -EBADMSG, 3456, 4322},
    {"garbage last", 4, 5, "garbage", "\n", -EBADMSG, 3, 5},
    {"a second header", 4, 3, TCP_HEADER, "\n", -EBADMSG, 1, 3},
    {"an empty line", 5, 3, "", "\n", -EBADMSG, 1, 3},
    {"a line cut in its middle", 5, 3, "   1: 0200630A:B9AC 010200C0", "\n", -EBADMSG, 1, 3},
    {"one that listens cut in its middle", 5, 3, "   1: 0200630A:B9AC 00000000:0000 0A 00000000",
     "\n", -EBADMSG, 1, 3},
};

static void test_files(struct tap *t)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        FILE *f = table(TCP_HEADER, files[i].lines, files[i].bad, files[i].text, files[i].end);
        struct socket_table_error where = {0};
        struct seen seen = {0};

        tap_is(t, socket_table_read(fileno(f), SOCKET_TABLE_TCP, see, &seen, &where),
               files[i].result, "%s: result", files[i].what);
        tap_is(t, seen.entries, files[i].entries, "%s: sockets told of", files[i].what);
        tap_is(t, seen.out_of_order, 0, "%s: in their order", files[i].what);
        if (files[i].result) {
            tap_is(t, (int64_t)where.line, files[i].line, "%s: line", files[i].what);
            if (files[i].bad)
                tap_ok(t, strncmp(where.text, files[i].text, strlen(files[i].text)) == 0,
                       "%s: the line itself is told", files[i].what);
        }
        fclose(f);
    }
}

static int read_text(enum socket_table_kind kind, const char *text, size_t len, struct seen *seen,
                     struct socket_table_error *where)
{
    FILE *f = tmpfile();
    int result;

    if (!f)
        exit(1);
    *seen = (struct seen){0};
    fwrite(text, 1, len, f);
    fflush(f);
    result = socket_table_read(fileno(f), kind, see, seen, where);
    fclose(f);
    return result;
}

/* Each table's own header, whole, and no other. */
static void test_headers(struct tap *t)
{
    static const char *const headers[SOCKET_TABLES] = {
        TCP_HEADER "                                                     \n", TCP6_HEADER "\n",
        UDP_HEADER "            \n", UDP6_HEADER "\n"};
    struct socket_table_error where;
    struct seen seen;

    for (int i = 0; i < SOCKET_TABLES; i++) {
        size_t len = strlen(headers[i]), words = len - 1, spoilt = 0, cut = 0, glued = 0;
        char text[LINE_LEN];

        for (int kind = 0; kind < SOCKET_TABLES; kind++)
            tap_is(t, read_text((enum socket_table_kind)kind, headers[i], len, &seen, &where),
                   kind == i ? 0 : -EBADMSG, "the header of %s for %s", names[i], names[kind]);
        while (headers[i][words - 1] == ' ')
            words--;
        for (size_t at = 0; at < words; at++) {
            size_t blanks;

            memcpy(text, headers[i], len);
            text[at] = 'g';
            spoilt += read_text((enum socket_table_kind)i, text, len, &seen, &where) == 0;
            text[at] = '\n';
            cut += read_text((enum socket_table_kind)i, text, at + 1, &seen, &where) == 0;
            if (at == 0 || headers[i][at] != ' ' || headers[i][at - 1] == ' ')
                continue;
            /* The blanks between two words left out. */
            memcpy(text, headers[i], at);
            blanks = strspn(headers[i] + at, " ");
            memcpy(text + at, headers[i] + at + blanks, len - at - blanks);
            glued += read_text((enum socket_table_kind)i, text, len - blanks, &seen, &where) == 0;
        }
        tap_is(t, (int64_t)spoilt, 0, "the header of %s spoilt anywhere is bad", names[i]);
        tap_is(t, (int64_t)glued, 0, "the header of %s with two words in one is bad", names[i]);
        tap_is(t, (int64_t)cut, 0, "the header of %s cut anywhere is bad", names[i]);
    }
}

/* A table that broke off is whole only where a line ended. */
static void test_broken_off(struct tap *t)
{
    FILE *f = table(TCP_HEADER, 3, 0, "", "\n");
    struct socket_table_error where;
    unsigned wrong = 0, whole = 0;
    char text[LINE_LEN];
    struct seen seen;
    size_t len;

    rewind(f);
    len = fread(text, 1, sizeof text, f);
    fclose(f);
    for (size_t cut = 0; cut <= len; cut++) {
        bool ends = cut > 0 && text[cut - 1] == '\n';

        wrong += read_text(SOCKET_TABLE_TCP, text, cut, &seen, &where) != (ends ? 0 : -EBADMSG);
        whole += ends;
    }
    tap_is(t, wrong, 0, "a table cut at every byte of it is bad, but at the ends of lines");
    tap_is(t, whole, 4, "of which it has four");
}

/* However a line lies across the end of the buffer: the header's blanks move all lines along. */
static void test_boundaries(struct tap *t)
{
    unsigned wrong = 0;

    for (int blanks = 0; blanks < 160; blanks++) {
        struct socket_table_error where;
        struct seen seen = {0};
        char header[LINE_LEN];
        FILE *f;

        snprintf(header, sizeof header, "%s%*s", TCP_HEADER, blanks, "");
        f = table(header, 500, 0, "", "\n");
        wrong += socket_table_read(fileno(f), SOCKET_TABLE_TCP, see, &seen, &where) != 0 ||
                 seen.entries != 400 || seen.out_of_order;
        fclose(f);
    }
    tap_is(t, wrong, 0, "lines across the end of the buffer, at every byte of theirs");
}

/* The same descriptor is read over and over, from its beginning. */
static void test_again(struct tap *t)
{
    FILE *f = table(TCP_HEADER, 300, 0, "", "\n");
    struct socket_table_error where;

    for (int i = 0; i < 3; i++) {
        struct seen seen = {0};

        tap_is(t, socket_table_read(fileno(f), SOCKET_TABLE_TCP, see, &seen, &where), 0,
               "reading %d", i);
        tap_is(t, seen.entries, 240, "reading %d tells of all", i);
    }
    fclose(f);
}

static void test_odd_files(struct tap *t)
{
    static char flood[100000];
    struct socket_table_error where = {0};
    struct seen seen = {0};
    int ends[2];
    FILE *f = table(TCP_HEADER, 1, 0, "", "\n");

    if (pipe(ends) != 0)
        exit(1);
    memset(flood, 'x', sizeof flood);
    fwrite(flood, 1, sizeof flood, f);
    fflush(f);
    tap_is(t, socket_table_read(fileno(f), SOCKET_TABLE_TCP, see, &seen, &where), -EBADMSG,
           "a line without end");
    tap_is(t, (int64_t)where.line, 3, "its number");
    tap_is(t, seen.entries, 1, "the line before it is told of");
    tap_ok(t, memchr(where.text, '\0', sizeof where.text) != NULL, "its text is cut and ended");
    fclose(f);
    tap_is(t, socket_table_read(-1, SOCKET_TABLE_TCP, see, &seen, &where), -EBADF, "no descriptor");
    tap_is(t, socket_table_read(ends[0], SOCKET_TABLE_TCP, see, &seen, &where), -ESPIPE,
           "what cannot be rewound");
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    struct tap t = {0};

    test_corpus(&t);
    test_headers(&t);
    test_files(&t);
    test_broken_off(&t);
    test_boundaries(&t);
    test_again(&t);
    test_odd_files(&t);
    return tap_done(&t);
}
