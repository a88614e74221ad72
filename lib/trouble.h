/*
 * trouble: something that goes wrong and is tried again in every pass. It is in the log once, and
 * once more when it is right again.
 */
#ifndef TCPQUOTA_TROUBLE_H
#define TCPQUOTA_TROUBLE_H

#include <stdbool.h>

struct trouble {
    bool on;
};

/* Logs an error, unless the trouble is on already. */
void trouble_begin(struct trouble *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Logs that the trouble, if it was on, is over with `what`. */
void trouble_end(struct trouble *t, const char *what);

#endif
