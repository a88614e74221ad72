/*
 * header: from where a packet comes, and what it is for: addresses and ports out of the first bytes
 * of IPv4 (RFC 791) and IPv6 (RFC 8200, extension headers of RFC 7045 passed over). Pure.
 */
#ifndef TCPQUOTA_HEADER_H
#define TCPQUOTA_HEADER_H

#include "addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEADER_BYTES 1280 /* of a packet, IPv6's least MTU: ports stand within */

struct header {
    struct addr source, destination;
    uint8_t protocol;                       /* IPPROTO_TCP ... */
    uint16_t source_port, destination_port; /* 0 where there are none, or a fragment lacks them */
};

/* Whether packets of this protocol have ports. */
bool header_has_ports(uint8_t protocol);
/* 0, or -EBADMSG if it is no packet of either family, or if its ports would stand behind these
 * bytes.
 */
int header_parse(const uint8_t *bytes, size_t len, struct header *out);

#endif
