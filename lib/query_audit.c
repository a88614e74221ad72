/*
 * The audit: for every user the sum of logging.delta less the sum of usage.points is tcptab.quota,
 * 0 without a row. The three tables are read side by side in the order of their names, so that
 * neither a sorter nor a long step is needed, however many rows one user has.
 */
#include "num.h"
#include "query_parts.h"

#include <stdio.h>
#include <string.h>

#define NAME_ROOM (ANSWER_TEXT_MAX + 1)

struct audit {
    bool begun;
    struct entry {
        bool there; /* false: the table is at its end */
        struct store_entry head;
    } heads[STORE_BOOKS];
    bool has_name;
    char name[NAME_ROOM]; /* whose sums these are */
    int64_t sums[STORE_BOOKS];
    int64_t users, wrong;
};

static bool begin_audit(struct query *q, struct answer *answer)
{
    if (!query_unpack(q, answer, "{s:s}", "command", &(const char *){0}) ||
        !query_work(q, answer, sizeof(struct audit)))
        return false;
    for (int book = 0; book < STORE_BOOKS; book++)
        store_read_book(q->store, (enum store_book)book);
    return true;
}

/* The next row of one table. 0 or -errno. */
static int advance(struct query *q, struct audit *w, enum store_book book)
{
    int rc = store_next_entry(q->store, book, &w->heads[book].head);

    w->heads[book].there = rc > 0;
    return rc < 0 ? rc : 0;
}

static int advance_all(struct query *q, struct audit *w)
{
    int err = 0;

    for (int book = 0; book < STORE_BOOKS && !err; book++)
        err = advance(q, w, (enum store_book)book);
    w->begun = true;
    return err;
}

/* The table whose next row has the first name; STORE_BOOKS at the end of all. */
static enum store_book first_book(const struct audit *w)
{
    int first = STORE_BOOKS;

    for (int book = 0; book < STORE_BOOKS; book++) {
        if (w->heads[book].there && (first == STORE_BOOKS || strcmp(w->heads[book].head.name,
                                                                    w->heads[first].head.name) < 0))
            first = book;
    }
    return (enum store_book)first;
}

/* The sums of one user are whole. 1 or 0 rows. */
static int close_sums(struct audit *w, struct answer *answer)
{
    int64_t logged = w->sums[STORE_LOGGED], used = w->sums[STORE_USED],
            quota = w->sums[STORE_BALANCES];
    int64_t difference = num_add(num_add(quota, used), num_mul(logged, -1));

    memset(w->sums, 0, sizeof w->sums);
    if (!w->has_name)
        return 0;
    w->users++;
    if (difference == 0)
        return 0;
    w->wrong++;
    answer_row(answer, json_pack("{s:o, s:I, s:I, s:I, s:I}", "name", answer_text(w->name), "quota",
                                 (json_int_t)quota, "logged", (json_int_t)logged, "used",
                                 (json_int_t)used, "difference", (json_int_t)difference));
    return 1;
}

static bool end_audit(struct query *q, struct audit *w, struct answer *answer)
{
    json_int_t users = (json_int_t)w->users, wrong = (json_int_t)w->wrong;

    answer_total(answer, json_pack("{s:I, s:I}", "users", users, "wrong", wrong));
    if (!wrong)
        return query_end(q, answer, 0);
    answer_end(answer, REASON_WRONG, json_pack("{s:I, s:I}", "users", users, "wrong", wrong));
    return false;
}

static bool step_audit(struct query *q, struct answer *answer)
{
    struct audit *w = q->work;
    int err = w->begun ? 0 : advance_all(q, w);

    for (int scanned = 0, rows = 0; !err && scanned < QUERY_SCAN && rows < QUERY_ROWS; scanned++) {
        enum store_book book = first_book(w);
        const struct store_entry *head;

        if (book == STORE_BOOKS) {
            close_sums(w, answer);
            return end_audit(q, w, answer);
        }
        head = &w->heads[book].head;
        if (!w->has_name || strncmp(head->name, w->name, NAME_ROOM - 1) != 0) {
            rows += close_sums(w, answer);
            snprintf(w->name, sizeof w->name, "%s", head->name);
            w->has_name = true;
        }
        w->sums[book] = num_add(w->sums[book], head->points);
        err = advance(q, w, book);
    }
    return err ? query_end(q, answer, err) : true;
}

const struct query_kind query_audit = {"audit", QUERY_ADMINS, begin_audit, step_audit, NULL};
