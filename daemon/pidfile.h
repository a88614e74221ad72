/*
 * pidfile: one daemon a PIDFILE. The lock on it tells who runs, not the number in it.
 */
#ifndef TCPQUOTA_PIDFILE_H
#define TCPQUOTA_PIDFILE_H

#include <sys/types.h>

/* Locks the file and writes our pid into it. The descriptor that holds it; -EBUSY if another
 * process does, its pid in *other (0: unknown); -errno. */
int pidfile_take(const char *path, pid_t *other);
/* Removes the file and gives the lock up. */
void pidfile_release(int fd, const char *path);

#endif
