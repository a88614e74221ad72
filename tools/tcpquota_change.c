/* The commands that change balances, who is allowed, and periods. */
#include "tcpquota.h"

#include "amount.h"
#include "change.h"
#include "utf8.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static int fail_for(const struct tcpquota *t, enum reason reason, const char *user)
{
    json_t *line = json_pack("{s:s, s:s}", "why", reason_word(reason), "user", user);
    char why[TEXT_LEN];

    program_fail(&t->program, reason_code(reason), text_why(line, why), NULL);
    json_decref(line);
    return reason_code(reason);
}

static void note_known(void *context, json_t *row)
{
    *(bool *)context = json_is_true(json_object_get(row, "known")) ||
                       json_is_true(json_object_get(row, "allowed")) ||
                       json_is_true(json_object_get(row, "free")) ||
                       json_integer_value(json_object_get(row, "quota")) != 0;
}

/* A name that is no user's is as likely misspelt as meant. 0, or an exit code, told. */
static int judge_name(const struct tcpquota *t, const char *user)
{
    bool known = false;
    const struct listener listener = {.row = note_known, .context = &known};
    char why[TEXT_LEN];
    int code;

    if (t->arguments.fresh || getpwnam(user))
        return 0;
    code =
        ask(&t->program, json_pack("{s:s, s:s}", "command", "show", "user", user), &listener, why);
    if (code > reason_code(REASON_NO_USER))
        return program_fail(&t->program, code, why, NULL);
    return known ? 0 : fail_for(t, REASON_NEW_USER, user);
}

/* 0, or EX_USAGE, told. */
static int read_amount(const struct tcpquota *t, int64_t *points)
{
    const struct conf *conf = &t->program.conf;
    const struct amount_price price = {conf->rate_quota, conf->money_value};
    const char *text = t->arguments.words[1];
    int64_t min = strcmp(t->arguments.command->name, "set") == 0 ? AMOUNT_MIN : 1;
    int err = amount_parse(text, min, &price, points);

    if (err == -ERANGE)
        return arguments_fail(text, _("out of range"));
    if (err)
        return arguments_fail(text, _("no amount: points (3600), time (90m, 2h) or money (20SEK)"));
    return 0;
}

static bool is_blank(const char *text)
{
    return !text || text[strspn(text, " \t")] == '\0';
}

/* 0, or EX_USAGE, told. */
static int judge_reason(const char *reason)
{
    size_t len = reason ? strlen(reason) : 0;
    char text[TEXT_LEN];

    if (!reason || (len <= CHANGE_REASON_BYTES && !utf8_has_controls(reason)))
        return 0;
    snprintf(text, sizeof text,
             _("a reason has at most %d bytes, and no control characters; this one has %zu"),
             CHANGE_REASON_BYTES, len);
    return arguments_fail("--reason", text);
}

/* Whether the command can be carried out as it was typed. */
static int judge(const struct tcpquota *t, int64_t *points)
{
    const struct arguments *a = &t->arguments;
    const char *name = a->command->name;
    bool needs_reason =
        strcmp(name, "deny") == 0 || strcmp(name, "take") == 0 || strcmp(name, "delete") == 0;

    if (a->command->most == 2 && read_amount(t, points) != 0)
        return EX_USAGE;
    if (needs_reason && is_blank(a->reason))
        return arguments_fail(name, _(reason_sentence(REASON_NO_REASON)));
    if (judge_reason(a->reason) != 0)
        return EX_USAGE;
    return a->command->options & OPTION_NEW ? judge_name(t, a->words[0]) : 0;
}

static void show_balance(const json_t *row)
{
    show_line(_("{name}: {quota} points, {left}, {money}"), row);
    if (json_is_true(json_object_get(row, "free")))
        show_line(_("{name} is never cut off"), row);
    else if (!json_is_true(json_object_get(row, "allowed")))
        show_line(_("{name} is not allowed to use the link"), row);
}

int change_run_user(struct tcpquota *t)
{
    const struct arguments *a = &t->arguments;
    const struct view view = {.name = a->command->name, .row = show_balance};
    int64_t points = 0;
    json_t *request;
    int code = judge(t, &points);

    if (code)
        return code;
    request = json_pack("{s:s, s:s, s:s*}", "command", a->command->name, "user", a->words[0],
                        "reason", a->reason);
    if (a->command->most == 2)
        json_object_set_new(request, "points", json_integer(points));
    return view_run(&t->program, &view, request);
}

/* Whether the person at the terminal means it. 0, or an exit code, told. */
static int confirm(const struct tcpquota *t)
{
    char answer[16] = "";

    if (t->arguments.yes)
        return 0;
    if (!isatty(STDIN_FILENO))
        return arguments_fail("period new", _("without a terminal it needs --yes"));
    fputs(_("A new accounting period begins now. Really? [y/N] "), stderr);
    if (fgets(answer, sizeof answer, stdin) && strchr(_("yY"), answer[0]) && answer[0])
        return 0;
    return program_fail(&t->program, 1, _("no period was begun"), NULL);
}

int change_run_period(struct tcpquota *t)
{
    static const struct column columns[] = {{"id", N_("number"), COLUMN_NUMBER},
                                            {"period", N_("begun"), COLUMN_TEXT},
                                            {"quota", N_("points"), COLUMN_NUMBER},
                                            {"left", N_("as time"), COLUMN_MONEY},
                                            {"money", N_("as money"), COLUMN_MONEY}};
    static const struct view view = {
        .name = "period", .columns = columns, .count = sizeof columns / sizeof *columns};
    static const struct view begun = {.name = "period", .columns = columns, .count = 2};
    const char *verb = t->arguments.words[0];
    int code;

    if (!verb || strcmp(verb, "list") == 0)
        return view_run(&t->program, &view, json_pack("{s:s}", "command", "period"));
    if (strcmp(verb, "new") != 0)
        return arguments_fail(verb, _("not understood: period list, period new"));
    code = confirm(t);
    return code ? code : view_run(&t->program, &begun, json_pack("{s:s}", "command", "period-new"));
}
