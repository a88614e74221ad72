/* Of all users, as tables: list, hosts, and what has been. */
#include "tcpquota.h"

#include <string.h>

#define COLUMNS(list) .columns = (list), .count = sizeof(list) / sizeof *(list)

/* Sums are held at the largest number that there is, num.h. */
static void show_sum(const char *sentence, const json_t *facts, const char *key)
{
    show_line(sentence, facts);
    if (json_integer_value(json_object_get(facts, key)) == INT64_MAX)
        show_line(_("that is as far as it can be counted: the sum is larger"), facts);
}

static void show_sums(const json_t *total)
{
    show_sum(_("positive balances: {quota} points, {left}, {money}"),
             json_object_get(total, "positive"), "quota");
    show_sum(_("free users: {quota} points, {left}, {money}"), json_object_get(total, "free"),
             "quota");
}

int list_run_users(struct tcpquota *t)
{
    static const struct column columns[] = {
        {"name", N_("name"), COLUMN_TEXT},      {"quota", N_("points"), COLUMN_NUMBER},
        {"left", N_("as time"), COLUMN_MONEY},  {"money", N_("as money"), COLUMN_MONEY},
        {"allowed", N_("allowed"), COLUMN_YES}, {"free", N_("free"), COLUMN_YES}};
    static const struct view view = {.name = "list", COLUMNS(columns), .total = show_sums};

    return view_run(&t->program, &view, json_pack("{s:s}", "command", "list"));
}

int list_run_hosts(struct tcpquota *t)
{
    static const struct column columns[] = {
        {"host", N_("host"), COLUMN_TEXT},          {"name", N_("name"), COLUMN_TEXT},
        {"open", N_("state"), COLUMN_OPEN},         {"free", N_("free"), COLUMN_YES},
        {"cnts", N_("connections"), COLUMN_NUMBER}, {"opened", N_("since"), COLUMN_TIME},
        {"seconds", N_("time used"), COLUMN_SPAN},  {"points", N_("points"), COLUMN_NUMBER},
        {"money", N_("as money"), COLUMN_MONEY},    {"until", N_("until"), COLUMN_TIME},
        {"by", N_("opened by"), COLUMN_TEXT}};
    static const struct view view = {.name = "hosts", COLUMNS(columns)};

    return view_run(&t->program, &view, json_pack("{s:s}", "command", "hosts"));
}

static json_t *request_about(const struct tcpquota *t, const char *command)
{
    return json_pack("{s:s, s:s*}", "command", command, "user", t->arguments.words[0]);
}

int list_run_log(struct tcpquota *t)
{
    static const struct column columns[] = {
        {"when", N_("when"), COLUMN_TIME},      {"user", N_("by"), COLUMN_TEXT},
        {"action", N_("action"), COLUMN_TEXT},  {"name", N_("name"), COLUMN_TEXT},
        {"delta", N_("change"), COLUMN_NUMBER}, {"balance", N_("balance"), COLUMN_NUMBER},
        {"reason", N_("reason"), COLUMN_TEXT}};
    static const struct view view = {.name = "log", COLUMNS(columns)};

    return view_run(&t->program, &view, request_about(t, "log"));
}

int list_run_openfw_log(struct tcpquota *t)
{
    static const struct column columns[] = {{"when", N_("when"), COLUMN_TIME},
                                            {"user", N_("by"), COLUMN_TEXT},
                                            {"action", N_("action"), COLUMN_TEXT}};
    static const struct view view = {.name = "openfw-log", COLUMNS(columns)};

    return view_run(&t->program, &view, request_about(t, "openfw-log"));
}

int list_run_sessions(struct tcpquota *t)
{
    static const struct column columns[] = {
        {"name", N_("name"), COLUMN_TEXT},         {"host", N_("host"), COLUMN_TEXT},
        {"opened", N_("opened"), COLUMN_TIME},     {"closed", N_("closed"), COLUMN_TIME},
        {"seconds", N_("time used"), COLUMN_SPAN}, {"points", N_("points"), COLUMN_NUMBER},
        {"money", N_("as money"), COLUMN_MONEY},   {"cause", N_("closed because"), COLUMN_TEXT}};
    static const struct view view = {.name = "sessions", COLUMNS(columns)};

    return view_run(&t->program, &view, request_about(t, "sessions"));
}

static void show_audited(const json_t *total)
{
    if (json_integer_value(json_object_get(total, "wrong")) == 0)
        show_line(_("{users} users: balances, log and use add up"), total);
}

int list_run_audit(struct tcpquota *t)
{
    static const struct column columns[] = {{"name", N_("name"), COLUMN_TEXT},
                                            {"quota", N_("balance"), COLUMN_NUMBER},
                                            {"logged", N_("logged"), COLUMN_NUMBER},
                                            {"used", N_("used"), COLUMN_NUMBER},
                                            {"difference", N_("difference"), COLUMN_NUMBER}};
    static const struct view view = {
        .name = "audit", COLUMNS(columns), .total = show_audited, .needs_rows = true};

    return view_run(&t->program, &view, json_pack("{s:s}", "command", "audit"));
}

static int add_date(json_t *request, const char *key, const char *text, bool after)
{
    char utc[WALL_UTC_LEN];
    int code = text ? date_read(text, after, utc) : 0;

    if (text && !code)
        json_object_set_new(request, key, json_string(utc));
    return code;
}

static void show_used(const json_t *total)
{
    show_sum(_("all: {points} points, {left}, {money}"), total, "points");
}

int list_run_usage(struct tcpquota *t)
{
    static const struct column columns[] = {
        {"name", N_("name"), COLUMN_TEXT},         {"from", N_("from"), COLUMN_TIME},
        {"seconds", N_("time used"), COLUMN_SPAN}, {"points", N_("points"), COLUMN_NUMBER},
        {"left", N_("as time"), COLUMN_MONEY},     {"money", N_("as money"), COLUMN_MONEY}};
    static const struct view view = {.name = "usage", COLUMNS(columns), .total = show_used};
    const struct arguments *a = &t->arguments;
    json_t *request =
        json_pack("{s:s, s:s*, s:s*}", "command", "usage", "user", a->words[0], "by", a->by);
    int code = 0;

    if (a->by && strcmp(a->by, "hour") != 0 && strcmp(a->by, "day") != 0 &&
        strcmp(a->by, "month") != 0)
        code = arguments_fail(a->by, _("--by is one of hour, day, month"));
    if (!code)
        code = add_date(request, "from", a->from, false);
    if (!code)
        code = add_date(request, "to", a->to, true);
    if (!code)
        return view_run(&t->program, &view, request);
    json_decref(request);
    return code;
}
