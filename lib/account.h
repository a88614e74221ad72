/*
 * account: the plain values of accounting that cross between the rooms: names, causes, sessions,
 * charges. No function here; nothing owns anything.
 */
#ifndef TCPQUOTA_ACCOUNT_H
#define TCPQUOTA_ACCOUNT_H

#include "addr.h"
#include "clock.h"

#include <stdint.h>

#define USER_BYTES 32         /* the longest name */
#define SESSION_LOCAL "local" /* in place of a host: the gateway itself */

/* A user's name, zero behind its end: two names compare as 33 bytes. */
struct user_name {
    char text[USER_BYTES + 1];
};

/* Why a host was closed. */
enum cause {
    CAUSE_USER,
    CAUSE_QUOTA,
    CAUSE_DENIED,
    CAUSE_IDLE,
    CAUSE_MOVED,
    CAUSE_ADMIN,
    CAUSE_HOURS,
    CAUSE_EXIT,
    CAUSES
};

/* The value of masq.open. */
enum order { ORDER_IS_CLOSED = 0, ORDER_IS_OPEN = 1, ORDER_OPEN = 2, ORDER_CLOSE = 3 };

/* Points and seconds that a user owes for one UTC clock hour. */
struct charge {
    struct user_name user;
    struct wall hour;
    int64_t points;
    int64_t seconds; /* of use */
};

/* One time a host was open, or a user on the gateway itself used the link. */
struct session {
    struct user_name user;
    struct addr host;           /* family 0: the gateway itself */
    int64_t id;                 /* of its row; 0: it has none yet */
    struct wall opened, closed; /* closed.ns 0: it is open */
    struct span used;           /* time charged for */
    int64_t points;
    enum cause cause; /* once closed */
};

#endif
