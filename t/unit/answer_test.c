/* Answers: lines go in, packets of whole lines come out, and what does not fit is a failure. */
#include "answer.h"
#include "tap.h"

/* All packets, one after the other, into `out`; their number. */
static size_t drain(struct answer *a, char *out, size_t size, size_t *largest)
{
    size_t packets = 0, len, at = 0;
    const char *text;

    *largest = 0;
    while ((len = answer_packet(a, &text)) > 0) {
        if (at + len < size)
            memcpy(out + at, text, len);
        at += len;
        if (len > *largest)
            *largest = len;
        answer_take(a, len);
        packets++;
    }
    out[at < size ? at : 0] = '\0';
    return packets;
}

static void check_lines(struct tap *t)
{
    struct answer a = {0};
    char out[1024];
    size_t largest;

    answer_row(&a, json_pack("{s:s}", "name", "alice"));
    answer_total(&a, json_pack("{s:i}", "users", 1));
    answer_event(&a, "open", json_pack("{s:s}", "host", "10.0.0.1"));
    answer_end(&a, REASON_NO_QUOTA, json_pack("{s:s}", "user", "alice"));
    answer_end(&a, REASON_OK, NULL);
    tap_is(t, (int64_t)drain(&a, out, sizeof out, &largest), 1, "a short answer is one packet");
    tap_text(t, out,
             "{\"row\":{\"name\":\"alice\"}}\n{\"total\":{\"users\":1}}\n"
             "{\"event\":\"open\",\"host\":\"10.0.0.1\"}\n"
             "{\"end\":1,\"why\":\"no-quota\",\"user\":\"alice\"}\n",
             "rows, total, event, and one end");
    tap_is(t, (int64_t)answer_waiting(&a), 0, "nothing waits");
    answer_free(&a);
    answer_end(&a, REASON_OK, json_pack("{s:s, s:i}", "why", "forged", "end", 5));
    drain(&a, out, sizeof out, &largest);
    tap_text(t, out, "{\"end\":0,\"why\":\"ok\"}\n", "facts do not take the place of the reason");
    answer_free(&a);
}

static void check_packets(struct tap *t)
{
    static char out[4 * 1024 * 1024];
    struct answer a = {0};
    size_t largest, packets, lines = 0;
    char name[300];

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < 5000; i++) {
        answer_row(&a, json_pack("{s:s, s:i}", "name", name, "n", i));
        if (i % 1000 == 999) { /* a reader that keeps up, more or less */
            const char *text;
            size_t len = answer_packet(&a, &text);

            memcpy(out, text, len);
            for (size_t k = 0; k < len; k++)
                lines += text[k] == '\n';
            answer_take(&a, len);
        }
    }
    packets = drain(&a, out, sizeof out, &largest);
    tap_ok(t, packets > 30 && largest <= PACKET_ANSWER_MAX, "many packets, none too large");
    for (const char *c = out; *c; c++)
        lines += *c == '\n';
    tap_is(t, (int64_t)lines, 5000, "every line comes, and once");
    tap_ok(t, strstr(out, "\"n\":4999}}\n") != NULL, "up to the last one");
    tap_ok(t, !a.failed, "without a failure");
    answer_free(&a);
}

static void check_failures(struct tap *t)
{
    static char big[PACKET_ANSWER_MAX + 10];
    struct answer a = {0};
    char out[1024];
    size_t largest;

    memset(big, 'x', sizeof big - 1);
    answer_row(&a, json_pack("{s:s}", "name", "before"));
    answer_row(&a, json_pack("{s:s}", "name", big));
    tap_ok(t, a.failed, "a line that fits into no packet is a failure");
    answer_end(&a, REASON_OK, NULL);
    drain(&a, out, sizeof out, &largest);
    tap_text(t, out, "{\"row\":{\"name\":\"before\"}}\n{\"end\":71,\"why\":\"memory\"}\n",
             "what was whole stays, and the end is no yes");
    answer_free(&a);
    answer_row(&a, NULL);
    tap_ok(t, a.failed, "no memory is a failure");
    answer_free(&a);
}

static void check_text(struct tap *t)
{
    static const struct {
        const char *text, *shown;
    } texts[] = {
        {"alice", "alice"}, {"a' OR '1", "a' OR '1"}, {"\xc3\xa5ke", "\xc3\xa5ke"},
        {"\xe5ke", "?ke"}, /* Latin-1 */
        {"", ""},
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *value = answer_text(texts[i].text);

        tap_text(t, json_string_value(value), texts[i].shown, "text %zu", i);
        json_decref(value);
    }
}

int main(void)
{
    struct tap t = {0};

    check_lines(&t);
    check_packets(&t);
    check_failures(&t);
    check_text(&t);
    return tap_done(&t);
}
