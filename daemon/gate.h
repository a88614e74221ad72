/*
 * gate: opens and closes hosts. Declarative: the set of hosts that shall be open goes in, the
 * kernel's tables are read, the difference is made with at most one commit a table.
 *
 * With a lease the kernel itself shuts the gate, established connections included, once the lease
 * has not been renewed for so many seconds. Renewing it takes no commit.
 *
 * Users of the gateway itself can be blocked: what their sockets send outside is rejected.
 *
 * Owns the lock /run/xtables.lock while it changes tables, waiting for it a second at most. Blocks
 * on the kernel. Only what is named TCPQUOTA... is changed, and the jump to it: one in FORWARD, one
 * in POSTROUTING, and one in OUTPUT while users are blocked.
 */
#ifndef TCPQUOTA_GATE_H
#define TCPQUOTA_GATE_H

#include "addr.h"
#include "gate_report.h"
#include "lladdr.h"
#include "topology.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What holds for every host. */
struct gate_policy {
    bool drop_closed; /* CLOSED_ACTION=drop */
    uint32_t lease;   /* seconds, 0: none */
};

#define GATE_UIDS_MAX 4096

struct gate_order {
    const struct topology *topology;
    struct gate_policy policy;
    const struct addr *hosts; /* that shall be open: sorted, each once */
    /* Of each host the Ethernet address that it is let out with, and with no other; or NULL. */
    const struct lladdr *macs;
    size_t count;
    /* Users of the gateway who are blocked: sorted, each once, GATE_UIDS_MAX at most. With some,
     * gate_owners_work() has to be true: no entry could be changed otherwise. */
    const uint32_t *uids;
    size_t uid_count;
};

/*
 * Fills in the report, gate_report_free() frees it. 0, or -errno if a family failed. The lease is
 * renewed, but not for a family that may have hosts open that shall not be. Users are blocked in
 * both families, whatever LOCALNET has networks of, unless the kernel has no IPv6 at all.
 */
int gate_apply(const struct gate_order *order, struct gate_report *report);
/* Removes everything of ours from both families. 0 or -errno, with the words in `error`. */
int gate_clean(char error[GATE_ERROR_LEN]);
/* Reads all tables that this LOCALNET needs and changes nothing. 0 or -errno, as above. */
int gate_check(const struct topology *topology, char error[GATE_ERROR_LEN]);
/* Renews the lease of each family that LOCALNET has a network of, if it is one of these. 0 or
 * -errno.
 */
int gate_renew(const struct topology *topology, bool v4, bool v6);
/* Ends the lease, if there is one, at once: whatever the entries, nobody is let out until it is
 * renewed. Needs no lock. */
void gate_expire(void);
/* Whether the kernel has what a lease needs, the match `recent`, for every family that LOCALNET has
 * a network of. May make the kernel load it. */
bool gate_lease_works(const struct topology *topology);
#define GATE_NO_LEASE                                                                              \
    "no-lease the kernel has no match `recent' (module xt_recent): LEASE is off, and hosts stay "  \
    "open if tcpquotad is killed"
/* The same for the match `mac`, which an order with macs needs. */
bool gate_macs_work(const struct topology *topology);
#define GATE_NO_MACS                                                                               \
    "no-mac the kernel has no match `mac' (module xt_mac): with BIND_MAC=yes nobody can be let "   \
    "out"
/* The same for the matches `owner' and `tcp', which an order with uids needs. */
bool gate_owners_work(const struct topology *topology);
#define GATE_NO_OWNER                                                                              \
    "no-owner the kernel has no match `owner' or no `tcp' (modules xt_owner, xt_tcpudp): with "    \
    "ENFORCE_LOCAL=close users of the gateway can connect outside again at once"

#endif
