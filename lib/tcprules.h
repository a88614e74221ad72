/*
 * tcprules: rules as a text, in the form that tcprules(1) of ucspi-tcp takes: a rule a line,
 *
 *     192.168.:allow,MAXLOAD="1000"
 *     5.6.7.8:deny
 *     :allow,MAXCONNIP="3",DIEMSG=/421 try again later/
 *
 * Left of the colon: nothing for everyone; an address; its beginning with a dot behind it; either
 * with a range as its last number (`1.2.3.37-53`, `10.2-3.`); `=HOST`, `=.DOMAIN`, `=` by name;
 * `INFO@` before an address or `=HOST`. A range stands
 * for a rule for each of its numbers, and is told as those. Beyond tcprules(1), networks and IPv6:
 * `10.0.0.0/8`, `fd99::/64`, `[::1]`. Lines that begin with # and empty ones are passed over.
 * Nothing blocks.
 */
#ifndef TCPQUOTA_TCPRULES_H
#define TCPQUOTA_TCPRULES_H

#include "rules.h"

#include <stddef.h>

struct tcprule {
    size_t line;      /* from 1 */
    struct rule rule; /* `itime` grows towards the first line, as the first of equal rules wins */
    const char *name; /* what stands left of the colon, if it is no address; or NULL */
};

/* Told of each rule: 0, or an error that ends the reading. What it points to lives until the
 * return.
 */
typedef int tcprules_take(void *context, const struct tcprule *rule);
/* Told of each fault. */
typedef void tcprules_fault(void *context, size_t line, const char *what);

/* Reads `text`, NUL-terminated, which it cuts up. 0; -EINVAL after faults; what `take` returned. */
int tcprules_read(char *text, tcprules_take *take, tcprules_fault *fault, void *context);

#endif
