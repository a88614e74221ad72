/*
 * relay_settings: all that a relay works by, read anew at each HUP: its configuration, the
 * certificate, and whose rules count.
 */
#ifndef TCPQUOTA_RELAY_SETTINGS_H
#define TCPQUOTA_RELAY_SETTINGS_H

#include "conf.h"
#include "entrance.h"
#include "relay_conf.h"
#include "relay_options.h"

#include <openssl/types.h>

struct relay_settings {
    struct relay_conf relay;
    struct conf *conf; /* of tcpquota.cf, or NULL */
    SSL_CTX *tls;      /* or NULL */
    struct entrance_setup entrance;
};

/* 0, or an exit code, told; nothing is left to be freed then. `paths` are absolute already. */
int relay_settings_load(struct relay_settings *out, const struct relay_options *options);
void relay_settings_free(struct relay_settings *s);

#endif
