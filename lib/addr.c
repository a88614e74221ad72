#include "addr.h"

#include "num.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct addr addr_make(int family, const void *bytes)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct addr a = {0};

    a.family = (uint8_t)family;
    if (family == AF_INET6 && memcmp(bytes, mapped, sizeof mapped) == 0) {
        a.family = AF_INET;
        memcpy(a.bytes, (const uint8_t *)bytes + sizeof mapped, 4);
    } else {
        memcpy(a.bytes, bytes, family == AF_INET ? 4 : 16);
    }
    return a;
}

int addr_parse(const char *text, struct addr *out)
{
    uint8_t bytes[16];

    if (inet_pton(AF_INET, text, bytes) == 1)
        *out = addr_make(AF_INET, bytes);
    else if (inet_pton(AF_INET6, text, bytes) == 1)
        *out = addr_make(AF_INET6, bytes);
    else
        return -EINVAL;
    return 0;
}

const char *addr_format(const struct addr *a, char out[ADDR_TEXT_LEN])
{
    if (!a->family || !inet_ntop(a->family, a->bytes, out, ADDR_TEXT_LEN))
        snprintf(out, ADDR_TEXT_LEN, "-");
    return out;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
    if (a->family != b->family)
        return a->family == AF_INET ? -1 : 1;
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static int order(const void *a, const void *b)
{
    return addr_compare(a, b);
}

size_t addr_sort_once(struct addr *list, size_t count)
{
    size_t kept = 0;

    if (count)
        qsort(list, count, sizeof *list, order);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !addr_equal(&list[kept - 1], &list[i]))
            list[kept++] = list[i];
    }
    return kept;
}

bool addr_listed(const struct addr *list, size_t count, const struct addr *a)
{
    return count && bsearch(a, list, count, sizeof *list, order);
}

unsigned addr_bits(const struct addr *a)
{
    return a->family == AF_INET ? 32 : 128;
}

unsigned addr_nibble(const struct addr *a, unsigned n)
{
    uint8_t byte = a->bytes[n / 2];

    return n % 2 ? byte & 0x0fu : (unsigned)byte >> 4;
}

bool addr_is_unique_local(const struct addr *a)
{
    return a->family == AF_INET6 && (a->bytes[0] & 0xfe) == 0xfc;
}

struct prefix prefix_of(const struct addr *a, unsigned len)
{
    struct prefix p = {.addr = *a, .len = (uint8_t)len};

    for (unsigned bit = len; bit < 128; bit++) {
        if (bit % 8 == 0) {
            memset(p.addr.bytes + bit / 8, 0, sizeof p.addr.bytes - bit / 8);
            break;
        }
        p.addr.bytes[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
    }
    return p;
}

/* The old form has no length: 42.42.0.0 means every address that begins with 42.42. */
static unsigned old_form_len(const struct addr *a)
{
    unsigned octets = 4;

    while (octets > 0 && a->bytes[octets - 1] == 0)
        octets--;
    return octets * 8;
}

int prefix_parse(const char *text, struct prefix *out)
{
    char host[ADDR_TEXT_LEN];
    const char *slash = strchr(text, '/');
    size_t host_len = slash ? (size_t)(slash - text) : strlen(text);
    struct prefix p;
    struct addr a;
    int64_t len;

    if (host_len >= sizeof host)
        return -EINVAL;
    memcpy(host, text, host_len);
    host[host_len] = '\0';
    if (addr_parse(host, &a) != 0)
        return -EINVAL;
    if (slash) {
        if (slash[1] == '+' || num_parse(slash + 1, 0, addr_bits(&a), &len) != 0)
            return -EINVAL;
    } else {
        len = a.family == AF_INET ? old_form_len(&a) : 128;
    }
    p = prefix_of(&a, (unsigned)len);
    if (!addr_equal(&p.addr, &a))
        return -ERANGE;
    *out = p;
    return 0;
}

const char *prefix_format(const struct prefix *p, char out[PREFIX_TEXT_LEN])
{
    char host[ADDR_TEXT_LEN];

    snprintf(out, PREFIX_TEXT_LEN, "%s/%u", addr_format(&p->addr, host), p->len);
    return out;
}

bool prefix_contains(const struct prefix *p, const struct addr *a)
{
    unsigned whole = p->len / 8, rest = p->len % 8;

    if (p->addr.family != a->family || memcmp(p->addr.bytes, a->bytes, whole) != 0)
        return false;
    return rest == 0 || (p->addr.bytes[whole] ^ a->bytes[whole]) >> (8 - rest) == 0;
}

bool prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
    return outer->len <= inner->len && prefix_contains(outer, &inner->addr);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
    return prefix_covers(a, b) || prefix_covers(b, a);
}

const struct prefix *addr_near(int family, size_t *count)
{
    static const struct prefix v4[] = {
        {{AF_INET, {0}}, 8},
        {{AF_INET, {127}}, 8},
        {{AF_INET, {169, 254}}, 16},
        {{AF_INET, {224}}, 3},
    };
    static const struct prefix v6[] = {
        {{AF_INET6, {0}}, 128},
        {{AF_INET6, {[15] = 1}}, 128},
        {{AF_INET6, {0xfe, 0x80}}, 10},
        {{AF_INET6, {0xff}}, 8},
    };

    *count = family == AF_INET ? sizeof v4 / sizeof *v4 : sizeof v6 / sizeof *v6;
    return family == AF_INET ? v4 : v6;
}

bool addr_is_near(const struct addr *a)
{
    size_t count;
    const struct prefix *near = addr_near(a->family, &count);

    for (size_t i = 0; i < count; i++) {
        if (prefix_contains(&near[i], a))
            return true;
    }
    return a->family != AF_INET && a->family != AF_INET6;
}

/* The last address of a network. */
static struct addr last_of(const struct prefix *p)
{
    struct addr last = p->addr;

    for (unsigned bit = p->len; bit < addr_bits(&last); bit++)
        last.bytes[bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
    return last;
}

int addr_range_parse(const char *text, struct addr_range *out)
{
    const char *dash = strchr(text, '-');
    char first[ADDR_TEXT_LEN];
    struct addr_range range;
    struct prefix net;

    if (dash) {
        if ((size_t)(dash - text) >= sizeof first)
            return -EINVAL;
        snprintf(first, sizeof first, "%.*s", (int)(dash - text), text);
        if (addr_parse(first, &range.first) != 0 || addr_parse(dash + 1, &range.last) != 0 ||
            range.first.family != range.last.family || addr_compare(&range.first, &range.last) > 0)
            return -EINVAL;
    } else if (strchr(text, '/')) {
        if (prefix_parse(text, &net) != 0)
            return -EINVAL;
        range = (struct addr_range){net.addr, last_of(&net)};
    } else {
        if (addr_parse(text, &range.first) != 0)
            return -EINVAL;
        range.last = range.first;
    }
    *out = range;
    return 0;
}
