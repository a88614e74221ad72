/*
 * server_log: what a front door says of its connections, as tcpserver(1) does with -v:
 *
 *     tcpserver: status: 1/40
 *     tcpserver: pid 4711 from 10.99.0.2
 *     tcpserver: ok 4711 gate:10.99.0.1:25 pc2:10.99.0.2::40000
 *     tcpserver: end 4711 status 0
 *
 * A line is written at once and as a whole. Names that others choose come out without blanks,
 * colons and what cannot be printed.
 */
#ifndef TCPQUOTA_SERVER_LOG_H
#define TCPQUOTA_SERVER_LOG_H

#include "addr.h"

#include <stdint.h>
#include <sys/types.h>

struct server_log {
    const char *program;
    int verbosity; /* 0: nothing, 1: errors, 2: all */
};

/* Both ends of a connection; names are NULL where they are unknown. */
struct server_ends {
    struct addr local, remote;
    uint16_t local_port, remote_port;
    const char *local_name, *remote_name, *remote_info;
};

void server_log_status(const struct server_log *l, int64_t count, int64_t limit);
void server_log_pid(const struct server_log *l, pid_t pid, const struct addr *from);
/* `what`: ok, deny, drop; `mark` ends the line, if it is not "". */
void server_log_verdict(const struct server_log *l, const char *what, pid_t pid,
                        const struct server_ends *ends, const char *mark);
/* `status` as of wait(2). */
void server_log_end(const struct server_log *l, pid_t pid, int status);

#endif
