/* The commands that change balances: what they answer, what stands afterwards, what is logged. */
#include "change.h"
#include "database.h"

#include <errno.h>

static char free_name[] = "frida", money_value[] = "SEK";
static char *free_names[] = {free_name};
static const struct conf conf = {
    .users = {.names = free_names, .count = 1}, .rate_quota = 100000, .money_value = money_value};
static const struct caller admin = {.name = {"bert"}, .is_admin = true, .uid = 1000};

/* The answer's lines; what came of it is in *rc. Takes the request; lives until the next call. */
static const char *ask_with(struct database *d, const struct caller *caller, json_t *request,
                            int *rc)
{
    static char text[4096];
    struct answer answer = {0};

    if (!request)
        database_fail("a request", "the test itself is wrong");
    *rc = change_run(d->store, &conf, caller, request, &answer);
    snprintf(text, sizeof text, "%.*s", (int)answer_waiting(&answer),
             answer.text ? answer.text + answer.taken : "");
    answer_free(&answer);
    json_decref(request);
    return text;
}

static const char *ask_as(struct database *d, const struct caller *caller, const char *request,
                          int *rc)
{
    return ask_with(d, caller, json_loads(request, 0, NULL), rc);
}

static const char *ask(struct database *d, const char *request)
{
    int rc;
    const char *text = ask_as(d, &admin, request, &rc);

    if (rc < 0)
        tap_note("change_run() returned %d", rc);
    return text;
}

/* The word of the reason, and the exit code. */
static const char *why(const char *answer)
{
    static char text[64];
    const char *end = strstr(answer, "{\"end\":");
    int code = -1;

    snprintf(text, sizeof text, "no end in `%s'", answer);
    if (end && sscanf(end, "{\"end\":%d,\"why\":\"%31[^\"]", &code, text) == 2)
        snprintf(text + strlen(text), sizeof text - strlen(text), " %d", code);
    return text;
}

static void check_audit(struct tap *t, struct database *d, const char *when)
{
    tap_text(t, database_read(d, DATABASE_AUDIT), "", "%s: the audit is right", when);
    tap_text(t, database_read(d, "SELECT count(*) FROM actor"), "0", "%s: nobody acts", when);
}

/* The first charge of alice. */
#define CHARGED(points)                                                                            \
    "INSERT INTO actor VALUES ('tcpquotad', 'charge', NULL);"                                      \
    "INSERT INTO tcptab VALUES ('alice', -" points ");"                                            \
    "INSERT INTO usage (name, hour, seconds, points)"                                              \
    " VALUES ('alice', '2026-11-21T09:00:00Z', 1, " points "); DELETE FROM actor"

