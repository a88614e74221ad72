/* What was done: log, openfw-log, sessions. */
#include "query_parts.h"

#include <string.h>

#define SESSIONS_SHOWN 100

/* Unpacks {"command", "user"?}; *user is NULL without one. */
static bool unpack_user(struct query *q, struct answer *answer, const char **user)
{
    *user = NULL;
    return query_unpack(q, answer, "{s:s, s?:s}", "command", &(const char *){0}, "user", user);
}

static bool begin_log(struct query *q, struct answer *answer)
{
    const char *user;

    if (!unpack_user(q, answer, &user) || !query_about(q, answer, user))
        return false;
    store_read_log(q->store, query_only(q));
    return true;
}

static json_t *log_row(const struct query *q, const struct store_log *l)
{
    json_t *row = json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "when", answer_text(l->when),
                            "user", answer_text(l->user), "action", answer_text(l->action), "name",
                            answer_text(l->name), "delta", (json_int_t)l->delta, "balance",
                            (json_int_t)l->balance, "reason",
                            l->reason ? answer_text(l->reason) : json_null());

    return query_priced(q, row, l->delta);
}

static bool step_log(struct query *q, struct answer *answer)
{
    struct store_log l;

    for (int i = 0; i < QUERY_ROWS; i++) {
        int rc = store_next_log(q->store, query_only(q), &l);

        if (rc <= 0)
            return query_end(q, answer, rc);
        answer_row(answer, log_row(q, &l));
    }
    return true;
}

const struct query_kind query_log = {"log", QUERY_EVERYBODY, begin_log, step_log, NULL};

static bool begin_openfw_log(struct query *q, struct answer *answer)
{
    const char *user;

    if (!unpack_user(q, answer, &user) || !query_about_rooms(q, answer, user))
        return false;
    store_read_openfw(q->store);
    return true;
}

/* The table has no index of users: a step passes over those of others. */
static bool step_openfw_log(struct query *q, struct answer *answer)
{
    struct store_log l;

    for (int i = 0; i < QUERY_ROWS; i++) {
        int rc = store_next_openfw(q->store, &l);

        if (rc <= 0)
            return query_end(q, answer, rc);
        if (!q->one || strcmp(l.user, q->user.text) == 0)
            answer_row(answer, json_pack("{s:o, s:o, s:o}", "when", answer_text(l.when), "user",
                                         answer_text(l.user), "action", answer_text(l.action)));
    }
    return true;
}

const struct query_kind query_openfw_log = {"openfw-log", QUERY_OPERATORS, begin_openfw_log,
                                            step_openfw_log, NULL};

static bool begin_sessions(struct query *q, struct answer *answer)
{
    const char *user;

    if (!unpack_user(q, answer, &user) || !query_about(q, answer, user))
        return false;
    store_read_sessions(q->store, query_only(q), SESSIONS_SHOWN);
    return true;
}

static json_t *session_row(const struct query *q, const struct store_session *s)
{
    json_t *row = json_pack("{s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "id", (json_int_t)s->id,
                            "name", answer_text(s->name), "host", answer_text(s->host), "opened",
                            answer_text(s->opened), "closed", query_text_or_null(s->closed),
                            "seconds", (json_int_t)s->seconds, "points", (json_int_t)s->points,
                            "cause", query_text_or_null(s->cause));

    return query_priced(q, row, s->points);
}

static bool step_sessions(struct query *q, struct answer *answer)
{
    struct store_session s;

    for (int i = 0; i < QUERY_ROWS; i++) {
        int rc = store_next_session(q->store, query_only(q), &s);

        if (rc <= 0)
            return query_end(q, answer, rc);
        answer_row(answer, session_row(q, &s));
    }
    return true;
}

const struct query_kind query_sessions = {"sessions", QUERY_EVERYBODY, begin_sessions,
                                          step_sessions, NULL};
