/*
 * auth_rules: the firewall entries of tcpquota-authd(8), as plain values: which packets ask, and
 * what becomes of those that were answered for. Pure.
 *
 *   INPUT, FORWARD      the first entry jumps to TCPQUOTA-AUTH; behind it, in FORWARD behind the
 *                       gate as well, one jumps to TCPQUOTA-AUTH-PASS, or -FWD
 *   TCPQUOTA-AUTH       new connections of the interfaces and ports in question go to ...
 *   TCPQUOTA-AUTH-ASK   the queue; from there they come back with a mark, and return, or are
 * blocked TCPQUOTA-AUTH-FWD   of what comes from LOCALNET nothing is accepted; the rest goes to ...
 *   TCPQUOTA-AUTH-PASS  what passes is accepted, by way of ...
 *   TCPQUOTA-AUTH-LET   without its mark, which what comes out of a tunnel would have, too
 *
 * So what passes has been through the gate in between: what the gate closes stays closed, and
 * without a gate nobody of LOCALNET is let out.
 */
#ifndef TCPQUOTA_AUTH_RULES_H
#define TCPQUOTA_AUTH_RULES_H

#include "conf.h"
#include "ruleset.h"

/* Two bits of a packet's mark say what was answered; the others are left alone. */
#define AUTH_MARK_BITS 0x30000000u
#define AUTH_MARK_PASS 0x10000000u
#define AUTH_MARK_BLOCK 0x20000000u /* to be rejected with a reset; else it is dropped at once */
#define AUTH_MARK_NEXT 0x30000000u
#define AUTH_MARK_ANSWERED 0x10000000u /* passes or goes on: it is not asked for again */
/* A bit of a connection's mark: its first packet has passed, and so do all others. */
#define AUTH_FLOW_PASSED 0x40000000u

struct auth_sets {
    bool used; /* kernel=yes */
    uint16_t index;
    bool ports;
};

/* The entries of one family; 0 or -ENOMEM, ruleset_free() in both cases. */
int auth_rules_make(struct ruleset *out, int family, const struct conf *conf,
                    const struct auth_sets *sets);
/* None: what is there of ours has to go. */
void auth_rules_none(struct ruleset *out, int family);
bool auth_owns_chain(const char *name);

#endif
