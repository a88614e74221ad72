/*
 * store_read: what the commands show, row by row, from a store opened for reading. A store has one
 * reading of each kind at a time. store.h says more.
 *
 * Each reading begins with store_read_...(); then store_next_...() is 1 and fills in *out; 0 at the
 * end; -errno. A call is cheap whatever the tables hold: where rows have to be passed over, it
 * returns without one to show, as it says. Texts live until the next call of the same reading, but
 * are "" for NULL; what the caller passes has to live until store_stop().
 */
#ifndef TCPQUOTA_STORE_READ_H
#define TCPQUOTA_STORE_READ_H

#include "store.h"

/* From here to store_stop() the store sees the database as it is at the first reading. 0 or -errno.
 */
int store_snapshot(struct store *s);
/* Ends every reading; their texts are gone. */
void store_stop(struct store *s);

/* Whether the user is in `allowed`: 1, 0, -errno. */
int store_is_allowed(struct store *s, const struct user_name *user);
/* 1 if `allowed` has a row, 0 or -errno. */
int store_is_anybody_allowed(struct store *s);

/* A user, of tcptab and allowed. */
struct store_user {
    struct user_name name;
    int64_t quota;
    bool has_quota; /* a row in tcptab */
    bool allowed;
};

/* All users, or one, in the order of their names. */
void store_read_users(struct store *s, const struct user_name *only);
int store_next_user(struct store *s, struct store_user *out);

/* A row of masq, with the session that is open there. */
struct store_host {
    const char *host, *name;
    int64_t cnts, tic, counter, open;
    bool free;
    const char *opened; /* "" without a session */
    int64_t seconds, points;
    const char *by, *until; /* of its row in orders */
};

/* The hosts of all users, or of one, in the order of their texts. `host` is "" for one of another
 * user, which is not to be shown. */
void store_read_hosts(struct store *s, const struct user_name *only);
int store_next_host(struct store *s, struct store_host *out);

/* The sessions that run on the gateway itself, of all users or of one, oldest first, as hosts that
 * are open: `host` is SESSION_LOCAL, or "" for one of another user. No table has their connections:
 * `cnts` is 0. */
void store_read_locals(struct store *s, const struct user_name *only);
int store_next_local(struct store *s, struct store_host *out);

/* The hosts of masq again, all of them, with host, name, cnts and open alone: no look at other
 * tables. */
void store_read_busy_hosts(struct store *s);
int store_next_busy_host(struct store *s, struct store_host *out);

/* A row of logging. */
struct store_log {
    const char *when, *user, *action, *name;
    int64_t delta, balance;
    const char *reason; /* NULL without one */
};

/* The log of all users, or of one, oldest first; `only` is the same in both. */
void store_read_log(struct store *s, const struct user_name *only);
int store_next_log(struct store *s, const struct user_name *only, struct store_log *out);

/* Rows of logging_openfw, oldest first; when, user and action alone are filled in. */
void store_read_openfw(struct store *s);
int store_next_openfw(struct store *s, struct store_log *out);

/* A row of session. */
struct store_session {
    int64_t id;
    const char *name, *host, *opened;
    const char *closed, *cause; /* "" while it is open */
    int64_t seconds, points;
};

/* The newest sessions of all users, or of one, newest first, at most `limit`; `only` is the same in
 * both. */
void store_read_sessions(struct store *s, const struct user_name *only, int64_t limit);
int store_next_session(struct store *s, const struct user_name *only, struct store_session *out);

/* A row of periodtab. */
struct store_period {
    int64_t id;
    const char *period;
    int64_t quota;
};

/* Oldest first. */
void store_read_periods(struct store *s);
int store_next_period(struct store *s, struct store_period *out);

/* A row of usage. */
struct store_usage {
    const char *name;
    const char *hour;
    int64_t seconds, points;
};

/* Use of all users, or of one, from one time (included) to another (excluded), as rows have them;
 * NULL: no bound. In the order of names and hours. A user without any is given once, with `hour`
 * "". */
void store_read_usage(struct store *s, const struct user_name *only, const char *from,
                      const char *to);
int store_next_usage(struct store *s, struct store_usage *out);

/* The last hours of use of a user, newest first, at most `limit`. */
void store_read_last_hours(struct store *s, const struct user_name *user, int64_t limit);
int store_next_last_hour(struct store *s, struct store_usage *out);

/* What the audit compares: every row's name and points, in the order of the names. */
enum store_book {
    STORE_BALANCES, /* tcptab.quota */
    STORE_LOGGED,   /* logging.delta */
    STORE_USED,     /* usage.points */
    STORE_BOOKS
};

struct store_entry {
    const char *name;
    int64_t points;
};

void store_read_book(struct store *s, enum store_book book);
int store_next_entry(struct store *s, enum store_book book, struct store_entry *out);

#endif
