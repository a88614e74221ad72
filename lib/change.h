/*
 * change: the commands that change balances and who is allowed, one transaction each. Run by the
 * daemon for administrators, and by the program tcpquota for root where no daemon is.
 */
#ifndef TCPQUOTA_CHANGE_H
#define TCPQUOTA_CHANGE_H

#include "answer.h"
#include "caller.h"
#include "conf.h"
#include "store.h"

#include <stdbool.h>

#define CHANGE_REASON_BYTES 200 /* the longest reason */
#define CHANGE_PERIOD_BYTES 64  /* the longest text of a period */

/* Whether it is the name of such a command. */
bool change_knows(const char *command);
/*
 * Carries out the request for this caller. It is one of
 *
 *     {"command": "allow" or "deny" or "delete", "user", "reason"?}
 *     {"command": "add" or "take" or "set", "user", "points", "reason"?}
 *     {"command": "period-new", "period"?}
 *
 * with `points` from 1 to AMOUNT_MAX, for set from AMOUNT_MIN; deny, take and delete have to have a
 * reason. A reason is UTF-8 of at most CHANGE_REASON_BYTES without control characters; only blanks
 * are none.
 *
 * What came of it is one row with the user's `name`, `quota`, `allowed`, `free`, `delta` (how much
 * the balance has changed), `money` and `left`, or the period's `id`, `period` and `quota`; there
 * is no row if nothing was done. The answer has its end, whatever comes of it: 1 if
 * something was changed, 0 if not; or the database is locked, nothing has happened and nothing is
 * answered: -EBUSY.
 */
int change_run(struct store *store, const struct conf *conf, const struct caller *caller,
               json_t *request, struct answer *answer);

#endif
