/*
 * header: from where a packet comes, and what it is for: addresses and ports out of the first bytes
 * of IPv4 (RFC 791) and IPv6 (RFC 8200, extension headers of RFC 7045 passed over). Pure.
 */
#ifndef TCPQUOTA_HEADER_H
#define TCPQUOTA_HEADER_H

#include "addr.h"

#include <stddef.h>
#include <stdint.h>

#define HEADER_BYTES 256 /* of a packet: with these all but the strangest is found */

struct header {
    struct addr source, destination;
    uint8_t protocol;                       /* IPPROTO_TCP ... */
    uint16_t source_port, destination_port; /* 0 where there are none, or a fragment lacks them */
};

/* 0, or -EBADMSG if it is no packet of either family. */
int header_parse(const uint8_t *bytes, size_t len, struct header *out);

#endif
