/* What is written into the FIFO, however it is cut: which addresses are told of. */
#include "invalidator.h"
#include "tap.h"

#define HEARD_MAX 4096

struct heard {
    char text[HEARD_MAX];
    unsigned garbage;
};

static void hear(void *context, const struct addr *a)
{
    struct heard *h = context;
    char text[ADDR_TEXT_LEN];
    size_t n = strlen(h->text);

    snprintf(h->text + n, sizeof h->text - n, "%s;", addr_format(a, text));
}

static void hear_garbage(void *context, const char *word)
{
    struct heard *h = context;

    h->garbage++;
    if (strlen(word) > INVALIDATOR_WORD)
        tap_note("a word of %zu bytes", strlen(word));
}

static const struct {
    const char *text, *heard;
    unsigned garbage;
} cases[] = {
    {"10.0.0.1\n", "10.0.0.1;", 0},
    {"10.0.0.1 10.0.0.2\n", "10.0.0.1;10.0.0.2;", 0},
    {"10.0.0.1\n10.0.0.2\n", "10.0.0.1;10.0.0.2;", 0},
    {"\n\n \t 10.0.0.1\r\n\r\n", "10.0.0.1;", 0},
    {"10.0.0.1,10.0.0.2\n", "10.0.0.1;10.0.0.2;", 0},
    {"10.0.0.1", "", 0}, /* its end has not come */
    {"FD99:0::2\n", "fd99::2;", 0},
    {"::ffff:10.0.0.1\n", "10.0.0.1;", 0},
    {"nonsense\n", "", 1},
    {"10.0.0.1.\n10.0.0.2\n", "10.0.0.2;", 1},
    {"10.0.0.0/8 10.0.0.1\n", "10.0.0.1;", 1},
    {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx 10.0.0.1\n",
     "10.0.0.1;", 1},
    {"10.0.0.1xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n", "",
     1},
};

/* Whole, and in pieces of every size. */
static void test_cases(struct tap *t)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = strlen(cases[i].text);

        for (size_t piece = 1; piece <= len; piece++) {
            struct heard h = {.garbage = 0};
            struct invalidator v;

            invalidator_init(&v, -1);
            for (size_t from = 0; from < len; from += piece)
                invalidator_feed(&v, cases[i].text + from, len - from < piece ? len - from : piece,
                                 hear, hear_garbage, &h);
            if (strcmp(h.text, cases[i].heard) == 0 && h.garbage == cases[i].garbage && piece < len)
                continue;
            tap_text(t, h.text, cases[i].heard, "case %zu in pieces of %zu", i, piece);
            tap_is(t, h.garbage, cases[i].garbage, "case %zu in pieces of %zu: garbage", i, piece);
        }
    }
}

static void test_flush(struct tap *t)
{
    struct heard h = {.garbage = 0};
    struct invalidator v;

    invalidator_init(&v, -1);
    tap_is(t, invalidator_waits(&v), false, "nothing is waited for");
    invalidator_feed(&v, "10.0.0.1", 8, hear, hear_garbage, &h);
    tap_is(t, invalidator_waits(&v), true, "the end of a word is");
    tap_text(t, h.text, "", "it is not told of yet");
    invalidator_flush(&v, hear, &h);
    tap_text(t, h.text, "10.0.0.1;", "unless its end does not come");
    tap_is(t, invalidator_waits(&v), false, "then it is waited for no more");
    invalidator_flush(&v, hear, &h);
    tap_text(t, h.text, "10.0.0.1;", "nor told of twice");
    invalidator_feed(&v, "7\n", 2, hear, hear_garbage, &h);
    tap_text(t, h.text, "10.0.0.1;10.0.0.17;", "it may go on all the same");
    invalidator_feed(&v, "10.0.", 5, hear, hear_garbage, &h);
    invalidator_flush(&v, hear, &h);
    tap_text(t, h.text, "10.0.0.1;10.0.0.17;", "what is no address is not told of");
    tap_is(t, h.garbage, 0, "nor is it garbage before its end");
}

int main(void)
{
    struct tap t = {0};

    test_cases(&t);
    test_flush(&t);
    return tap_done(&t);
}
