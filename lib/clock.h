/*
 * clock: instants and durations, each a type of its own so that they cannot be mixed up.
 *
 * struct span is a duration, struct mono an instant of CLOCK_BOOTTIME (neither steps nor stops
 * while the machine sleeps) for intervals, struct wall an instant of CLOCK_REALTIME for tariffs
 * and for rows. All count nanoseconds. Nothing here blocks or fails.
 */
#ifndef TCPQUOTA_CLOCK_H
#define TCPQUOTA_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

struct span {
    int64_t ns;
};

struct mono {
    int64_t ns;
};

struct wall {
    int64_t ns;
};

/* Length of "2026-11-21T09:00:00Z" with its NUL. */
#define WALL_UTC_LEN 21
/* Length of "2026-11-21T10:00:00+01:00" with its NUL, and some room for years past 9999. */
#define WALL_LOCAL_LEN 32

struct mono mono_now(void);
struct wall wall_now(void);

struct span span_seconds(int64_t s);
struct span span_ms(int64_t ms);

/* later - earlier; negative if they are the other way round. */
struct span mono_since(struct mono earlier, struct mono later);
struct mono mono_add(struct mono at, struct span d);
struct wall wall_add(struct wall at, struct span d);

/* Whole seconds since 1970, rounded down, for the calendar functions of C. */
time_t wall_seconds(struct wall at);
/* `2026-11-21T09:00:00Z`, as every row of the database has it. */
void wall_format_utc(struct wall at, char out[WALL_UTC_LEN]);
/* `2026-11-21T10:00:00+01:00`, in the zone of TZ. */
void wall_format_local(struct wall at, char out[WALL_LOCAL_LEN]);
/* Reads the form of wall_format_utc(), whole string; a time past int64 is INT64_MAX. 0, or -EINVAL
 * and *out untouched. */
int wall_parse_utc(const char *text, struct wall *out);
/* The start of the UTC clock hour that holds `at`. */
struct wall wall_utc_hour(struct wall at);

#endif
