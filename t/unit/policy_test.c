/*
 * The policy: what it says after following the database change by change is what it says when it
 * reads it all anew, whatever statements have changed it; and who is open, and sql=.
 */
#include "database.h"
#include "policy.h"
#include "tap.h"

#include <errno.h>

#define ADDRESSES 12
#define STEPS 600

static struct conf conf;
static unsigned bad_rows;

static void note_bad(void *context, int64_t group, const char *text)
{
    (void)context;
    (void)group;
    (void)text;
    bad_rows++;
}

static struct policy *open_policy(struct database *d)
{
    struct policy *p = NULL;

    if (policy_open(&p, d->store, &conf, note_bad, NULL) != 0)
        database_fail("policy_open", store_error(d->store));
    return p;
}

static struct addr addr_of(const char *text)
{
    struct addr a = {0};

    if (addr_parse(text, &a) != 0)
        tap_note("the test itself is wrong: %s", text);
    return a;
}

static struct addr nth(unsigned n)
{
    const uint8_t bytes[4] = {10, 0, 0, (uint8_t)n};

    return addr_make(AF_INET, bytes);
}

/* A change as administrators make them, about few addresses so that they meet. */
static void change(struct database *d, unsigned *seed)
{
    static const char *const forms[] = {
        "INSERT OR IGNORE INTO validipaddress VALUES (%u, '10.0.0.%u')",
        "INSERT OR REPLACE INTO validipaddress VALUES (%u, '10.0.0.%u')",
        "DELETE FROM validipaddress WHERE hostGroup = %u AND hostAddress = '10.0.0.%u'",
        "INSERT INTO validipaddress VALUES (%u, '10.0.0.%u') ON CONFLICT DO NOTHING",
        "INSERT INTO validipaddress VALUES (%u, '10.0.0.%u') ON CONFLICT DO UPDATE SET "
        "hostGroup = hostGroup",
        "INSERT OR IGNORE INTO validipaddress VALUES (%u, '10.0.0.%u-10.0.0.200')",
        "DELETE FROM validipaddress WHERE hostGroup = %u AND hostAddress LIKE '10.0.0.%u-%%'",
        "UPDATE OR REPLACE validipaddress SET hostGroup = %u WHERE hostAddress = '10.0.0.%u'",
        "PRAGMA recursive_triggers = ON; REPLACE INTO validipaddress VALUES (%u, '10.0.0.%u')",
        "PRAGMA recursive_triggers = OFF; REPLACE INTO validipaddress VALUES (%u, '10.0.0.%u')",
        "INSERT OR REPLACE INTO validipaddress VALUES (%u, '::ffff:10.0.0.%u')",
        "DELETE FROM validipaddress WHERE hostGroup = %u AND hostAddress = '::ffff:10.0.0.%u'",
        "BEGIN; INSERT OR IGNORE INTO validipaddress VALUES (%u, '10.0.0.%u'); ROLLBACK",
    };
    char sql[256];
    unsigned form = (unsigned)rand_r(seed) % (sizeof forms / sizeof *forms);
    unsigned group = 1 + (unsigned)rand_r(seed) % 2, n = (unsigned)rand_r(seed) % ADDRESSES;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(sql, sizeof sql, forms[form], group, n);
#pragma GCC diagnostic pop
    database_write(d, sql);
}

static void test_follow(struct tap *t, const char *group, bool authoritative)
{
    struct database d;
    struct policy *p;
    unsigned seed = 11, apart = 0, failed = 0;

    conf = (struct conf){.auth = {.host_group = (char *)(uintptr_t)group,
                                  .sql = (char *)(uintptr_t) "",
                                  .authoritative = authoritative}};
    database_make(&d);
    database_write(&d, "INSERT INTO hostgroup VALUES (1, 'lab'), (2, 'others')");
    p = open_policy(&d);
    for (int step = 0; step < STEPS; step++) {
        struct policy *anew;

        for (int i = rand_r(&seed) % 4; i >= 0; i--)
            change(&d, &seed);
        failed += policy_refresh(p) < 0;
        anew = open_policy(&d);
        for (unsigned n = 0; n < ADDRESSES + 2; n++) {
            struct addr a = nth(n);

            apart += policy_by_list(p, &a) != policy_by_list(anew, &a);
        }
        policy_close(anew);
    }
    tap_is(t, failed, 0, "group `%s': looks that failed", group);
    tap_is(t, apart, 0, "group `%s': answers that differ from those of a policy read anew", group);
    policy_close(p);
    database_remove(&d);
}

