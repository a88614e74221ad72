/*
 * ask: what the worker asks of the keeper. Each call sends its message and waits for the answer.
 *
 * If the keeper is gone, or gives no sign of life for ASK_PATIENCE_S, `lost` is set and every call
 * is -EPIPE from then on.
 */
#ifndef TCPQUOTA_ASK_H
#define TCPQUOTA_ASK_H

#include "addr.h"
#include "flow.h"
#include "gate_report.h"
#include "holder.h"
#include "lladdr.h"
#include "wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASK_PATIENCE_S 15

struct ask {
    int fd; /* the socket to the keeper, whoever made it closes it */
    bool lost;
    bool idle;      /* the answer to ask_idle() is still to be heard */
    unsigned found; /* changes that such answers have told of; the pass sets it back */
};

/* Told of every flow before it is dropped. */
typedef void ask_flow(void *context, const struct flow *flow);

/* Lets out `hosts` (sorted, each once) and nobody else. `places`: of each host its link-layer
 * address, for a keeper that lets it out with no other (BIND_MAC); or NULL. `online`: somebody uses
 * the link. Fills in the report, gate_report_free() frees it. 0, or -errno if a family failed. */
int ask_gate(struct ask *a, const struct addr *hosts, const struct lladdr *places, size_t count,
             bool online, struct gate_report *report);
/* Lets out nobody, as the last ask_gate() did, and does not wait for the answer: what the keeper
 * finds changed it puts right and logs by itself. The next call hears it, and adds to `found`. 0 or
 * -errno.
 */
int ask_idle(struct ask *a);
/* Ends every flow that one of `hosts` (sorted) began and that leads outside, or raises it. `each`
 * may be NULL. The number of flows changed, or -errno: then not every flow was told. */
int ask_flows(struct ask *a, enum flow_way way, const struct addr *hosts, size_t count,
              ask_flow *each, void *context);
/* Removes all entries. 0 or -errno with the words in `error`. */
int ask_clean(struct ask *a, char error[GATE_ERROR_LEN]);
/* Renews the lease. 0 or -errno. */
int ask_renew(struct ask *a, bool online);
/* A new descriptor of the kernel's table of connections, the caller's to close, or -errno. */
int ask_table(struct ask *a);
/* Reads the configuration anew and opens the log anew. 0: a snapshot of the configuration, which
 * has no faults; -EINVAL: it has some, and they are in the log; -errno. Either descriptor is -1 or
 * the caller's to close. */
int ask_reload(struct ask *a, int *snapshot, int *log);
/* Whose processes hold these sockets (inodes, sorted, each once): those of users between MIN_UID
 * and MAX_UID. `ftp`: only ftp daemons. *out, the caller's to free, is NULL unless the answer is
 * above 0: how many were found. Or -errno. */
int ask_holders(struct ask *a, bool ftp, const uint64_t *inodes, size_t count, struct holder **out);
/* Of these uids (sorted, each once), and of no other, new connections are rejected from the next
 * ask_gate() or ask_idle() on. 0; -EACCES if the keeper refuses some, and it has logged that;
 * -EAGAIN if it cannot tell of some at the moment; or -errno. */
int ask_block(struct ask *a, const uint64_t *uids, size_t count);
/* Ends the connections of this user that lead outside, and those of these sockets (inodes, sorted)
 * that a process of theirs holds. How many ended; -EACCES: refused; -EAGAIN if that cannot be told
 * now, or they are not blocked; -errno. */
int ask_cut(struct ask *a, uint32_t uid, const uint64_t *inodes, size_t count);
/* Begins to end all processes of this user, unless that is going on, and tells them why. 0 or
 * -errno; -EACCES: refused. */
int ask_evict(struct ask *a, uint32_t uid, enum wire_news why);
/* Calls that off. 0 or -errno. */
int ask_pardon(struct ask *a, uint32_t uid);
/* Tells this user on their terminals; `seconds`: how long the quota lasts, with WIRE_QUOTA_ENDS. 0
 * or -errno; -EACCES: refused. */
int ask_tell(struct ask *a, uint32_t uid, enum wire_news news, int64_t seconds);
/* Tells that the first pass is done. */
int ask_ready(struct ask *a);
/* Tells that the worker ends in good order, and with what. `kept`: what is open stays so. */
void ask_leave(struct ask *a, int code, bool kept);

#endif
