/*
 * watch: word that somebody may have written to the database, by inotify on its folder (the file
 * itself is not written to in WAL mode, and its -wal and -shm come and go).
 */
#ifndef TCPQUOTA_WATCH_H
#define TCPQUOTA_WATCH_H

#include <stdbool.h>

/* A descriptor that becomes readable, the caller's to close; or -errno. */
int watch_open(const char *database);
/* Takes what is there to read away. Whether any of it was about `database` or its companions. */
bool watch_drain(int fd, const char *database);

#endif
