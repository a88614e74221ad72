/*
 * Large tables: 100,000 users, one of them with 200,000 rows of use and of log, 20,000 hosts, and
 * 20,000 users on the gateway itself. Every step stays short and small, and the whole is seen as of
 * one moment.
 */
#include "query_world.h"

#define USERS 100000
#define SLOWEST_MS 20.0 /* a sorter over such a table takes more; a step here tenths of one */

static const char filling[] =
    "PRAGMA synchronous = OFF; BEGIN; INSERT INTO actor VALUES ('test', 'charge', NULL);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
    " INSERT INTO tcptab SELECT printf('user%06d', i), 10 FROM n; DELETE FROM actor;"
    "INSERT INTO allowed SELECT name FROM tcptab; DELETE FROM logging;"
    "INSERT INTO logging SELECT '2026-11-01T09:00:00Z', 'root', 'add', name, 11, 11, NULL"
    " FROM tcptab;"
    "INSERT INTO usage SELECT name, '2026-11-20T10:00:00Z', 1, 1 FROM tcptab;"
    /* The one user comes in the middle. */
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)"
    " INSERT INTO usage SELECT 'user050000x', strftime('%Y-%m-%dT%H:00:00Z', i * 3600,"
    " 'unixepoch'), 3600, 1 FROM n;"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)"
    " INSERT INTO logging SELECT '2026-11-01T09:00:00Z', 'root', 'add', 'user050000x', 1, i, NULL"
    " FROM n;"
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19999)"
    " INSERT INTO masq SELECT printf('10.99.%d.%d', i / 250, i % 250 + 1),"
    " iif(i % 2, printf('user%06d', i), 'user000001'), 1, -1, 0, 1, 0 FROM n;"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
    " INSERT INTO session (name, host, opened, closed) SELECT 'user000001', '10.99.0.1',"
    " '2026-11-20T10:00:00Z', iif(i % 2, '2026-11-20T10:00:00Z', NULL) FROM n;"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
    " INSERT INTO logging_openfw SELECT '2026-11-20T10:00:00Z', 'olga', 'opened (x/' || i || ')'"
    " FROM n;"
    /* Older than the others. Most of what there was on the gateway itself is over, and in front. */
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000)"
    " INSERT INTO session (id, name, host, opened, closed) SELECT -i,"
    " printf('user%06d', 50000 + iif(i > 20000, i / 10, i)), 'local', '2026-11-20T10:00:00Z',"
    " iif(i > 20000, '2026-11-20T10:00:00Z', NULL) FROM n; COMMIT;";

static const struct {
    const char *caller, *request;
    size_t rows;
    const char *has; /* in the answer */
} cases[] = {
    {"adam", "{\"command\":\"list\"}", USERS, "\"users\":100000}}"},
    {"user000002", "{\"command\":\"list\"}", 1, "\"users\":1}}"},
    {"user000002", "{\"command\":\"show\"}", 1, "\"hosts\":[]"},
    {"user000001", "{\"command\":\"show\"}", 1, "\"left_out\":9"},
    {"adam", "{\"command\":\"hosts\"}", 40000, "\"10.99.79.250\""},
    {"user060000", "{\"command\":\"hosts\"}", 1, "\"host\":\"local\""},
    {"user080000", "{\"command\":\"hosts\"}", 0, "\"end\":0"},
    {"user060000", "{\"command\":\"show\"}", 1, "\"host\":\"local\""},
    {"user000003", "{\"command\":\"hosts\"}", 1, "\"10.99.0.4\""},
    {"adam", "{\"command\":\"log\"}", 300000, "\"end\":0"},
    {"user000002", "{\"command\":\"log\"}", 1, "\"end\":0"},
    {"adam", "{\"command\":\"openfw-log\"}", 50000, "\"end\":0"},
    {"adam", "{\"command\":\"openfw-log\",\"user\":\"nobody\"}", 0, "\"end\":0"},
    {"adam", "{\"command\":\"usage\"}", 300000, "\"points\":300000,"},
    {"adam", "{\"command\":\"usage\",\"from\":\"2030-01-01T00:00:00Z\"}", 0, "\"points\":0,"},
    {"adam", "{\"command\":\"usage\",\"by\":\"month\",\"user\":\"user050000x\"}", 274,
     "\"points\":200000,"},
    {"user000002", "{\"command\":\"usage\"}", 1, "\"points\":1,"},
    {"adam", "{\"command\":\"audit\"}", 0, "\"users\":100001,\"wrong\":0}}"},
    {"adam", "{\"command\":\"top\"}", 30000, "\"cnts\":10001,"},
    {"user060000", "{\"command\":\"top\"}", 1, "\"hosts\":[\"local\"]"},
    {"user000003", "{\"command\":\"top\"}", 1, "\"hosts\":[\"10.99.0.4\"]"},
    {"adam", "{\"command\":\"sessions\"}", 100, "\"id\":50000,"},
    {"user000001", "{\"command\":\"sessions\"}", 100, "\"id\":50000,"},
    {"user000002", "{\"command\":\"sessions\"}", 0, "\"end\":0"},
    {"user050000x", "{\"command\":\"why\"}", 11, "\"hour\":\"1992-10-25T08:00:00Z\""},
    {"adam", "{\"command\":\"why\",\"host\":\"10.99.0.1\",\"user\":\"user000002\"}", 2,
     "own-address"},
};

