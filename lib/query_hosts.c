/* Of hosts: what masq has, and since when. */
#include "query_parts.h"

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
    store_read_hosts(q->store, query_only(q));
    return true;
}

static bool step_hosts(struct query *q, struct answer *answer)
{
    struct store_host h;
    int rc = 0;

    for (int i = 0; i < QUERY_ROWS; i++) {
        rc = store_next_host(q->store, &h);
        if (rc <= 0)
            return query_end(q, answer, rc);
        if (*h.host)
            answer_row(answer, query_host_row(q, &h));
    }
    return true;
}

const struct query_kind query_hosts = {"hosts", QUERY_EVERYBODY, begin_hosts, step_hosts, NULL};
