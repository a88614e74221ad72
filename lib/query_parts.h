/* query_parts: what the kinds of queries share; query*.c alone include it. */
#ifndef TCPQUOTA_QUERY_PARTS_H
#define TCPQUOTA_QUERY_PARTS_H

#include "query.h"

#define QUERY_ROWS 128   /* at most in one step */
#define QUERY_SCAN 256   /* rows of a table, at most in one step, shown or passed over */
#define QUERY_LISTED 100 /* at most of the hosts that are listed within a row */

enum query_who { QUERY_EVERYBODY, QUERY_OPERATORS, QUERY_ADMINS };

/* One kind. `begin` unpacks the request and sets the readings up, true if there is something to be
 * read; it may also end the answer. `step` adds at most QUERY_ROWS rows, and is as query_step().
 * `clear`, if there is one, gives back what `work` holds; `work` itself is freed. */
struct query_kind {
    const char *command;
    enum query_who who;
    bool (*begin)(struct query *q, struct answer *answer);
    bool (*step)(struct query *q, struct answer *answer);
    void (*clear)(void *work);
};

struct query {
    const struct query_kind *kind;
    struct store *store;
    struct query_terms terms;
    json_t *request;
    bool over;
    bool one;              /* only `user` */
    struct user_name user; /* whom it is about */
    bool past_locals;      /* of query_next_host() */
    void *work;            /* what the kind keeps from step to step, or NULL */
};

/* query_users.c, query_hosts.c, query_top.c, query_why.c */
extern const struct query_kind query_show, query_list, query_allowed, query_hosts, query_top,
    query_why;
/* query_log.c, query_usage.c, query_period.c, query_audit.c */
extern const struct query_kind query_log, query_openfw_log, query_sessions, query_usage,
    query_period, query_audit;

/* Takes the request apart, as json_unpack_ex() does, strictly. False: the answer has the end. */
bool query_unpack(struct query *q, struct answer *answer, const char *format, ...);
/*
 * Sets `user` and `one`: the user who was asked for, or NULL; then administrators get all, others
 * their own. False if the caller may not see that one: the answer has the end.
 */
bool query_about(struct query *q, struct answer *answer, const char *user);
/* The same for what operators see all of. */
bool query_about_rooms(struct query *q, struct answer *answer, const char *user);
/* `user` if it is about one, NULL if about all: what readings take. */
const struct user_name *query_only(const struct query *q);
/* So many zero bytes as `work`. NULL without memory: the answer has the end. */
void *query_work(struct query *q, struct answer *answer, size_t size);
/* Ends the answer because the store failed with `err`, or in good order if it is 0. Always false.
 */
bool query_end(struct query *q, struct answer *answer, int err);

/* Sets a member. Takes the value and the row; returns the row, or NULL if either is, or without
 * memory: a row is whole or fails the answer. */
json_t *query_set(json_t *row, const char *key, json_t *value);
/* A text as JSON, null for "". */
json_t *query_text_or_null(const char *text);
/* Adds the members `money` and `left` for so many points. Takes and returns the row. */
json_t *query_priced(const struct query *q, json_t *row, int64_t points);
/* Adds `rate`, `runs_out`: how fast this user is charged now, and when the quota is used up at
 * that. Takes and returns the row. */
json_t *query_paced(const struct query *q, json_t *row, const struct user_name *user,
                    int64_t quota);
/* The next session on the gateway itself, as store_next_local() has it, with its connections. */
int query_next_local(struct query *q, struct store_host *out);
/* What is open or about to be, of all users or of one: the sessions on the gateway itself, and
 * behind them the hosts of masq. As store_read_hosts() and store_next_host(). */
void query_read_hosts(struct query *q, const struct user_name *only);
int query_next_host(struct query *q, struct store_host *out);
/* One of them as JSON, keys as in tcpquota-schema(5). */
json_t *query_host_row(const struct query *q, const struct store_host *h);
bool query_is_free(const struct query *q, const struct user_name *user);

#endif
