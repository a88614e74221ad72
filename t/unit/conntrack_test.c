/*
 * Lines of the kernel's connection table: the corpus t/corpus/conntrack.txt (found under $TOP or
 * the current folder), each of its good lines cut at every byte, and readings of whole files.
 */
#include "conntrack.h"
#include "tap.h"

#include <errno.h>
#include <unistd.h>

#define LINE_LEN 1024
#define GOOD                                                                                       \
    "ipv4     2 udp      17 29 src=10.99.0.2 dst=192.0.2.53 sport=1 dport=53 src=192.0.2.53 "      \
    "dst=198.51.100.7 sport=53 dport=1 mark=0 use=2"

/* As the corpus writes it. */
static void describe(const struct flow *f, char *out, size_t size)
{
    static const char *const states[FLOW_TCP_STATES] = {
        "NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT",
        "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2"};
    char source[ADDR_TEXT_LEN], reply[ADDR_TEXT_LEN], left[24] = "-";

    if (!f->offloaded)
        snprintf(left, sizeof left, "%" PRId64, f->left);
    snprintf(out, size,
             "ok proto=%u state=%s src=%s rsrc=%s left=%s replied=%d assured=%d offload=%d",
             f->protocol, f->protocol == 6 && !f->offloaded ? states[f->tcp_state] : "-",
             addr_format(&f->source, source), addr_format(&f->reply_source, reply), left,
             f->replied, f->assured, f->offloaded);
}

/* Parses a copy without anything behind it, so that a sanitizer sees every read past the end. */
static int parse(const char *line, size_t len, struct flow *flow)
{
    char *copy = malloc(len ? len : 1);
    int result;

    if (!copy)
        exit(1);
    memcpy(copy, line, len);
    result = conntrack_parse_line(copy, len, flow);
    free(copy);
    return result;
}

/* Every beginning of a good line is bad, but for one that ends within the number of `use=`. */
static void test_cuts(struct tap *t, unsigned number, const char *line, size_t len)
{
    const char *use = strrchr(line, '=');
    size_t accepted = 0, first = 0;

    for (size_t cut = 0; cut < len; cut++) {
        struct flow flow;

        if (parse(line, cut, &flow) != 0 || line + cut > use + 1)
            continue;
        first = accepted++ ? first : cut;
    }
    if (!tap_is(t, (int64_t)accepted, 0, "line %u cut anywhere is bad", number))
        tap_note("first at byte %zu: %.*s", first, (int)first, line);
}

static void test_line(struct tap *t, unsigned number, const char *line, const char *expected)
{
    char got[LINE_LEN] = "bad";
    struct flow flow = {.left = -77};
    size_t len = strlen(line);
    int result = parse(line, len, &flow);

    if (result == 0)
        describe(&flow, got, sizeof got);
    tap_text(t, got, expected, "line %u", number);
    tap_is(t, result, strcmp(expected, "bad") == 0 ? -EBADMSG : 0, "line %u: result", number);
    if (result != 0)
        tap_is(t, flow.left, -77, "line %u: nothing is set", number);
    else if (strcmp(expected, "bad") != 0)
        test_cuts(t, number, line, len);
}

static void test_corpus(struct tap *t)
{
    char path[LINE_LEN], line[LINE_LEN], expected[LINE_LEN] = "";
    const char *top = getenv("TOP");
    unsigned number = 0, tested = 0;
    FILE *f;

    snprintf(path, sizeof path, "%s%st/corpus/conntrack.txt", top ? top : "", top ? "/" : "");
    f = fopen(path, "r");
    if (!tap_ok(t, f != NULL, "the corpus is there")) {
        tap_note("%s: %s", path, strerror(errno));
        return;
    }
    while (fgets(line, sizeof line, f)) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "# ok proto=", 11) == 0 || strcmp(line, "# bad") == 0) {
            snprintf(expected, sizeof expected, "%s", line + 2);
        } else if (*expected && line[0] != '#') {
            test_line(t, number, line, expected);
            *expected = '\0';
            tested++;
        }
    }
    fclose(f);
    if (!tap_ok(t, tested >= 80, "the corpus holds lines enough"))
        tap_note("got %u", tested);
}

struct seen {
    unsigned flows;
    uint8_t last_byte; /* of the source */
    unsigned out_of_order;
};

