/* Rows on stdout, for people or for scripts. */
#include "view.h"

#include "question.h"

#include <unistd.h>

void view_print_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_COMPACT | (isatty(STDOUT_FILENO) ? JSON_ENSURE_ASCII : 0));
}

static void print_opening(const struct output *o)
{
    printf("{\"%s\":[", o->view->name);
}

void output_begin(struct output *o, const struct program *p, const struct view *view)
{
    *o = (struct output){.view = view, .json = p->json};
    o->table = (struct table){.columns = view->columns, .count = view->count, .out = stdout};
}

void output_row(struct output *o, json_t *row)
{
    const struct view *v = o->view;

    o->rows++;
    if (o->json) {
        if (o->rows == 1)
            print_opening(o);
        else
            fputs(",", stdout);
        fputs("\n", stdout);
        view_print_json(row);
    } else if (o->rows == 1 && v->first) {
        v->first(row);
    } else if (v->columns) {
        table_row(&o->table, row);
    } else {
        v->row(row);
    }
}

static void end_json(const struct output *o)
{
    if (o->rows == 0)
        print_opening(o);
    fputs("]", stdout);
    if (o->total) {
        fputs(",\"total\":", stdout);
        view_print_json(o->total);
    }
    fputs("}\n", stdout);
}

/* Whether the table is to be ended: headings over nothing are an answer, but not to what was
 * refused. */
static bool has_table(const struct output *o, bool whole)
{
    const struct view *v = o->view;
    size_t rows = o->rows - (v->first && o->rows > 0);

    return v->columns && (rows > 0 || (whole && !v->first && !v->needs_rows));
}

void output_end(struct output *o, int code)
{
    bool whole = code == 0 || (code == 1 && o->rows > 0);

    if (o->json && whole)
        end_json(o);
    if (!o->json && has_table(o, whole))
        table_end(&o->table);
    if (!o->json && o->total && o->view->total)
        o->view->total(o->total);
    json_decref(o->total);
    o->total = NULL;
}

static void hear_row(void *context, json_t *row)
{
    output_row(context, row);
}

static void hear_total(void *context, const json_t *total)
{
    struct output *o = context;

    json_decref(o->total);
    o->total = json_deep_copy(total);
}

int view_run(const struct program *p, const struct view *view, json_t *request)
{
    struct output o;
    const struct listener listener = {hear_row, hear_total, &o};
    char why[TEXT_LEN];
    int code;

    output_begin(&o, p, view);
    code = ask(p, request, &listener, why);
    output_end(&o, code);
    if (code != 0 && !(code == 1 && view->says_no && o.rows > 0))
        program_fail(p, code, why, NULL);
    else if (code == 0 && *why && !o.json)
        puts(why);
    return code;
}
