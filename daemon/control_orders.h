/*
 * control_orders: hosts on their way to be opened or closed for somebody: what is written into
 * masq, in whose name, and how far the daemon has come with it. Whoever owns the list writes it
 * within a transaction of the store, and looks at it after each run of the pass.
 */
#ifndef TCPQUOTA_CONTROL_ORDERS_H
#define TCPQUOTA_CONTROL_ORDERS_H

#include "account.h"
#include "pass.h"
#include "reason.h"
#include "store.h"

#include <stdbool.h>
#include <stddef.h>

#define ORDERS_GROUP_LEN 65 /* the name of a group, and its NUL */

enum order_stage {
    STAGE_OPEN_DUE, /* a 2 has to be written */
    STAGE_OPENING,  /* it is written */
    STAGE_OPEN,
    STAGE_CLOSE_DUE, /* a 3 has to be written */
    STAGE_CLOSING,
    STAGE_DROP_DUE, /* closed: the row has to go */
    STAGE_OVER      /* as far as it gets */
};

struct order_host {
    struct addr addr;
    enum order_stage stage;
    enum reason why;              /* it is closed, or was not opened */
    bool was_open;                /* it had been, at some time */
    bool refresh_due;             /* its tic has to be 0 again */
    bool told;                    /* openfw: the outcome is in the answer */
    struct user_name holder;      /* whose row it is that is closed, where it may be anybody's */
    unsigned unseen;              /* openhost: looks at the machine that did not show it */
    struct session used;          /* once it was open: the session there */
    char group[ORDERS_GROUP_LEN]; /* for openfw's log; "" */
};

struct orders {
    struct user_name user; /* whose the rows are */
    struct user_name by;   /* who orders */
    bool anybodys;         /* closes whoever has it */
    bool drops;            /* a row that is closed is deleted */
    bool stays;            /* what is open stays so: it is as far as it gets */
    bool logs;             /* in logging_openfw */
    bool admin, forced;    /* ... as what */
    bool free;
    int64_t tic;              /* of the row: 0, it has to be refreshed; -1, it has not */
    enum cause cause;         /* of the closing */
    struct wall until;        /* ns 0: none */
    struct span used;         /* what hosts used that are there a second time, before that */
    int64_t points;           /* ... and were charged */
    struct order_host *hosts; /* orders_free() gives them back */
    size_t count, room;
};

void orders_free(struct orders *o);
/* The host's place, until the next orders_add(); NULL if it has none. */
struct order_host *orders_find(const struct orders *o, const struct addr *host);
/* How many are not over. */
size_t orders_live(const struct orders *o);
/* Adds a host, unless it is there and not over; `group` may be NULL. 0 or -ENOMEM. */
int orders_add(struct orders *o, const struct addr *host, enum order_stage stage,
               const char *group);
/* Closes what is open or on its way to be, and does not begin what is not. */
void orders_close(struct orders *o);
/* Whether something has to be written. */
bool orders_are_due(const struct orders *o);
/* Whether every host is as far as it gets. */
bool orders_are_over(const struct orders *o);
/* Writes what is due, in a transaction; the stages move on with orders_written() only. `*changed`:
 * whether a row has changed that the pass has to act on. 0 or -errno. */
int orders_write(struct orders *o, struct store *s, bool *changed);
void orders_written(struct orders *o);
/* Finds out how far the pass has come. */
void orders_look(struct orders *o, const struct pass *pass);
/* The words for a verdict and for a cause. */
enum reason reason_of_verdict(enum verdict v);
enum reason reason_of_cause(enum cause c);

#endif
