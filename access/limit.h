/*
 * limit: how much is too much, as the variables of a rule say: MAXLOAD, MAXCONNIP, MAXCONNC,
 * MAXCONNNET. They are those of the limits patch for ucspi-tcp (2006-01-26), and MAXCONNNET is
 * ours. A limit of 0 always refuses. Nothing here blocks but the reading of /proc/loadavg.
 */
#ifndef TCPQUOTA_LIMIT_H
#define TCPQUOTA_LIMIT_H

#include "addr.h"
#include "variables.h"

#include <stdbool.h>
#include <stdint.h>

#define LIMIT_WHY_LEN 160

/* The value of a variable: as the rule has it, else as the environment of this process. Or NULL. */
const char *limit_variable(const struct variables *env, const char *name);
/* MAXQUOTA: 1 yes, 0 no, -EINVAL with the reason in `why`. */
int limit_wants_quota(const struct variables *env, char why[LIMIT_WHY_LEN]);

/* How many connections there are from the network of `len` bits around `a`; <0: unknown. */
typedef int64_t limit_count(void *context, const struct addr *a, unsigned len);

/* The first limit that is reached, as it ends a line of the log: `LOAD:`, `MAXCONNIP:`,
 * `MAXCONNC:`, `MAXCONNNET:`; "" if there is none. NULL if one is malformed or cannot be known: the
 * reason is in `why`. */
const char *limit_reached(const struct variables *env, const struct addr *a, limit_count *count,
                          void *context, char why[LIMIT_WHY_LEN]);

#endif