static void test_sizes(struct tap *t, struct world *w)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *request = cases[i].request;
        struct run run = world_run(w, cases[i].caller, request, false);

        tap_is(t, (int64_t)world_rows(run.lines, strlen(run.lines)), (int64_t)cases[i].rows,
               "rows of %s for %s", request, cases[i].caller);
        if (!tap_ok(t, strstr(run.lines, cases[i].has) && !run.answer.failed, "it has %s",
                    cases[i].has))
            tap_note("it ends in `%.200s'",
                     run.lines + (strlen(run.lines) > 200 ? strlen(run.lines) - 200 : 0));
        if (!tap_ok(t, run.most <= QUERY_ROWS && run.slowest_ms < SLOWEST_MS,
                    "each step is short, and small"))
            tap_note("%zu rows, %.1f ms", run.most, run.slowest_ms);
        if (getenv("QUERY_PRINT"))
            tap_note("%zu steps, at most %zu rows, %.2f ms", run.steps, run.most, run.slowest_ms);
        run_free(&run);
    }
}

static bool has(const struct answer *answer, const char *text)
{
    return memmem(answer->text, answer->len, text, strlen(text)) != NULL;
}

/* While a query is under way every balance goes, and a new configuration comes. */
static void test_moment(struct tap *t, struct world *w)
{
    struct conf *first = malloc(sizeof *first);
    struct query_terms terms = {
        .conf = first, .topology = &w->topology, .caller = {.is_admin = true}, .now = {WORLD_NOW}};
    json_t *request = json_pack("{s:s}", "command", "top");
    struct answer answer = {0};
    struct store *reader;
    struct query *q;

    *first = w->conf;
    store_open(&reader, w->path, STORE_READER);
    q = query_new(reader, &terms, "top", request, &answer);
    while (query_step(q, &answer) && !answer_waiting(&answer))
        ;
    tap_ok(t, has(&answer, "\"quota\":10,") && has(&answer, "0.02 SEK"), "the first row is there");
    tap_is(t,
           world_sql(w, "PRAGMA synchronous = OFF; BEGIN;"
                        "INSERT INTO actor VALUES ('test', 'charge', NULL);"
                        "UPDATE tcptab SET quota = 0; DELETE FROM actor; COMMIT"),
           0, "every balance is taken away");
    w->conf.money_value = "EUR";
    query_use_conf(q, &w->conf);
    free(first);
    while (query_step(q, &answer))
        ;
    tap_ok(t, has(&answer, "\"quota\":10,\"money\":\"0.02 EUR\"") && !has(&answer, "\"quota\":0,"),
           "it goes on as of the moment it began at, under the configuration that holds now");
    query_free(q);
    answer_free(&answer);
    terms.conf = &w->conf;
    q = query_new(reader, &terms, "top", request, &answer);
    while (query_step(q, &answer))
        ;
    tap_ok(t, has(&answer, "\"quota\":0,") && !has(&answer, "\"quota\":10,"),
           "the next one on the same store sees what is there now");
    query_free(q);
    answer_free(&answer);
    json_decref(request);
    store_close(reader);
}

int main(void)
{
    struct tap t = {0};
    struct world w;

    if (tap_ok(&t, world_make(&w) && world_sql(&w, filling) == 0, "a large database")) {
        test_sizes(&t, &w);
        test_moment(&t, &w);
    }
    world_free(&w);
    return tap_done(&t);
}
