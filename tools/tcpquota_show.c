/* Of one user: show, allowed, why. */
#include "tcpquota.h"

#include "account.h"
#include "addr.h"

#include <string.h>

#define TIME_LEN 64

static void show_host(const json_t *host)
{
    json_t *facts = json_copy((json_t *)host);
    const char *opened = json_string_value(json_object_get(host, "opened"));
    const char *place = json_string_value(json_object_get(host, "host"));
    bool is_local = place && strcmp(place, SESSION_LOCAL) == 0;
    char since[TIME_LEN];

    json_object_set_new(facts, "state",
                        json_string(show_open(json_integer_value(json_object_get(host, "open")))));
    if (opened) {
        json_object_set_new(facts, "since", json_string(show_time(opened, since, sizeof since)));
        show_line(is_local ? _("{host}: on the gateway itself since {since}, connections {cnts}: "
                               "{points} points, {left}, {money}")
                           : _("{host}: {state}, since {since}: {points} points, {left}, {money}"),
                  facts);
    } else {
        show_line(_("{host}: {state}"), facts);
    }
    json_decref(facts);
}

/* How fast it goes, and for how long. */
static void show_pace(const json_t *row)
{
    const json_t *rate = json_object_get(row, "rate");
    const char *runs_out = json_string_value(json_object_get(row, "runs_out"));
    char text[SHOW_NUMBER_LEN], at[TIME_LEN];
    json_t *facts = json_object();

    json_object_set_new(facts, "rate", json_string(show_number(json_number_value(rate), text)));
    if (json_number_value(rate) <= 0) {
        show_line(_("nothing is charged now"), facts);
    } else if (!runs_out) {
        show_line(_("{rate} points a second are charged now"), facts);
    } else {
        json_object_set_new(facts, "at", json_string(show_time(runs_out, at, sizeof at)));
        show_line(_("{rate} points a second are charged now: that is enough until {at}"), facts);
    }
    json_decref(facts);
}

static void show_user(const json_t *row)
{
    const json_t *hosts = json_object_get(row, "hosts"), *host;
    size_t i;

    show_line(_("{name}: {quota} points, {left}, {money}"), row);
    if (json_is_true(json_object_get(row, "free")))
        show_line(_("{name} is never cut off"), row);
    else if (!json_is_true(json_object_get(row, "allowed")))
        show_line(_("{name} is not allowed to use the link"), row);
    json_array_foreach(hosts, i, host) show_host(host);
    show_pace(row);
}

int show_run(struct tcpquota *t)
{
    static const struct view view = {.name = "show", .row = show_user};
    const char *user = t->arguments.words[0];

    return view_run(&t->program, &view, json_pack("{s:s, s:s*}", "command", "show", "user", user));
}

static void show_allowed(const json_t *row)
{
    puts(json_is_true(json_object_get(row, "allowed")) ? _("yes") : _("no"));
}

int show_run_allowed(struct tcpquota *t)
{
    static const struct view view = {.name = "allowed", .row = show_allowed, .says_no = true};

    return view_run(&t->program, &view,
                    json_pack("{s:s, s:s}", "command", "allowed", "user", t->arguments.words[0]));
}

/* A line for scripts too, and so in no language but its own. */
static void show_verdict(const json_t *row)
{
    bool may = json_is_true(json_object_get(row, "may"));

    show_line(json_object_get(row, "host")
                  ? (may ? "{host}: may: {rule}" : "{host}: may not: {rule}")
              : may ? "{name}: may: {rule}"
                    : "{name}: may not: {rule}",
              row);
}

int show_run_why(struct tcpquota *t)
{
    static const struct column columns[] = {{"hour", N_("hour"), COLUMN_TIME},
                                            {"seconds", N_("time used"), COLUMN_SPAN},
                                            {"points", N_("points"), COLUMN_NUMBER},
                                            {"left", N_("as time"), COLUMN_MONEY},
                                            {"money", N_("as money"), COLUMN_MONEY}};
    static const struct view view = {.name = "why",
                                     .columns = columns,
                                     .count = sizeof columns / sizeof *columns,
                                     .first = show_verdict,
                                     .says_no = true};
    const char *about = t->arguments.words[0];
    struct addr host;

    return view_run(&t->program, &view,
                    json_pack("{s:s, s:s}", "command", "why",
                              addr_parse(about, &host) == 0 ? "host" : "user", about));
}
