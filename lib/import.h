/*
 * import: the tables of the old tcpquota (mSQL or MySQL), from a dump of them, dump.h, into a
 * database in which nobody has a balance or is allowed yet. All of it, or nothing.
 *
 *     tcptab (name, quota)               balances; NULL is 0; the same row twice counts once
 *     allowed (name)                     the same row twice counts once
 *     periodtab (id, period, quota)      take the place of those in which nobody was charged
 *     logging_openfw (when, user, action)
 *     logging (when, user, action)       rows without a name, the action is the reason
 *     masq                               nobody is open there any more: left out, but counted
 *
 * and other tables are left out. Columns are found by their names; others than these are left out.
 * Names and texts in Latin-1 become UTF-8, blanks at their ends go. A balance with a fraction
 * becomes the next lower whole number, so that nobody gets more than there was. Times are
 * `13/04-98 10:38`, as tcpquota wrote them, `19980413103826`, `19980413 1038`, `1998-04-13
 * 10:38:26`, in the zone of TZ, or as tcpquota-schema(5) has them; years from 70 are of 1900.
 */
#ifndef TCPQUOTA_IMPORT_H
#define TCPQUOTA_IMPORT_H

#include "store.h"

#include <stddef.h>
#include <stdint.h>

#define IMPORT_FILE_MAX ((size_t)256 << 20) /* bytes */
#define IMPORT_FAULTS_MAX 100               /* more are not told */

/* Rows, and balances that had a fraction. */
struct import_counts {
    int64_t balances, allowed, periods, openfw, log; /* taken over */
    int64_t repeated, masq, others;                  /* left out */
    int64_t rounded;
};

/* Told for each fault; `line` is that of the file, 0: none. */
typedef void import_report(void *context, size_t line, const char *text);

/*
 * Takes over the `len` bytes of a dump, which are overwritten; the log says that `by` did it.
 * Blocks on the disk, and nobody else can write as long as it takes. 0; -ENOTEMPTY if the database
 * is in use already; -EINVAL if there is a fault in the text; -EBUSY; -errno; all but 0 are told,
 * and leave everything as it was.
 */
int import_text(struct store *store, char *text, size_t len, const char *by, import_report *report,
                void *context, struct import_counts *counts);
/* The same for a file. */
int import_file(struct store *store, const char *path, const char *by, import_report *report,
                void *context, struct import_counts *counts);

#endif
