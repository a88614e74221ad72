/*
 * relay_sockets: the sockets a relay listens on. From one configuration to the next those that are
 * in both stay open, so that nobody finds the door shut.
 */
#ifndef TCPQUOTA_RELAY_SOCKETS_H
#define TCPQUOTA_RELAY_SOCKETS_H

#include "relay_conf.h"
#include "relay_worker.h"

#include <stddef.h>

struct relay_sockets {
    struct relay_socket *list;
    size_t count;
};

/*
 * Those that `conf` wants, taken over from `old` where they are there, opened otherwise. The
 * descriptors of `old` stay its own: relay_sockets_close() keeps open what `kept` has. 0, or -errno
 * with the place in `what`: then nothing is changed.
 */
int relay_sockets_open(struct relay_sockets *out, const struct relay_conf *conf,
                       const struct relay_sockets *old, char what[ENDPOINT_TEXT_LEN]);
/* Closes those that are not in `kept`, which may be NULL, and frees the list. */
void relay_sockets_close(struct relay_sockets *s, const struct relay_sockets *kept);

#endif
