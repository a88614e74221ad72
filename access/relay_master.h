/*
 * relay_master: the process that a relay is started as. It reads configurations, listens, and has a
 * worker do the rest; HUP brings a new configuration and a new worker, and what the old one has
 * goes on to its end.
 */
#ifndef TCPQUOTA_RELAY_MASTER_H
#define TCPQUOTA_RELAY_MASTER_H

#include "relay_options.h"

/* Returns the exit code; what went wrong is told. */
int relay_master_run(const struct relay_options *options);

#endif
