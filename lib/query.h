/*
 * query: the commands that only read: what they show, piece by piece, so that a long one never
 * holds up whoever runs it. The daemon runs them for everybody behind the control socket; the
 * program tcpquota runs them itself for root where no daemon is.
 *
 * A query has a store of its own, opened for reading, and sees the database as of one moment. It
 * keeps to what the caller may see: all of it for administrators, for others what is theirs.
 */
#ifndef TCPQUOTA_QUERY_H
#define TCPQUOTA_QUERY_H

#include "answer.h"
#include "caller.h"
#include "forecast.h"
#include "store_read.h"
#include "topology.h"

#include <stdbool.h>

struct query;

struct query_terms {
    const struct conf *conf;
    const struct topology *topology;
    struct caller caller;
    struct wall now;
    /* How fast this user is charged now; NULL: nobody is. */
    struct pace (*pace_of)(void *context, const struct user_name *user);
    /* How many connections this user has on the gateway itself; NULL: nobody knows, taken as 0. */
    int64_t (*local_use_of)(void *context, const struct user_name *user);
    void *context;
};

/* Whether it is the name of such a command. */
bool query_knows(const char *command);
/*
 * Begins the query that `request` asks for; `store` and what `terms` point to have to outlive it.
 * If it is refused the end is in the answer at once, and the rest of the calls find nothing to do.
 * NULL without memory.
 */
struct query *query_new(struct store *store, const struct query_terms *terms, const char *command,
                        json_t *request, struct answer *answer);
/* From now on this configuration holds: the one before is about to be freed. */
void query_use_conf(struct query *q, const struct conf *conf);
/* Adds some rows to the answer, and in the end the end of it. Whether there is more. */
bool query_step(struct query *q, struct answer *answer);
void query_free(struct query *q);

#endif