/* What stood before, the request, and all of what comes of it. */
static const struct {
    const char *what, *before, *request, *why, *row, *user, *log;
} cases[] = {
    {"allow, new", "", "'command':'allow','user':'alice'", "ok 0",
     "{\"name\":\"alice\",\"quota\":0,\"allowed\":true,\"free\":false,\"delta\":0,"
     "\"money\":\"0.00 SEK\",\"left\":\"0:00:00\"}",
     "0|1", "bert|allow|0|0|allowed"},
    {"allow, with a reason", "", "'command':'allow','user':'alice','reason':'pupil'", "ok 0", NULL,
     "0|1", "bert|allow|0|0|pupil"},
    {"allow, who has a balance", "INSERT INTO tcptab VALUES ('alice', 60)",
     "'command':'allow','user':'alice'", "ok 0",
     "{\"name\":\"alice\",\"quota\":60,\"allowed\":true,\"free\":false,\"delta\":0,"
     "\"money\":\"0.10 SEK\",\"left\":\"0:01:00\"}",
     "60|1", "bert|allow|0|60|allowed"},
    {"allow, who is allowed",
     "INSERT INTO allowed VALUES ('alice'); "
     "INSERT INTO tcptab VALUES ('alice', 60)",
     "'command':'allow','user':'alice'", "already 0", NULL, "60|1", ""},
    {"allow, who is allowed and has no row", "INSERT INTO allowed VALUES ('alice')",
     "'command':'allow','user':'alice'", "already 0", NULL, "0|1", ""},
    {"deny", "INSERT INTO allowed VALUES ('alice'); INSERT INTO tcptab VALUES ('alice', 60)",
     "'command':'deny','user':'alice','reason':'games'", "ok 0",
     "{\"name\":\"alice\",\"quota\":60,\"allowed\":false,\"free\":false,\"delta\":0,"
     "\"money\":\"0.10 SEK\",\"left\":\"0:01:00\"}",
     "60|0", "bert|deny|0|60|games"},
    {"deny, who is not allowed", "INSERT INTO tcptab VALUES ('alice', 60)",
     "'command':'deny','user':'alice','reason':'games'", "no 1", "", "60|0", ""},
    {"deny, unknown", "", "'command':'deny','user':'alice','reason':'games'", "no-user 1", "",
     "NULL|0", ""},
    {"deny without a reason", "INSERT INTO allowed VALUES ('alice')",
     "'command':'deny','user':'alice'", "no-reason 64", "", "NULL|1", ""},
    {"deny, the reason is blank", "INSERT INTO allowed VALUES ('alice')",
     "'command':'deny','user':'alice','reason':'  '", "no-reason 64", "", "NULL|1", ""},
    {"add, new", "", "'command':'add','user':'alice','points':3600,'reason':'paid'", "ok 0",
     "{\"name\":\"alice\",\"quota\":3600,\"allowed\":true,\"free\":false,\"delta\":3600,"
     "\"money\":\"6.00 SEK\",\"left\":\"1:00:00\"}",
     "3600|1", "bert|add|0|0|paid; bert|add|3600|3600|paid"},
    {"add, new, without a reason", "", "'command':'add','user':'alice','points':1", "ok 0", NULL,
     "1|1", "bert|add|0|0|allowed; bert|add|1|1|NULL"},
    {"add, who has a balance", "INSERT INTO tcptab VALUES ('alice', -60)",
     "'command':'add','user':'alice','points':90", "ok 0", NULL, "30|0", "bert|add|90|30|NULL"},
    {"add, who was charged after it was deleted",
     "INSERT INTO allowed VALUES ('alice'); INSERT INTO tcptab VALUES ('alice', 60);"
     "INSERT INTO actor VALUES ('bert', 'delete', 'left'); DELETE FROM allowed;"
     "DELETE FROM tcptab; DELETE FROM actor;" CHARGED("1"),
     "'command':'add','user':'alice','points':90", "ok 0", NULL, "89|1",
     "bert|add|0|-1|allowed; bert|add|90|89|NULL"},
    {"add, who was charged and never known", CHARGED("7"),
     "'command':'add','user':'alice','points':90", "ok 0", NULL, "83|1",
     "bert|add|0|-7|allowed; bert|add|90|83|NULL"},
    {"add, who was denied, and charged since",
     "INSERT INTO allowed VALUES ('alice'); DELETE FROM allowed;" CHARGED("7"),
     "'command':'add','user':'alice','points':90", "ok 0", NULL, "83|0", "bert|add|90|83|NULL"},
    {"add, who is allowed", "INSERT INTO allowed VALUES ('alice')",
     "'command':'add','user':'alice','points':90", "ok 0", NULL, "90|1", "bert|add|90|90|NULL"},
    {"add, as much as there can be", "", "'command':'add','user':'alice','points':1000000000000000",
     "ok 0", NULL, "1000000000000000|1",
     "bert|add|0|0|allowed; bert|add|1000000000000000|1000000000000000|NULL"},
    {"add, one too many", "", "'command':'add','user':'alice','points':1000000000000001",
     "request 65", "", "NULL|0", ""},
    {"add, the sum is too much", "INSERT INTO tcptab VALUES ('alice', 1)",
     "'command':'add','user':'alice','points':1000000000000000", "range 65", "", "1|0", ""},
    {"add, nothing", "", "'command':'add','user':'alice','points':0", "request 65", "", "NULL|0",
     ""},
    {"add, negative", "", "'command':'add','user':'alice','points':-1", "request 65", "", "NULL|0",
     ""},
    {"take", "INSERT INTO tcptab VALUES ('alice', 60)",
     "'command':'take','user':'alice','points':90,'reason':'mistake'", "ok 0",
     "{\"name\":\"alice\",\"quota\":-30,\"allowed\":false,\"free\":false,\"delta\":-90,"
     "\"money\":\"-0.05 SEK\",\"left\":\"-0:00:30\"}",
     "-30|0", "bert|take|-90|-30|mistake"},
    {"take, no balance yet", "INSERT INTO allowed VALUES ('alice')",
     "'command':'take','user':'alice','points':90,'reason':'mistake'", "ok 0", NULL, "-90|1",
     "bert|take|-90|-90|mistake"},
    {"take, unknown", "", "'command':'take','user':'alice','points':90,'reason':'mistake'",
     "no-user 1", "", "NULL|0", ""},
    {"take without a reason", "INSERT INTO tcptab VALUES ('alice', 60)",
     "'command':'take','user':'alice','points':90", "no-reason 64", "", "60|0", ""},
    {"take, the rest is too little", "INSERT INTO tcptab VALUES ('alice', -1)",
     "'command':'take','user':'alice','points':1000000000000000,'reason':'x'", "range 65", "",
     "-1|0", ""},
    {"set", "INSERT INTO tcptab VALUES ('alice', 60)", "'command':'set','user':'alice','points':-5",
     "ok 0", NULL, "-5|0", "bert|set|-65|-5|NULL"},
    {"set, new", "", "'command':'set','user':'alice','points':5", "ok 0", NULL, "5|0",
     "bert|set|5|5|NULL"},
    {"set, as it is", "INSERT INTO tcptab VALUES ('alice', 60)",
     "'command':'set','user':'alice','points':60", "ok 0", NULL, "60|0", ""},
    {"set, the least", "", "'command':'set','user':'alice','points':-1000000000000000", "ok 0",
     NULL, "-1000000000000000|0", "bert|set|-1000000000000000|-1000000000000000|NULL"},
    {"set, less", "", "'command':'set','user':'alice','points':-1000000000000001", "request 65", "",
     "NULL|0", ""},
    {"delete", "INSERT INTO allowed VALUES ('alice'); INSERT INTO tcptab VALUES ('alice', 60)",
     "'command':'delete','user':'alice','reason':'left'", "ok 0",
     "{\"name\":\"alice\",\"quota\":0,\"allowed\":false,\"free\":false,\"delta\":-60,"
     "\"money\":\"0.00 SEK\",\"left\":\"0:00:00\"}",
     "NULL|0", "bert|delete|0|60|left; bert|delete|-60|0|left"},
    {"delete, only allowed", "INSERT INTO allowed VALUES ('alice')",
     "'command':'delete','user':'alice','reason':'left'", "ok 0", NULL, "NULL|0",
     "bert|delete|0|0|left"},
    {"delete, only a balance", "INSERT INTO tcptab VALUES ('alice', 60)",
     "'command':'delete','user':'alice','reason':'left'", "ok 0", NULL, "NULL|0",
     "bert|delete|-60|0|left"},
    {"delete, unknown", "", "'command':'delete','user':'alice','reason':'left'", "no-user 1", "",
     "NULL|0", ""},
    {"delete without a reason", "INSERT INTO tcptab VALUES ('alice', 60)",
     "'command':'delete','user':'alice'", "no-reason 64", "", "60|0", ""},
    {"a member too many", "", "'command':'allow','user':'alice','points':3", "request 65", "",
     "NULL|0", ""},
    {"no user", "", "'command':'allow'", "request 65", "", "NULL|0", ""},
    {"points are no number", "", "'command':'add','user':'alice','points':'3'", "request 65", "",
     "NULL|0", ""},
    {"points are a fraction", "", "'command':'add','user':'alice','points':3.5", "request 65", "",
     "NULL|0", ""},
    {"a reason on two lines", "", "'command':'add','user':'alice','points':3,'reason':'a\\nb'",
     "request 65", "", "NULL|0", ""},
    {"a reason that a terminal obeys", "",
     "'command':'add','user':'alice','points':3,'reason':'a\\u009bb'", "request 65", "", "NULL|0",
     ""},
    {"a reason in Swedish", "", "'command':'set','user':'alice','points':3,'reason':'på köp'",
     "ok 0", NULL, "3|0", "bert|set|3|3|på köp"},
    {"somebody else's traces", "INSERT INTO actor VALUES ('eve', 'edit', 'forgotten')",
     "'command':'set','user':'alice','points':3", "ok 0", NULL, "3|0", "bert|set|3|3|NULL"},
};

