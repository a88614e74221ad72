/* Limits as variables, and the counts of connections they ask for. */
#include "limit.h"
#include "tally.h"
#include "tap.h"

#include <netinet/in.h>

static struct addr at(const char *text)
{
    struct addr a = {0};

    if (addr_parse(text, &a) != 0)
        tap_note("the test itself is wrong: %s is no address", text);
    return a;
}

static int64_t count(void *context, const struct addr *a, unsigned len)
{
    return tally_count(context, a, len);
}

/* There are 3 from 10.0.0.1, 2 from 10.0.0.2, 1 from 10.0.1.1; 2 from fd99::1, 1 from fd99::2.
 */
static const struct {
    const char *env, *address, *expected; /* NULL: malformed */
} limit_cases[] = {
    {"", "10.0.0.1", ""},
    {"MAXCONNIP=4", "10.0.0.1", ""},
    {"MAXCONNIP=3", "10.0.0.1", "MAXCONNIP:"},
    {"MAXCONNIP=3", "10.0.0.2", ""},
    {"MAXCONNIP=1", "10.0.0.9", ""},
    {"MAXCONNIP=0", "10.0.0.9", "MAXCONNIP:"},
    {"MAXCONNC=6", "10.0.0.9", ""},
    {"MAXCONNC=5", "10.0.0.9", "MAXCONNC:"},
    {"MAXCONNC=1", "10.0.2.1", ""},
    {"MAXCONNC=0", "10.0.2.1", "MAXCONNC:"},
    {"MAXCONNC=3", "fd99::9", "MAXCONNC:"},
    {"MAXCONNC=3", "fd99:0:0:1::9", ""},
    {"MAXCONNNET=16:7", "10.0.9.9", ""},
    {"MAXCONNNET=16:6", "10.0.9.9", "MAXCONNNET:"},
    {"MAXCONNNET=32:2", "10.0.0.2", "MAXCONNNET:"},
    {"MAXCONNNET=24:100 16:6", "10.0.9.9", "MAXCONNNET:"},
    {"MAXCONNNET=64:1", "10.0.0.1", ""},
    {"MAXCONNNET=64:3", "fd99::9", "MAXCONNNET:"},
    {"MAXCONNNET=0:0", "10.0.9.9", "MAXCONNNET:"},
    {"MAXCONNIP=3\nMAXCONNC=1", "10.0.0.1", "MAXCONNIP:"},
    {"MAXLOAD=0", "10.0.0.1", "LOAD:"},
    {"MAXLOAD=0\nMAXCONNIP=0", "10.0.0.1", "LOAD:"},
    {"MAXLOAD=100000000", "10.0.0.1", ""},
    {"MAXLOAD=x", "10.0.0.1", NULL},
    {"MAXLOAD=-1", "10.0.0.1", NULL},
    {"MAXLOAD=", "10.0.0.1", NULL},
    {"MAXCONNIP=1.5", "10.0.0.1", NULL},
    {"MAXCONNIP=99999999999999999999", "10.0.0.1", NULL},
    {"MAXCONNC= 5", "10.0.0.1", NULL},
    {"MAXCONNNET=5", "10.0.0.1", NULL},
    {"MAXCONNNET=", "10.0.0.1", NULL},
    {"MAXCONNNET=129:5", "10.0.0.1", NULL},
    {"MAXCONNNET=0:0 24:", "10.0.0.1", NULL},
    {"MAXLOAD=0\nMAXCONNIP=x", "10.0.0.1", NULL},
};

static void test_limits(struct tap *t)
{
    static const char *const there[] = {"10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.2",
                                        "10.0.1.1", "fd99::1",  "fd99::1",  "fd99::2"};
    struct tally *tally;

    tally_new(&tally);
    for (size_t i = 0; i < sizeof there / sizeof *there; i++) {
        struct addr a = at(there[i]);

        tally_add(tally, &a);
    }
    for (size_t i = 0; i < sizeof limit_cases / sizeof *limit_cases; i++) {
        struct variables env = {0};
        const char *fault, *mark;
        char why[LIMIT_WHY_LEN] = "";
        struct addr a = at(limit_cases[i].address);

        variables_add_text(&env, limit_cases[i].env, false, &fault);
        mark = limit_reached(&env, &a, count, tally, why);
        tap_text(t, mark ? mark : "malformed",
                 limit_cases[i].expected ? limit_cases[i].expected : "malformed", "case %zu, %s", i,
                 limit_cases[i].address);
        tap_is(t, *why != '\0', !limit_cases[i].expected, "case %zu: a reason or none", i);
        variables_free(&env);
    }
    tally_free(tally);
}

static void test_quota(struct tap *t)
{
    static const struct {
        const char *env;
        int expected; /* -1: malformed */
    } cases[] = {{"", 0},           {"MAXQUOTA=yes", 1}, {"MAXQUOTA=no", 0}, {"MAXQUOTA=YES", 1},
                 {"MAXQUOTA=1", 1}, {"MAXQUOTA=2", -1}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct variables env = {0};
        const char *fault;
        char why[LIMIT_WHY_LEN];
        int wants;

        variables_add_text(&env, cases[i].env, false, &fault);
        wants = limit_wants_quota(&env, why);
        tap_is(t, wants < 0 ? -1 : wants, cases[i].expected, "`%s'", cases[i].env);
        variables_free(&env);
    }
}

/* From the environment of the process where a rule says nothing. */
static void test_preset(struct tap *t)
{
    struct variables env = {0};

    setenv("MAXCONNIP", "7", 1);
    tap_text(t, limit_variable(&env, "MAXCONNIP"), "7", "a limit may be set for all");
    variables_set(&env, "MAXCONNIP", "8");
    tap_text(t, limit_variable(&env, "MAXCONNIP"), "8", "and for those of a rule");
    unsetenv("MAXCONNIP");
    variables_free(&env);
}

#define COMERS 3000

/* Against a plain list of who is there. */
static void test_tally(struct tap *t)
{
    static struct addr there[COMERS];
    struct tally *tally;
    size_t present = 0;
    int64_t wrong = 0;

    srand(11);
    tally_new(&tally);
    for (int step = 0; step < 40000; step++) {
        unsigned len = (unsigned)(rand() % 33);
        uint8_t bytes[4] = {10, (uint8_t)(rand() % 3), (uint8_t)(rand() % 5), (uint8_t)rand()};
        struct addr a = addr_make(AF_INET, bytes);
        struct prefix net = prefix_of(&a, len);
        int64_t expected = 0;

        if (rand() % 2 && present < COMERS) {
            tally_add(tally, &a);
            there[present++] = a;
        } else if (present > 0) {
            size_t who = (size_t)rand() % present;

            tally_remove(tally, &there[who]);
            there[who] = there[--present];
        }
        for (size_t i = 0; step % 16 == 0 && i < present; i++)
            expected += prefix_contains(&net, &there[i]);
        wrong += step % 16 == 0 && tally_count(tally, &a, len) != expected;
    }
    tap_is(t, wrong, 0, "the counts are those of a look at all");
    tally_free(tally);
}

int main(void)
{
    struct tap t = {0};

    test_limits(&t);
    test_quota(&t);
    test_preset(&t);
    test_tally(&t);
    return tap_done(&t);
}
