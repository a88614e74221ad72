/*
 * server_door: a front door: accepts connections, asks the entrance, and starts a program for each
 * that comes in. Decisions are made before anything is started, and who is refused takes no place.
 */
#ifndef TCPQUOTA_SERVER_DOOR_H
#define TCPQUOTA_SERVER_DOOR_H

#include "conf.h"
#include "entrance.h"
#include "server_options.h"

struct server_door_setup {
    const struct server_options *options;
    const struct entrance_setup *entrance;
};

/* Listens, and serves until TERM. Returns the exit code; what went wrong is told. */
int server_door_run(const struct server_door_setup *setup);

#endif
