/*
 * store_import: what is taken over from an old database, within a transaction of store_begin_as()
 * with the action `import`. Balances and `allowed`: store_change.h. store.h says more.
 */
#ifndef TCPQUOTA_STORE_IMPORT_H
#define TCPQUOTA_STORE_IMPORT_H

#include "store.h"

/* Whether tcptab and allowed have no row: 1, 0, -errno. */
int store_is_empty(struct store *s);
/* Takes away the periods in which nobody was charged. */
int store_clear_periods(struct store *s);
/* A period; -EEXIST if there is one of that id. */
int store_put_period(struct store *s, int64_t id, const char *period, int64_t quota);
/* Lines of old logs. `when` is a time as every row has it. The old log of balances has neither a
 * name nor numbers of its own: its line becomes the reason of a row without a name, of delta 0. */
int store_put_openfw(struct store *s, const char *when, const char *user, const char *action);
int store_put_log(struct store *s, const char *when, const char *user, const char *text);

#endif
