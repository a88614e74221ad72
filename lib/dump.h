/*
 * dump: rows out of a dump of SQL tables, as mysqldump (3.22 to 8.4, MariaDB) and msqldump (mini
 * SQL 1 to 3) write it: CREATE TABLE and INSERT or REPLACE, ended by `;` or `\g`, between comments
 * and statements of no concern.
 *
 * The format: MySQL Reference Manual, "Language Structure" (literals, comments) and "mysqldump";
 * mSQL 2.0 User Guide, "msqldump". A comment for a server (slash, star, exclamation mark) is read
 * as that server would read it. Bytes pass as they are: the character set, and the blanks with
 * which mSQL may pad CHAR, are the reader's concern. Not read: character sets in which a backslash
 * can be half of a character (Shift-JIS, GBK), hexadecimal values, the delimited text of --tab.
 *
 * Nothing here blocks. Time grows with the length of the text, memory with the number of columns
 * that CREATE TABLE names; no more than one row is held.
 */
#ifndef TCPQUOTA_DUMP_H
#define TCPQUOTA_DUMP_H

#include <stdbool.h>
#include <stddef.h>

#define DUMP_COLUMNS_MAX 256 /* of one table */
#define DUMP_TABLES_MAX 1024
#define DUMP_ERROR_LEN 192

/* Bytes within the text that was read, no NUL behind them. */
struct dump_text {
    const char *bytes;
    size_t len;
};

struct dump_value {
    struct dump_text text; /* escapes undone; a number as written; empty for NULL */
    bool null;
    bool quoted; /* was written as a string */
};

/* What it points to is for the time of the call alone. */
struct dump_row {
    struct dump_text database; /* of USE or of the table's full name; empty: not said */
    struct dump_text table;
    const struct dump_text *columns; /* no two the same */
    const struct dump_value *values;
    size_t count; /* of both, at least 1 */
    size_t line;  /* where its bracket opens, from 1 */
};

struct dump_error {
    size_t line;               /* where the reading ended */
    char text[DUMP_ERROR_LEN]; /* printable ASCII: what was expected and what was found */
};

/* Called for each row in its order. Not 0: the reading ends and dump_read() returns it. */
typedef int dump_found(void *context, const struct dump_row *row);

/* Told of a row that is left out because it has not as many values as columns. */
typedef void dump_unfit(void *context, const struct dump_error *error);

/*
 * Reads `len` bytes, which need no NUL and are overwritten: strings are decoded in their place.
 * 0; -EBADMSG after the first thing that is not as it should be, a statement without its end
 * included, and with `unfit` NULL a row that does not fit; -ENOMEM; what `found` returned. *error
 * is set on all but 0. Rows found before an error were told of: who reads keeps them back until the
 * end, in a transaction.
 */
int dump_read(char *text, size_t len, dump_found *found, dump_unfit *unfit, void *context,
              struct dump_error *error);

/* Whether it is this, case included. */
bool dump_text_is(const struct dump_text *text, const char *expected);
/* The row's value in this column; NULL if it has no such column. */
const struct dump_value *dump_row_value(const struct dump_row *row, const char *column);

#endif
