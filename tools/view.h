/*
 * view: how the rows of an answer are shown: to people as a table, to scripts as one object of JSON
 * that holds them in an array, {"NAME":[rows],"total":{}}.
 */
#ifndef TCPQUOTA_VIEW_H
#define TCPQUOTA_VIEW_H

#include "program.h"
#include "table.h"

struct view {
    const char *name;             /* of the array */
    const struct column *columns; /* or NULL: `row` shows them */
    size_t count;
    void (*row)(const json_t *row);
    void (*first)(const json_t *row); /* shows the first row, which is of another kind; or NULL */
    void (*total)(const json_t *total);
    bool needs_rows; /* without them it has no headings either */
    bool says_no;    /* its exit code 1 is an answer, and no failure */
};
struct output {
    const struct view *view;
    bool json;
    struct table table;
    size_t rows;
    json_t *total;
};
/* A value as JSON on stdout: on a terminal in nothing but ASCII, in which JSON escapes what a
 * terminal would obey. */
void view_print_json(const json_t *value);
void output_begin(struct output *o, const struct program *p, const struct view *view);
void output_row(struct output *o, json_t *row);
/* Ends it. What broke off with this exit code ends as no JSON, so that nobody takes it for all. */
void output_end(struct output *o, int code);
/* All of it: asks, shows what comes, tells what went wrong. The exit code. */
int view_run(const struct program *p, const struct view *view, json_t *request);

#endif
