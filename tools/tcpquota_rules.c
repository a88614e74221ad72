/* The rules of tcpquota-server(8): taken over from a text, listed, and which one holds. */
#include "tcpquota.h"

#include "rulebook.h"
#include "store.h"
#include "store_read.h"
#include "table.h"
#include "tcprules.h"
#include "text_file.h"
#include "variables.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define TEXT_MAX (64 << 20) /* bytes */

/* The rules of a text on their way into the database. */
struct import {
    const struct tcpquota *tcpquota;
    const char *path;
    struct rule *rules;
    size_t count, room;
    bool faulty;
};

static void tell_fault(void *context, size_t line, const char *what)
{
    struct import *i = context;
    char place[PATH_MAX + 32];

    snprintf(place, sizeof place, "%s:%zu", i->path, line);
    program_fail(&i->tcpquota->program, EX_DATAERR, place, what);
    i->faulty = true;
}

static int take_rule(void *context, const struct tcprule *rule)
{
    struct import *i = context;

    if (rule->name) {
        tell_fault(i, rule->line, _("a rule by name: the database has those by address alone"));
        return 0;
    }
    if (strstr(rule->rule.env, "\\n")) {
        tell_fault(i, rule->line, _("a variable has \\n in it, which would end it"));
        return 0;
    }
    if (i->count == i->room) {
        size_t room = i->room ? i->room * 2 : 64;
        struct rule *rules = reallocarray(i->rules, room, sizeof *rules);

        if (!rules)
            return -ENOMEM;
        i->rules = rules;
        i->room = room;
    }
    i->rules[i->count++] = rule->rule; /* its text is that of the file, which stays */
    return 0;
}

/* The last line first: of equal rules the first one in the text holds, and the last in the table.
 */
static int put_rules(struct store *store, const struct import *i, const char *service)
{
    int64_t now = wall_seconds(wall_now());
    int err = store_begin_as(store, "root", "import", NULL);

    for (size_t n = i->count; n > 0 && !err; n--) {
        struct rule rule = i->rules[n - 1];

        rule.itime = now;
        err = store_put_rule(store, service, &rule);
    }
    if (!err)
        err = store_commit(store);
    if (err)
        store_rollback(store);
    return err;
}

static int open_store(const struct tcpquota *t, enum store_mode mode, struct store **store)
{
    const char *path = t->program.conf.database;
    int err = store_open(store, path, mode);

    return err ? program_fail(&t->program, EX_IOERR, path, store_error(*store)) : 0;
}

static int put(struct tcpquota *t, const struct import *i)
{
    struct store *store = NULL;
    json_t *counts;
    int code = open_store(t, STORE_SHARE, &store);

    if (!code && put_rules(store, i, t->arguments.service) != 0)
        code = program_fail(&t->program, EX_IOERR, t->program.conf.database, store_error(store));
    store_close(store);
    if (code)
        return code;
    counts = json_pack("{s:I}", "rules", (json_int_t)i->count);
    show_line(_("taken over: {rules} rules"), counts);
    json_decref(counts);
    return 0;
}

static int import_rules(struct tcpquota *t)
{
    struct import i = {.tcpquota = t, .path = t->arguments.words[1]};
    char *text = NULL;
    int err = text_file_read(i.path, TEXT_MAX, &text, NULL), code = 0;

    if (err == -EBADMSG)
        code = program_fail(&t->program, EX_DATAERR, i.path,
                            _("is a compiled .cdb or no text at all"));
    else if (err)
        code = program_fail(&t->program, EX_NOINPUT, i.path, text_file_strerror(err));
    if (!code) {
        err = tcprules_read(text, take_rule, tell_fault, &i);
        if (err == -ENOMEM)
            code = program_fail(&t->program, EX_OSERR, i.path, strerror(ENOMEM));
        else
            code = err || i.faulty ? EX_DATAERR : put(t, &i);
    }
    free(i.rules);
    free(text);
    return code;
}

/* These are words of scripts, and stay as they are in every language. */
static const char *decision_text(int64_t decision)
{
    return decision == RULE_ACCEPT ? "accept" : "deny";
}

static void set_place(json_t *row, const struct store_rule *rule)
{
    char first[ADDR_TEXT_LEN], last[ADDR_TEXT_LEN];

    if (rule->nobody) {
        json_object_set_new(row, "from", json_string("nobody"));
    } else if (rule->rule.range.first.family) {
        json_object_set_new(row, "from", json_string(addr_format(&rule->rule.range.first, first)));
        json_object_set_new(row, "to", json_string(addr_format(&rule->rule.range.last, last)));
    }
}

static json_t *row_of(const struct store_rule *rule)
{
    json_t *row = json_pack("{s:s, s:s, s:s, s:I, s:s}", "service", rule->service, "hostgroup",
                            rule->hostgroup, "decision", decision_text(rule->rule.decision),
                            "number", (json_int_t)rule->rule.decision, "env", rule->rule.env);

    if (row && rule->rule.itime != INT64_MIN)
        json_object_set_new(row, "itime", json_integer(rule->rule.itime));
    if (row)
        set_place(row, rule);
    return row;
}

