/* What is open, by whom, since when; and who has opened and closed what. */
#include "openfw.h"

#include "account.h"
#include "view.h"

#include <string.h>

static const struct column host_columns[] = {
    {"host", N_("host"), COLUMN_TEXT},    {"name", N_("for"), COLUMN_TEXT},
    {"by", N_("opened by"), COLUMN_TEXT}, {"opened", N_("since"), COLUMN_TIME},
    {"until", N_("until"), COLUMN_TIME},  {"cnts", N_("connections"), COLUMN_NUMBER},
};
static const struct view hosts_view = {
    .name = "hosts", .columns = host_columns, .count = sizeof host_columns / sizeof *host_columns};

struct listing {
    const struct openfw *f;
    struct output output;
};

static bool is_wanted(const struct openfw *f, const char *host)
{
    const json_t *item;
    size_t i;

    if (!f->name_count)
        return strcmp(host, SESSION_LOCAL) != 0; /* that is no host of a room */
    json_array_foreach(f->hosts, i, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "host")), host) == 0)
            return true;
    }
    return false;
}

static void take_row(void *context, json_t *row)
{
    struct listing *l = context;
    const char *host = json_string_value(json_object_get(row, "host"));

    if (host && json_integer_value(json_object_get(row, "open")) == 1 && is_wanted(l->f, host))
        output_row(&l->output, row);
}

int openfw_list(struct openfw *f)
{
    struct listing listing = {.f = f};
    const struct listener listener = {take_row, NULL, &listing};
    char why[TEXT_LEN];
    int code = 0;

    if (f->name_count)
        code = openfw_ask_groups(f);
    if (!code && f->name_count)
        code = openfw_find_hosts(f);
    if (code)
        return code;
    output_begin(&listing.output, &f->program, &hosts_view);
    code = ask(&f->program, json_pack("{s:s}", "command", "hosts"), &listener, why);
    output_end(&listing.output, code);
    return code ? program_fail(&f->program, code, why, NULL) : 0;
}

int openfw_log(struct openfw *f)
{
    static const struct column columns[] = {
        {"when", N_("when"), COLUMN_TIME},
        {"user", N_("by"), COLUMN_TEXT},
        {"action", N_("action"), COLUMN_TEXT},
    };
    static const struct view view = {
        .name = "openfw-log", .columns = columns, .count = sizeof columns / sizeof *columns};

    return view_run(&f->program, &view,
                    json_pack("{s:s, s:s*}", "command", "openfw-log", "user",
                              f->name_count ? f->names[0] : NULL));
}
