/*
 * pidfile: one daemon a PIDFILE. The lock on it tells who runs, not the number in it.
 */
#ifndef TCPQUOTA_PIDFILE_H
#define TCPQUOTA_PIDFILE_H

#include <sys/types.h>

/* Locks the file and writes our pid into it. The descriptor that holds it; -EBUSY if another
 * process does, its pid in *other (0: unknown); -errno. Blocks for PIDFILE_GLANCE_MS if the lock is
 * held, which may be somebody who only looks whether it is; and for PIDFILE_PATIENCE_MS if the
 * process named in it is dead: then somebody cleans up after it. */
#define PIDFILE_GLANCE_MS 300
#define PIDFILE_PATIENCE_MS 5000
int pidfile_take(const char *path, pid_t *other);
/* Replaces the pid in it. 0 or -errno. */
int pidfile_write(int fd, pid_t pid);
/* Removes the file and gives the lock up. */
void pidfile_release(int fd, const char *path);

#endif
