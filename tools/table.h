/*
 * table: rows of JSON in aligned columns.
 */
#ifndef TCPQUOTA_TABLE_H
#define TCPQUOTA_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum column_kind {
    COLUMN_TEXT,
    COLUMN_NUMBER, /* right */
    COLUMN_MONEY,  /* a text, right */
    COLUMN_SPAN,   /* seconds, shown as h:mm:ss */
    COLUMN_TIME,   /* of the database, shown local */
    COLUMN_YES,    /* a truth */
    COLUMN_OPEN    /* `open` of masq */
};
struct column {
    const char *key, *heading;
    enum column_kind kind;
};
#define TABLE_COLUMNS_MAX 12
/* Rows from which the widths are taken: as many as are there, at most these. */
#define TABLE_SAMPLE 200
/* A table on its way out to `out`. Zeros but for `columns`, `count` and `out` begin one. */
struct table {
    const struct column *columns;
    size_t count;
    FILE *out;
    int width[TABLE_COLUMNS_MAX];
    json_t *held[TABLE_SAMPLE];
    size_t held_count;
    bool flows; /* the widths stand */
};
void table_row(struct table *t, json_t *row);
/* The rest; a table without rows has its headings alone. */
void table_end(struct table *t);

#endif
