/*
 * presets: limits for all rules of a service, as [server:NAME] of tcpquota.cf(5) has them.
 */
#ifndef TCPQUOTA_PRESETS_H
#define TCPQUOTA_PRESETS_H

#include "conf.h"
#include "variables.h"

/* Reads those of a service; `path` is what messages call the file. 0; -EINVAL after faults were
 * logged; -ENOMEM. variables_free() in any case. */
int presets_read(struct variables *out, const struct conf *conf, const char *service,
                 const char *path);

#endif
