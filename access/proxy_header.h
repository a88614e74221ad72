/*
 * proxy_header: what a server behind a relay is told of the client: the PROXY protocol, version 2
 * (haproxy.org, doc/proxy-protocol.txt, 2.2). Pure.
 */
#ifndef TCPQUOTA_PROXY_HEADER_H
#define TCPQUOTA_PROXY_HEADER_H

#include "addr.h"

#include <stddef.h>
#include <stdint.h>

#define PROXY_HEADER_MAX 52 /* bytes: 16, two addresses of IPv6, two ports */

/* The header for a connection from `from` to `to`, both of one family; returns its bytes. */
size_t proxy_header_make(uint8_t out[PROXY_HEADER_MAX], const struct addr *from, uint16_t from_port,
                         const struct addr *to, uint16_t to_port);

#endif