static void tap_list(struct tap *t, struct policy *p, const char *text, enum answer_verdict verdict)
{
    struct addr a = addr_of(text);

    tap_is(t, policy_by_list(p, &a), verdict, "%s", text);
}

/* More changes than the database remembers, and those that it does not write down. */
static void test_gaps(struct tap *t)
{
    struct database d;
    struct policy *p;

    conf = (struct conf){.auth = {.host_group = (char *)(uintptr_t) "lab",
                                  .sql = (char *)(uintptr_t) "",
                                  .authoritative = true}};
    database_make(&d);
    database_write(&d, "INSERT INTO hostgroup VALUES (1, 'lab')");
    p = open_policy(&d);
    tap_is(t, policy_refresh(p), 0, "nothing has changed");
    database_write(&d,
                   "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1999)"
                   " INSERT INTO validipaddress SELECT 1, '10.1.' || (i / 250) || '.' || (i % 250)"
                   " FROM n");
    tap_text(t, database_read(&d, "SELECT count(*) FROM addresschange"), "1000",
             "no more than so many changes are kept");
    tap_is(t, policy_refresh(p), POLICY_LISTS, "two thousand at once");
    tap_list(t, p, "10.1.0.0", ANSWER_PASS);
    tap_list(t, p, "10.1.7.249", ANSWER_PASS);
    database_write(&d, "UPDATE hostgroup SET name = 'x'");
    tap_is(t, policy_refresh(p), POLICY_LISTS, "a group that has another name");
    tap_list(t, p, "10.1.0.0", ANSWER_BLOCK);
    tap_is(t, policy_lacks_group(p), true, "is not there any more");
    database_write(&d, "UPDATE hostgroup SET name = 'lab'");
    policy_refresh(p);
    tap_list(t, p, "10.1.0.0", ANSWER_PASS);
    database_write(&d, "DELETE FROM addresschange; DELETE FROM validipaddress WHERE hostAddress ="
                       " '10.1.0.0'");
    policy_refresh(p);
    tap_list(t, p, "10.1.0.0", ANSWER_BLOCK);
    tap_list(t, p, "10.1.0.1", ANSWER_PASS);
    database_write(&d, "DELETE FROM policy WHERE topic = 'lists'");
    tap_is(t, policy_refresh(p), -EBADMSG, "a generation that is missing is an error");
    tap_list(t, p, "10.1.0.1", ANSWER_PASS);
    bad_rows = 0;
    database_write(&d, "INSERT INTO policy VALUES ('lists', 100000);"
                       " INSERT INTO validipaddress VALUES (1, '10.0.0.256')");
    tap_is(t, policy_refresh(p), POLICY_LISTS, "one that has grown by much");
    tap_is(t, bad_rows, 1, "a row that is no address is told of");
    policy_close(p);
    database_remove(&d);
}

static void tap_ask(struct tap *t, struct policy *p, const char *text, enum answer_verdict verdict,
                    enum answer_reason reason, const char *what)
{
    struct addr a = addr_of(text);
    struct answer_kind answer = {.verdict = 99};

    tap_is(t, policy_ask(p, &a, 80, &answer), 0, "%s: is answered", what);
    tap_is(t, answer.verdict, verdict, "%s: verdict", what);
    tap_is(t, answer.reason, reason, "%s: reason", what);
}

