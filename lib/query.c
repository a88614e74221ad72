#include "query.h"

#include "num.h"
#include "query_parts.h"
#include "worth.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct query_kind *const kinds[] = {
    &query_show, &query_list,       &query_allowed,  &query_hosts, &query_top,    &query_why,
    &query_log,  &query_openfw_log, &query_sessions, &query_usage, &query_period, &query_audit,
    NULL};

static const struct query_kind *find_kind(const char *command)
{
    for (const struct query_kind *const *kind = kinds; *kind; kind++) {
        if (strcmp((*kind)->command, command) == 0)
            return *kind;
    }
    return NULL;
}

bool query_knows(const char *command)
{
    return find_kind(command) != NULL;
}

static bool may_ask(const struct query_kind *kind, const struct caller *caller)
{
    return kind->who == QUERY_EVERYBODY || (kind->who == QUERY_OPERATORS && caller->is_operator) ||
           caller->is_admin;
}

/* False: the answer has the end. */
static bool begin(struct query *q, struct answer *answer)
{
    int err;

    if (!q->kind)
        answer_end(answer, REASON_REQUEST, json_pack("{s:s}", "detail", "no such command"));
    else if (!may_ask(q->kind, &q->terms.caller))
        answer_end(answer, REASON_NOT_PERMITTED, NULL);
    if (answer->ended)
        return false;
    err = store_snapshot(q->store);
    return err ? query_end(q, answer, err) : q->kind->begin(q, answer);
}

struct query *query_new(struct store *store, const struct query_terms *terms, const char *command,
                        json_t *request, struct answer *answer)
{
    struct query *q = calloc(1, sizeof *q);

    if (!q)
        return NULL;
    *q = (struct query){.kind = find_kind(command),
                        .store = store,
                        .terms = *terms,
                        .request = json_incref(request)};
    q->over = !begin(q, answer);
    return q;
}

void query_use_conf(struct query *q, const struct conf *conf)
{
    q->terms.conf = conf;
}

bool query_step(struct query *q, struct answer *answer)
{
    if (!q->over)
        q->over = !q->kind->step(q, answer);
    if (!q->over && answer->failed) {
        answer_end(answer, REASON_MEMORY, NULL);
        q->over = true;
    }
    return !q->over;
}

void query_free(struct query *q)
{
    if (!q)
        return;
    store_stop(q->store);
    if (q->work && q->kind->clear)
        q->kind->clear(q->work);
    free(q->work);
    json_decref(q->request);
    free(q);
}

bool query_unpack(struct query *q, struct answer *answer, const char *format, ...)
{
    json_error_t error;
    va_list values;
    int rc;

    va_start(values, format);
    rc = json_vunpack_ex(q->request, &error, JSON_STRICT, format, values);
    va_end(values);
    if (rc != 0 && json_error_code(&error) == json_error_out_of_memory)
        answer_end(answer, REASON_MEMORY, NULL);
    else if (rc != 0)
        answer_end(answer, REASON_REQUEST, json_pack("{s:o}", "detail", answer_text(error.text)));
    return rc == 0;
}

static bool about(struct query *q, struct answer *answer, const char *user, bool sees_all)
{
    const struct caller *caller = &q->terms.caller;

    q->one = user || !sees_all;
    q->user = caller->name;
    if (user && user_name_make(&q->user, user) != 0) {
        answer_end(answer, REASON_NO_NAME, json_pack("{s:o}", "user", answer_text(user)));
        return false;
    }
    if (sees_all || caller_sees(caller, &q->user))
        return true;
    answer_end(answer, REASON_NOT_PERMITTED, NULL);
    return false;
}

bool query_about(struct query *q, struct answer *answer, const char *user)
{
    return about(q, answer, user, q->terms.caller.is_admin);
}

bool query_about_rooms(struct query *q, struct answer *answer, const char *user)
{
    return about(q, answer, user, q->terms.caller.is_operator);
}

const struct user_name *query_only(const struct query *q)
{
    return q->one ? &q->user : NULL;
}

void *query_work(struct query *q, struct answer *answer, size_t size)
{
    q->work = calloc(1, size);
    if (!q->work)
        answer_end(answer, REASON_MEMORY, NULL);
    return q->work;
}

bool query_end(struct query *q, struct answer *answer, int err)
{
    if (!err)
        answer_end(answer, REASON_OK, NULL);
    else if (err == -EBUSY || err == -ENOMEM)
        answer_end(answer, err == -EBUSY ? REASON_BUSY : REASON_MEMORY, NULL);
    else
        answer_end(answer, REASON_DATABASE,
                   json_pack("{s:o}", "detail", answer_text(store_error(q->store))));
    return false;
}

json_t *query_set(json_t *row, const char *key, json_t *value)
{
    if (json_object_set_new(row, key, value) == 0)
        return row;
    json_decref(row);
    return NULL;
}

json_t *query_text_or_null(const char *text)
{
    return *text ? answer_text(text) : json_null();
}

json_t *query_priced(const struct query *q, json_t *row, int64_t points)
{
    return worth_add(row, q->terms.conf, points);
}

bool query_is_free(const struct query *q, const struct user_name *user)
{
    return conf_is_free_user(q->terms.conf, user->text);
}

static struct pace pace_of(const struct query *q, const struct user_name *user)
{
    struct pace none = {0, 1};

    return q->terms.pace_of ? q->terms.pace_of(q->terms.context, user) : none;
}

static json_t *runs_out(const struct query *q, int64_t points, struct pace pace)
{
    struct tariff tariff = tariff_of(q->terms.conf, q->terms.topology->channels);
    struct wall at = {0};
    char text[WALL_UTC_LEN];

    if (points <= 0 || (pace.sessions && tariff.channels))
        at = forecast_end(&tariff, pace, points, q->terms.now);
    if (!at.ns)
        return json_null();
    wall_format_utc(at, text);
    return json_string(text);
}

static json_t *rate_of(const struct query *q, struct pace pace)
{
    struct tariff tariff = tariff_of(q->terms.conf, q->terms.topology->channels);
    int64_t rate = num_mul(tariff_rate(&tariff, q->terms.now), pace.sessions);

    return rate % pace.divisor ? json_real((double)rate / (double)pace.divisor)
                               : json_integer(rate / pace.divisor);
}

json_t *query_paced(const struct query *q, json_t *row, const struct user_name *user, int64_t quota)
{
    struct pace pace = pace_of(q, user);
    int64_t rest = num_add(quota, num_mul(q->terms.conf->min_quota, -1));

    row = query_set(row, "rate", rate_of(q, pace));
    return query_set(row, "runs_out",
                     query_is_free(q, user) ? json_null() : runs_out(q, rest, pace));
}
