/*
 * Every kind of query, asked by an administrator, an operator and users: what each may see. The
 * questions are those of t/corpus/query.txt (found under $TOP or here).
 */
#include "query_world.h"

static const char filling[] =
    "INSERT INTO actor VALUES ('test', 'charge', NULL);"
    "INSERT INTO tcptab VALUES ('alice', 3600), ('bob', 0), ('carol', 100), ('free', -50),"
    " ('a'' OR ''1', 5), (CAST(x'ff41' AS TEXT), 7);"
    "DELETE FROM actor; INSERT INTO allowed VALUES ('alice'), ('bob'), ('zoe');"
    "DELETE FROM logging;"
    "INSERT INTO logging VALUES"
    " ('2026-11-01T09:00:00Z', 'root', 'add', 'alice', 4000, 4000, 'paid 50 SEK'),"
    " ('2026-11-02T09:00:00Z', 'adam', 'set', 'bob', 30, 30, NULL),"
    " ('2026-11-03T09:00:00Z', 'sqlite3', 'edit', 'carol', 100, 100, NULL),"
    " ('2026-11-03T09:00:01Z', 'sqlite3', 'edit', 'a'' OR ''1', 5, 5, NULL),"
    " ('2026-11-03T09:00:02Z', 'sqlite3', 'edit', CAST(x'ff41' AS TEXT), 7, 7, NULL);"
    /* In Stockholm 23:00 on the last of October and midnight; 23:00 on the 20th and midnight. */
    "INSERT INTO usage VALUES ('alice', '2026-10-31T22:00:00Z', 100, 100),"
    " ('alice', '2026-10-31T23:00:00Z', 50, 100), ('alice', '2026-11-20T22:00:00Z', 60, 100),"
    " ('alice', '2026-11-20T23:00:00Z', 60, 100), ('bob', '2026-11-20T10:00:00Z', 15, 30),"
    " ('free', '2026-11-20T10:00:00Z', 25, 50);"
    "INSERT INTO masq VALUES ('10.99.0.2', 'alice', 3, 0, 9, 1, 0),"
    " ('10.99.0.10', 'alice', 1, -1, 1, 1, 0), ('10.99.0.5', 'alice', 0, -1, 0, 1, 0),"
    " ('10.99.0.3', 'bob', 0, -1, 0, 0, 0), ('10.99.0.4', 'carol', 1, -1, 0, 2, 1),"
    " ('10.99.0.6', 'bob', 2, -1, 0, 1, 1), ('10.99.0.7', 'carol', 0, -1, 0, 0, 1), ('fd99::2', "
    "'free', 2, -1, 4, 1, 0);"
    "INSERT INTO orders VALUES ('10.99.0.2', 'root', 'user', '2026-11-21T12:00:00Z');"
    "INSERT INTO session (id, name, host, opened, closed, seconds, points, cause) VALUES"
    " (1, 'alice', '10.99.0.2', '2026-11-20T22:00:00Z', '2026-11-20T22:30:00Z', 60, 100, 'user'),"
    " (2, 'bob', '10.99.0.3', '2026-11-20T10:00:00Z', '2026-11-20T10:01:00Z', 15, 30, 'quota'),"
    " (3, 'alice', '10.99.0.2', '2026-11-20T23:00:00Z', NULL, 60, 100, NULL),"
    /* On the gateway itself: one is over, bob has no connections, zoe is two uids. */
    " (4, 'carol', 'local', '2026-11-20T09:00:00Z', '2026-11-20T09:10:00Z', 5, 10, 'idle'),"
    " (5, 'zoe', 'local', '2026-11-20T23:10:00Z', NULL, 1, 2, NULL),"
    " (6, 'alice', 'local', '2026-11-20T23:20:00Z', NULL, 20, 30, NULL),"
    " (7, 'bob', 'local', '2026-11-20T23:30:00Z', NULL, 4, 8, NULL),"
    " (8, 'zoe', 'local', '2026-11-20T23:40:00Z', NULL, 3, 6, NULL);"
    "UPDATE periodtab SET period = '20261001 0000', quota = 200 WHERE id = 0;"
    "INSERT INTO periodtab VALUES (1, '20261101 0000', 280);"
    "INSERT INTO logging_openfw VALUES ('2026-11-20T08:00:00Z', 'olga', 'opened "
    "(ROOM1/10.99.0.7)'),"
    " ('2026-11-20T09:00:00Z', 'adam', 'force close (10.99.0.7)');";