/* The request with proper quotes. */
static const char *request_of(const char *members)
{
    static char text[1024];
    size_t len = (size_t)snprintf(text, sizeof text, "{%s}", members);

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\'')
            text[i] = '"';
    }
    return text;
}

static void test_commands(struct tap *t)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *what = cases[i].what, *answer;
        struct database d;
        char row[512] = "";

        database_make(&d);
        database_write(&d, cases[i].before);
        database_write(&d, "CREATE TABLE seen AS SELECT max(rowid) AS last FROM logging");
        answer = ask(&d, request_of(cases[i].request));
        sscanf(answer, "{\"row\":%511[^\n]", row);
        if (row[0])
            row[strlen(row) - 1] = '\0';
        tap_text(t, why(answer), cases[i].why, "%s: why", what);
        tap_text(t, row, cases[i].row ? cases[i].row : row, "%s: row", what);
        tap_is(t, row[0] != '\0', !cases[i].row || cases[i].row[0], "%s: rows", what);
        tap_text(t,
                 database_read(&d, "SELECT (SELECT quota FROM tcptab WHERE name = 'alice'),"
                                   " (SELECT count(*) FROM allowed WHERE name = 'alice')"),
                 cases[i].user, "%s: what stands", what);
        tap_text(t,
                 database_read(&d, "SELECT user, action, delta, balance, reason FROM logging"
                                   " WHERE rowid > (SELECT coalesce(last, 0) FROM seen)"),
                 cases[i].log, "%s: what is logged", what);
        check_audit(t, &d, what);
        database_remove(&d);
    }
}

