/*
 * meter: what runs while a user is charged for a machine: for one of its hosts while that is open,
 * or for their own processes on the gateway. A plain value; pass*.c start, charge and stop it.
 */
#ifndef TCPQUOTA_METER_H
#define TCPQUOTA_METER_H

#include "account.h"
#include "clock.h"

#include <stdbool.h>
#include <stdint.h>

struct meter {
    bool running;
    struct session session; /* while it runs; afterwards the last one, with its cause */
    bool due;               /* to be charged in this run */
    bool unsaved;           /* the session has news for its row */
    struct mono charged;    /* up to where: the opening, or the last charge */
    struct span covered;    /* since then, and paid for by another session of the machine */
    bool active;            /* in use, at the last pass or since it was opened */
    uint32_t cnts;          /* connections in use at the last pass */
    int64_t uncounted;      /* passes charged that masq.counter does not have yet */
};

#endif
