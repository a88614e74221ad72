/*
 * forecast: when a quota runs out if use goes on as it is, through the hours of the tariff to come.
 * Pure: the time is passed in, the zone is TZ's.
 */
#ifndef TCPQUOTA_FORECAST_H
#define TCPQUOTA_FORECAST_H

#include "clock.h"
#include "list.h"
#include "tariff.h"

#include <stdint.h>

/* How fast somebody is charged: `sessions` sessions that share what `divisor` sessions cost. */
struct pace {
    int64_t sessions;
    int64_t divisor; /* 1, or with SHARED_LINE the sessions of all; never 0 */
};

#define FORECAST_DAYS 31

/* The moment at which `points` (> 0) are used up; ns 0 if that is more than FORECAST_DAYS away, or
 * never. `points` <= 0: now. */
struct wall forecast_end(const struct tariff *tariff, struct pace pace, int64_t points,
                         struct wall now);

#define FORECAST_NO_WARNING INT64_MAX

/* The lowest of WARN_AT that so many seconds left have reached, or FORECAST_NO_WARNING. A warning
 * is due when it is lower than at the last look. */
int64_t forecast_warning(const struct name_list *warn_at, int64_t left);

#endif
