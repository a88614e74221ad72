/* Aligned columns. The widths are those of the first rows, so that a long table flows. */
#include "table.h"

#include "amount.h"
#include "show.h"
#include "text.h"

#include <inttypes.h>
#include <string.h>

#define CELL_LEN 1024

static bool is_right(enum column_kind kind)
{
    return kind == COLUMN_NUMBER || kind == COLUMN_MONEY || kind == COLUMN_SPAN;
}

/* Something of JSON as text; a list as its members with blanks between. */
static void put_value(const json_t *value, char *out, size_t size)
{
    char number[SHOW_NUMBER_LEN];
    const json_t *member;
    size_t i, len = 0;

    out[0] = '\0';
    if (json_is_string(value)) {
        snprintf(out, size, "%s", json_string_value(value));
    } else if (json_is_integer(value)) {
        snprintf(out, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_real(value)) {
        snprintf(out, size, "%s", show_number(json_real_value(value), number));
    } else if (json_is_boolean(value)) {
        snprintf(out, size, "%s", json_is_true(value) ? _("yes") : _("no"));
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, member)
        {
            if (len + 1 < size && i > 0)
                out[len++] = ' ';
            put_value(member, out + len, size - len);
            len += strlen(out + len);
        }
    }
}

/* What stands in the cell, and its width. */
static int format_cell(const struct column *c, const json_t *row, char out[CELL_LEN])
{
    const json_t *value = json_object_get(row, c->key);
    char text[CELL_LEN], span[AMOUNT_TIME_LEN];

    put_value(value, text, sizeof text);
    if (c->kind == COLUMN_SPAN && json_is_integer(value))
        snprintf(text, sizeof text, "%s", amount_format_time(json_integer_value(value), span));
    else if (c->kind == COLUMN_OPEN && json_is_integer(value))
        snprintf(text, sizeof text, "%s", show_open(json_integer_value(value)));
    else if (c->kind == COLUMN_TIME && json_is_string(value))
        show_time(json_string_value(value), text, sizeof text);
    else if (!*text)
        snprintf(text, sizeof text, "-");
    return show_clean(text, out, CELL_LEN);
}

static void print_cell(const struct table *t, size_t i, const char *text, int width)
{
    int padding = t->width[i] > width ? t->width[i] - width : 0;
    bool right = is_right(t->columns[i].kind), last = i + 1 == t->count;

    fprintf(t->out, "%s%*s%s%*s", i > 0 ? "  " : "", right ? padding : 0, "", text,
            right || last ? 0 : padding, "");
}

static void print_row(const struct table *t, const json_t *row)
{
    char text[CELL_LEN];

    for (size_t i = 0; i < t->count; i++) {
        int width = format_cell(&t->columns[i], row, text);

        print_cell(t, i, text, width);
    }
    putc('\n', t->out);
}

static void print_headings(struct table *t)
{
    char text[CELL_LEN];

    for (size_t i = 0; i < t->count; i++) {
        int width = show_clean(_(t->columns[i].heading), text, sizeof text);

        print_cell(t, i, text, width);
    }
    putc('\n', t->out);
}

static void measure(struct table *t)
{
    char text[CELL_LEN];

    for (size_t i = 0; i < t->count; i++) {
        t->width[i] = show_clean(_(t->columns[i].heading), text, sizeof text);
        for (size_t k = 0; k < t->held_count; k++) {
            int width = format_cell(&t->columns[i], t->held[k], text);

            if (width > t->width[i])
                t->width[i] = width;
        }
    }
}

/* From here on rows are printed as they come. */
static void flow(struct table *t)
{
    measure(t);
    print_headings(t);
    for (size_t k = 0; k < t->held_count; k++) {
        print_row(t, t->held[k]);
        json_decref(t->held[k]);
    }
    t->held_count = 0;
    t->flows = true;
}

void table_row(struct table *t, json_t *row)
{
    if (t->flows) {
        print_row(t, row);
        return;
    }
    t->held[t->held_count++] = json_incref(row);
    if (t->held_count == TABLE_SAMPLE)
        flow(t);
}

void table_end(struct table *t)
{
    if (!t->flows)
        flow(t);
}
