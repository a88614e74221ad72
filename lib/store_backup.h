/*
 * store_backup: a copy of the database as of one moment, while others work with it.
 */
#ifndef TCPQUOTA_STORE_BACKUP_H
#define TCPQUOTA_STORE_BACKUP_H

#include "store.h"

/* Told after every piece: pages that are copied, and how many there are. False ends it, with
 * -ECANCELED. */
typedef bool store_backup_progress(void *context, int64_t done, int64_t pages);

/*
 * Copies the database to `path`, a file of mode 0600 that must not be there yet (-EEXIST) and gets
 * its name only once it is whole, checked and on the disk; until then it is `path`.part, which goes
 * if something fails; what an earlier copy that was killed has left of it is replaced, and -EBUSY
 * if one is being made. The copy has no other files beside it. Holds nobody up; blocks on the disk.
 * 0 or -errno: store_error() has the words.
 */
int store_backup(struct store *s, const char *path, store_backup_progress *progress, void *context);

#endif
