/*
 * Dumps of SQL tables: the corpus t/corpus/dump (found under $TOP or the current folder), each file
 * with the rows or the error expected of it, whole and cut at every byte; and a table of cases.
 */
#include "dump.h"
#include "tap.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#define PATH_LEN 512
#define FILE_MAX 65536
#define REFUSED (-ECANCELED)

/* What was told, as the corpus writes it: LINE [DATABASE.]TABLE COLUMN=VALUE ... */
struct told {
    char *text;
    size_t len, room;
    unsigned rows, refuse_at; /* refuse the row of this number, 0: none */
};

static void add(struct told *told, const char *bytes, size_t len)
{
    if (told->room - told->len <= len) {
        told->room = (told->room + len + 64) * 2;
        told->text = realloc(told->text, told->room);
        if (!told->text)
            exit(1);
    }
    memcpy(told->text + told->len, bytes, len);
    told->len += len;
    told->text[told->len] = '\0';
}

static void add_text(struct told *told, const char *text)
{
    add(told, text, strlen(text));
}

/* Quotes, backslashes and what is no printable ASCII as \xHH. */
static void add_string(struct told *told, const struct dump_text *text)
{
    char hex[8];

    add_text(told, "'");
    for (size_t i = 0; i < text->len; i++) {
        char c = text->bytes[i];

        if (c >= ' ' && c <= '~' && c != '\'' && c != '\\') {
            add(told, &c, 1);
        } else {
            snprintf(hex, sizeof hex, "\\x%02x", (unsigned char)c);
            add_text(told, hex);
        }
    }
    add_text(told, "'");
}

static int note_row(void *context, const struct dump_row *row)
{
    struct told *told = context;
    char line[32];

    snprintf(line, sizeof line, "%zu ", row->line);
    add_text(told, line);
    add(told, row->database.bytes, row->database.len);
    add_text(told, row->database.len ? "." : "");
    add(told, row->table.bytes, row->table.len);
    for (size_t i = 0; i < row->count; i++) {
        const struct dump_value *value = &row->values[i];

        add_text(told, " ");
        add(told, row->columns[i].bytes, row->columns[i].len);
        add_text(told, "=");
        if (value->null)
            add_text(told, value->quoted || value->text.len ? "bad" : "NULL");
        else if (value->quoted)
            add_string(told, &value->text);
        else
            add(told, value->text.bytes, value->text.len);
    }
    add_text(told, "\n");
    return ++told->rows == told->refuse_at ? REFUSED : 0;
}

/* Reads a copy without anything behind it, so that a sanitizer sees every read past the end. */
static int read_copy(const char *text, size_t len, struct told *told, struct dump_error *error)
{
    char *copy = malloc(len ? len : 1), line[DUMP_ERROR_LEN + 32];
    int result;

    if (!copy)
        exit(1);
    memcpy(copy, text, len);
    add_text(told, "");
    result = dump_read(copy, len, note_row, NULL, told, error);
    free(copy);
    if (result == -EBADMSG) {
        snprintf(line, sizeof line, "error %zu %s\n", error->line, error->text);
        add_text(told, line);
    }
    return result;
}

static size_t slurp(const char *path, char out[FILE_MAX])
{
    FILE *f = fopen(path, "r");
    size_t len = 0;

    if (f) {
        len = fread(out, 1, FILE_MAX - 1, f);
        fclose(f);
    }
    out[len] = '\0';
    return len;
}

/*
 * A dump that ends anywhere tells the first of its rows, and says that something is missing but
 * where it ends between two statements.
 */
