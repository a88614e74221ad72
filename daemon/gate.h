/*
 * gate: opens and closes hosts. Declarative: the set of hosts that shall be open goes in, the
 * kernel's tables are read, the difference is made with at most one commit a table.
 *
 * Owns the lock /run/xtables.lock while it changes tables, waiting for it a second at most. Blocks
 * on the kernel. Only what is named TCPQUOTA... is changed, and the one jump to it.
 */
#ifndef TCPQUOTA_GATE_H
#define TCPQUOTA_GATE_H

#include "addr.h"
#include "topology.h"

#include <stdbool.h>
#include <stddef.h>

#define GATE_ERROR_LEN 256

struct gate_order {
    const struct topology *topology;
    bool drop_closed;         /* CLOSED_ACTION=drop */
    const struct addr *hosts; /* that shall be open: sorted, each once */
    size_t count;
};

/* What was found and done. */
struct gate_report {
    struct addr *missing; /* shall be open, and had not all their entries */
    size_t missing_count;
    struct addr *extra; /* had entries and shall not */
    size_t extra_count;
    unsigned changes; /* entries or chains of ours that were not as they should be */
    bool exempts;     /* TCPQUOTA-USER holds entries */
    int v4, v6;       /* 0 or -errno: then this family is as it was, but for closed hosts */
    char error[GATE_ERROR_LEN];
};

/* Fills in the report, gate_report_free() frees it. 0, or -errno if a family failed. */
int gate_apply(const struct gate_order *order, struct gate_report *report);
/* Removes everything of ours from both families. 0 or -errno, with the words in `error`. */
int gate_clean(char error[GATE_ERROR_LEN]);
/* Reads all tables that this LOCALNET needs and changes nothing. 0 or -errno, as above. */
int gate_check(const struct topology *topology, char error[GATE_ERROR_LEN]);
void gate_report_free(struct gate_report *report);

#endif
