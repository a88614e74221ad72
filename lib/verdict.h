/*
 * verdict: may this user have this host open now? Pure: values in, one value out.
 */
#ifndef TCPQUOTA_VERDICT_H
#define TCPQUOTA_VERDICT_H

#include "account.h"
#include "hours.h"

#include <stdbool.h>
#include <stdint.h>

enum verdict {
    VERDICT_MAY,
    VERDICT_NO_ADDRESS, /* the host is no address */
    VERDICT_NOT_LOCAL,  /* not in LOCALNET */
    VERDICT_OWN,        /* the gateway's own */
    VERDICT_HELD,       /* another user has it */
    VERDICT_DENIED,     /* the user is not in `allowed` */
    VERDICT_QUOTA,      /* at or below MIN_QUOTA */
    VERDICT_HOURS,      /* outside the FW hours */
    VERDICT_UNTIL,      /* `until` has passed */
    VERDICTS
};

struct verdict_case {
    bool is_address, is_local, is_own, is_held;
    bool allowed;    /* has a row in `allowed` */
    bool free_user;  /* is in USERS */
    bool free_row;   /* masq.free is 1 */
    int64_t balance; /* points, what is owed taken off */
    int64_t min_quota;
    struct hours fw_hours;
    struct wall until; /* ns 0: none */
    struct wall now;
};

/* The first reason against it; VERDICT_MAY if there is none. */
enum verdict verdict_of(const struct verdict_case *c);
/* For the log: `user is not allowed` ... */
const char *verdict_reason(enum verdict v);
/* The cause of the session that this verdict ends. */
enum cause verdict_cause(enum verdict v);

#endif
