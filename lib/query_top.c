/*
 * Who is charged now: the users of open hosts in use, and those who use the link on the gateway
 * itself, by name. The hosts come in the order of their addresses; a heap puts them into that of
 * the names, a few in each step.
 */
#include "num.h"
#include "query_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A host in use, or "": the gateway itself, which comes first. */
struct seat {
    struct user_name user;
    char host[STORE_HOST_BYTES + 1];
    int64_t cnts;
};

struct top {
    bool has_locals, has_hosts; /* these are in the heap, all of them */
    struct seat *heap;
    size_t count, room;
    /* the row that is being made; `hosts` NULL: none is */
    struct user_name user;
    json_t *hosts;
    int64_t cnts, left_out;
};

static void clear_top(void *work)
{
    struct top *w = work;

    free(w->heap);
    json_decref(w->hosts);
}

static bool begin_top(struct query *q, struct answer *answer)
{
    if (!query_unpack(q, answer, "{s:s}", "command", &(const char *){0}) ||
        !query_about(q, answer, NULL) || !query_work(q, answer, sizeof(struct top)))
        return false;
    store_read_locals(q->store, query_only(q));
    store_read_busy_hosts(q->store);
    return true;
}

static bool is_before(const struct seat *a, const struct seat *b)
{
    int order = strcmp(a->user.text, b->user.text);

    return order ? order < 0 : strcmp(a->host, b->host) < 0;
}

static void swap(struct seat *a, struct seat *b)
{
    struct seat kept = *a;

    *a = *b;
    *b = kept;
}

/* 0 or -ENOMEM. */
static int push(struct top *w, const struct store_host *h, const char *host)
{
    struct seat *at;

    if (w->count == w->room) {
        size_t room = w->room ? w->room * 2 : 64;
        struct seat *bigger = realloc(w->heap, room * sizeof *bigger);

        if (!bigger)
            return -ENOMEM;
        w->heap = bigger;
        w->room = room;
    }
    at = &w->heap[w->count];
    *at = (struct seat){.cnts = h->cnts};
    snprintf(at->user.text, sizeof at->user.text, "%s", h->name);
    snprintf(at->host, sizeof at->host, "%s", host);
    for (size_t i = w->count++; i > 0; i = (i - 1) / 2) {
        if (!is_before(&w->heap[i], &w->heap[(i - 1) / 2]))
            break;
        swap(&w->heap[i], &w->heap[(i - 1) / 2]);
    }
    return 0;
}

static struct seat pop(struct top *w)
{
    struct seat first = w->heap[0];
    size_t i = 0, child;

    w->heap[0] = w->heap[--w->count];
    while ((child = 2 * i + 1) < w->count) {
        if (child + 1 < w->count && is_before(&w->heap[child + 1], &w->heap[child]))
            child++;
        if (!is_before(&w->heap[child], &w->heap[i]))
            break;
        swap(&w->heap[child], &w->heap[i]);
        i = child;
    }
    return first;
}

/* Some of those who are on the gateway itself, into the heap. 1 if there are more, 0, -errno. */
static int read_locals(struct query *q, struct top *w)
{
    struct store_host h;
    int rc = 1;

    for (int i = 0; i < QUERY_SCAN && rc > 0; i++) {
        rc = query_next_local(q, &h);
        if (rc > 0 && h.cnts > 0 && push(w, &h, "") != 0)
            rc = -ENOMEM;
    }
    return rc;
}

/* Some hosts, the same. */
static int read_hosts(struct query *q, struct top *w)
{
    struct store_host h;
    int rc = 1;

    for (int i = 0; i < QUERY_SCAN && rc > 0; i++) {
        rc = store_next_busy_host(q->store, &h);
        if (rc > 0 && *h.host && h.open == ORDER_IS_OPEN && h.cnts > 0 &&
            (!q->one || strcmp(h.name, q->user.text) == 0) && push(w, &h, h.host) != 0)
            rc = -ENOMEM;
    }
    return rc;
}

static bool is_of_row(const struct top *w)
{
    return w->count && (!w->hosts || strcmp(w->heap[0].user.text, w->user.text) == 0);
}

/* Takes some hosts of one user out of the heap. 0 or -ENOMEM. */
static int gather(struct top *w)
{
    for (int i = 0; i < QUERY_SCAN && is_of_row(w); i++) {
        struct seat seat = pop(w);
        const char *host = *seat.host ? seat.host : SESSION_LOCAL;

        if (!w->hosts) {
            w->hosts = json_array();
            w->user = seat.user;
            w->cnts = w->left_out = 0;
        } else if (!*seat.host) {
            continue; /* two uids of one name: theirs are counted together */
        }
        w->cnts = num_add(w->cnts, seat.cnts);
        if (json_array_size(w->hosts) == QUERY_LISTED)
            w->left_out++;
        else if (json_array_append_new(w->hosts, answer_text(host)) != 0)
            return -ENOMEM;
    }
    return 0;
}

/* The row of the user whose hosts are gathered. 0 or -errno. */
static int put_row(struct query *q, struct top *w, struct answer *answer)
{
    int64_t quota = 0;
    int err = store_balance(q->store, &w->user, &quota);
    json_t *row =
        err ? NULL
            : json_pack("{s:o, s:O, s:I, s:I}", "name", answer_text(w->user.text), "hosts",
                        w->hosts, "cnts", (json_int_t)w->cnts, "quota", (json_int_t)quota);

    json_decref(w->hosts);
    w->hosts = NULL;
    if (err)
        return err;
    if (w->left_out)
        row = query_set(row, "left_out", json_integer(w->left_out));
    answer_row(answer, query_paced(q, query_priced(q, row, quota), &w->user, quota));
    return 0;
}

/* One row at most: to find the pace of a user takes a look at all hosts. */
static bool step_top(struct query *q, struct answer *answer)
{
    struct top *w = q->work;
    int rc;

    if (!w->has_locals || !w->has_hosts) {
        rc = w->has_locals ? read_hosts(q, w) : read_locals(q, w);
        w->has_hosts = w->has_locals && rc == 0;
        w->has_locals |= rc == 0;
        return rc < 0 ? query_end(q, answer, rc) : true;
    }
    if (!w->count && !w->hosts)
        return query_end(q, answer, 0);
    rc = gather(w);
    if (!rc && !is_of_row(w))
        rc = put_row(q, w, answer);
    return rc < 0 ? query_end(q, answer, rc) : true;
}

const struct query_kind query_top = {"top", QUERY_EVERYBODY, begin_top, step_top, clear_top};
