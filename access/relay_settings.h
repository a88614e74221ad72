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
    struct conf *conf;        /* of tcpquota.cf, or NULL */
    SSL_CTX *tls;             /* or NULL */
    struct variables presets; /* of [server:NAME] */
};

/* 0, or an exit code, told; nothing is left to be freed then. */
int relay_settings_load(struct relay_settings *out, const struct relay_options *options);
/* How its entrance is to be opened; it points into the settings. */
struct entrance_setup relay_settings_entrance(const struct relay_settings *s);
void relay_settings_free(struct relay_settings *s);

#endif
