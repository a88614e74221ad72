/*
 * addr: addresses of hosts and network prefixes, IPv4 and IPv6 alike, as plain values.
 *
 * An IPv4-mapped IPv6 address (::ffff:10.0.0.1, RFC 4291 2.5.5.2) is the IPv4 address it maps.
 * Nothing here blocks or allocates.
 */
#ifndef TCPQUOTA_ADDR_H
#define TCPQUOTA_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes past an IPv4 address are zero, so that two addresses compare with memcmp(). */
struct addr {
    uint8_t family; /* AF_INET, AF_INET6, or 0 for none */
    uint8_t bytes[16];
};

/* An address with the bits past `len` zero. */
struct prefix {
    struct addr addr;
    uint8_t len; /* bits: 0-32 or 0-128 */
};

/* Addresses of one family from the first to the last, both included. */
struct addr_range {
    struct addr first, last;
};

#define ADDR_TEXT_LEN INET6_ADDRSTRLEN
#define PREFIX_TEXT_LEN (INET6_ADDRSTRLEN + 4)

/* `bytes` holds 4 or 16 of them, in network order. */
struct addr addr_make(int family, const void *bytes);
/* Numeric text, whole string, no zone. 0, or -EINVAL and *out untouched. */
int addr_parse(const char *text, struct addr *out);
/* As inet_ntop() writes it; "-" for none. Returns `out`. */
const char *addr_format(const struct addr *a, char out[ADDR_TEXT_LEN]);
bool addr_equal(const struct addr *a, const struct addr *b);
/* IPv4 before IPv6, then in network order: <0, 0, >0. */
int addr_compare(const struct addr *a, const struct addr *b);
/* Sorts a list and leaves each address in it once; returns how many there are now. */
size_t addr_sort_once(struct addr *list, size_t count);
/* Whether a sorted list has it. */
bool addr_listed(const struct addr *list, size_t count, const struct addr *a);
/* Bits of an address of this family: 32 or 128. */
unsigned addr_bits(const struct addr *a);
/* Four bits, the `n`th from the left, counted from 0. */
unsigned addr_nibble(const struct addr *a, unsigned n);
/* IPv6 unique local addresses, fc00::/7 (RFC 4193). */
bool addr_is_unique_local(const struct addr *a);
/* Networks that no router passes on, of one family: unspecified, loopback, link-local, multicast,
 * IPv4's broadcast (RFC 6890, RFC 4291 2.4). */
const struct prefix *addr_near(int family, size_t *count);
/* Whether it is in one of them; or none at all. */
bool addr_is_near(const struct addr *a);

/*
 * `10.0.0.0/8`, `fd00::/64`, a lone address (all bits), or the old form in which trailing zero
 * octets are wildcards: `42.42.0.0` is 42.42.0.0/16. 0; -EINVAL if it is none of these, -ERANGE
 * if bits past the length are set.
 */
int prefix_parse(const char *text, struct prefix *out);
/* An address, a network such as `10.0.0.0/8`, or a range such as `10.0.0.1-10.0.0.9`. 0, or -EINVAL
 * and *out untouched. */
int addr_range_parse(const char *text, struct addr_range *out);
/* The network of `len` bits that holds `a`. */
struct prefix prefix_of(const struct addr *a, unsigned len);
const char *prefix_format(const struct prefix *p, char out[PREFIX_TEXT_LEN]);
bool prefix_contains(const struct prefix *p, const struct addr *a);
/* Whether all of `inner` lies in `outer` (a prefix covers itself). */
bool prefix_covers(const struct prefix *outer, const struct prefix *inner);
/* Whether they have an address in common. */
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);

#endif