#define CASE_ROOM 16384 /* bytes of an answer */

static void test_case(struct tap *t, struct world *w, const char *caller, const char *request,
                      const char *lines)
{
    struct run run = world_run(w, caller, request, false);

    tap_text(t, run.lines, lines, "%s asks %s", caller, request);
    run_free(&run);
}

/* One case: `line` is its first, and then the first of the next one. */
static bool read_case(FILE *f, char **line, size_t *room, char *caller, char *request, char *lines)
{
    size_t len = 0;

    while (**line != '@') {
        if (getline(line, room, f) < 0)
            return false;
    }
    if (sscanf(*line, "@ %31s %511[^\n]", caller, request) != 2)
        tap_note("the corpus itself is wrong: %s", *line);
    *lines = 0;
    **line = 0;
    while (getline(line, room, f) >= 0 && **line != '@' && **line != '#')
        len += (size_t)snprintf(lines + len, CASE_ROOM - len, "%s", *line);
    if (feof(f))
        **line = 0;
    return true;
}

static void test_corpus(struct tap *t, struct world *w)
{
    const char *top = getenv("TOP");
    char path[512], caller[32], request[512], *line = calloc(1, 1), *lines = malloc(CASE_ROOM);
    size_t room = 1;
    unsigned cases = 0;
    FILE *f;

    snprintf(path, sizeof path, "%s%st/corpus/query.txt", top ? top : "", top ? "/" : "");
    f = fopen(path, "r");
    if (tap_ok(t, f != NULL, "the corpus is there")) {
        for (; read_case(f, &line, &room, caller, request, lines); cases++)
            test_case(t, w, caller, request, lines);
        tap_ok(t, cases >= 60, "the corpus holds cases enough");
        fclose(f);
    }
    free(line);
    free(lines);
}

#define END_OK "{\"end\":0,\"why\":\"ok\"}\n"
#define NOTHING "\"money\":\"0.00 SEK\",\"left\":\"0:00:00\""
#define NO_USE "{\"total\":{\"seconds\":0,\"points\":0," NOTHING "}}\n" END_OK

