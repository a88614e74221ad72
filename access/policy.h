/*
 * policy: who may connect, as the database says. The lists are kept in memory and follow the table
 * row by row; who is open and paid for, and the administrator's own question, are asked each time.
 *
 * Blocks on the disk. The store is the caller's. Errors are -errno, and store_error() has the
 * words.
 */
#ifndef TCPQUOTA_POLICY_H
#define TCPQUOTA_POLICY_H

#include "addr.h"
#include "answer_kind.h"
#include "conf.h"
#include "store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct policy;

/* What a look at the database found changed. */
enum { POLICY_LISTS = 1, POLICY_HOSTS = 2 };

struct policy_facts {
    size_t addresses;           /* in the lists that count */
    int64_t lists, hosts;       /* generations */
    uint64_t questions, failed; /* to the database */
    int64_t mean_ns, worst_ns;  /* that one of those took */
};

/* Told of a row of validipaddress that is no address, network or range. */
typedef void policy_bad_row(void *context, int64_t group, const char *text);

/* `conf` has to live as long. Reads the lists. 0 or -errno; -EINVAL if sql= is no question. */
int policy_open(struct policy **out, struct store *store, const struct conf *conf,
                policy_bad_row *bad, void *context);
void policy_close(struct policy *p);
/* After a commit of somebody's: what has changed since the last look, or -errno. */
int policy_refresh(struct policy *p);
/* Asks. 0 and *out, or -errno. */
int policy_ask(struct policy *p, const struct addr *a, uint16_t port, struct answer_kind *out);
/* What the lists alone say; ANSWER_PASS, or what holds for who is not in them. */
enum answer_verdict policy_by_list(struct policy *p, const struct addr *a);
/* Whether the lists are asked at all, and not sql=. */
bool policy_has_lists(const struct policy *p);
void policy_get_facts(const struct policy *p, struct policy_facts *out);
/* The number of the host group that counts, -1: all do, or there is none. */
int64_t policy_group(const struct policy *p);
/* Whether the configuration names a host group that the database does not have. */
bool policy_lacks_group(const struct policy *p);

#endif
