/* Of users: show, list, allowed. */
#include "num.h"
#include "query_parts.h"

#include <errno.h>
#include <string.h>

static json_t *user_row(const struct query *q, const struct store_user *u)
{
    json_t *row = json_pack("{s:o, s:I, s:b, s:b}", "name", answer_text(u->name.text), "quota",
                            (json_int_t)u->quota, "allowed", (int)u->allowed, "free",
                            (int)query_is_free(q, &u->name));

    return query_priced(q, row, u->quota);
}

/* What is summed up on the way. */
struct list {
    int64_t positive, free_users, users;
};

static bool begin_list(struct query *q, struct answer *answer)
{
    if (!query_unpack(q, answer, "{s:s}", "command", &(const char *){0}) ||
        !query_about(q, answer, NULL) || !query_work(q, answer, sizeof(struct list)))
        return false;
    store_read_users(q->store, query_only(q));
    return true;
}

static json_t *sum_of(const struct query *q, int64_t points)
{
    return query_priced(q, json_pack("{s:I}", "quota", (json_int_t)points), points);
}

/* The sums of what users may still use, and of what the free users have. */
static void add_sums(const struct query *q, struct answer *answer)
{
    const struct list *w = q->work;

    answer_total(answer, json_pack("{s:o, s:o, s:I}", "positive", sum_of(q, w->positive), "free",
                                   sum_of(q, w->free_users), "users", (json_int_t)w->users));
}

static bool step_list(struct query *q, struct answer *answer)
{
    struct list *w = q->work;
    struct store_user u;
    int rc = 0;

    for (int i = 0; i < QUERY_ROWS; i++) {
        rc = store_next_user(q->store, &u);
        if (rc <= 0)
            break;
        w->users++;
        if (query_is_free(q, &u.name))
            w->free_users = num_add(w->free_users, u.quota);
        else if (u.quota > 0)
            w->positive = num_add(w->positive, u.quota);
        answer_row(answer, user_row(q, &u));
    }
    if (rc > 0)
        return true;
    if (!rc)
        add_sums(q, answer);
    return query_end(q, answer, rc);
}

const struct query_kind query_list = {"list", QUERY_EVERYBODY, begin_list, step_list, NULL};

#define SHOWN_BYTES 24000 /* of hosts within a row, which has to fit into a packet */

struct show {
    json_t *hosts;
    size_t bytes;
    int64_t left_out; /* hosts beyond that */
};

static void clear_show(void *work)
{
    struct show *w = work;

    json_decref(w->hosts);
}

static bool begin_show(struct query *q, struct answer *answer)
{
    const char *user = NULL;
    struct show *w;

    if (!query_unpack(q, answer, "{s:s, s?:s}", "command", &(const char *){0}, "user", &user) ||
        !query_about(q, answer, user ? user : q->terms.caller.name.text))
        return false;
    w = query_work(q, answer, sizeof *w);
    if (!w)
        return false;
    w->hosts = json_array();
    query_read_hosts(q, &q->user);
    return true;
}

/* 0 or -ENOMEM. */
static int add_host(const struct query *q, struct show *w, const struct store_host *h)
{
    json_t *row = query_host_row(q, h);
    size_t bytes = row ? json_dumpb(row, NULL, 0, JSON_COMPACT) + 1 : 0;

    if (row && w->bytes + bytes > SHOWN_BYTES) {
        w->left_out++;
        json_decref(row);
        return 0;
    }
    w->bytes += bytes;
    return json_array_append_new(w->hosts, row) == 0 ? 0 : -ENOMEM;
}

/* Some of their hosts. 1 if there are more. */
static int read_hosts(struct query *q, struct show *w)
{
    struct store_host h;
    int rc = 1;

    for (int i = 0; i < QUERY_SCAN && rc > 0; i++) {
        rc = query_next_host(q, &h);
        if (rc > 0 && *h.host && add_host(q, w, &h) != 0)
            rc = -ENOMEM;
    }
    return rc;
}

/* A user without a row has nothing; of themselves they may ask all the same. */
static bool is_somebody(const struct query *q, bool known)
{
    const struct show *w = q->work;

    return known || query_is_free(q, &q->user) || json_array_size(w->hosts) > 0 ||
           memcmp(&q->user, &q->terms.caller.name, sizeof q->user) == 0;
}

static bool step_show(struct query *q, struct answer *answer)
{
    struct store_user u = {.name = q->user};
    struct show *w = q->work;
    int rc = read_hosts(q, w);
    json_t *row;

    if (rc > 0)
        return true;
    if (!rc) {
        store_read_users(q->store, &q->user);
        rc = store_next_user(q->store, &u);
    }
    if (rc < 0)
        return query_end(q, answer, rc);
    if (!is_somebody(q, rc > 0)) {
        answer_end(answer, REASON_NO_USER, json_pack("{s:o}", "user", answer_text(q->user.text)));
        return false;
    }
    row = query_set(user_row(q, &u), "known", json_boolean(rc > 0));
    row = query_set(row, "hosts", json_incref(w->hosts));
    if (w->left_out)
        row = query_set(row, "left_out", json_integer(w->left_out));
    answer_row(answer, query_paced(q, row, &u.name, u.quota));
    return query_end(q, answer, 0);
}

const struct query_kind query_show = {"show", QUERY_EVERYBODY, begin_show, step_show, clear_show};

static bool begin_allowed(struct query *q, struct answer *answer)
{
    const char *user = NULL;

    return query_unpack(q, answer, "{s:s, s:s}", "command", &(const char *){0}, "user", &user) &&
           query_about(q, answer, user);
}

static bool step_allowed(struct query *q, struct answer *answer)
{
    int rc = store_is_allowed(q->store, &q->user);
    bool yes = rc > 0 || query_is_free(q, &q->user);

    if (rc < 0)
        return query_end(q, answer, rc);
    answer_row(answer, json_pack("{s:o, s:b}", "name", answer_text(q->user.text), "allowed", yes));
    answer_end(answer, yes ? REASON_OK : REASON_NO,
               json_pack("{s:o}", "user", answer_text(q->user.text)));
    return false;
}

const struct query_kind query_allowed = {"allowed", QUERY_EVERYBODY, begin_allowed, step_allowed,
                                         NULL};
