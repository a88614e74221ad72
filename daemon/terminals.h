/*
 * terminals: tells a user something on all terminals that they have, those that take no messages
 * from others (mesg(1)) too.
 *
 * Owns nothing and keeps nothing between calls. A terminal that takes nothing at the moment is not
 * waited for: what does not go is dropped. Opens each terminal with the rights of the user, and so
 * needs CAP_SETUID for another user's; until it returns, this thread has the user's filesystem uid
 * (setfsuid(2)).
 */
#ifndef TCPQUOTA_TERMINALS_H
#define TCPQUOTA_TERMINALS_H

#include <sys/types.h>

/*
 * Writes `text` to the terminals in this folder, "/dev", that the user owns: pts/N, ttyN and
 * ttyS*. Line ends become CR LF, for terminals in raw mode. Control characters but the line end and
 * the tab, and what is not UTF-8, are shown as `?`.
 *
 * How many were told, if only a part of it; -ENOMEM; -errno if the folder cannot be read, or if
 * none was told and the last of several that the user has could not be opened or written to.
 */
int terminals_tell(const char *dev_folder, uid_t uid, const char *text);

#endif
