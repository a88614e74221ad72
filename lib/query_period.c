/* The accounting periods, and what all users have used in each. */
#include "query_parts.h"

static bool begin_period(struct query *q, struct answer *answer)
{
    if (!query_unpack(q, answer, "{s:s}", "command", &(const char *){0}))
        return false;
    store_read_periods(q->store);
    return true;
}

static bool step_period(struct query *q, struct answer *answer)
{
    struct store_period p;

    for (int i = 0; i < QUERY_ROWS; i++) {
        int rc = store_next_period(q->store, &p);

        if (rc <= 0)
            return query_end(q, answer, rc);
        answer_row(answer,
                   query_priced(q,
                                json_pack("{s:I, s:o, s:I}", "id", (json_int_t)p.id, "period",
                                          answer_text(p.period), "quota", (json_int_t)p.quota),
                                p.quota));
    }
    return true;
}

const struct query_kind query_period = {"period", QUERY_EVERYBODY, begin_period, step_period, NULL};
