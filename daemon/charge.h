/*
 * charge: who pays, and how much. Pure: sessions and time go in, charges come out.
 *
 * The book keeps, per user, the fraction of a point not yet charged, and the charges that have
 * not reached the database. It owns its memory; charge_book_free() gives it back. Amounts count in
 * nanopoints (a point is a second at rate 1), whole points leave the book, fractions stay.
 */
#ifndef TCPQUOTA_CHARGE_H
#define TCPQUOTA_CHARGE_H

#include "account.h"
#include "index.h"
#include "lladdr.h"
#include "tariff.h"

#include <stdbool.h>
#include <stddef.h>

struct charge_payer {
    struct user_name user;
    int64_t nanopoints; /* carried, below one point */
    int64_t use_ns;     /* of use, below one second */
    int64_t owed;       /* points charged that the balance last read does not show */
};

struct charge_book {
    struct charge_payer *payers;
    size_t payer_count;
    struct index by_user;
    struct charge *due; /* not yet in the database, one a user and hour */
    size_t due_count;
    struct index by_hour;
};

/* What a pass is charged by. */
struct charge_terms {
    struct tariff tariff;
    bool shared_line;
    struct span cap; /* no session pays for more at once */
    struct wall now;
};

/*
 * One session in this pass. `session` gets its points and its use added.
 *
 * Sessions of one user on one machine are a group, and so are all of a free user: of those that
 * are active one pays, for all. Who pays later, because it is not its turn yet, has had that time
 * paid by another of its group if one has paid now: `covered` says how much of it, and is to be
 * taken off when its turn comes. So a group pays for every moment in which it is active once,
 * whenever its hosts open and close.
 */
struct charge_item {
    struct session *session;
    struct lladdr machine; /* where its host is; not known: a machine of its own */
    struct span elapsed;   /* since its opening or its last charge, less what was covered */
    bool active;
    bool free_user; /* pays once however many hosts are open */
    bool later;     /* it pays at another time; here it only has its part in the choice */
    bool pays;      /* set by charge_choose(): for its whole group */
    struct span
        covered; /* set by charge_pass(), where `later` is: the part of `elapsed` paid now */
};

void charge_book_init(struct charge_book *b);
void charge_book_free(struct charge_book *b);
/* Which sessions pay in this pass: of each group the one that is active for longest, before those
 * that pay later. Their number, the divisor of SHARED_LINE, goes to *payers. 0 or -ENOMEM. */
int charge_choose(struct charge_item *items, size_t count, size_t *payers);
/* Charges every active session. 0 or -ENOMEM: then nobody was charged. */
int charge_pass(struct charge_book *b, const struct charge_terms *terms, struct charge_item *items,
                size_t count);
/* Points that the balance last read does not show. */
int64_t charge_owed(const struct charge_book *b, const struct user_name *user);
/* Points of theirs that have not reached the database. */
int64_t charge_unwritten(const struct charge_book *b, const struct user_name *user);
/* Everything due has reached the database. */
void charge_settled(struct charge_book *b);
/* Balances have been read: they show everything but what is still due. */
void charge_balances_read(struct charge_book *b);
/*
 * How long until `points` more are charged to a user whose sessions together cost `rate` points
 * a second, shared by `divisor`. Rounded up; at most a day.
 */
struct span charge_time_left(const struct charge_book *b, const struct user_name *user,
                             int64_t points, int64_t rate, size_t divisor);

#endif
