/* Headers of packets: addresses and ports, and what has none. */
#include "header.h"
#include "tap.h"

#include <netinet/in.h>

#define V4(protocol)                                                                               \
    "45000028"                                                                                     \
    "0000"                                                                                         \
    "0000"                                                                                         \
    "40" protocol "0000"                                                                           \
    "0a630002"                                                                                     \
    "c0000202"
#define V4_FRAGMENT(offset)                                                                        \
    "45000028"                                                                                     \
    "0000" offset "40"                                                                             \
    "06"                                                                                           \
    "0000"                                                                                         \
    "0a630002"                                                                                     \
    "c0000202"
#define A6 "fd990000000000000000000000000002"
#define B6 "20010db8000000000000000000000002"
#define V6(next)                                                                                   \
    "60000000"                                                                                     \
    "0028" next "40" A6 B6
#define PORTS                                                                                      \
    "c001"                                                                                         \
    "1b58"                                                                                         \
    "00000000"

static const struct {
    const char *what, *bytes, *source, *destination;
    int protocol, from, to;
} good[] = {
    {"TCP", V4("06") PORTS, "10.99.0.2", "192.0.2.2", 6, 0xc001, 7000},
    {"UDP", V4("11") PORTS, "10.99.0.2", "192.0.2.2", 17, 0xc001, 7000},
    {"SCTP", V4("84") PORTS, "10.99.0.2", "192.0.2.2", 132, 0xc001, 7000},
    {"ICMP", V4("01") PORTS, "10.99.0.2", "192.0.2.2", 1, 0, 0},
    {"with options",
     "46000028"
     "0000"
     "0000"
     "40"
     "06"
     "0000"
     "0a630002"
     "c0000202"
     "01010101" PORTS,
     "10.99.0.2", "192.0.2.2", 6, 0xc001, 7000},
    {"first fragment", V4_FRAGMENT("2000") PORTS, "10.99.0.2", "192.0.2.2", 6, 0xc001, 7000},
    {"later fragment", V4_FRAGMENT("2001") PORTS, "10.99.0.2", "192.0.2.2", 6, 0, 0},
    {"IPv6 TCP", V6("06") PORTS, "fd99::2", "2001:db8::2", 6, 0xc001, 7000},
    {"IPv6 hop-by-hop", V6("00") "0600010400000000" PORTS, "fd99::2", "2001:db8::2", 6, 0xc001,
     7000},
    {"IPv6 two extensions",
     V6("00") "3c00010400000000"
              "1101010400000000"
              "0000000000000000" PORTS,
     "fd99::2", "2001:db8::2", 17, 0xc001, 7000},
    {"IPv6 authentication",
     V6("33") "0604000000000000"
              "0000000000000000"
              "0000000000000000" PORTS,
     "fd99::2", "2001:db8::2", 6, 0xc001, 7000},
    {"IPv6 first fragment", V6("2c") "0600000100000000" PORTS, "fd99::2", "2001:db8::2", 6, 0xc001,
     7000},
    {"IPv6 later fragment", V6("2c") "0600000800000000" PORTS, "fd99::2", "2001:db8::2", 6, 0, 0},
};

static const char *const bad[] = {
    "", V4("06"), V4("06") "c00119", V6("06"), V6("00") "06ff010400000000" PORTS, V6("00"),
    V6("2c") "060000", "4", "45000028",
    "44000028"
    "0000"
    "0000"
    "40"
    "06"
    "0000"
    "0a630002"
    "c0000202",
    "4f000028"
    "0000"
    "0000"
    "40"
    "06"
    "0000"
    "0a630002"
    "c0000202",
    "35000028"
    "0000"
    "0000"
    "40"
    "06"
    "0000"
    "0a630002"
    "c0000202",
    "60000000"
    "0028"
    "06"
    "40" A6,
    /* from an address of IPv4, mapped; and to one */
    "6000000000140640"
    "00000000000000000000ffff0a630002" B6 "c001001b0000000000000000500200000000000000",
    "6000000000140640" A6 "00000000000000000000ffff0a630002"
    "c001001b0000000000000000500200000000000000"};

static size_t bytes_of(const char *hex, uint8_t *out)
{
    size_t n = 0;

    for (; hex[0] && hex[1]; hex += 2) {
        const char digits[3] = {hex[0], hex[1], '\0'};

        out[n++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return n;
}

int main(void)
{
    struct tap t = {0};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char source[ADDR_TEXT_LEN], destination[ADDR_TEXT_LEN];
        uint8_t bytes[256];
        struct header h;

        if (!tap_is(&t, header_parse(bytes, bytes_of(good[i].bytes, bytes), &h), 0, "%s",
                    good[i].what))
            continue;
        tap_text(&t, addr_format(&h.source, source), good[i].source, "%s: from", good[i].what);
        tap_text(&t, addr_format(&h.destination, destination), good[i].destination, "%s: to",
                 good[i].what);
        tap_is(&t, h.protocol, good[i].protocol, "%s: protocol", good[i].what);
        tap_is(&t, h.source_port, good[i].from, "%s: from port", good[i].what);
        tap_is(&t, h.destination_port, good[i].to, "%s: to port", good[i].what);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t bytes[256];
        struct header h;

        tap_ok(&t, header_parse(bytes, bytes_of(bad[i], bytes), &h) != 0, "no packet: `%s'",
               bad[i]);
    }
    return tap_done(&t);
}
