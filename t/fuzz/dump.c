/* Any bytes as a dump: what is told lies within the text, in its order, and errors are told. */
#include "dump.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct range {
    const char *begin, *end;
    size_t lines, last;
};

static void check_text(const struct range *in, const struct dump_text *text)
{
    if (text->bytes < in->begin || text->bytes > in->end ||
        text->len > (size_t)(in->end - text->bytes))
        abort();
}

static int check_row(void *context, const struct dump_row *row)
{
    struct range *in = context;

    if (row->count < 1 || row->count > DUMP_COLUMNS_MAX || row->line < in->last ||
        row->line > in->lines || row->table.len == 0)
        abort();
    in->last = row->line;
    check_text(in, &row->database);
    check_text(in, &row->table);
    for (size_t i = 0; i < row->count; i++) {
        const struct dump_value *value = &row->values[i];

        check_text(in, &row->columns[i]);
        check_text(in, &value->text);
        if (row->columns[i].len == 0 || (value->null && (value->quoted || value->text.len > 0)) ||
            (!value->null && !value->quoted && value->text.len == 0))
            abort();
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size ? size : 1);
    struct range in = {text, text + size, 1, 0};
    struct dump_error error;
    int result;

    if (!text)
        return 0;
    for (size_t i = 0; i < size; i++)
        in.lines += data[i] == '\n';
    memcpy(text, data, size);
    result = dump_read(text, size, check_row, NULL, &in, &error);
    if ((result != 0 && result != -EBADMSG) || !memchr(error.text, '\0', sizeof error.text))
        abort();
    if (result != 0 && (error.line < 1 || error.line < in.last || error.line > in.lines))
        abort();
    for (const char *p = error.text; *p; p++) {
        if (*p < ' ' || *p > '~')
            abort();
    }
    if (!*error.text != !result)
        abort();
    free(text);
    return 0;
}
