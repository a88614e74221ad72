#include "num.h"

#include <errno.h>
#include <string.h>

int num_parse_n(const char *text, size_t len, int64_t min, int64_t max, int64_t *out)
{
    bool minus = len > 0 && text[0] == '-';
    size_t i = len > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    int64_t value = 0;

    if (i == len)
        return -EINVAL;
    /* Eighteen digits always fit: no step needs to be checked. */
    for (size_t k = i; k < len; k++) {
        if (text[k] < '0' || text[k] > '9')
            return -EINVAL;
        if (k - i < 18)
            value = value * 10 + (text[k] - '0');
    }
    if (minus)
        value = -value;
    for (size_t k = i + 18; k < len; k++) {
        int digit = text[k] - '0';

        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, minus ? -digit : digit, &value))
            return -ERANGE;
    }
    if (value < min || value > max)
        return -ERANGE;
    *out = value;
    return 0;
}

int num_parse(const char *text, int64_t min, int64_t max, int64_t *out)
{
    return num_parse_n(text, strlen(text), min, max, out);
}

int num_parse_millionths(const char *text, int64_t max_millionths, int64_t *out)
{
    const char *point = strchr(text, '.');
    size_t whole_len = point ? (size_t)(point - text) : strlen(text);
    int64_t whole, part = 0;
    int err;

    if (text[0] == '-' || text[0] == '+')
        return -EINVAL;
    err = num_parse_n(text, whole_len, 0, max_millionths / 1000000, &whole);
    if (err)
        return err;
    if (point) {
        size_t digits = strlen(point + 1);

        if (digits == 0 || digits > 6 || point[1] == '-' || point[1] == '+')
            return -EINVAL;
        err = num_parse(point + 1, 0, 999999, &part);
        if (err)
            return err;
        for (; digits < 6; digits++)
            part *= 10;
    }
    /* whole is at most a millionth of max_millionths, so the difference does not overflow. */
    if (part > max_millionths - whole * 1000000)
        return -ERANGE;
    *out = whole * 1000000 + part;
    return 0;
}

int64_t num_add(int64_t a, int64_t b)
{
    int64_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

int64_t num_mul(int64_t a, int64_t b)
{
    int64_t product;

    if (__builtin_mul_overflow(a, b, &product))
        return (a > 0) == (b > 0) ? INT64_MAX : INT64_MIN;
    return product;
}

int num_compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}
