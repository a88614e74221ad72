/*
 * relay_worker: the process that does a relay's work, with the configuration it was started with.
 * For another configuration, and after `retire` connections, there is another worker; the old one
 * takes nothing new and ends with its last connection.
 */
#ifndef TCPQUOTA_RELAY_WORKER_H
#define TCPQUOTA_RELAY_WORKER_H

#include "entrance.h"
#include "relay_conf.h"
#include "sandbox.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

struct relay_socket {
    struct endpoint at;
    bool tls;
    int fd;
};

/* What a worker says to its master: that it works, and that another one has to take over. */
#define RELAY_READY 'r'
#define RELAY_RETIRES 't'

struct relay_worker_setup {
    const struct relay_conf *conf;
    const struct relay_socket *sockets;
    size_t socket_count;
    SSL_CTX *tls; /* or NULL */
    const struct entrance_setup *entrance;
    const struct sandbox *user; /* whom it becomes; NULL: it stays who it is */
    int master;                 /* a socket; its end: take nothing new */
};

/* Returns the exit code; what went wrong is told. TERM ends it at once. */
int relay_worker_run(const struct relay_worker_setup *setup);

#endif
