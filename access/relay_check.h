/*
 * relay_check: looks at every backend in turn whether it takes connections, so that a dead one is
 * not what a client finds out first, and one that is back is used again. Nothing blocks.
 */
#ifndef TCPQUOTA_RELAY_CHECK_H
#define TCPQUOTA_RELAY_CHECK_H

#include "backends.h"
#include "relay_conf.h"

#include <event2/event.h>

struct relay_checks;

/* Every check_s seconds of the configuration; 0: never. 0 or -ENOMEM. */
int relay_checks_new(struct relay_checks **out, struct event_base *base,
                     const struct relay_conf *conf, struct backends *backends);
void relay_checks_free(struct relay_checks *c);

#endif