static void see(void *context, const struct flow *flow)
{
    struct seen *s = context;

    s->out_of_order += flow->source.bytes[3] != (uint8_t)(s->flows & 0xff);
    s->last_byte = flow->source.bytes[3];
    s->flows++;
}

/* `lines` good lines whose sources count up; line `bad` is `text` instead, 0: none. */
static FILE *table(unsigned lines, unsigned bad, const char *text, const char *end)
{
    FILE *f = tmpfile();

    if (!f)
        exit(1);
    for (unsigned i = 0; i < lines; i++) {
        if (i + 1 == bad)
            fprintf(f, "%s", text);
        else
            fprintf(f,
                    "ipv4     2 tcp      6 431999 ESTABLISHED src=10.99.%u.%u dst=192.0.2.1 "
                    "sport=%u dport=443 packets=%u bytes=%u src=192.0.2.1 dst=198.51.100.7 "
                    "sport=443 dport=%u packets=1 bytes=52 [ASSURED] mark=0 zone=0 use=2",
                    i >> 8 & 0xff, i & 0xff, i % 60000, i, i * 7, i % 60000);
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
    unsigned flows, line;
} files[] = {
    {"empty", 0, 0, "", "", 0, 0, 0},
    {"one line", 1, 0, "", "\n", 0, 1, 0},
    {"three lines", 3, 0, "", "\n", 0, 3, 0},
    {"5,000 lines, in many readings", 5000, 0, "", "\n", 0, 5000, 0},
    {"last line without its end", 3, 0, "", "", -EBADMSG, 2, 3},
    {"the only line without its end", 1, 0, "", "", -EBADMSG, 0, 1},
    {"the last of 5,000 without its end", 5000, 0, "", "", -EBADMSG, 4999, 5000},
    {"garbage first", 3, 1, "garbage", "\n", -EBADMSG, 0, 1},
    {"garbage in the middle", 5, 3, "garbage", "\n", -EBADMSG, 2, 3},
    {"garbage far down", 5000, 4321, "garbage", "\n", -EBADMSG, 4320, 4321},
    {"garbage last", 4, 4, "garbage", "\n", -EBADMSG, 3, 4},
    {"an empty line", 5, 2, "", "\n", -EBADMSG, 1, 2},
    {"a line cut in its middle", 5, 2, "ipv4     2 tcp      6 431999 ESTABLISHED src=10.99", "\n",
     -EBADMSG, 1, 2},
};

static void test_files(struct tap *t)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        FILE *f = table(files[i].lines, files[i].bad, files[i].text, files[i].end);
        struct conntrack_error where = {0};
        struct seen seen = {0};

        tap_is(t, conntrack_read(fileno(f), see, &seen, &where), files[i].result, "%s: result",
               files[i].what);
        tap_is(t, seen.flows, files[i].flows, "%s: flows told of", files[i].what);
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

/* The same descriptor is read over and over, from its beginning. */
static void test_again(struct tap *t)
{
    FILE *f = table(300, 0, "", "\n");
    struct conntrack_error where;

    for (int i = 0; i < 3; i++) {
        struct seen seen = {0};

        tap_is(t, conntrack_read(fileno(f), see, &seen, &where), 0, "reading %d", i);
        tap_is(t, seen.flows, 300, "reading %d tells of all", i);
    }
    fclose(f);
}

static void test_odd_files(struct tap *t)
{
    static char flood[100000];
    struct conntrack_error where = {0};
    struct seen seen = {0};
    int ends[2];
    FILE *f = tmpfile();

    if (!f || pipe(ends) != 0)
        exit(1);
    memset(flood, 'x', sizeof flood);
    fprintf(f, GOOD "\n");
    fwrite(flood, 1, sizeof flood, f);
    fflush(f);
    tap_is(t, conntrack_read(fileno(f), see, &seen, &where), -EBADMSG, "a line without end");
    tap_is(t, (int64_t)where.line, 2, "its number");
    tap_ok(t, memchr(where.text, '\0', sizeof where.text) != NULL, "its text is cut and ended");
    fclose(f);
    tap_is(t, conntrack_read(-1, see, &seen, &where), -EBADF, "no descriptor");
    tap_is(t, conntrack_read(ends[0], see, &seen, &where), -ESPIPE, "what cannot be rewound");
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    struct tap t = {0};

    test_corpus(&t);
    test_files(&t);
    test_again(&t);
    test_odd_files(&t);
    return tap_done(&t);
}
