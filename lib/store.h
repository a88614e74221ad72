/*
 * store: the database, tcpquota-schema(5). Only this module knows SQLite.
 *
 * Calls block on the disk, never on another process's lock: what is locked is -EBUSY at once and
 * may be tried again. Every call returns 0, a count, or -errno: -EBUSY, -EROFS, -ENOSPC, -EIO,
 * -ENOMEM, -EBADMSG (no database, a newer one, a broken one). store_error() has the words.
 */
#ifndef TCPQUOTA_STORE_H
#define TCPQUOTA_STORE_H

#include "account.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STORE_HOST_BYTES 45 /* an address in text: INET6_ADDRSTRLEN less the NUL */

struct store;

/* A row of masq with what belongs to it in the other tables. */
struct store_row {
    char host[STORE_HOST_BYTES + 1]; /* as written */
    struct user_name user;
    int64_t cnts, tic, counter;
    enum order order;
    bool free;
    bool allowed;
    int64_t balance;
    enum cause cause;    /* of the row in orders; admin if there is none */
    struct wall until;   /* ns 0: none */
    struct user_name by; /* of the row in orders; empty if there is none */
};

enum store_mode {
    STORE_CREATE, /* make it if it has never been there, migrate it; hold it */
    STORE_READ,   /* change nothing; -ENOENT if it has never been there */
    STORE_READER, /* the same, beside the one that holds it, without waiting for anybody's lock */
    STORE_SHARE,  /* change it beside others; it has to be there, in this version */
};

/*
 * Makes the place of the database the user's who works with it: its folder if there is none, or if
 * it is private to root and holds nothing else; and what root has left there of the database. To be
 * called by root. 0, or -errno with the reason in `why`.
 */
#define STORE_WHY_LEN 128
int store_prepare(const char *path, uid_t uid, gid_t gid, char why[STORE_WHY_LEN]);
/* What store_prepare() would do, and does not: 1 if something is there to be given to the user, 0
 * if not, or -errno with the reason in `why`. */
int store_would_prepare(const char *path, uid_t uid, char why[STORE_WHY_LEN]);
/* Whether neither the database nor its marker is there. */
bool store_never_was(const char *path);
/* Whether a daemon works with it. */
bool store_is_held(const char *path);

/* Opens `path`, and holds it against another daemon (-EBUSY); -ENODATA if it was there once and is
 * gone. *out is set even on failure, for store_error(); store_close() in any case. */
int store_open(struct store **out, const char *path, enum store_mode mode);
void store_close(struct store *s);
const char *store_error(const struct store *s);

/* A number that changes with every commit of another connection. >= 0 or -errno. */
int64_t store_version(struct store *s);
/* Whether the file that is open is not the one of that name any more, as far as we may look. */
bool store_is_replaced(const struct store *s);
/* Whether another process holds the write lock (a commit may be on its way): 1, 0, -errno. */
int store_is_write_locked(const struct store *s);

/* All rows of masq, as of one moment; *rows is the caller's to free(). 0 or -errno. */
int store_load(struct store *s, struct store_row **rows, size_t *count);
/* The row of this host, spelled as it is in masq: 1 and *out, 0, -errno. */
int store_find_row(struct store *s, const char *host, struct store_row *out);
/* The balance of `user`, 0 without a row. */
int store_balance(struct store *s, const struct user_name *user, int64_t *balance);

/* One transaction: store_begin() takes the write lock or is -EBUSY; then the calls below; then
 * store_commit() or store_rollback(). After an error only store_rollback() is of use.
 * store_begin_as() lets the log of balances tell that `user` does `action`, and why (or NULL). */
int store_begin(struct store *s);
int store_begin_as(struct store *s, const char *user, const char *action, const char *reason);
int store_commit(struct store *s);
void store_rollback(struct store *s);

/* Takes the points from the balance and adds them to usage and to the current period. */
int store_charge(struct store *s, const struct charge *c);
/* Inserts the session (and sets its id) or brings its row up to date. */
int store_save_session(struct store *s, struct session *session);
/* Fills in id, opened, used and points from the open session row of this user on this host; leaves
 * them alone if there is none. */
int store_find_session(struct store *s, struct session *session);
/* Ends the open session rows but for the last one of each host that masq has as open (1). */
int store_end_sessions(struct store *s, struct wall at, enum cause cause);
/* Writes `to` only where `from` and the user still stand. The row in orders goes with a 0. */
int store_set_order(struct store *s, const char *host, const struct user_name *user,
                    enum order from, enum order to);
/* Sets cnts, and adds the `passes` in which the host was charged to counter. */
int store_set_use(struct store *s, const char *host, int64_t cnts, int64_t passes);
/* Adds one to tic of every open host that needs refreshing. */
int store_age_rows(struct store *s);
/* Deletes the row if its `open` still is `order`. */
int store_delete_row(struct store *s, const char *host, enum order order);
/* Gives a row its canonical spelling; a closed row of that spelling makes room. -EEXIST if one
 * that is not closed stands there. */
int store_respell(struct store *s, const char *host, const char *canonical);
/* Empties masq and orders. */
int store_clear_rows(struct store *s);

/*
 * What helpers write, within a transaction. Makes a row that orders the host to be opened; `until`
 * ns 0: none. The cause in its order is `admin`: that of a 3 which somebody writes by hand.
 * -EEXIST if there is a row that is not closed.
 */
struct store_opening {
    const char *host;
    const struct user_name *user;
    const char *by; /* who orders it */
    int64_t tic;    /* 0: it has to be refreshed; -1 */
    bool free;
    struct wall until;
};
int store_order_open(struct store *s, const struct store_opening *o);
/* Orders the host to be closed if this user has it, whoever does if `user` is NULL. 1, or 0 if
 * there is nothing to be closed. */
int store_order_close(struct store *s, const char *host, const struct user_name *user,
                      const char *by, enum cause cause);
/* Refreshes the row: its tic is 0 again, if it is one that counts. */
int store_refresh(struct store *s, const char *host, const struct user_name *user);
/* A line in logging_openfw. */
int store_log_openfw(struct store *s, const char *user, const char *action);

/* `user`, `quota` ... and back; CAUSES if it is none. */
const char *cause_name(enum cause cause);
/* What the row of a session has as its host: the address, or `local` where there is none: a session
 * on the gateway itself. Returns `out`. */
const char *session_place(const struct session *session, char out[ADDR_TEXT_LEN]);
enum cause cause_parse(const char *name);

#endif
