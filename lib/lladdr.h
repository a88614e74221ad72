/*
 * lladdr: link-layer addresses, such as those of Ethernet, as plain values.
 *
 * Nothing here blocks or allocates.
 */
#ifndef TCPQUOTA_LLADDR_H
#define TCPQUOTA_LLADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LLADDR_BYTES 20   /* the longest there is: IP over InfiniBand, RFC 4391 */
#define LLADDR_ETHERNET 6 /* bytes of an Ethernet address */
#define LLADDR_TEXT_LEN (3 * LLADDR_BYTES)

/* The bytes past `len` are zero, so that two addresses compare with memcmp(). */
struct lladdr {
    uint8_t len; /* 0: not known */
    uint8_t bytes[LLADDR_BYTES];
};

/* Not known, if there are too many bytes or they are all zero. */
struct lladdr lladdr_make(const void *bytes, size_t len);
bool lladdr_equal(const struct lladdr *a, const struct lladdr *b);
/* `02:00:00:00:00:2a`; "-" if it is not known. Returns `out`. */
const char *lladdr_format(const struct lladdr *a, char out[LLADDR_TEXT_LEN]);

#endif
