#include "proxy_header.h"

#include <string.h>

#define VERSION_2_PROXY 0x21
#define TCP_OVER_IPV4 0x11
#define TCP_OVER_IPV6 0x21

static size_t put_port(uint8_t *out, uint16_t port)
{
    out[0] = (uint8_t)(port >> 8);
    out[1] = (uint8_t)port;
    return 2;
}

size_t proxy_header_make(uint8_t out[PROXY_HEADER_MAX], const struct addr *from, uint16_t from_port,
                         const struct addr *to, uint16_t to_port)
{
    static const uint8_t signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                          0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
    size_t bytes = addr_bits(from) / 8, len = sizeof signature;

    memcpy(out, signature, sizeof signature);
    out[len++] = VERSION_2_PROXY;
    out[len++] = bytes == 4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6;
    len += put_port(out + len, (uint16_t)(2 * bytes + 4)); /* what follows */
    memcpy(out + len, from->bytes, bytes);
    len += bytes;
    memcpy(out + len, to->bytes, bytes);
    len += bytes;
    len += put_port(out + len, from_port);
    len += put_port(out + len, to_port);
    return len;
}