static void test_cuts(struct tap *t, const char *name, const char *text, size_t len,
                      const struct told *whole)
{
    unsigned wrong = 0, whole_ones = 0;

    for (size_t cut = 0; cut < len; cut++) {
        struct told told = {0};
        struct dump_error error;
        int result = read_copy(text, cut, &told, &error);
        char *mark = result ? strstr(told.text, "error ") : NULL;

        if (mark)
            *mark = '\0';
        whole_ones += result == 0;
        if ((result != 0 && result != -EBADMSG) ||
            strncmp(told.text, whole->text, strlen(told.text)) != 0) {
            if (wrong++ == 0)
                tap_note("%s cut at %zu: %s", name, cut, told.text);
        }
        free(told.text);
    }
    tap_is(t, wrong, 0, "%s cut anywhere tells no other rows", name);
    tap_ok(t, whole_ones < len / 2, "%s cut in most places is told to be cut", name);
}

static void test_file(struct tap *t, const char *folder, const char *file)
{
    static char text[FILE_MAX], expected[FILE_MAX];
    size_t stem = strlen(file) - strlen(".sql"), len;
    struct told told = {0};
    struct dump_error error = {0};
    char path[PATH_LEN];
    int result;

    snprintf(path, sizeof path, "%s/%s", folder, file);
    len = slurp(path, text);
    snprintf(path, sizeof path, "%s/%.*s.expected", folder, (int)stem, file);
    if (!tap_ok(t, len > 0 && slurp(path, expected) > 0, "%s and what is expected of it", file))
        return;
    result = read_copy(text, len, &told, &error);
    tap_text(t, told.text, expected, "%s", file);
    tap_is(t, result, strstr(expected, "error ") ? -EBADMSG : 0, "%s: result", file);
    if (result == 0)
        test_cuts(t, file, text, len, &told);
    free(told.text);
}

static int is_sql(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 4 && strcmp(entry->d_name + len - 4, ".sql") == 0;
}

