/*
 * store_change: balances and `allowed` as administrators change them, and periods. All within a
 * transaction of store_begin_as(); store.h says more. The triggers of the database do the logging.
 */
#ifndef TCPQUOTA_STORE_CHANGE_H
#define TCPQUOTA_STORE_CHANGE_H

#include "store_read.h"

/* What stands of this user: 1, 0 if there is neither a balance nor a row in `allowed`, -errno.
 * *out is set unless it failed. */
int store_find_user(struct store *s, const struct user_name *user, struct store_user *out);
/* Lets the user in, or takes them out: 1, 0 if that was so already, -errno. */
int store_allow(struct store *s, const struct user_name *user);
int store_deny(struct store *s, const struct user_name *user);
/* Whether nobody has ever given this user a balance, or somebody has deleted it since: what stands
 * there was made by charges alone. 1, 0, -errno. */
int store_is_charged_only(struct store *s, const struct store_user *user);
/* A balance of 0 where there is none. It is no change of a balance, and nothing is logged. */
int store_make_balance(struct store *s, const struct user_name *user);
/* Adds (or takes, if it is negative) points to the balance, sets it; makes one where there is none.
 * -ERANGE if it would be out of range. */
int store_add(struct store *s, const struct user_name *user, int64_t points);
int store_set(struct store *s, const struct user_name *user, int64_t points);
/* Takes the balance away: 1, 0 if there was none, -errno. */
int store_forget(struct store *s, const struct user_name *user);

struct store_period_begun {
    int64_t id;
    char period[128]; /* cut, if somebody has written a longer one */
    int64_t quota;
};
/* Begins a period. `period` is its text; NULL: now, as `YYYYMMDD HHMM` in the zone of TZ. */
int store_new_period(struct store *s, const char *period, struct store_period_begun *out);

#endif
