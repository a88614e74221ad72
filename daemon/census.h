/*
 * census: who is active. Pure: flows go in one by one, counts of connections in use come out for
 * each open host, and the hosts that are not open but still have flows to the outside.
 */
#ifndef TCPQUOTA_CENSUS_H
#define TCPQUOTA_CENSUS_H

#include "clock.h"
#include "flow.h"
#include "index.h"
#include "topology.h"

#include <stdint.h>

#define CENSUS_STRAYS_MAX 1024 /* more are met again in the next pass */

struct census {
    /* given */
    const struct topology *topology;
    const struct flow_timeouts *timeouts;
    const struct index *open; /* by struct addr: the host's place in `counts` */
    int64_t window;           /* ACTIVE_WINDOW, seconds */
    struct span since;        /* the last pass: a flow that closes counts if it lived since */
    /* found */
    uint32_t *counts;
    struct addr strays[CENSUS_STRAYS_MAX]; /* each once */
    size_t stray_count;
};

/* Counts the flow, or not. `census` as void * so that a reader may call it directly. */
void census_add(void *census, const struct flow *flow);
/* Whether this flow, of an open host to the outside, is use: tcpquotad(8), CHARGING. */
bool census_is_use(const struct census *c, const struct flow *flow);

#endif