static void test_corpus(struct tap *t)
{
    const char *top = getenv("TOP");
    struct dirent **entries = NULL;
    char folder[PATH_LEN / 2];
    int count;

    snprintf(folder, sizeof folder, "%s%st/corpus/dump", top ? top : "", top ? "/" : "");
    count = scandir(folder, &entries, is_sql, alphasort);
    if (!tap_ok(t, count >= 12, "the corpus is there"))
        tap_note("%s: %d files", folder, count);
    for (int i = 0; i < count; i++) {
        test_file(t, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

#define T "CREATE TABLE t (a INT, b CHAR(3));\n"
#define VALUE "expected a value: a string, a decimal number or NULL, found "
#define STATEMENT "expected a statement of a dump (CREATE, INSERT, DROP, LOCK, SET ...), found "

static const struct {
    const char *text, *expected;
} cases[] = {
    {"", ""},
    {" \t\r\n\v\f", ""},
    {";;\\g\\G;", ""},
    {"-- only\n# comments\n/* of\nthree */--", ""},
    {"/**/;", ""},
    /* what INSERT may look like */
    {T "INSERT INTO t VALUES (1,'x');", "2 t a=1 b='x'\n"},
    {T "insert into t values (1,'x');", "2 t a=1 b='x'\n"},
    {T "INSERT INTO t VALUES (1,'x')\\g", "2 t a=1 b='x'\n"},
    {T "INSERT INTO t VALUES\n(1,'x')\n,\n(2,'y')\n;", "3 t a=1 b='x'\n5 t a=2 b='y'\n"},
    {T "INSERT LOW_PRIORITY IGNORE INTO t VALUES (1,'x');", "2 t a=1 b='x'\n"},
    {T "INSERT DELAYED INTO t VALUES (1,'x');", "2 t a=1 b='x'\n"},
    {T "REPLACE INTO t VALUES (1,'x');", "2 t a=1 b='x'\n"},
    {T "INSERT/**/INTO/**/t/**/VALUES/**/(/**/1/**/,/**/'x'/**/)/**/;", "2 t a=1 b='x'\n"},
    {T "/*!40000 INSERT INTO t VALUES (1,'*/') */;", "2 t a=1 b='*/'\n"},
    {T "INSERT INTO t /*!32312 VALUES*/ (1,'x') /* ; */;", "2 t a=1 b='x'\n"},
    {T "INSERT INTO t /*M!32312 (a) */ VALUES (1,'x');", "2 t a=1 b='x'\n"},
    {T "INSERT INTO t VALUES (1,'x') -- ;\n# ;\n;", "2 t a=1 b='x'\n"},
    {"INSERT INTO u (b, a) VALUES ('x',1);", "1 u b='x' a=1\n"},
    {"INSERT INTO `u` (`b`) VALUES ('x');", "1 u b='x'\n"},
    {T "INSERT INTO t (b) VALUES ('x');", "2 t b='x'\n"},
    {"CREATE TABLE t (a INT);CREATE TABLE u (b INT);INSERT INTO t VALUES (1);"
     "INSERT INTO u VALUES (2);INSERT INTO t VALUES (3);",
     "1 t a=1\n1 u b=2\n1 t a=3\n"},
    {"CREATE TABLE t (a INT);DROP TABLE t;CREATE TABLE t (b INT);INSERT INTO t VALUES (1);",
     "1 t b=1\n"},
    {"USE x;CREATE TABLE t (a INT);USE `y`;CREATE TABLE t (b INT);INSERT INTO t VALUES (1);"
     "USE x\\gINSERT INTO t VALUES (2);INSERT INTO `y`.`t` VALUES (3);",
     "1 y.t b=1\n1 x.t a=2\n1 y.t b=3\n"},
    {"CREATE TABLE IF NOT EXISTS t (a INT);INSERT INTO t VALUES (1);", "1 t a=1\n"},
    {"CREATE OR REPLACE TEMPORARY TABLE t (a INT);INSERT INTO t VALUES (1);", "1 t a=1\n"},
    {"/*!50001 CREATE TABLE `v` (\n  `a` tinyint NOT NULL\n) ENGINE=MyISAM */;", ""},
    {"CREATE TABLE t (a INT, INDEX (a), `index` INT, key k (a));INSERT INTO t VALUES (1,2);",
     "1 t a=1 index=2\n"},
    {"CREATE TABLE t (a INT DEFAULT -1, b ENUM('(',')',','));INSERT INTO t VALUES (1,')');",
     "1 t a=1 b=')'\n"},
    /* values */
    {T "INSERT INTO t VALUES (-5,NULL);", "2 t a=-5 b=NULL\n"},
    {T "INSERT INTO t VALUES (null,'NULL');", "2 t a=NULL b='NULL'\n"},
    {T "INSERT INTO t VALUES (0.10,-.5);", "2 t a=0.10 b=-.5\n"},
    {T "INSERT INTO t VALUES (1e+20,-1.5E-7);", "2 t a=1e+20 b=-1.5E-7\n"},
    {T "INSERT INTO t VALUES (99999999999999999999,5.);", "2 t a=99999999999999999999 b=5.\n"},
    {T "INSERT INTO t VALUES ('1','');", "2 t a='1' b=''\n"},
    {T "INSERT INTO t VALUES ('''','a''''b');", "2 t a='\\x27' b='a\\x27\\x27b'\n"},
    {T "INSERT INTO t VALUES ('\\\\','\\'');", "2 t a='\\x5c' b='\\x27'\n"},
    {T "INSERT INTO t VALUES ('\\0\\b\\n\\r\\t\\Z','\\%\\_\\x\\\"');",
     "2 t a='\\x00\\x08\\x0a\\x0d\\x09\\x1a' b='\\x5c%\\x5c_x\"'\n"},
    {T "INSERT INTO t VALUES (';\\\\g','--\n#\n/*');\nINSERT INTO t VALUES (1,2);",
     "2 t a=';\\x5cg' b='--\\x0a#\\x0a/*'\n5 t a=1 b=2\n"},
    {T "INSERT INTO t VALUES (\"it's\",\"a\"\"b\");", "2 t a='it\\x27s' b='a\"b'\n"},
    {T "INSERT INTO t VALUES (_binary 'x',_latin1'\xe5');", "2 t a='x' b='\\xe5'\n"},
    {T "INSERT INTO t VALUES (1,'pad   ');", "2 t a=1 b='pad   '\n"},
    {"INSERT INTO `a``b` (`c d`,`\xe5`,`'`) VALUES (1,2,3);", "1 a`b c d=1 \xe5=2 '=3\n"},
    /* what is no concern */
    {"SET a='x;INSERT INTO t VALUES (1)';" T "INSERT INTO t VALUES (1,2);", "2 t a=1 b=2\n"},
    {"SET a=`;`;SET b=\";\";SET c='\\';';SET d=@@e, f:=1--g\n;", ""},
    {"CREATE DATABASE `x;y`;DROP TABLE a;ALTER TABLE a ADD KEY (b);BEGIN;COMMIT;", ""},
    {"DELIMITER //\nCREATE PROCEDURE p() BEGIN\nINSERT INTO t VALUES (1);END//\nDELIMITER ;\n"
     "SET a=1;",
     ""},
    {"DELIMITER $$\nCREATE FUNCTION f() BEGIN\nINSERT INTO t VALUES (1);END$$\ndelimiter ;\n"
     "SET a=1;",
     ""},
    {"---- a line\nSET a=REPLACE(b,c,d)\n--1;\n---- another\n", ""},
    /* ends that are missing */
    {T "INSERT INTO t VALUES (1,2)", "2 t a=1 b=2\nerror 2 expected `,' or the end of the "
                                     "statement, found the end of the file\n"},
    {T "INSERT INTO t VALUES (1,2)\nINSERT INTO t VALUES (3,4);",
     "2 t a=1 b=2\nerror 3 expected `,' or the end of the statement, found `INSERT'\n"},
    {"SET a=1", "error 1 expected the end of the statement, found the end of the file\n"},
    {"SET a=1\n\nCREATE TABLE t (a INT);", "error 3 expected the end of the statement, found "
                                           "`CREATE'\n"},
    {"CREATE TABLE t (a INT)\nINSERT INTO t VALUES (1);",
     "error 2 expected the end of the statement, found `INSERT'\n"},
    {"CREATE UNIQUE INDEX i ON t (\n\ta\n)\nINSERT INTO t VALUES (1) \\g",
     "error 4 expected the end of the statement, found `INSERT'\n"},
    {"CREATE TABLE t (a INT;", "error 1 expected `,' or `)', found `;'\n"},
    {"CREATE TABLE t (a INT", "error 1 expected `,' or `)', found the end of the file\n"},
    {"USE a b;", "error 1 expected the end of the statement, found `b'\n"},
    {"\nSET a='x;\n\n", "error 2 a string without its closing quote\n"},
    {"SET a=\"x\\\"", "error 1 a string without its closing quote\n"},
    {"SET a='\\", "error 1 a string without its closing quote\n"},
    {"SET a=`x\\`y", "error 1 expected the end of the statement, found the end of the file\n"},
    {"SET a=`x", "error 1 a name without its closing quote\n"},
    {"\n/* x", "error 2 a comment without its end\n"},
    {"/*/", "error 1 a comment without its end\n"},
    {"/*!40000 SET a=1;\n", "error 2 a comment without its end\n"},
    {"/*!40000 SET a=1 /*!40000 b=2 */ */;", "error 1 a comment for a server within another\n"},
    {T "/*!40000 INSERT INTO t VALUES (1,2); */", "2 t a=1 b=2\nerror 2 expected `,' or the end of "
                                                  "the statement, found `;'\n"},
    /* rows that do not fit */
    {"\nINSERT INTO t VALUES (1);", "error 2 expected a list of columns, found no CREATE TABLE "
                                    "`t' before\n"},
    {T "INSERT INTO T VALUES (1,2);", "error 2 expected a list of columns, found no CREATE TABLE "
                                      "`T' before\n"},
    {T "USE x;INSERT INTO t VALUES (1,2);", "error 2 expected a list of columns, found no CREATE "
                                            "TABLE `t' before\n"},
    {T "INSERT INTO t VALUES (1);", "error 2 expected 2 values, found 1\n"},
    {T "INSERT INTO t VALUES (1,2,3);", "error 2 expected 2 values, found more\n"},
    {T "INSERT INTO t VALUES (1,2),\n(1);", "2 t a=1 b=2\nerror 3 expected 2 values, found 1\n"},
    {T "INSERT INTO t (a) VALUES (1,2);", "error 2 expected 1 values, found more\n"},
    {"INSERT INTO t (a,b,a) VALUES (1,2,3);", "error 1 expected another column's name, found the "
                                              "same twice\n"},
    {"CREATE TABLE t (a INT, `a` INT);", "error 1 expected another column's name, found the same "
                                         "twice\n"},
    {T "INSERT INTO t VALUES ();", "error 2 " VALUE "`)'\n"},
    {T "INSERT INTO t VALUES (1,);", "error 2 " VALUE "`)'\n"},
    {T "INSERT INTO t VALUES (1 2);", "error 2 expected `,' or `)', found `2'\n"},
    {T "INSERT INTO t VALUES ('a' 'b');", "error 2 expected `,' or `)', found the string `b'\n"},
    {T "INSERT INTO t VALUES ('a','b'),;", "2 t a='a' b='b'\nerror 2 expected `(', found `;'\n"},
    {T "INSERT INTO t VALUES;", "error 2 expected `(', found `;'\n"},
    {T "INSERT INTO t VALUES (0x41,1);", "error 2 " VALUE "`0x41'\n"},
    {T "INSERT INTO t VALUES (X'41',1);", "error 2 " VALUE "`X'\n"},
    {T "INSERT INTO t VALUES (1.2.3,1);", "error 2 " VALUE "`1.2.3'\n"},
    {T "INSERT INTO t VALUES (1e,1);", "error 2 " VALUE "`1e'\n"},
    {T "INSERT INTO t VALUES (12abc,1);", "error 2 " VALUE "`12abc'\n"},
    {T "INSERT INTO t VALUES (1-2,1);", "error 2 expected `,' or `)', found `-2'\n"},
    {T "INSERT INTO t VALUES (+1,1);", "error 2 " VALUE "`+'\n"},
    {T "INSERT INTO t VALUES (--1,1);", "error 2 " VALUE "`-'\n"},
    {T "INSERT INTO t VALUES (- 1,1);", "error 2 " VALUE "`-'\n"},
    {T "INSERT INTO t VALUES (NOW(),1);", "error 2 " VALUE "`NOW'\n"},
    {T "INSERT INTO t VALUES (DEFAULT,1);", "error 2 " VALUE "`DEFAULT'\n"},
    {T "INSERT INTO t VALUES (`a`,1);", "error 2 " VALUE "`a'\n"},
    {T "INSERT INTO t VALUES (_binary NULL,1);", "error 2 " VALUE "`NULL'\n"},
    {T "INSERT INTO t VALUES (\xe5\x01,1);", "error 2 " VALUE "`?'\n"},
    {T "INSERT INTO t VALUES (abcdefghijklmnopqrstuvwxyzabcdefghijkl,1);",
     "error 2 " VALUE "`abcdefghijklmnopqrstuvwxyzabcdef'\n"},
    /* statements that are none, or not those of a dump */
    {T "INSERT t VALUES (1,2);", "error 2 expected INTO, found `t'\n"},
    {T "INSERT INTO t SET a=1;", "error 2 expected a list of columns or VALUES, found `SET'\n"},
    {T "INSERT INTO t SELECT * FROM u;", "error 2 expected a list of columns or VALUES, found "
                                         "`SELECT'\n"},
    {T "INSERT INTO t (a) SELECT 1;", "error 2 expected VALUES, found `SELECT'\n"},
    {T "INSERT INTO t () VALUES ();", "error 2 expected a column's name, found `)'\n"},
    {T "INSERT INTO t (a,) VALUES (1);", "error 2 expected a column's name, found `)'\n"},
    {T "INSERT INTO t (a b) VALUES (1);", "error 2 expected `,' or `)', found `b'\n"},
    {T "INSERT INTO t VALUES (1,2) ON DUPLICATE KEY UPDATE a=1;",
     "2 t a=1 b=2\nerror 2 expected `,' or the end of the statement, found `ON'\n"},
    {T "INSERT INTO 't' VALUES (1,2);", "error 2 expected a table's name, found the string `t'\n"},
    {T "INSERT INTO `` VALUES (1,2);", "error 2 expected a table's name, found `'\n"},
    {T "INSERT INTO t. (a) VALUES (1);", "error 2 expected a table's name, found `('\n"},
    {"CREATE TABLE t LIKE u;", "error 1 expected `(', found `LIKE'\n"},
    {"CREATE TABLE t ();", "error 1 expected a column's name, found `)'\n"},
    {"CREATE TABLE t (KEY (a));", "error 1 expected a column, found `)'\n"},
    {"CREATE TABLE t (a INT,);", "error 1 expected a column's name, found `)'\n"},
    {"CREATE TABLE t (a, b INT);", "error 1 expected the column's type, found `,'\n"},
    {"UPDATE t SET a=1;", "error 1 " STATEMENT "`UPDATE'\n"},
    {"DELETE FROM t;", "error 1 " STATEMENT "`DELETE'\n"},
    {"TRUNCATE t;", "error 1 " STATEMENT "`TRUNCATE'\n"},
    {"ROLLBACK;", "error 1 " STATEMENT "`ROLLBACK'\n"},
    {"'x';", "error 1 " STATEMENT "the string `x'\n"},
    {"(SELECT 1);", "error 1 " STATEMENT "`('\n"},
    {"\x1f\x8b\x08", "error 1 " STATEMENT "`?'\n"},
    {"DELIMITER\nSET a=1;", "error 1 expected a delimiter such as `;;'\n"},
    {"DELIMITER '\n", "error 1 expected a delimiter such as `;;'\n"},
    {"DELIMITER ;;;;;;;;;;;;;;;;;\n", "error 1 expected a delimiter such as `;;'\n"},
};

static void test_cases(struct tap *t)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dump_error error = {0};
        struct told told = {0};
        int result = read_copy(cases[i].text, strlen(cases[i].text), &told, &error);

        if (!tap_text(t, told.text, cases[i].expected, "case %zu", i))
            tap_note("of %s", cases[i].text);
        tap_is(t, result, strstr(cases[i].expected, "error ") ? -EBADMSG : 0, "case %zu: result",
               i);
        free(told.text);
    }
}

static void test_zero(struct tap *t)
{
    static const char text[] = "INSERT INTO t (a) VALUES ('x\0y');\0";
    static const char name[] = "INSERT INTO `t\0` (a) VALUES (1);";
    struct dump_error error = {0};
    struct told told = {0};

    tap_is(t, read_copy(text, sizeof text - 2, &told, &error), 0, "a zero byte in a string");
    tap_text(t, told.text, "1 t a='x\\x00y'\n", "passes");
    tap_is(t, read_copy(text, sizeof text - 1, &told, &error), -EBADMSG, "elsewhere");
    tap_text(t, error.text, "a zero byte outside of a string", "it is an error");
    tap_is(t, read_copy(name, sizeof name - 1, &told, &error), -EBADMSG, "in a name, too");
    free(told.text);
}

static void test_refusal(struct tap *t)
{
    static const char text[] = "INSERT INTO t (a) VALUES (1),\n(2),(3);\nnonsense";
    struct told told = {.refuse_at = 2};
    struct dump_error error = {0};

    tap_is(t, read_copy(text, strlen(text), &told, &error), REFUSED, "who reads can end it");
    tap_is(t, told.rows, 2, "then no further row is told of");
    tap_is(t, (int64_t)error.line, 2, "its line is told");
    tap_ok(t, *error.text != '\0', "and that it was refused");
    free(told.text);
}

static int look_up(void *context, const struct dump_row *row)
{
    struct tap *t = context;
    const struct dump_value *value = dump_row_value(row, "quota");

    tap_ok(t, value && dump_text_is(&value->text, "3600"), "a value by its column's name");
    tap_ok(t, !dump_row_value(row, "QUOTA"), "in its case");
    tap_ok(t, !dump_row_value(row, "quot"), "the whole of it");
    tap_ok(t, dump_text_is(&row->table, "tcptab"), "the table's name");
    tap_ok(t, !dump_text_is(&row->table, "tcptabs") && !dump_text_is(&row->table, "tcpta"),
           "the whole of it, too");
    return 0;
}

static void test_look_up(struct tap *t)
{
    char text[] = "INSERT INTO tcptab (name,quota) VALUES ('anna',3600);";
    struct dump_error error;

    tap_is(t, dump_read(text, strlen(text), look_up, NULL, t, &error), 0, "a row is looked into");
}

/* A table of `columns` with a row, or `tables` of one column and a row for the first and last. */
static int read_many(unsigned columns, unsigned tables, struct told *told, struct dump_error *error)
{
    struct told text = {0};
    char part[64];
    int result;

    for (unsigned n = 0; n < tables; n++) {
        for (unsigned i = 0; i < columns; i++) {
            snprintf(part, sizeof part, i ? ",c%u INT" : "CREATE TABLE t%u (c INT", i ? i : n);
            add_text(&text, part);
        }
        add_text(&text, ");\n");
    }
    for (unsigned n = 0; n<tables; n += tables> 1 ? tables - 1 : 1) {
        for (unsigned i = 0; i < columns; i++) {
            snprintf(part, sizeof part, i ? ",%u" : "INSERT INTO t%u VALUES (0", i ? i : n);
            add_text(&text, part);
        }
        add_text(&text, ");\n");
    }
    result = read_copy(text.text, text.len, told, error);
    free(text.text);
    return result;
}

static const struct {
    unsigned columns, tables;
    int result;
    const char *text;
} limits[] = {
    {256, 1, 0, ""},    {257, 1, -EBADMSG, "expected at most 256 columns, found more"},
    {1, 1024, 0, ""},   {1, 1025, -EBADMSG, "expected at most 1024 tables, found more"},
    {200, 1024, 0, ""},
};

static void test_limits(struct tap *t)
{
    static const char brackets[] = "CREATE TABLE t (a INT DEFAULT ";
    struct told text = {0}, told = {0};
    struct dump_error deep = {0};

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct dump_error error = {0};
        struct told rows = {0};

        tap_is(t, read_many(limits[i].columns, limits[i].tables, &rows, &error), limits[i].result,
               "%u columns, %u tables", limits[i].columns, limits[i].tables);
        tap_text(t, error.text, limits[i].text, "what is told of it");
        if (limits[i].result == 0)
            tap_is(t, rows.rows, limits[i].tables > 1 ? 2 : 1, "its rows");
        free(rows.text);
    }
    add_text(&text, brackets);
    for (unsigned i = 0; i < 1000000; i++)
        add_text(&text, i < 500000 ? "(" : ")");
    add_text(&text, ");INSERT INTO t VALUES (1);");
    tap_is(t, read_copy(text.text, text.len, &told, &deep), 0, "500,000 brackets deep");
    tap_text(t, told.text, "1 t a=1\n", "and a row behind them");
    free(told.text);
    free(text.text);
}

int main(void)
{
    struct tap t = {0};

    test_corpus(&t);
    test_cases(&t);
    test_zero(&t);
    test_refusal(&t);
    test_look_up(&t);
    test_limits(&t);
    return tap_done(&t);
}
