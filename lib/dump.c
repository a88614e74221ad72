#include "dump.h"

#include "dump_scan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of what was found, in a message. */
#define FOUND_MAX 32

/* One CREATE TABLE: its columns are names[first] and those behind. */
struct table {
    struct dump_text database, name;
    size_t first, count;
};

struct dump {
    struct dump_scan scan;
    dump_found *found;
    dump_unfit *unfit;
    void *context;
    struct dump_error *error;
    struct dump_text database;
    struct table tables[DUMP_TABLES_MAX];
    size_t table_count;
    struct dump_text *names;
    size_t name_count, name_room;
    /* Of the statement being read. */
    struct dump_text columns[DUMP_COLUMNS_MAX];
    size_t column_count;
    struct dump_value values[DUMP_COLUMNS_MAX];
};

static int fail(struct dump *d, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int fail(struct dump *d, size_t line, const char *format, ...)
{
    va_list args;

    d->error->line = line;
    va_start(args, format);
    vsnprintf(d->error->text, sizeof d->error->text, format, args);
    va_end(args);
    return -EBADMSG;
}

/* The beginning of `text`, quoted, with a question mark for what is not printable. */
static const char *show(const struct dump_text *text, char out[FOUND_MAX + 3])
{
    size_t len = text->len < FOUND_MAX ? text->len : FOUND_MAX;

    out[0] = '`';
    for (size_t i = 0; i < len; i++)
        out[i + 1] = text->bytes[i] >= ' ' && text->bytes[i] <= '~' ? text->bytes[i] : '?';
    out[len + 1] = '\'';
    out[len + 2] = '\0';
    return out;
}

static int expected(struct dump *d, const char *what)
{
    const struct dump_token *token = &d->scan.token;
    char found[FOUND_MAX + 3];

    if (token->kind == DUMP_BAD)
        return fail(d, token->line, "%s", d->scan.fault);
    if (token->kind == DUMP_FILE)
        return fail(d, token->line, "expected %s, found the end of the file", what);
    return fail(d, token->line, "expected %s, found %s%s", what,
                token->kind == DUMP_STRING ? "the string " : "", show(&token->text, found));
}

/* Goes past a token if it is this one. */
static bool accept_word(struct dump *d, const char *word)
{
    if (!dump_is_word(&d->scan.token, word))
        return false;
    dump_scan_next(&d->scan);
    return true;
}

static bool accept_byte(struct dump *d, char byte)
{
    if (!dump_is_byte(&d->scan.token, byte))
        return false;
    dump_scan_next(&d->scan);
    return true;
}

static bool is_one_of(const struct dump_token *token, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (dump_is_word(token, words[i]))
            return true;
    }
    return false;
}