static void test_who_may(struct tap *t)
{
    static const struct caller user = {.name = {"alice"}, .is_operator = true, .uid = 1001};
    static const char *const requests[] = {
        "'command':'allow','user':'alice'", "'command':'add','user':'alice','points':1",
        "'command':'period-new'", "'command':'set','user':'alice','points':1",
        "'command':'delete','user':'alice','reason':'x'"};
    struct database d;
    int rc;

    database_make(&d);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        tap_text(t, why(ask_as(&d, &user, request_of(requests[i]), &rc)), "not-permitted 77",
                 "not for operators: %s", requests[i]);
    tap_text(t, database_read(&d, "SELECT count(*) FROM tcptab"), "0", "and nothing has changed");
    tap_ok(t, !change_knows("show") && !change_knows("") && change_knows("period-new"),
           "which commands it knows");
    database_remove(&d);
}

static void test_names(struct tap *t)
{
    static const struct {
        const char *name, *why;
    } names[] = {
        {"a' OR '1", "ok 0"},
        {"x'); DROP TABLE tcptab; --", "ok 0"},
        {"%", "ok 0"},
        {"g\xc3\xb6ran", "ok 0"},
        {"12345678901234567890123456789012", "ok 0"},
        {"123456789012345678901234567890123", "no-name 65"},
        {"", "no-name 65"},
        {"a\nb", "no-name 65"},
    };
    struct database d;
    int rc;

    database_make(&d);
    database_write(&d, "INSERT INTO tcptab VALUES ('other', 7)");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *request =
            json_pack("{s:s, s:s, s:i}", "command", "add", "user", names[i].name, "points", 5);

        tap_text(t, why(ask_with(&d, &admin, request, &rc)), names[i].why, "name %zu", i);
    }
    tap_text(t, database_read(&d, "SELECT name, quota FROM tcptab WHERE name <> 'other'"),
             "%|5; 12345678901234567890123456789012|5; a' OR '1|5; g\xc3\xb6ran|5; "
             "x'); DROP TABLE tcptab; --|5",
             "each has its own balance");
    tap_text(t, database_read(&d, "SELECT quota FROM tcptab WHERE name = 'other'"), "7",
             "nobody else's has changed");
    tap_text(t,
             why(ask(&d, "{\"command\":\"take\",\"user\":\"frida\",\"points\":5,"
                         "\"reason\":\"x\"}")),
             "ok 0", "a free user is known without a row");
    check_audit(t, &d, "names");
    database_remove(&d);
}

