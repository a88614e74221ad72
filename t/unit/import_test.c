/* Dumps of the old tables: what is taken over, what is refused, and that it is all or nothing. */
#include "import.h"
#include "database.h"
#include "import_value.h"

#include <errno.h>
#include <sys/stat.h>

#define CREATE                                                                                     \
    "CREATE TABLE tcptab (name CHAR(20) NOT NULL, quota INT) \\g\n"                                \
    "CREATE TABLE allowed (name CHAR(20) NOT NULL) \\g\n"                                          \
    "CREATE TABLE periodtab (id INT NOT NULL, period CHAR(20) NOT NULL, quota INT) \\g\n"          \
    "CREATE TABLE masq (host CHAR(15), name CHAR(20)) \\g\n"                                       \
    "CREATE TABLE logging_openfw (when CHAR(14), user CHAR(8), action CHAR(57)) \\g\n"             \
    "CREATE TABLE logging (when CHAR(14), user CHAR(8), action CHAR(57)) \\g\n"

/* What was told: `LINE: TEXT`, a line each. */
struct told {
    char text[8192];
    unsigned count;
};

static void note(void *context, size_t line, const char *text)
{
    struct told *told = context;
    size_t len = strlen(told->text);

    told->count++;
    snprintf(told->text + len, sizeof told->text - len, "%zu: %s\n", line, text);
}

static int import(struct database *d, const char *create, const char *rows, struct told *told,
                  struct import_counts *counts)
{
    size_t len = strlen(create) + strlen(rows);
    char *text = malloc(len + 1);
    int rc;

    if (!text)
        exit(1);
    snprintf(text, len + 1, "%s%s", create, rows);
    *told = (struct told){0};
    rc = import_text(d->store, text, len, "root", note, told, counts);
    free(text);
    return rc;
}

static const char everything[] =
    "INSERT INTO tcptab VALUES ('anna',3600)\\g\n"
    "INSERT INTO tcptab VALUES ('bj\xf6rn               ',-120)\\g\n"
    "INSERT INTO tcptab VALUES ('a\\' OR \\'1',NULL)\\g\n"
    "INSERT INTO tcptab VALUES ('half',10.5),('owes',-10.5),('real',7.000000),('text','42')\\g\n"
    "INSERT INTO tcptab VALUES ('anna',3600)\\g\n"
    "INSERT INTO allowed VALUES ('anna')\\g\n"
    "INSERT INTO allowed VALUES ('bj\xf6rn')\\g\n"
    "INSERT INTO allowed VALUES ('new')\\g\n"
    "INSERT INTO allowed VALUES ('anna  ')\\g\n"
    "INSERT INTO masq VALUES ('10.0.0.7','anna')\\g\n"
    "INSERT INTO periodtab VALUES (0,'19970529 21:42',86400)\\g\n"
    "INSERT INTO periodtab VALUES (7,'19970629 M\xe5n',NULL)\\g\n"
    "INSERT INTO logging_openfw VALUES ('13/04-98 10:38','root','opened (sal/10.0.0.7)')\\g\n"
    "INSERT INTO logging VALUES ('13/04-05 10:38','turbo','add quota 600 for anna')\\g\n"
    "INSERT INTO other (x) VALUES (1)\\g\n";

static void test_everything(struct tap *t)
{
    struct import_counts n;
    struct database d;
    struct told told;

    tap_zone("Europe/Stockholm");
    database_make(&d);
    tap_is(t, import(&d, CREATE, everything, &told, &n), 0, "the old tables are taken over");
    tap_text(t, told.text, "", "without a fault");
    tap_text(t, database_read(&d, "SELECT name, quota FROM tcptab"),
             "a' OR '1|0; anna|3600; bj\xc3\xb6rn|-120; half|10; owes|-11; real|7; text|42",
             "the balances");
    tap_text(t, database_read(&d, "SELECT name FROM allowed"), "anna; bj\xc3\xb6rn; new",
             "who is allowed");
    tap_text(t, database_read(&d, "SELECT * FROM periodtab"),
             "0|19970529 21:42|86400; 7|19970629 M\xc3\xa5n|0", "the periods");
    tap_text(t, database_read(&d, "SELECT * FROM logging_openfw"),
             "1998-04-13T08:38:00Z|root|opened (sal/10.0.0.7)", "the log of openfw");
    tap_text(t, database_read(&d, "SELECT * FROM logging WHERE name = ''"),
             "2005-04-13T08:38:00Z|turbo|import||0|0|add quota 600 for anna", "the log");
    tap_text(t,
             database_read(&d, "SELECT user, action, delta, balance, reason FROM logging"
                               " WHERE name = 'anna'"),
             "root|import|3600|3600|NULL; root|import|0|3600|allowed", "what is logged of it");
    tap_text(t, database_read(&d, "SELECT count(*) FROM masq"), "0", "nobody is open");
    tap_text(t, database_read(&d, DATABASE_AUDIT), "", "the audit is right");
    tap_text(t, database_read(&d, "SELECT count(*) FROM actor"), "0", "nobody acts any more");
    tap_is(t, n.balances, 7, "balances");
    tap_is(t, n.allowed, 3, "allowed");
    tap_is(t, n.periods, 2, "periods");
    tap_is(t, n.openfw, 1, "lines of openfw");
    tap_is(t, n.log, 1, "lines of the log");
    tap_is(t, n.repeated, 2, "rows that were there twice");
    tap_is(t, n.masq, 1, "hosts, left out");
    tap_is(t, n.others, 1, "rows of other tables, left out");
    tap_is(t, n.rounded, 2, "balances with a fraction");
    tap_is(t, import(&d, CREATE, everything, &told, &n), -ENOTEMPTY, "not a second time");
    tap_text(t, told.text, "0: there are users in the database already\n", "and it says why");
    tap_is(t, n.balances, 0, "nothing is counted then");
    database_remove(&d);
    tap_zone("UTC");
}

