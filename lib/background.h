/*
 * background: how a daemon leaves the terminal that started it: the program that was started waits
 * until the daemon works, and exits with its code if it ends before that.
 */
#ifndef TCPQUOTA_BACKGROUND_H
#define TCPQUOTA_BACKGROUND_H

/* To be called first of all: files that are opened later shall not take the place of a standard
 * descriptor that was closed. 0 or -errno. */
int background_fill_descriptors(void);
/*
 * Forks. The parent does not return. In the child, which has a session of its own and works in `/':
 * 0, and *ready is what background_leave() takes; or -errno with what failed in *what.
 */
int background_start(int *ready, const char **what);
/* Leaves the terminal, and tells the parent that waits; once, and not at all for *ready -1. 0, or
 * -EPIPE if nobody waits any more. */
int background_leave(int *ready);

/* The first half of it alone, for other processes of the daemon: `null` is /dev/null, opened when
 * it could be, and closed here. */
void background_leave_terminal(int null);

#endif