static void test_periods(struct tap *t)
{
    struct database d;
    const char *answer;
    char expected[128];

    database_make(&d);
    tap_zone("Asia/Tokyo");
    answer = ask(&d, "{\"command\":\"period-new\"}");
    tap_text(t, why(answer), "ok 0", "a period begins");
    snprintf(expected, sizeof expected, "{\"row\":{\"id\":1,\"period\":\"%s\",\"quota\":0}}",
             database_read(&d, "SELECT period FROM periodtab WHERE id = 1"));
    tap_is(t, strncmp(answer, expected, strlen(expected)), 0, "its row: %s", expected);
    tap_text(t,
             database_read(&d, "SELECT period GLOB '[0-9][0-9][0-9][0-9][01][0-9][0-3][0-9] "
                               "[0-2][0-9][0-5][0-9]', period BETWEEN"
                               " strftime('%Y%m%d %H%M', 'now', '+539 minutes') AND"
                               " strftime('%Y%m%d %H%M', 'now', '+540 minutes')"
                               " FROM periodtab WHERE id = 1"),
             "1|1", "it is now, in local time");
    tap_zone("UTC");
    database_write(&d, "UPDATE periodtab SET id = 41 WHERE id = 1");
    ask(&d, "{\"command\":\"period-new\",\"period\":\"autumn's term\"}");
    tap_text(t, database_read(&d, "SELECT id, period, quota FROM periodtab WHERE id > 41"),
             "42|autumn's term|0", "the next one has a text of its own");
    tap_text(t, why(ask(&d, "{\"command\":\"period-new\",\"period\":\" \"}")), "request 65",
             "a blank one is refused");
    tap_text(t, why(ask(&d, "{\"command\":\"period-new\",\"user\":\"alice\"}")), "request 65",
             "a period has no user");
    database_write(&d, "DELETE FROM periodtab");
    ask(&d, "{\"command\":\"period-new\"}");
    tap_text(t, database_read(&d, "SELECT id FROM periodtab"), "0", "the first one is 0");
    check_audit(t, &d, "periods");
    database_remove(&d);
}

static void test_busy(struct tap *t)
{
    static const char request[] = "{\"command\":\"add\",\"user\":\"alice\",\"points\":5}";
    struct database d;
    const char *answer;
    int rc;

    database_make(&d);
    database_write(&d, "BEGIN IMMEDIATE");
    answer = ask_as(&d, &admin, request, &rc);
    tap_is(t, rc, -EBUSY, "while somebody writes it is -EBUSY");
    tap_text(t, answer, "", "and nothing is answered");
    database_write(&d, "COMMIT");
    tap_text(t, why(ask_as(&d, &admin, request, &rc)), "ok 0", "and afterwards it is done");
    tap_is(t, rc, 1, "returned: something was changed");
    database_write(&d, "CREATE TRIGGER broken BEFORE INSERT ON logging"
                       " BEGIN SELECT RAISE(ABORT, 'no room'); END");
    answer = ask_as(&d, &admin, request, &rc);
    tap_text(t, why(answer), "database 74", "what fails in between is told");
    tap_ok(t, strstr(answer, "\"detail\":\"no room\"") != NULL, "with what it says");
    tap_text(t, database_read(&d, "SELECT quota FROM tcptab"), "5", "and undone");
    database_write(&d, "DROP TRIGGER broken");
    tap_text(t, why(ask(&d, request)), "ok 0", "and the store goes on");
    check_audit(t, &d, "after a failure");
    database_remove(&d);
}

/* Whatever comes after what, with charges in between. */
static void test_random(struct tap *t)
{
    static const char *const commands[] = {"allow", "deny", "add", "take", "set", "delete"};
    static const char *const names[] = {"alice", "bob", "a' OR '1"};
    unsigned seed = 7, wrong = 0;
    struct database d;

    database_make(&d);
    for (int i = 0; i < 600; i++) {
        struct user_name user;
        char request[256];
        int what = rand_r(&seed) % 7;
        long points = rand_r(&seed) % 10000 + 1;

        snprintf(user.text, sizeof user.text, "%s", names[rand_r(&seed) % 3]);
        if (what == 6) {
            struct charge charge = {.user = user, .points = points, .seconds = 1};

            wrong +=
                store_begin(d.store) || store_charge(d.store, &charge) || store_commit(d.store);
        } else {
            snprintf(request, sizeof request,
                     "{\"command\":\"%s\",\"user\":\"%s\",\"reason\":\"r\"", commands[what],
                     user.text);
            if (what >= 2 && what <= 4)
                snprintf(request + strlen(request), sizeof request - strlen(request),
                         ",\"points\":%ld", points);
            snprintf(request + strlen(request), sizeof request - strlen(request), "}");
            ask(&d, request);
        }
        wrong += database_read(&d, DATABASE_AUDIT)[0] != '\0';
    }
    tap_is(t, wrong, 0, "600 changes and charges, each with the audit right");
    tap_ok(t,
           strtol(database_read(&d, "SELECT count(DISTINCT action) FROM logging"), NULL, 10) == 6,
           "all of them were met");
    database_remove(&d);
}

int main(void)
{
    struct tap t = {0};

    test_commands(&t);
    test_who_may(&t);
    test_names(&t);
    test_periods(&t);
    test_busy(&t);
    test_random(&t);
    return tap_done(&t);
}
