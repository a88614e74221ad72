/*
 * open_host: whether a host is open now, for a user who may have it open: what quota means to the
 * doors beside the gate.
 */
#ifndef TCPQUOTA_OPEN_HOST_H
#define TCPQUOTA_OPEN_HOST_H

#include "addr.h"
#include "conf.h"
#include "store.h"

/* 1, 0 or -errno. Blocks on the disk. */
int open_host_may(struct store *store, const struct conf *conf, const struct addr *a);

#endif
