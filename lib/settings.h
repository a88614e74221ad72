/*
 * settings: the configuration as a daemon reads it, what is wrong with it told in the log.
 */
#ifndef TCPQUOTA_SETTINGS_H
#define TCPQUOTA_SETTINGS_H

#include "conf.h"

#include <stdbool.h>

/* The programs: their lines win. */
#define SETTINGS_TCPQUOTAD "tcpquotad"
#define SETTINGS_AUTHD "tcpquota-authd"
#define SETTINGS_SERVER "tcpquota-server"

/* A snapshot of the file, the caller's to close, or -errno, told. */
int settings_snapshot(const char *path);
/* What a snapshot of `path` says to `program`, or NULL, told. `no_localnet`, unless NULL, is set if
 * LOCALNET is what is wrong. A negative snapshot is NULL. settings_free() gives it back. */
struct conf *settings_load(int snapshot, const char *path, const char *program, bool *no_localnet);
/* Both in one, for a program that reads the file itself: what it says, or NULL, told. */
struct conf *settings_read(const char *path, const char *program);
/* The same for a snapshot that another process has loaded: nothing is told again. */
struct conf *settings_load_again(int snapshot, const char *path, const char *program);
void settings_free(struct conf *conf);

#endif
