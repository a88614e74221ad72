/*
 * recorder: writes look-ups into lookuplog, in a process of its own: a disk or a lock that takes
 * its time delays no answer. Records come over a pipe.
 */
#ifndef TCPQUOTA_RECORDER_H
#define TCPQUOTA_RECORDER_H

#include "sandbox.h"
#include "store_policy.h"

#include <stdbool.h>

/* A pipe with room for some thousands of records: ends[1] is to be written to. 0 or -errno. */
int recorder_pipe(int ends[2]);
/* Sends one record, without waiting: false if there is no room for it. */
bool recorder_send(int fd, const struct store_lookup *lookup);
/* Gives up privilege, and writes what comes over `fd` until its end or TERM, a second's records in
 * one transaction. Signals have to be blocked. An exit code. */
int recorder_run(int fd, const struct sandbox *user, const char *database);

#endif