static void test_quota(struct tap *t)
{
    struct name_list users = {(char *[]){(char *)(uintptr_t) "free"}, 1};
    struct prefix net;
    struct database d;
    struct policy *p;

    prefix_parse("10.0.0.0/8", &net);
    conf = (struct conf){.auth = {.host_group = (char *)(uintptr_t) "",
                                  .sql = (char *)(uintptr_t) "",
                                  .authoritative = true,
                                  .quota = true},
                         .users = users,
                         .localnet = {&net, 1},
                         .fw_hours = {0, 24, 0x7f}};
    database_make(&d);
    database_write(&d, "INSERT INTO allowed VALUES ('alice'), ('bob');"
                       " INSERT INTO tcptab VALUES ('alice', 10), ('bob', 0);"
                       " INSERT INTO masq (host, name, open) VALUES ('10.0.0.1', 'alice', 1),"
                       " ('10.0.0.2', 'bob', 1), ('10.0.0.3', 'alice', 2), ('10.0.0.4', 'free', 1),"
                       " ('10.0.0.5', 'eve', 1), ('11.0.0.1', 'alice', 1)");
    p = open_policy(&d);
    tap_ask(t, p, "10.0.0.1", ANSWER_PASS, ANSWERED_BY_QUOTA, "open, with quota");
    tap_ask(t, p, "10.0.0.2", ANSWER_BLOCK, ANSWERED_BY_QUOTA, "open, without quota");
    tap_ask(t, p, "10.0.0.3", ANSWER_BLOCK, ANSWERED_BY_QUOTA, "not open yet");
    tap_ask(t, p, "10.0.0.4", ANSWER_PASS, ANSWERED_BY_QUOTA, "a free user");
    tap_ask(t, p, "10.0.0.5", ANSWER_BLOCK, ANSWERED_BY_QUOTA, "not allowed");
    tap_ask(t, p, "11.0.0.1", ANSWER_BLOCK, ANSWERED_BY_QUOTA, "not in LOCALNET");
    tap_ask(t, p, "10.0.0.9", ANSWER_BLOCK, ANSWERED_BY_QUOTA, "no row");
    database_write(&d, "INSERT INTO validipaddress VALUES (1, '10.0.0.9')");
    tap_is(t, policy_refresh(p), POLICY_LISTS, "the lists alone have changed");
    tap_ask(t, p, "10.0.0.9", ANSWER_PASS, ANSWERED_BY_LIST, "in a list");
    database_write(&d, "UPDATE tcptab SET quota = 5 WHERE name = 'bob'");
    tap_is(t, policy_refresh(p), POLICY_HOSTS, "a deposit is a change");
    tap_ask(t, p, "10.0.0.2", ANSWER_PASS, ANSWERED_BY_QUOTA, "and counts");
    database_write(&d, "UPDATE masq SET cnts = 5, counter = 7, tic = 3");
    tap_is(t, policy_refresh(p), 0, "what a pass writes is none");
    database_write(&d, "BEGIN; INSERT INTO actor (user, action) VALUES ('tcpquotad', 'charge');"
                       " UPDATE tcptab SET quota = quota - 1; DELETE FROM actor; COMMIT");
    tap_is(t, policy_refresh(p), 0, "nor is a charge");
    database_write(&d, "UPDATE masq SET open = 0 WHERE host = '10.0.0.1'");
    tap_is(t, policy_refresh(p), POLICY_HOSTS, "a host that closes is one");
    policy_close(p);
    database_remove(&d);
}

static void test_own(struct tap *t)
{
    struct policy_facts facts;
    struct database d;
    struct policy *p = NULL;

    conf =
        (struct conf){.auth = {.host_group = (char *)(uintptr_t) "lab",
                               .sql = (char *)(uintptr_t) "SELECT CASE :ip WHEN '10.0.0.1' THEN 1"
                                                          " WHEN '10.0.0.2' THEN 0 WHEN '10.0.0.3'"
                                                          " THEN :port = 80 AND :group = 'lab' END",
                               .authoritative = true}};
    database_make(&d);
    p = open_policy(&d);
    tap_ask(t, p, "10.0.0.1", ANSWER_PASS, ANSWERED_BY_SQL, "sql: 1");
    tap_ask(t, p, "10.0.0.2", ANSWER_BLOCK, ANSWERED_BY_SQL, "sql: 0");
    tap_ask(t, p, "10.0.0.3", ANSWER_PASS, ANSWERED_BY_SQL, "sql: port and group");
    tap_ask(t, p, "10.0.0.4", ANSWER_BLOCK, ANSWERED_BY_SQL, "sql: NULL");
    conf.auth.authoritative = false;
    tap_ask(t, p, "10.0.0.4", ANSWER_NEXT, ANSWERED_BY_SQL, "sql: NULL, not authoritative");
    tap_ask(t, p, "10.0.0.2", ANSWER_BLOCK, ANSWERED_BY_SQL, "sql: 0, not authoritative");
    policy_get_facts(p, &facts);
    tap_is(t, (int64_t)facts.questions, 6, "so many questions");
    policy_close(p);
    p = NULL;
    conf.auth.sql = (char *)(uintptr_t) "SELECT 1; SELECT 2";
    tap_is(t, policy_open(&p, d.store, &conf, note_bad, NULL), -EINVAL, "two statements");
    database_remove(&d);
}

int main(void)
{
    struct tap t = {0};

    test_follow(&t, "lab", true);
    test_follow(&t, "", true);
    test_follow(&t, "lab", false);
    test_gaps(&t);
    test_quota(&t);
    test_own(&t);
    return tap_done(&t);
}