static bool same(const struct dump_text *a, const struct dump_text *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static int read_name(struct dump *d, const char *what, struct dump_text *name)
{
    const struct dump_token *token = &d->scan.token;

    if ((token->kind != DUMP_WORD && token->kind != DUMP_NAME && token->kind != DUMP_DOUBLE) ||
        token->text.len == 0 || memchr(token->text.bytes, '\0', token->text.len))
        return expected(d, what);
    *name = token->text;
    dump_scan_next(&d->scan);
    return 0;
}

static int read_table_name(struct dump *d, struct dump_text *database, struct dump_text *name)
{
    int err = read_name(d, "a table's name", name);

    *database = d->database;
    if (err || !accept_byte(d, '.'))
        return err;
    *database = *name;
    return read_name(d, "a table's name", name);
}

/* A further one of the statement's columns. */
static int read_column(struct dump *d)
{
    size_t line = d->scan.token.line;
    struct dump_text name;
    int err = read_name(d, "a column's name", &name);

    if (err)
        return err;
    if (d->column_count == DUMP_COLUMNS_MAX)
        return fail(d, line, "expected at most %d columns, found more", DUMP_COLUMNS_MAX);
    for (size_t i = 0; i < d->column_count; i++) {
        if (same(&d->columns[i], &name))
            return fail(d, line, "expected another column's name, found the same twice");
    }
    d->columns[d->column_count++] = name;
    return 0;
}

/* What CREATE makes and what has statements within. */
static bool is_program(const struct dump_token *token)
{
    static const char *const words[] = {"TRIGGER", "PROCEDURE", "FUNCTION",
                                        "EVENT",   "PACKAGE",   "VIEW"};

    return is_one_of(token, words, sizeof words / sizeof *words);
}

/*
 * To the end of the statement. The beginning of another one in a line of its own shows that the
 * end of this one is missing, which would hide the other; `create`: unless it is a program.
 */
static int skip_statement(struct dump *d, bool create)
{
    static const char *const words[] = {"INSERT", "REPLACE", "CREATE"};
    const struct dump_token *token = &d->scan.token;
    bool program = false;

    while (token->kind != DUMP_STOP) {
        program = program || (create && is_program(token));
        if (token->kind == DUMP_BAD || token->kind == DUMP_FILE ||
            (!program && token->first_on_line &&
             is_one_of(token, words, sizeof words / sizeof *words)))
            return expected(d, "the end of the statement");
        dump_scan_next(&d->scan);
    }
    dump_scan_next(&d->scan);
    return 0;
}

static struct table *find_table(struct dump *d, const struct dump_text *database,
                                const struct dump_text *name)
{
    /* The latest first: that is the one whose rows come next. */
    for (size_t i = d->table_count; i > 0; i--) {
        struct table *t = &d->tables[i - 1];

        if (same(&t->name, name) && same(&t->database, database))
            return t;
    }
    return NULL;
}

/* Remembers the statement's columns as those of the table. */
static int keep_table(struct dump *d, const struct dump_text *database,
                      const struct dump_text *name, size_t line)
{
    struct table *t = find_table(d, database, name);

    if (!t && d->table_count == DUMP_TABLES_MAX)
        return fail(d, line, "expected at most %d tables, found more", DUMP_TABLES_MAX);
    if (d->name_room - d->name_count < d->column_count) {
        size_t room = (d->name_room + DUMP_COLUMNS_MAX) * 2;
        struct dump_text *names = realloc(d->names, room * sizeof *names);

        if (!names) {
            fail(d, line, "out of memory");
            return -ENOMEM;
        }
        d->names = names;
        d->name_room = room;
    }
    if (!t)
        t = &d->tables[d->table_count++];
    *t = (struct table){*database, *name, d->name_count, d->column_count};
    memcpy(d->names + d->name_count, d->columns, d->column_count * sizeof *d->columns);
    d->name_count += d->column_count;
    return 0;
}

/* Whether a line of CREATE TABLE is a key or the like; a column of that name has quotes. */
static bool is_key(const struct dump_token *token)
{
    static const char *const words[] = {"PRIMARY", "KEY",        "INDEX",   "UNIQUE", "FULLTEXT",
                                        "SPATIAL", "CONSTRAINT", "FOREIGN", "CHECK"};

    return is_one_of(token, words, sizeof words / sizeof *words);
}

/* A column or a key, up to the comma or the bracket behind it. */
static int read_definition(struct dump *d)
{
    const struct dump_token *token = &d->scan.token;
    size_t depth = 0;

    if (!is_key(token)) {
        int err = read_column(d);

        if (err)
            return err;
        if (token->kind != DUMP_WORD)
            return expected(d, "the column's type");
    }
    while (depth > 0 || (!dump_is_byte(token, ',') && !dump_is_byte(token, ')'))) {
        if (token->kind == DUMP_BAD || token->kind == DUMP_FILE || token->kind == DUMP_STOP)
            return expected(d, "`,' or `)'");
        depth += dump_is_byte(token, '(');
        depth -= dump_is_byte(token, ')');
        dump_scan_next(&d->scan);
    }
    return 0;
}

static int read_create(struct dump *d)
{
    struct dump_text database, name;
    size_t line = d->scan.token.line;
    int err;

    dump_scan_next(&d->scan);
    if (accept_word(d, "OR"))
        accept_word(d, "REPLACE");
    accept_word(d, "TEMPORARY");
    if (!accept_word(d, "TABLE"))
        return skip_statement(d, true);
    if (accept_word(d, "IF")) {
        accept_word(d, "NOT");
        accept_word(d, "EXISTS");
    }
    err = read_table_name(d, &database, &name);
    if (err)
        return err;
    if (!dump_is_byte(&d->scan.token, '('))
        return expected(d, "`('");
    d->column_count = 0;
    do {
        dump_scan_next(&d->scan);
        err = read_definition(d);
    } while (!err && dump_is_byte(&d->scan.token, ','));
    if (err)
        return err;
    if (d->column_count == 0)
        return expected(d, "a column");
    err = keep_table(d, &database, &name, line);
    return err ? err : skip_statement(d, false);
}

/* The columns that the rows of an INSERT fill: its own list, or those of the CREATE before it. */
static int read_columns(struct dump *d, const struct dump_text *database,
                        const struct dump_text *name, size_t line)
{
    const struct table *t = find_table(d, database, name);
    char quoted[FOUND_MAX + 3];

    d->column_count = 0;
    if (dump_is_byte(&d->scan.token, '(')) {
        do {
            int err;

            dump_scan_next(&d->scan);
            err = read_column(d);
            if (err)
                return err;
        } while (dump_is_byte(&d->scan.token, ','));
        return accept_byte(d, ')') ? 0 : expected(d, "`,' or `)'");
    }
    if (!dump_is_word(&d->scan.token, "VALUES"))
        return expected(d, "a list of columns or VALUES");
    if (!t) {
        return fail(d, line, "expected a list of columns, found no CREATE TABLE %s before",
                    show(name, quoted));
    }
    memcpy(d->columns, d->names + t->first, t->count * sizeof *d->columns);
    d->column_count = t->count;
    return 0;
}

static int read_value(struct dump *d, struct dump_value *value)
{
    const struct dump_token *token = &d->scan.token;
    static const char what[] = "a value: a string, a decimal number or NULL";

    *value = (struct dump_value){.text = token->text};
    if (dump_is_word(token, "NULL")) {
        value->null = true;
        value->text.len = 0;
    } else if (!dump_is_number(token)) {
        /* A character set in front of a string, as in _binary 'x'. */
        if (token->kind == DUMP_WORD && *token->text.bytes == '_')
            dump_scan_next(&d->scan);
        if (token->kind != DUMP_STRING && token->kind != DUMP_DOUBLE)
            return expected(d, what);
        value->text = token->text;
        value->quoted = true;
    }
    dump_scan_next(&d->scan);
    return 0;
}

/* There were `count` values. 0 if reading goes on. */
static int refuse_row(struct dump *d, const struct dump_row *row, size_t count)
{
    if (count > d->column_count)
        fail(d, row->line, "expected %zu values, found more", d->column_count);
    else
        fail(d, row->line, "expected %zu values, found %zu", d->column_count, count);
    if (!d->unfit)
        return -EBADMSG;
    d->unfit(d->context, d->error);
    return 0;
}

/* One bracket of values. */
static int read_row(struct dump *d, struct dump_row *row)
{
    struct dump_value beyond; /* of the columns */
    size_t count = 0;
    int err;

    row->line = d->scan.token.line;
    if (!dump_is_byte(&d->scan.token, '('))
        return expected(d, "`('");
    do {
        dump_scan_next(&d->scan);
        err = read_value(d, count < d->column_count ? &d->values[count] : &beyond);
        if (err)
            return err;
        count++;
    } while (dump_is_byte(&d->scan.token, ','));
    if (!accept_byte(d, ')'))
        return expected(d, "`,' or `)'");
    if (count != d->column_count)
        return refuse_row(d, row, count);
    err = d->found(d->context, row);
    if (err)
        fail(d, row->line, "the row was refused");
    return err;
}

static int read_insert(struct dump *d)
{
    struct dump_row row = {.columns = d->columns, .values = d->values};
    size_t line = d->scan.token.line;
    int err;

    do
        dump_scan_next(&d->scan);
    while (dump_is_word(&d->scan.token, "IGNORE") || dump_is_word(&d->scan.token, "DELAYED") ||
           dump_is_word(&d->scan.token, "LOW_PRIORITY"));
    if (!accept_word(d, "INTO"))
        return expected(d, "INTO");
    err = read_table_name(d, &row.database, &row.table);
    if (!err)
        err = read_columns(d, &row.database, &row.table, line);
    if (!err && !dump_is_word(&d->scan.token, "VALUES"))
        err = expected(d, "VALUES");
    row.count = d->column_count;
    if (err)
        return err;
    do {
        dump_scan_next(&d->scan);
        err = read_row(d, &row);
        if (err)
            return err;
    } while (dump_is_byte(&d->scan.token, ','));
    if (d->scan.token.kind != DUMP_STOP)
        return expected(d, "`,' or the end of the statement");
    dump_scan_next(&d->scan);
    return 0;
}

static int read_use(struct dump *d)
{
    int err;

    dump_scan_next(&d->scan);
    err = read_name(d, "a database's name", &d->database);
    if (err)
        return err;
    return d->scan.token.kind == DUMP_STOP ? 0 : expected(d, "the end of the statement");
}

/* What the two tools write besides. Anything else might change rows, and is refused. */
static bool is_of_no_concern(const struct dump_token *token)
{
    static const char *const words[] = {"ALTER", "ANALYZE", "BEGIN", "CHANGE",  "COMMIT",
                                        "DROP",  "FLUSH",   "GRANT", "INSTALL", "LOCK",
                                        "SET",   "START",   "UNLOCK"};

    return is_one_of(token, words, sizeof words / sizeof *words);
}

static int read_statement(struct dump *d)
{
    const struct dump_token *token = &d->scan.token;

    if (token->kind == DUMP_STOP) {
        dump_scan_next(&d->scan);
        return 0;
    }
    if (dump_is_word(token, "INSERT") || dump_is_word(token, "REPLACE"))
        return read_insert(d);
    if (dump_is_word(token, "CREATE"))
        return read_create(d);
    if (dump_is_word(token, "USE"))
        return read_use(d);
    if (is_of_no_concern(token))
        return skip_statement(d, false);
    if (!dump_is_word(token, "DELIMITER"))
        return expected(d, "a statement of a dump (CREATE, INSERT, DROP, LOCK, SET ...)");
    if (!dump_scan_delimiter(&d->scan))
        return fail(d, token->line, "expected a delimiter such as `;;'");
    dump_scan_next(&d->scan);
    return 0;
}

int dump_read(char *text, size_t len, dump_found *found, dump_unfit *unfit, void *context,
              struct dump_error *error)
{
    struct dump *d = calloc(1, sizeof *d);
    int err = 0;

    *error = (struct dump_error){0};
    if (!d) {
        snprintf(error->text, sizeof error->text, "out of memory");
        return -ENOMEM;
    }
    d->found = found;
    d->unfit = unfit;
    d->context = context;
    d->error = error;
    d->database.bytes = text;
    dump_scan_begin(&d->scan, text, len);
    dump_scan_next(&d->scan);
    while (!err && d->scan.token.kind != DUMP_FILE)
        err = read_statement(d);
    free(d->names);
    free(d);
    return err;
}

bool dump_text_is(const struct dump_text *text, const char *wanted)
{
    return text->len == strlen(wanted) && memcmp(text->bytes, wanted, text->len) == 0;
}

const struct dump_value *dump_row_value(const struct dump_row *row, const char *column)
{
    for (size_t i = 0; i < row->count; i++) {
        if (dump_text_is(&row->columns[i], column))
            return &row->values[i];
    }
    return NULL;
}
