#include "entrance.h"

#include "entrance_rules.h"
#include "limit.h"
#include "log.h"
#include "open_host.h"
#include "store_policy.h"
#include "tally.h"
#include "trouble.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entrance {
    struct entrance_setup setup;
    struct entrance_rules *rules; /* NULL: everybody comes in */
    struct live_store *database;  /* or NULL */
    struct tally *tally;
    struct trouble quota_trouble;
};

int entrance_open(struct entrance **out, const struct entrance_setup *setup)
{
    struct entrance *e = calloc(1, sizeof *e);
    int err = e ? 0 : -ENOMEM;

    if (!err) {
        e->setup = *setup;
        err = tally_new(&e->tally);
    }
    if (!err && setup->database)
        err = live_store_new(&e->database, setup->database);
    if (!err && setup->source != ENTRANCE_FREE)
        err = entrance_rules_open(&e->rules, &e->setup, e->database);
    if (err)
        entrance_close(e);
    else
        *out = e;
    return err;
}

void entrance_close(struct entrance *e)
{
    if (!e)
        return;
    entrance_rules_close(e->rules);
    live_store_free(e->database);
    tally_free(e->tally);
    free(e);
}

int entrance_enter(struct entrance *e, const struct addr *a)
{
    return tally_add(e->tally, a);
}

void entrance_leave(struct entrance *e, const struct addr *a)
{
    tally_remove(e->tally, a);
}

static int64_t count(void *context, const struct addr *a, unsigned len)
{
    return tally_count(((struct entrance *)context)->tally, a, len);
}

/* The database as far as quota goes, or NULL, logged once. */
static struct store *quota_store(struct entrance *e)
{
    const char *why = "MAXQUOTA needs a configuration, and there is none";
    struct store *s = e->database && e->setup.conf ? live_store_now(e->database, &why) : NULL;

    if (!s)
        trouble_begin(&e->quota_trouble, "%s: %s", e->database ? e->setup.database : "quota", why);
    else
        trouble_end(&e->quota_trouble, e->setup.database);
    return s;
}

bool entrance_may_stay(struct entrance *e, const struct addr *a)
{
    struct store *s = quota_store(e);

    return s && open_host_may(s, e->setup.conf, a) > 0;
}

int64_t entrance_quota_version(struct entrance *e)
{
    struct store *s = quota_store(e);
    int64_t version = s ? store_generation(s, STORE_HOSTS) : -1;

    return version < 0 ? -1 : version + (live_store_openings(e->database) << 40);
}

struct live_store *entrance_database(struct entrance *e)
{
    return e->database;
}

/* Refuses because of what a rule says that cannot be understood. */
static void refuse(struct entrance_answer *out, const struct visitor *v, const char *why)
{
    char host[ADDR_TEXT_LEN];

    log_err("rules for %s: %s: refused", addr_format(&v->address, host), why);
    out->verdict = ENTRANCE_DENIED;
}

/* What the rule does not say and the environment of this process does not, the configuration may.
 */
static int add_presets(const struct entrance *e, struct variables *env)
{
    const struct variables *presets = e->setup.presets;
    int err = 0;

    for (size_t i = 0; presets && i < presets->count && !err; i++) {
        char name[32];
        size_t len = strcspn(presets->list[i], "=");

        snprintf(name, sizeof name, "%.*s", (int)len, presets->list[i]);
        if (!limit_variable(env, name))
            err = variables_set(env, name, presets->list[i] + len + 1);
    }
    return err;
}

static void apply_limits(struct entrance *e, const struct visitor *v, struct entrance_answer *out)
{
    char why[LIMIT_WHY_LEN] = "";
    const char *mark;
    int quota;

    if (add_presets(e, &out->env) != 0) {
        refuse(out, v, strerror(ENOMEM));
        return;
    }
    mark = limit_reached(&out->env, &v->address, count, e, why);
    quota = limit_wants_quota(&out->env, why);
    if (!mark || quota < 0) {
        refuse(out, v, why);
        return;
    }
    out->quota = quota > 0;
    if (!*mark && quota > 0 && !entrance_may_stay(e, &v->address))
        mark = "MAXQUOTA:";
    if (!*mark)
        return;
    out->verdict = ENTRANCE_LIMITED;
    out->mark = mark;
    out->message = limit_variable(&out->env, "DIEMSG");
}

static void apply_rule(const struct rule *rule, bool escapes, const struct visitor *v,
                       struct entrance_answer *out)
{
    char host[ADDR_TEXT_LEN], line[LIMIT_WHY_LEN];
    const char *fault = "";
    int err;

    if (rule->decision != RULE_ACCEPT) {
        out->verdict = ENTRANCE_DENIED;
        if (rule->decision != RULE_DENY)
            log_warning("rules for %s: %" PRId64 " is no decision, it denies",
                        addr_format(&v->address, host), rule->decision);
        return;
    }
    err = variables_add_text(&out->env, rule->env, escapes, &fault);
    if (err == -EINVAL) {
        snprintf(line, sizeof line, "env: `%.*s' is no NAME=value", (int)strcspn(fault, "\n\\"),
                 fault);
        refuse(out, v, line);
    } else if (err) {
        refuse(out, v, strerror(-err));
    }
}

void entrance_ask(struct entrance *e, const struct visitor *v, struct entrance_answer *out)
{
    bool missing = false;
    const struct rulebook *book = e->rules ? entrance_rules_now(e->rules, &missing) : NULL;
    const struct rule *rule;

    *out = (struct entrance_answer){.verdict = ENTRANCE_IN, .mark = ""};
    if (e->rules && !book && !(missing && e->setup.allow_missing)) {
        out->verdict = ENTRANCE_UNREADABLE;
        return;
    }
    if (book && v->may_wait && (rulebook_asks_host(book) || rulebook_asks_info(book))) {
        out->verdict = ENTRANCE_WAIT;
        return;
    }
    rule = book ? rulebook_find(book, &v->address, v->host, v->info) : NULL;
    if (rule)
        apply_rule(rule, rulebook_has_escapes(book), v, out);
    if (out->verdict == ENTRANCE_IN)
        apply_limits(e, v, out);
}
