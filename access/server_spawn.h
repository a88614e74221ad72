/*
 * server_spawn: starts the program of a connection, which then is its standard input and output.
 *
 * It is started without a copy of this process (CLONE_VFORK): however large that is, it costs the
 * same.
 */
#ifndef TCPQUOTA_SERVER_SPAWN_H
#define TCPQUOTA_SERVER_SPAWN_H

#include "server_log.h"
#include "variables.h"

#include <sys/types.h>

/*
 * Starts `command`, looked for in $PATH, in our environment with what ucspi-tcp adds to it of the
 * two ends (PROTO, TCPLOCALIP ...) and then the variables of `env`. 0 and *pid, or -errno. The
 * descriptor stays the caller's.
 */
int server_spawn(char *const *command, int fd, const struct server_ends *ends,
                 const struct variables *env, pid_t *pid);

#endif