/* One row each, and what is told of it. */
static const struct {
    const char *row, *told;
} faults[] = {
    {"tcptab VALUES ('',1)", "7: `name' is empty"},
    {"tcptab VALUES ('   ',1)", "7: `name' is empty"},
    {"tcptab VALUES (NULL,1)", "7: `name' is empty"},
    {"tcptab VALUES ('123456789012345678901234567890123',1)",
     "7: `name' is longer than 32 bytes or has control characters"},
    {"tcptab VALUES ('a\\nb',1)", "7: `name' is longer than 32 bytes or has control characters"},
    {"tcptab VALUES ('a\\0b',1)", "7: `name' is longer than 32 bytes or has control characters"},
    {"tcptab VALUES ('x','12a')", "7: `quota' is no number"},
    {"tcptab VALUES ('x','')", "7: `quota' is no number"},
    {"tcptab VALUES ('x','1.')", "7: `quota' is no number"},
    {"tcptab VALUES ('x','1.5e3')", "7: `quota' is no number"},
    {"tcptab VALUES ('x',1000000000000001)", "7: `quota' is out of range"},
    {"tcptab VALUES ('x',-1000000000000000.5)", "7: `quota' is out of range"},
    {"tcptab VALUES ('x',99999999999999999999)", "7: `quota' is out of range"},
    {"tcptab (name) VALUES ('x')", "7: tcptab has no column `quota'"},
    {"tcptab VALUES ('x',1),('x',2)", "7: x has another balance already"},
    {"allowed (user) VALUES ('x')", "7: allowed has no column `name'"},
    {"periodtab VALUES (-1,'x',1)", "7: `id' is out of range"},
    {"periodtab VALUES (1,'x',1),(1,'y',1)", "7: the period 1 is there already"},
    {"logging_openfw VALUES ('yesterday','a','b')", "7: `when' is no time"},
    {"logging VALUES ('31/04-98 10:38','a','b')", "7: `when' is no time"},
    {"one.tcptab VALUES ('x',1)", "7: expected a list of columns, found no CREATE TABLE `tcptab' "
                                  "before"},
    {"tcptab VALUES ('x',1", "8: expected `,' or `)', found the end of the file"},
};

static void test_faults(struct tap *t)
{
    static const char several[] = "7: `name' is empty\n10: `name' is empty\n11: expected";
    struct import_counts n;
    struct database d;
    struct told told;

    database_make(&d);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        char rows[512], expected[256];
        bool cut = faults[i].row[strlen(faults[i].row) - 1] != ')';

        snprintf(rows, sizeof rows, "INSERT INTO %s%s\n", faults[i].row, cut ? "" : "\\g");
        snprintf(expected, sizeof expected, "%s\n", faults[i].told);
        tap_is(t, import(&d, CREATE, rows, &told, &n), -EINVAL, "row %zu is refused", i);
        tap_text(t, told.text, expected, "row %zu: what is told", i);
    }
    tap_is(t, import(&d, "", "", &told, &n), -EINVAL, "an empty file");
    tap_is(t,
           import(&d, CREATE,
                  "INSERT INTO tcptab VALUES ('good',1),('',2)\\g\n\n"
                  "INSERT INTO allowed VALUES ('good')\\g\n"
                  "INSERT INTO allowed VALUES ('')\\g\nnonsense",
                  &told, &n),
           -EINVAL, "several");
    tap_ok(t, strncmp(told.text, several, sizeof several - 1) == 0, "all are told, in order");
    tap_is(t,
           import(&d, CREATE,
                  "INSERT INTO tcptab VALUES ('good'),('',2),('a',1,2,3),('b',1)\\g\n"
                  "INSERT INTO allowed VALUES ('b','c')\\g\n"
                  "INSERT INTO allowed VALUES ('')\\g\n",
                  &told, &n),
           -EINVAL, "rows with too few values and too many");
    tap_text(t, told.text,
             "7: expected 2 values, found 1\n7: `name' is empty\n7: expected 2 values, found more\n"
             "8: expected 1 values, found more\n9: `name' is empty\n",
             "and all are told, and what comes behind");
    tap_is(t,
           import(&d, "",
                  "INSERT INTO a.tcptab (name, quota) VALUES ('x',1);\n"
                  "INSERT INTO b.allowed (name) VALUES ('x');\n",
                  &told, &n),
           -EINVAL, "two databases");
    tap_text(t, told.text, "2: allowed is in another database than the rows before it\n",
             "and it says so");
    tap_text(t,
             database_read(&d, "SELECT (SELECT count(*) FROM tcptab), (SELECT count(*)"
                               " FROM allowed), (SELECT count(*) FROM logging),"
                               " (SELECT id || quota FROM periodtab)"),
             "0|0|0|00", "and nothing of all that was taken over");
    database_write(&d, "UPDATE periodtab SET quota = 5");
    tap_is(t, import(&d, CREATE, everything, &told, &n), -EINVAL,
           "a period in which somebody was charged does not go");
    database_write(&d, "BEGIN IMMEDIATE");
    tap_is(t, import(&d, CREATE, everything, &told, &n), -EBUSY, "while somebody writes");
    database_write(&d, "COMMIT");
    database_remove(&d);
}

