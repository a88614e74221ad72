/*
 * tariff: what a second costs and when. Pure: the time is passed in, the zone is TZ's.
 */
#ifndef TCPQUOTA_TARIFF_H
#define TCPQUOTA_TARIFF_H

#include "clock.h"
#include "conf.h"
#include "hours.h"

#include <stddef.h>
#include <stdint.h>

struct tariff {
    struct hours high;           /* when the high rate holds */
    int64_t high_rate, low_rate; /* points a second */
    unsigned channels;           /* of the link; 0: it is down, nobody pays */
};

/* A stretch of time within one UTC clock hour and at one rate. */
struct tariff_part {
    struct wall hour; /* the UTC clock hour */
    struct span length;
    int64_t rate; /* points a second, channels included */
};

/* That of the configuration, with so many channels of the link. */
struct tariff tariff_of(const struct conf *conf, unsigned channels);
/* Points a second at this moment, channels included. */
int64_t tariff_rate(const struct tariff *t, struct wall at);

/* The longest stretch that TARIFF_PARTS are enough for. */
#define TARIFF_SPAN_MAX_S 1800
#define TARIFF_PARTS 3
/*
 * Cuts the `length` (at most 30 minutes) that ends at `end` into parts, earliest first, at the
 * full hours of UTC and of local time (which differ in some zones). Returns their number; 0 for
 * a length of 0 or less.
 */
size_t tariff_split(const struct tariff *t, struct wall end, struct span length,
                    struct tariff_part parts[TARIFF_PARTS]);

#endif
