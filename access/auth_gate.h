/*
 * auth_gate: drives the firewall entries of tcpquota-authd(8) and the sets that they look into.
 * Blocks on the kernel. Errors are -errno, with the reason in `why`.
 */
#ifndef TCPQUOTA_AUTH_GATE_H
#define TCPQUOTA_AUTH_GATE_H

#include "conf.h"
#include "xtables_apply.h"

#include <stdbool.h>

/* The kernel lacks a match or a target that these entries need: its name in `why`. */
int auth_gate_check(const struct conf *conf, char why[XTABLES_WHY_LEN]);
/* Makes the sets that the configuration asks for, empty. */
int auth_gate_make_sets(const struct conf *conf, char why[XTABLES_WHY_LEN]);
/* Makes the entries as the configuration has them, in both families unless the kernel has no IPv6.
 * The number of changes. */
int auth_gate_apply(const struct conf *conf, char why[XTABLES_WHY_LEN]);
/* Whether there are entries, of a daemon that was killed. */
bool auth_gate_stands(void);
/* Removes the sets that no entry of this configuration uses; as far as that can be done. */
void auth_gate_drop_sets(const struct conf *conf);
/* Nothing passes unasked any more; as far as that can be done. */
void auth_gate_empty_sets(void);
/* Removes entries, then sets. */
int auth_gate_clean(char why[XTABLES_WHY_LEN]);

#endif