static void test_empty(struct tap *t, struct world *w)
{
    static const char *const cases[][2] = {
        {"{\"command\":\"list\"}", "{\"total\":{\"positive\":{\"quota\":0," NOTHING
                                   "},\"free\":{\"quota\":0," NOTHING "},\"users\":0}}\n" END_OK},
        {"{\"command\":\"hosts\"}", END_OK},
        {"{\"command\":\"top\"}", END_OK},
        {"{\"command\":\"log\"}", END_OK},
        {"{\"command\":\"openfw-log\"}", END_OK},
        {"{\"command\":\"sessions\"}", END_OK},
        {"{\"command\":\"usage\"}", NO_USE},
        {"{\"command\":\"usage\",\"by\":\"day\"}", NO_USE},
        {"{\"command\":\"usage\",\"user\":\"alice\"}", NO_USE},
        {"{\"command\":\"audit\"}", "{\"total\":{\"users\":0,\"wrong\":0}}\n" END_OK},
        {"{\"command\":\"why\",\"user\":\"alice\"}",
         "{\"row\":{\"name\":\"alice\",\"may\":false,\"rule\":\"not-allowed\"}}\n"
         "{\"end\":1,\"why\":\"may-not\",\"rule\":\"not-allowed\",\"user\":\"alice\"}\n"},
        {"{\"command\":\"no-such-thing\"}",
         "{\"end\":65,\"why\":\"request\",\"detail\":\"no such command\"}\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        test_case(t, w, "adam", cases[i][0], cases[i][1]);
    tap_ok(t, query_knows("audit") && !query_knows("aud") && !query_knows(""),
           "it knows its commands and no others");
}

static void test_rule(struct tap *t, struct world *w, const char *what, const char *request,
                      const char *rule)
{
    struct run run = world_run(w, "adam", request, false);
    char expected[64];

    snprintf(expected, sizeof expected, "\"rule\":\"%s\"}}\n", rule);
    if (!tap_ok(t, strstr(run.lines, expected) != NULL, "%s: %s", what, rule))
        tap_note("got `%s'", run.lines);
    run_free(&run);
}

/* What the corpus has no configuration for. */
static void test_rules(struct tap *t, struct world *w)
{
    static const char *const alice = "{\"command\":\"why\",\"user\":\"alice\"}",
                             *const bob = "{\"command\":\"why\",\"user\":\"bob\"}",
                             *const free_user = "{\"command\":\"why\",\"user\":\"free\"}",
                             *const of_alice = "{\"command\":\"why\",\"host\":\"10.99.0.2\"}",
                             *const of_bob = "{\"command\":\"why\",\"host\":\"10.99.0.6\"}",
                             *const nobodys = "{\"command\":\"why\",\"host\":\"10.99.0.9\"}";
    struct world kept = *w;

    w->topology.channels = 0;
    test_rule(t, w, "the link is down", alice, "link-down");
    test_rule(t, w, "the link is down, a free user", free_user, "link-down");
    test_rule(t, w, "the link is down, no quota", bob, "no-quota");
    test_rule(t, w, "the link is down, nobody's host", nobodys, "link-down");
    w->topology.channels = 1;
    w->conf.fw_hours.days = HOURS_MON_FRI;
    test_rule(t, w, "free=1 on a Saturday", of_bob, "hours");
    test_rule(t, w, "free=0 on a Saturday", of_alice, "ok");
    w->conf = kept.conf;
    w->conf.min_quota = 3600;
    test_rule(t, w, "MIN_QUOTA is reached", alice, "no-quota");
    test_rule(t, w, "MIN_QUOTA is nobody's", nobodys, "ok");
    w->conf.min_quota = -1;
    test_rule(t, w, "credit", bob, "ok");
    w->conf = kept.conf;
    world_sql(w, "UPDATE orders SET until = '2026-11-21T11:00:00Z' WHERE host = '10.99.0.2'");
    test_rule(t, w, "until has passed", of_alice, "hours");
    test_rule(t, w, "until has passed, of another host", alice, "ok");
}

/* As root sees it where no daemon runs: what the tables have. */
static void test_alone(struct tap *t, struct world *w)
{
    static const char *const gone = "UPDATE masq SET cnts = 0 WHERE name <> 'free'";

    w->is_alone = true;
    test_case(
        t, w, "zoe", "{\"command\":\"hosts\"}",
        "{\"row\":{\"host\":\"local\",\"name\":\"zoe\",\"cnts\":0,\"tic\":-1,\"counter\":0,"
        "\"open\":1,\"free\":false,\"opened\":\"2026-11-20T23:10:00Z\",\"seconds\":1,"
        "\"points\":2,\"by\":null,\"until\":null,\"money\":\"0.00 SEK\",\"left\":\"0:00:02\"}}\n"
        "{\"row\":{\"host\":\"local\",\"name\":\"zoe\",\"cnts\":0,\"tic\":-1,\"counter\":0,"
        "\"open\":1,\"free\":false,\"opened\":\"2026-11-20T23:40:00Z\",\"seconds\":3,"
        "\"points\":6,\"by\":null,\"until\":null,\"money\":\"0.01 "
        "SEK\",\"left\":\"0:00:06\"}}\n" END_OK);
    tap_is(t, world_sql(w, gone), 0, "one host alone is in use");
    test_case(
        t, w, "adam", "{\"command\":\"top\"}",
        "{\"row\":{\"name\":\"free\",\"hosts\":[\"fd99::2\"],\"cnts\":2,\"quota\":-50,"
        "\"money\":\"-0.08 SEK\",\"left\":\"-0:00:50\",\"rate\":0,\"runs_out\":null}}\n" END_OK);
    w->is_alone = false;
}

/* A name that is no UTF-8 can be somebody's, but cannot be asked for. */
static void test_odd_names(struct tap *t, struct world *w)
{
    test_case(t, w,
              "\xff"
              "A",
              "{\"command\":\"list\"}",
              "{\"row\":{\"name\":\"?A\",\"quota\":7,\"allowed\":false,\"free\":false,"
              "\"money\":\"0.01 SEK\",\"left\":\"0:00:07\"}}\n"
              "{\"total\":{\"positive\":{\"quota\":7,\"money\":\"0.01 SEK\",\"left\":\"0:00:07\"},"
              "\"free\":{\"quota\":0," NOTHING "},\"users\":1}}\n" END_OK);
    test_case(
        t, w,
        "\xff"
        "A",
        "{\"command\":\"log\"}",
        "{\"row\":{\"when\":\"2026-11-03T09:00:02Z\",\"user\":\"sqlite3\",\"action\":\"edit\","
        "\"name\":\"?A\",\"delta\":7,\"balance\":7,\"reason\":null,\"money\":\"0.01 SEK\","
        "\"left\":\"0:00:07\"}}\n" END_OK);
    test_case(t, w,
              "\xff"
              "A",
              "{\"command\":\"show\",\"user\":\"?A\"}", "{\"end\":77,\"why\":\"not-permitted\"}\n");
    test_case(t, w, "alice", "{\"command\":\"show\",\"user\":\"\"}",
              "{\"end\":65,\"why\":\"no-name\",\"user\":\"\"}\n");
}

/* What administrators write by hand has neither form nor bounds. */
static void test_by_hand(struct tap *t, struct world *w)
{
    struct run run;

    world_sql(w, "UPDATE usage SET points = 31 WHERE name = 'bob';"
                 "INSERT INTO logging VALUES ('', '', 'edit', '', 9, 9, hex(zeroblob(50000)));"
                 "INSERT INTO usage VALUES (hex(zeroblob(5000)), 'when?', 0, 9),"
                 " (CAST(x'6100' AS TEXT), 'x', 1, 9223372036854775807),"
                 " (CAST(x'610062' AS TEXT), 'x', 1, 9223372036854775807)");
    run = world_run(w, "adam", "{\"command\":\"audit\"}", false);
    tap_ok(t,
           strstr(run.lines, "{\"row\":{\"name\":\"bob\",\"quota\":0,\"logged\":30,\"used\":31,"
                             "\"difference\":1}}\n") != NULL,
           "the audit finds a charge that was changed");
    tap_ok(t,
           strstr(run.lines, "{\"row\":{\"name\":\"\",\"quota\":0,\"logged\":9,\"used\":0,"
                             "\"difference\":-9}}\n") != NULL,
           "and a user without a name");
    if (!tap_ok(t,
                strstr(run.lines, "{\"total\":{\"users\":9,\"wrong\":4}}\n{\"end\":1,"
                                  "\"why\":\"wrong\",\"users\":9,\"wrong\":4}\n") != NULL,
                "and says how many"))
        tap_note("got `%s'", run.lines);
    run_free(&run);
    run = world_run(w, "adam", "{\"command\":\"log\"}", false);
    tap_ok(t, !run.answer.failed && strstr(run.lines, END_OK) && strlen(run.lines) < 4096,
           "a text that is too long is cut");
    run_free(&run);
    world_sql(
        w, "INSERT INTO session (name, host, opened) VALUES ('', 'local', 'then?'),"
           " (hex(zeroblob(50000)), 'local', ''), ('yuri', 'LOCAL', ''), ('xena', 'locals', '')");
    run = world_run(w, "adam", "{\"command\":\"hosts\"}", false);
    tap_ok(t,
           strstr(run.lines, "{\"host\":\"local\",\"name\":\"\",\"cnts\":0,") &&
               strstr(run.lines, "\"opened\":\"then?\"") &&
               strstr(run.lines, "{\"host\":\"local\",\"name\":\"0000") &&
               strstr(run.lines, END_OK) && strlen(run.lines) < 8192,
           "on the gateway itself: names that nobody has are shown, cut, and have no connections");
    tap_ok(t, !strstr(run.lines, "yuri") && !strstr(run.lines, "xena"),
           "another word is not the gateway");
    run_free(&run);
    run = world_run(w, "adam", "{\"command\":\"top\"}", false);
    tap_ok(t, strstr(run.lines, "\"zoe\"") && !strstr(run.lines, "\"0000"),
           "nobody is charged there");
    run_free(&run);
    run = world_run(w, "adam", "{\"command\":\"usage\",\"by\":\"day\"}", false);
    tap_ok(t,
           strstr(run.lines, "\"from\":\"when?\"") && strstr(run.lines, "\"total\"") &&
               strstr(run.lines, END_OK),
           "an hour that is none is a day of its own");
    run_free(&run);
}

/* An answer that is not whole says so, and ends at once. */
static void test_failure(struct tap *t, struct world *w)
{
    struct run run;

    world_sql(w, "INSERT INTO actor VALUES ('test', 'charge', NULL);"
                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
                 " INSERT INTO tcptab SELECT 'user' || i, i FROM n; DELETE FROM actor");
    run = world_run(w, "adam", "{\"command\":\"list\"}", false);
    tap_ok(t, strstr(run.lines, "\"user999\"") && strstr(run.lines, END_OK), "a long list");
    run_free(&run);
    run = world_run(w, "adam", "{\"command\":\"list\"}", true);
    tap_ok(t,
           !strstr(run.lines, "\"user999\"") &&
               strstr(run.lines, "{\"end\":71,\"why\":\"memory\"}\n"),
           "one that has failed ends, and says so");
    tap_is(t, (int64_t)run.steps, 2, "in the step that it fails in");
    run_free(&run);
}

static long until_failure; /* allocations of jansson's, the last of which fails; 0: none does */

static void *fail_in_time(size_t size)
{
    return until_failure && --until_failure == 0 ? NULL : malloc(size);
}

/* Whether it ends as the whole answer does, and has not the same rows. */
static bool is_false(const char *lines, const char *whole)
{
    const char *whole_end = strstr(whole, "{\"end\""), *end = strstr(lines, "{\"end\"");

    return end && strncmp(end, whole_end, strlen("{\"end\":0")) == 0 &&
           strncmp(lines, whole, (size_t)(whole_end - whole)) != 0;
}

/* Each allocation of a query fails in its turn: the answer is whole, or does not say that it is. */
static void test_memory(struct tap *t, struct world *w)
{
    static const char *const requests[] = {
        "{\"command\":\"show\"}",       "{\"command\":\"list\"}",
        "{\"command\":\"hosts\"}",      "{\"command\":\"top\"}",
        "{\"command\":\"why\"}",        "{\"command\":\"why\",\"host\":\"10.99.0.6\"}",
        "{\"command\":\"log\"}",        "{\"command\":\"sessions\"}",
        "{\"command\":\"period\"}",     "{\"command\":\"usage\",\"by\":\"day\"}",
        "{\"command\":\"openfw-log\"}", "{\"command\":\"audit\"}"};

    json_set_alloc_funcs(fail_in_time, free);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        json_t *request = json_loads(requests[i], 0, NULL);
        struct run whole = world_ask(w, "adam", request, false), run;
        long failures = 0, wrong = 0;
        bool failed;

        do {
            until_failure = ++failures;
            run = world_ask(w, "adam", request, false);
            failed = until_failure == 0;
            until_failure = 0;
            wrong += is_false(run.lines, whole.lines);
            run_free(&run);
        } while (failed);
        tap_ok(t, failures > 10 && wrong == 0, "%ld failures of memory in %s: %ld wrong",
               failures - 1, requests[i], wrong);
        run_free(&whole);
        json_decref(request);
    }
    json_set_alloc_funcs(malloc, free);
}

int main(void)
{
    struct tap t = {0};
    struct world w;

    if (!tap_ok(&t, world_make(&w), "a database"))
        return tap_done(&t);
    test_empty(&t, &w);
    tap_is(&t, world_sql(&w, filling), 0, "it is filled");
    test_corpus(&t, &w);
    test_odd_names(&t, &w);
    test_alone(&t, &w);
    test_rules(&t, &w);
    test_memory(&t, &w);
    test_by_hand(&t, &w);
    test_failure(&t, &w);
    world_free(&w);
    return tap_done(&t);
}
