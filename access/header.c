#include "header.h"

#include <errno.h>
#include <netinet/in.h>

#define V4_BYTES 20
#define V6_BYTES 40
#define V4_OFFSET_BITS 0x1fff /* where a fragment begins, behind its flags */
#define V6_OFFSET_BITS 0xfff8

static uint16_t word(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

bool header_has_ports(uint8_t protocol)
{
    return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
           protocol == IPPROTO_DCCP || protocol == IPPROTO_UDPLITE;
}

/* A packet that hides them is asked for by nobody's question. */
static int take_ports(const uint8_t *bytes, size_t len, struct header *out)
{
    if (!header_has_ports(out->protocol))
        return 0;
    if (len < 4)
        return -EBADMSG;
    out->source_port = word(bytes);
    out->destination_port = word(bytes + 2);
    return 0;
}

static int parse_v4(const uint8_t *bytes, size_t len, struct header *out)
{
    size_t header = len > 0 ? (bytes[0] & 0xfu) * 4u : 0;

    if (len < V4_BYTES || header < V4_BYTES || header > len)
        return -EBADMSG;
    out->source = addr_make(AF_INET, bytes + 12);
    out->destination = addr_make(AF_INET, bytes + 16);
    out->protocol = bytes[9];
    if ((word(bytes + 6) & V4_OFFSET_BITS) != 0)
        return 0;
    return take_ports(bytes + header, len - header, out);
}

static bool is_extension(uint8_t protocol)
{
    return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
           protocol == IPPROTO_DSTOPTS || protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_AH;
}

/* Bytes of an extension header, 0 if it is none. */
static size_t extension(uint8_t protocol, const uint8_t *bytes)
{
    switch (protocol) {
    case IPPROTO_HOPOPTS:
    case IPPROTO_ROUTING:
    case IPPROTO_DSTOPTS:
        return (bytes[1] + 1u) * 8u;
    case IPPROTO_FRAGMENT:
        return 8;
    case IPPROTO_AH:
        return (bytes[1] + 2u) * 4u;
    default:
        return 0;
    }
}

static int parse_v6(const uint8_t *bytes, size_t len, struct header *out)
{
    size_t at = V6_BYTES, size;
    bool first = true; /* or the only fragment */

    if (len < V6_BYTES)
        return -EBADMSG;
    out->source = addr_make(AF_INET6, bytes + 8);
    out->destination = addr_make(AF_INET6, bytes + 24);
    /* An IPv4-mapped one is no address of a packet: it would be taken for that of somebody else. */
    if (out->source.family != AF_INET6 || out->destination.family != AF_INET6)
        return -EBADMSG;
    out->protocol = bytes[6];
    while (first && len - at >= 8 && (size = extension(out->protocol, bytes + at)) > 0) {
        if (out->protocol == IPPROTO_FRAGMENT)
            first = (word(bytes + at + 2) & V6_OFFSET_BITS) == 0;
        out->protocol = bytes[at];
        at = size > len - at ? len : at + size;
    }
    /* Cut off in the middle of what comes before the ports. */
    if (first && len - at < 8 && is_extension(out->protocol))
        return -EBADMSG;
    return first ? take_ports(bytes + at, len - at, out) : 0;
}

int header_parse(const uint8_t *bytes, size_t len, struct header *out)
{
    *out = (struct header){0};
    if (len > 0 && bytes[0] >> 4 == 4)
        return parse_v4(bytes, len, out);
    if (len > 0 && bytes[0] >> 4 == 6)
        return parse_v6(bytes, len, out);
    return -EBADMSG;
}
