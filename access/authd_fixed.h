/*
 * authd_fixed: keys of tcpquota-authd(8) that change with a restart alone: what is bound to them
 * stands from start to end.
 */
#ifndef TCPQUOTA_AUTHD_FIXED_H
#define TCPQUOTA_AUTHD_FIXED_H

#include "conf.h"

#include <stdbool.h>

/* Gives these keys of `next` the values that they have in `was`. Whether any had another. */
bool authd_fixed_keep(const struct conf *was, struct conf *next);

#endif
