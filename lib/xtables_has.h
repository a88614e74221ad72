/*
 * xtables_has: which extensions of xtables this kernel has. Asking may make it load them.
 */
#ifndef TCPQUOTA_XTABLES_HAS_H
#define TCPQUOTA_XTABLES_HAS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether there is a match, or a target, of this name and revision for the family. Needs
 * CAP_NET_RAW and CAP_NET_ADMIN. */
bool xtables_has_match(int family, const char *name, uint8_t revision);
bool xtables_has_target(int family, const char *name, uint8_t revision);

#endif
