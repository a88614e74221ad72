/* Why a user may use the link, or a host may be open, or not; and what they have used last. */
#include "query_parts.h"
#include "verdict.h"

#include <string.h>

#define HOURS_SHOWN 10

struct why {
    bool by_user, by_host; /* which of them was asked for */
    struct addr addr;
    char host[ADDR_TEXT_LEN];
    struct user_name holder; /* who has the host; "": nobody */
};

/* Those who may not look at all hosts ask for themselves. */
static bool choose_user(struct query *q, struct why *w, struct answer *answer, const char *user)
{
    const struct caller *caller = &q->terms.caller;

    w->by_user = user || !w->by_host || !caller->is_operator;
    return !w->by_user || query_about(q, answer, user ? user : caller->name.text);
}

static bool begin_why(struct query *q, struct answer *answer)
{
    const char *user = NULL, *host = NULL;
    struct why *w;

    if (!query_unpack(q, answer, "{s:s, s?:s, s?:s}", "command", &(const char *){0}, "user", &user,
                      "host", &host))
        return false;
    w = query_work(q, answer, sizeof *w);
    if (!w)
        return false;
    w->by_host = host != NULL;
    if (!choose_user(q, w, answer, user))
        return false;
    if (host && addr_parse(host, &w->addr) != 0) {
        answer_end(answer, REASON_NO_ADDRESS, json_pack("{s:o}", "host", answer_text(host)));
        return false;
    }
    addr_format(&w->addr, w->host);
    return true;
}

/* What of the case is the host's; sets `holder`, and the user if it is they who are meant. */
static int judge_host(struct query *q, struct why *w, struct verdict_case *c)
{
    struct store_row row;
    bool own;
    int rc = store_find_row(q->store, w->host, &row);

    c->is_local = topology_is_local(q->terms.topology, &w->addr);
    c->is_own = topology_is_own(q->terms.topology, &w->addr);
    if (rc <= 0)
        return rc;
    if (!w->by_user)
        q->user = row.user;
    own = strcmp(row.user.text, q->user.text) == 0;
    if (row.order != ORDER_IS_CLOSED || own)
        w->holder = row.user;
    c->is_held = !own && row.order != ORDER_IS_CLOSED;
    c->free_row = own && row.free;
    if (own)
        c->until = row.until;
    return 0;
}

static int judge_user(struct query *q, struct verdict_case *c)
{
    int allowed = store_is_allowed(q->store, &q->user);

    c->allowed = allowed > 0;
    c->free_user = query_is_free(q, &q->user);
    return allowed < 0 ? allowed : store_balance(q->store, &q->user, &c->balance);
}

/* Nobody has the host, and nobody was asked for: only the host itself can be against it. */
static bool is_nobodys(const struct why *w)
{
    return !w->by_user && !*w->holder.text;
}

static enum reason rule_of(const struct query *q, const struct why *w, const struct verdict_case *c)
{
    static const enum reason rules[VERDICTS] = {
        [VERDICT_NO_ADDRESS] = REASON_NOT_LOCAL, [VERDICT_NOT_LOCAL] = REASON_NOT_LOCAL,
        [VERDICT_OWN] = REASON_OWN_ADDRESS,      [VERDICT_HELD] = REASON_IN_USE,
        [VERDICT_DENIED] = REASON_NOT_ALLOWED,   [VERDICT_QUOTA] = REASON_NO_QUOTA,
        [VERDICT_HOURS] = REASON_HOURS,          [VERDICT_UNTIL] = REASON_HOURS};
    enum verdict v = verdict_of(c);

    if (v != VERDICT_MAY)
        return rules[v];
    if (q->terms.topology->channels == 0)
        return REASON_LINK_DOWN;
    return !is_nobodys(w) && (c->free_user || c->free_row) ? REASON_FREE : REASON_OK;
}

static int judge(struct query *q, struct why *w, enum reason *rule)
{
    const struct conf *conf = q->terms.conf;
    struct verdict_case c = {.is_address = true,
                             .is_local = true,
                             .min_quota = conf->min_quota,
                             .fw_hours = conf->fw_hours,
                             .now = q->terms.now};
    int err = w->by_host ? judge_host(q, w, &c) : 0;

    if (err)
        return err;
    if (is_nobodys(w))
        c.free_user = true;
    else
        err = judge_user(q, &c);
    *rule = rule_of(q, w, &c);
    return err;
}

static void put_verdict(struct query *q, const struct why *w, struct answer *answer,
                        enum reason rule)
{
    bool may = rule == REASON_OK || rule == REASON_FREE;
    json_t *row = json_object();

    if (w->by_host)
        row = query_set(row, "host", json_string(w->host));
    if (!is_nobodys(w))
        row = query_set(row, "name", answer_text(q->user.text));
    row = query_set(row, "may", json_boolean(may));
    answer_row(answer, query_set(row, "rule", json_string(reason_word(rule))));
}

/* The last hours of use, for those who may see that user's account. */
static int put_hours(struct query *q, const struct why *w, struct answer *answer)
{
    struct store_usage u;
    int rc;

    if (is_nobodys(w) || !caller_sees(&q->terms.caller, &q->user))
        return 0;
    store_read_last_hours(q->store, &q->user, HOURS_SHOWN);
    while ((rc = store_next_last_hour(q->store, &u)) > 0)
        answer_row(answer,
                   query_priced(q,
                                json_pack("{s:o, s:I, s:I}", "hour", answer_text(u.hour), "seconds",
                                          (json_int_t)u.seconds, "points", (json_int_t)u.points),
                                u.points));
    return rc;
}

/* What the sentence of the rule names, and the rule. */
static json_t *about_end(const struct query *q, const struct why *w, enum reason rule)
{
    json_t *about = json_pack("{s:s}", "rule", reason_word(rule));

    if (!is_nobodys(w))
        about = query_set(about, "user", answer_text(q->user.text));
    if (w->by_host)
        about = query_set(about, "host", json_string(w->host));
    if (rule == REASON_IN_USE && q->terms.caller.is_operator)
        about = query_set(about, "holder", answer_text(w->holder.text));
    return about;
}

static bool step_why(struct query *q, struct answer *answer)
{
    struct why *w = q->work;
    enum reason rule = REASON_OK;
    int err = judge(q, w, &rule);

    if (!err) {
        put_verdict(q, w, answer, rule);
        err = put_hours(q, w, answer);
    }
    if (err || rule == REASON_OK || rule == REASON_FREE)
        return query_end(q, answer, err);
    answer_end(answer, REASON_MAY_NOT, about_end(q, w, rule));
    return false;
}

const struct query_kind query_why = {"why", QUERY_EVERYBODY, begin_why, step_why, NULL};
