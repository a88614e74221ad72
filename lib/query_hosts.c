/* Of hosts: what masq has, and since when; and of the gateway itself, which stands beside them. */
#include "query_parts.h"

#include "caller.h"

/* A name that no program writes is nobody's, and has no connections. */
static int64_t local_use_of(const struct query *q, const char *name)
{
    struct user_name user;

    if (!q->terms.local_use_of || user_name_make(&user, name) != 0)
        return 0;
    return q->terms.local_use_of(q->terms.context, &user);
}

int query_next_local(struct query *q, struct store_host *out)
{
    int rc = store_next_local(q->store, out);

    if (rc > 0 && *out->host)
        out->cnts = local_use_of(q, out->name);
    return rc;
}

void query_read_hosts(struct query *q, const struct user_name *only)
{
    q->past_locals = false;
    store_read_locals(q->store, only);
    store_read_hosts(q->store, only);
}

int query_next_host(struct query *q, struct store_host *out)
{
    int rc = q->past_locals ? 0 : query_next_local(q, out);

    if (rc != 0)
        return rc;
    q->past_locals = true; /* a reading that has ended would begin again */
    return store_next_host(q->store, out);
}

json_t *query_host_row(const struct query *q, const struct store_host *h)
{
    json_t *row = json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:b}", "host", answer_text(h->host),
                            "name", answer_text(h->name), "cnts", (json_int_t)h->cnts, "tic",
                            (json_int_t)h->tic, "counter", (json_int_t)h->counter, "open",
                            (json_int_t)h->open, "free", (int)h->free);

    row = query_set(row, "opened", query_text_or_null(h->opened));
    row = query_set(row, "seconds", json_integer(h->seconds));
    row = query_set(row, "points", json_integer(h->points));
    row = query_set(row, "by", query_text_or_null(h->by));
    row = query_set(row, "until", query_text_or_null(h->until));
    return query_priced(q, row, h->points);
}

static bool begin_hosts(struct query *q, struct answer *answer)
{
    /* Who opens rooms has to see what is open. */
    if (!query_unpack(q, answer, "{s:s}", "command", &(const char *){0}) ||
        !query_about_rooms(q, answer, NULL))
        return false;
    query_read_hosts(q, query_only(q));
    return true;
}

static bool step_hosts(struct query *q, struct answer *answer)
{
    struct store_host h;
    int rc = 0;

    for (int i = 0; i < QUERY_ROWS; i++) {
        rc = query_next_host(q, &h);
        if (rc <= 0)
            return query_end(q, answer, rc);
        if (*h.host)
            answer_row(answer, query_host_row(q, &h));
    }
    return true;
}

const struct query_kind query_hosts = {"hosts", QUERY_EVERYBODY, begin_hosts, step_hosts, NULL};
