/*
 * num: strict numbers. A text is a number as a whole or not at all: decimal digits, an optional
 * sign, no blanks, no other base (`08` is eight), within the range asked for.
 */
#ifndef TCPQUOTA_NUM_H
#define TCPQUOTA_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0; -EINVAL if `text` is no number, -ERANGE if it lies outside [min, max]. *out only on 0. */
int num_parse(const char *text, int64_t min, int64_t max, int64_t *out);

/* The same for the first `len` bytes of `text`, which need no NUL. */
int num_parse_n(const char *text, size_t len, int64_t min, int64_t max, int64_t *out);

/*
 * A non-negative decimal fraction such as `0.1` in millionths (`0.1` is 100000), at most six
 * digits after the point. 0, -EINVAL, -ERANGE above `max_millionths`.
 */
int num_parse_millionths(const char *text, int64_t max_millionths, int64_t *out);

/* a + b, held at INT64_MAX or INT64_MIN instead of overflowing. */
int64_t num_add(int64_t a, int64_t b);
/* a * b, held at INT64_MAX or INT64_MIN instead of overflowing. */
int64_t num_mul(int64_t a, int64_t b);

/* For qsort(3) and bsearch(3) over uint64_t. */
int num_compare(const void *a, const void *b);

#endif
