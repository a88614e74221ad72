/*
 * relay_table: the backends of a relay as they are now: those of its configuration, and those of
 * the table `backends`, where both name one the table's weight counts. Blocks on the disk.
 */
#ifndef TCPQUOTA_RELAY_TABLE_H
#define TCPQUOTA_RELAY_TABLE_H

#include "backends.h"
#include "live_store.h"
#include "relay_conf.h"

struct relay_table;

/* `database` may be NULL. 0 or -ENOMEM. */
int relay_table_new(struct relay_table **out, const struct relay_conf *conf,
                    struct live_store *database);
void relay_table_free(struct relay_table *t);
/* Brings the backends up to date, if anything has changed. What cannot be read is logged once, and
 * what was known holds on: no client is sent to a server that nobody has named. */
void relay_table_refresh(struct relay_table *t, struct backends *b);

#endif