static int add_row(void *context, const struct store_rule *rule)
{
    json_t *row = row_of(rule);

    return row && json_array_append_new(context, row) == 0 ? 0 : -ENOMEM;
}

static int show_rows(const struct tcpquota *t, json_t *rows)
{
    static const struct column columns[] = {
        {"service", N_("service"), COLUMN_TEXT},   {"hostgroup", N_("host group"), COLUMN_TEXT},
        {"from", N_("from"), COLUMN_TEXT},         {"to", N_("to"), COLUMN_TEXT},
        {"decision", N_("decision"), COLUMN_TEXT}, {"itime", N_("itime"), COLUMN_NUMBER},
        {"env", N_("variables"), COLUMN_TEXT}};
    struct table table = {
        .columns = columns, .count = sizeof columns / sizeof *columns, .out = stdout};
    json_t *row;
    size_t i;

    if (t->arguments.json) {
        json_t *all = json_pack("{s:O}", "rules", rows);

        json_dumpf(all, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(all);
        return 0;
    }
    json_array_foreach(rows, i, row)
    {
        table_row(&table, row);
    }
    table_end(&table);
    return 0;
}

static int list_rules(struct tcpquota *t)
{
    struct store *store = NULL;
    json_t *rows = json_array();
    int code = open_store(t, STORE_READ, &store), err = 0;

    if (!code) {
        err = store_snapshot(store);
        if (!err)
            err = store_read_rules(store, t->arguments.service, add_row, rows);
        store_stop(store);
    }
    if (!code && err)
        code = program_fail(&t->program, EX_IOERR, t->program.conf.database, store_error(store));
    store_close(store);
    if (!code)
        code = show_rows(t, rows);
    json_decref(rows);
    return code;
}

static void tell_strange(void *context, const struct store_rule *rule)
{
    const struct tcpquota *t = context;

    program_fail(&t->program, 0, *rule->net ? rule->net : rule->hostgroup,
                 _("no such group, or no address, network or range: holds for nobody"));
}

static void set_range(json_t *answer, const struct rule *rule)
{
    char first[ADDR_TEXT_LEN], last[ADDR_TEXT_LEN], text[2 * ADDR_TEXT_LEN + 4];

    if (!rule)
        snprintf(text, sizeof text, "none");
    else if (!rule->range.first.family)
        snprintf(text, sizeof text, "everyone");
    else
        snprintf(text, sizeof text, "%s - %s", addr_format(&rule->range.first, first),
                 addr_format(&rule->range.last, last));
    json_object_set_new(answer, "range", json_string(text));
}

/* 0: accepted, as far as rules go; 1: not. */
static int show_rule(const struct tcpquota *t, const char *address, const struct rule *rule)
{
    int64_t decision = rule ? rule->decision : RULE_ACCEPT;
    struct variables variables = {0};
    const char *fault;
    json_t *answer;

    /* One with a line that is no variable refuses, whatever its decision. */
    if (rule && variables_add_text(&variables, rule->env, true, &fault) != 0)
        decision = RULE_DENY;
    variables_free(&variables);
    answer =
        json_pack("{s:s, s:s, s:I, s:s}", "address", address, "decision", decision_text(decision),
                  "number", (json_int_t)decision, "env", rule ? rule->env : "");

    if (!answer)
        return program_fail(&t->program, EX_OSERR, address, strerror(ENOMEM));
    set_range(answer, rule);
    if (t->arguments.json) {
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        show_line("{address}: {decision}: {range}", answer);
        if (rule && *rule->env)
            puts(rule->env);
    }
    json_decref(answer);
    return decision == RULE_ACCEPT ? 0 : 1;
}

static int explain_rule(struct tcpquota *t)
{
    const char *address = t->arguments.words[1];
    struct rulebook *book = NULL;
    struct store *store = NULL;
    struct addr a;
    int code, err;

    if (addr_parse(address, &a) != 0)
        return arguments_fail(address, _("no address"));
    code = open_store(t, STORE_READ, &store);
    if (!code) {
        err = store_snapshot(store);
        if (!err)
            err = rulebook_read_store(
                &book, store, t->arguments.service ? t->arguments.service : "", tell_strange, t);
        store_stop(store);
        if (err)
            code =
                program_fail(&t->program, EX_IOERR, t->program.conf.database, store_error(store));
    }
    if (!code)
        code = show_rule(t, address, rulebook_find(book, &a, NULL, NULL));
    rulebook_free(book);
    store_close(store);
    return code;
}

int rules_run(struct tcpquota *t)
{
    const char *what = t->arguments.words[0];
    bool list = strcmp(what, "list") == 0;

    if (!list && strcmp(what, "import") != 0 && strcmp(what, "why") != 0)
        return arguments_fail(what, _("import, list or why is expected"));
    if (t->arguments.count != (list ? 1 : 2))
        return arguments_fail(what, _("tcpquota rules import FILE, list, or why ADDRESS"));
    if (!root_is_here(t))
        return EX_NOPERM;
    return list ? list_rules(t) : *what == 'i' ? import_rules(t) : explain_rule(t);
}