static void test_many_faults(struct tap *t)
{
    struct import_counts n;
    struct database d;
    struct told told;
    size_t len = 0, room = 500 * 64;
    char *rows = malloc(room);

    if (!rows)
        exit(1);
    database_make(&d);
    for (int i = 0; i < 500; i++)
        len += (size_t)snprintf(rows + len, room - len, "INSERT INTO allowed VALUES ('')\\g\n");
    tap_is(t, import(&d, CREATE, rows, &told, &n), -EINVAL, "500 faults");
    tap_is(t, told.count, IMPORT_FAULTS_MAX, "not all of them are told");
    free(rows);
    database_remove(&d);
}

static void test_times(struct tap *t)
{
    static const struct {
        const char *text, *utc; /* NULL: refused */
    } times[] = {
        {"13/04-98 10:38", "1998-04-13T08:38:00Z"},
        {"01/01-70 01:00", "1970-01-01T00:00:00Z"},
        {"01/01-69 01:00", "2069-01-01T00:00:00Z"},
        {"29/02-00 00:00", "2000-02-28T23:00:00Z"},
        {"29/02-99 00:00", NULL},
        {"13/04-98 24:00", NULL},
        {"13/04-98 10:60", NULL},
        {"13/13-98 10:38", NULL},
        {"00/04-98 10:38", NULL},
        {"3/04-98 10:38", NULL},
        {"19980413103826", "1998-04-13T08:38:26Z"},
        {"19980413 1038", "1998-04-13T08:38:00Z"},
        {"1998-04-13 10:38:26", "1998-04-13T08:38:26Z"},
        {"1998-04-13T10:38:26Z", "1998-04-13T10:38:26Z"},
        {"1998-04-13T10:38:26", NULL},
        {"19690413103826", NULL},
        {"", NULL},
        {"now", NULL},
    };

    tap_zone("Europe/Stockholm");
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char out[WALL_UTC_LEN] = "";

        tap_is(t, import_time(times[i].text, out), times[i].utc ? 0 : -EINVAL, "the time `%s'",
               times[i].text);
        tap_text(t, out, times[i].utc ? times[i].utc : "", "`%s' is", times[i].text);
    }
    tap_zone("UTC");
}

static void test_files(struct tap *t)
{
    struct import_counts n;
    struct told told = {0};
    struct database d;
    char path[128];
    FILE *f;

    database_make(&d);
    snprintf(path, sizeof path, "%s/dump", d.folder);
    tap_is(t, import_file(d.store, path, "root", note, &told, &n), -ENOENT, "a file that is not");
    tap_is(t, told.count, 1, "is told");
    tap_is(t, import_file(d.store, d.folder, "root", note, &told, &n), -EISDIR, "a folder");
    f = fopen(path, "w");
    if (!f)
        exit(1);
    fputs(CREATE, f);
    for (int i = 0; i < 20000; i++)
        fprintf(f, "INSERT INTO tcptab VALUES ('user%d',%d)\\g\n", i, i);
    fclose(f);
    tap_is(t, import_file(d.store, path, "root", note, &told, &n), 0, "a large file");
    tap_is(t, n.balances, 20000, "has all its rows");
    tap_text(t, database_read(&d, "SELECT sum(quota) FROM tcptab"), "199990000", "and sums");
    tap_text(t, database_read(&d, DATABASE_AUDIT), "", "the audit is right");
    database_remove(&d);
}

int main(void)
{
    struct tap t = {0};

    test_everything(&t);
    test_faults(&t);
    test_many_faults(&t);
    test_times(&t);
    test_files(&t);
    return tap_done(&t);
}
