/* Use by hours, days or months: rows of usage, summed up while they come in the order of names and
 * hours. */
#include "num.h"
#include "query_parts.h"

#include <stdio.h>
#include <string.h>

#define BUCKET_LEN 64 /* of its start in text; more than any form of it */

enum usage_by { BY_HOUR, BY_DAY, BY_MONTH, BY_COUNT };

static const char *const by_names[BY_COUNT] = {"hour", "day", "month"};

struct usage {
    enum usage_by by;
    char from_hour[WALL_UTC_LEN], to_hour[WALL_UTC_LEN]; /* "": no bound */
    /* the bucket that is being filled; `from` "": none is */
    char name[ANSWER_TEXT_MAX + 1], from[BUCKET_LEN];
    int64_t seconds, points;
    int64_t all_seconds, all_points;
};

static enum usage_by by_parse(const char *name)
{
    unsigned by = 0;

    while (by < BY_COUNT && strcmp(by_names[by], name) != 0)
        by++;
    return (enum usage_by)by;
}

/* Only what has the form of the rows compares with them as text. */
static bool take_bound(char out[WALL_UTC_LEN], const char *text)
{
    struct wall at;

    if (!text)
        return true;
    if (wall_parse_utc(text, &at) != 0)
        return false;
    snprintf(out, WALL_UTC_LEN, "%s", text);
    return true;
}

static bool refuse(struct answer *answer, const char *detail)
{
    answer_end(answer, REASON_REQUEST, json_pack("{s:s}", "detail", detail));
    return false;
}

static bool begin_usage(struct query *q, struct answer *answer)
{
    const char *user = NULL, *from = NULL, *to = NULL, *by = by_names[BY_HOUR];
    struct usage *w;

    if (!query_unpack(q, answer, "{s:s, s?:s, s?:s, s?:s, s?:s}", "command", &(const char *){0},
                      "user", &user, "from", &from, "to", &to, "by", &by) ||
        !query_about(q, answer, user))
        return false;
    w = query_work(q, answer, sizeof *w);
    if (!w)
        return false;
    w->by = by_parse(by);
    if (w->by == BY_COUNT)
        return refuse(answer, "by is hour, day or month");
    if (!take_bound(w->from_hour, from) || !take_bound(w->to_hour, to))
        return refuse(answer, "from and to are times in UTC, such as 2026-11-21T09:00:00Z");
    store_read_usage(q->store, query_only(q), from ? w->from_hour : NULL, to ? w->to_hour : NULL);
    return true;
}

/* The start of the bucket that the hour belongs to. What is no time, written by hand, is a bucket
 * of its own. */
static void bucket_of(enum usage_by by, const char *hour, char out[BUCKET_LEN])
{
    struct wall at;
    struct tm tm;
    time_t t;

    snprintf(out, BUCKET_LEN, "%s", hour);
    if (by == BY_HOUR || wall_parse_utc(hour, &at) != 0)
        return;
    t = wall_seconds(at);
    localtime_r(&t, &tm);
    strftime(out, BUCKET_LEN, by == BY_DAY ? "%Y-%m-%d" : "%Y-%m", &tm);
}

static json_t *used(const struct query *q, json_t *row, int64_t seconds, int64_t points)
{
    row = query_set(row, "seconds", json_integer(seconds));
    row = query_set(row, "points", json_integer(points));
    return query_priced(q, row, points);
}

/* Adds the row of the bucket, if there is one, and leaves it empty. 1 or 0 rows. */
static int put_bucket(const struct query *q, struct usage *w, struct answer *answer)
{
    json_t *row;

    if (!*w->from)
        return 0;
    row = json_pack("{s:o, s:o}", "name", answer_text(w->name), "from", answer_text(w->from));
    answer_row(answer, used(q, row, w->seconds, w->points));
    w->all_seconds = num_add(w->all_seconds, w->seconds);
    w->all_points = num_add(w->all_points, w->points);
    w->seconds = w->points = 0;
    *w->from = 0;
    return 1;
}

/* Takes in one row of the table; the rows that were added to the answer. */
static int take_row(const struct query *q, struct usage *w, const struct store_usage *u,
                    struct answer *answer)
{
    char from[BUCKET_LEN];
    int rows = 0;

    if (!*u->hour)
        return 0;
    bucket_of(w->by, u->hour, from);
    if (strcmp(from, w->from) != 0 || strncmp(u->name, w->name, sizeof w->name - 1) != 0) {
        rows = put_bucket(q, w, answer);
        snprintf(w->name, sizeof w->name, "%s", u->name);
        memcpy(w->from, from, sizeof w->from);
    }
    w->seconds = num_add(w->seconds, u->seconds);
    w->points = num_add(w->points, u->points);
    return rows;
}

static bool step_usage(struct query *q, struct answer *answer)
{
    struct usage *w = q->work;
    struct store_usage u;

    for (int scanned = 0, rows = 0; scanned < QUERY_SCAN && rows < QUERY_ROWS; scanned++) {
        int rc = store_next_usage(q->store, &u);

        if (rc < 0)
            return query_end(q, answer, rc);
        if (!rc) {
            put_bucket(q, w, answer);
            answer_total(answer, used(q, json_object(), w->all_seconds, w->all_points));
            return query_end(q, answer, 0);
        }
        rows += take_row(q, w, &u, answer);
    }
    return true;
}

const struct query_kind query_usage = {"usage", QUERY_EVERYBODY, begin_usage, step_usage, NULL};
