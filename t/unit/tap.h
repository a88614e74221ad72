/*
 * tap: what the unit tests share: counts checks, prints TAP, and for a check that failed what it
 * got and what it expected. One struct tap a program; main() ends with `return tap_done(&t)`.
 */
#ifndef TCPQUOTA_TAP_H
#define TCPQUOTA_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct tap {
    unsigned run, failed;
};

static inline bool tap_vcheck(struct tap *t, bool ok, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
static inline bool tap_ok(struct tap *t, bool ok, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static inline bool tap_is(struct tap *t, int64_t got, int64_t expected, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static inline bool tap_text(struct tap *t, const char *got, const char *expected,
                            const char *format, ...) __attribute__((format(printf, 4, 5)));
static inline void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline bool tap_vcheck(struct tap *t, bool ok, const char *format, va_list args)
{
    t->failed += !ok;
    printf("%sok %u - ", ok ? "" : "not ", ++t->run);
    vprintf(format, args);
    printf("\n");
    fflush(stdout); /* a crash shall not take it along */
    return ok;
}

/* For what has no value to compare: say more with tap_note() if it is false. */
static inline bool tap_ok(struct tap *t, bool ok, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    tap_vcheck(t, ok, format, args);
    va_end(args);
    return ok;
}

static inline bool tap_is(struct tap *t, int64_t got, int64_t expected, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (!tap_vcheck(t, got == expected, format, args))
        printf("# got %" PRId64 ", expected %" PRId64 "\n", got, expected);
    va_end(args);
    return got == expected;
}

/* NULL equals NULL alone. */
static inline bool tap_text(struct tap *t, const char *got, const char *expected,
                            const char *format, ...)
{
    bool ok = got && expected ? strcmp(got, expected) == 0 : got == expected;
    va_list args;

    va_start(args, format);
    if (!tap_vcheck(t, ok, format, args))
        printf("# got `%s', expected `%s'\n", got ? got : "(none)", expected ? expected : "(none)");
    va_end(args);
    return ok;
}

static inline void tap_note(const char *format, ...)
{
    va_list args;

    printf("# ");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

/* The zone of local time for what follows. */
static inline void tap_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

/* Prints the plan; what main() returns. */
static inline int tap_done(const struct tap *t)
{
    printf("1..%u\n", t->run);
    return t->failed == 0 && t->run > 0 ? 0 : 1;
}

#endif
