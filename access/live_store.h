/*
 * live_store: a database that is read while others change it: opened when it is needed, and anew
 * when it has been replaced or could not be read. A process has one for a database: closing a
 * second one would give up the locks of the first.
 *
 * Blocks on the disk, and at the first call for a moment on another process's lock.
 */
#ifndef TCPQUOTA_LIVE_STORE_H
#define TCPQUOTA_LIVE_STORE_H

#include "store.h"

#include <stdbool.h>
#include <stdint.h>

struct live_store;

/* 0 or -ENOMEM; `path` has to live as long. */
int live_store_new(struct live_store **out, const char *path);
void live_store_free(struct live_store *l);
/* The database, or NULL and the reason in *why. */
struct store *live_store_now(struct live_store *l, const char **why);
/* How often it has been opened: another one knows nothing of what was asked before. */
int64_t live_store_openings(const struct live_store *l);
/* It cannot be read after all: the next call opens it anew. */
void live_store_give_up(struct live_store *l);
/* Whether it could not be opened because it has never been there. */
bool live_store_is_missing(const struct live_store *l);
const char *live_store_path(const struct live_store *l);

#endif
