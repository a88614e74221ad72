/* Strict numbers: what is one, what is none, what is out of range; sums that do not overflow. */
#include "num.h"
#include "tap.h"

#include <errno.h>

#define UNTOUCHED INT64_C(-4242)

static const struct {
    const char *text;
    int64_t min, max;
    int result;
    int64_t value;
} whole[] = {
    {"0", 0, 10, 0, 0},
    {"7", 0, 10, 0, 7},
    {"08", 0, 10, 0, 8},
    {"010", 0, 10, 0, 10},
    {"0000000000000000000000000000000000000005", 0, 10, 0, 5},
    {"+5", 0, 10, 0, 5},
    {"-5", -10, 10, 0, -5},
    {"-0", 0, 10, 0, 0},
    {"10", 0, 10, 0, 10},
    {"11", 0, 10, -ERANGE, 0},
    {"-1", 0, 10, -ERANGE, 0},
    {"-10", -10, 10, 0, -10},
    {"-11", -10, 10, -ERANGE, 0},
    {"", 0, 10, -EINVAL, 0},
    {"+", 0, 10, -EINVAL, 0},
    {"-", 0, 10, -EINVAL, 0},
    {"+-5", -10, 10, -EINVAL, 0},
    {"--5", -10, 10, -EINVAL, 0},
    {" 1", 0, 10, -EINVAL, 0},
    {"1 ", 0, 10, -EINVAL, 0},
    {"1\n", 0, 10, -EINVAL, 0},
    {"\t1", 0, 10, -EINVAL, 0},
    {"0x10", 0, 100, -EINVAL, 0},
    {"12abc", 0, 100, -EINVAL, 0},
    {"abc", 0, 100, -EINVAL, 0},
    {"1e3", 0, 10000, -EINVAL, 0},
    {"1.0", 0, 10, -EINVAL, 0},
    {"1,000", 0, 10000, -EINVAL, 0},
    {"\xd9\xa1", 0, 10, -EINVAL, 0}, /* an Arabic one */
    {"999999999999999999", INT64_MIN, INT64_MAX, 0, INT64_C(999999999999999999)},
    {"1000000000000000000", INT64_MIN, INT64_MAX, 0, INT64_C(1000000000000000000)},
    {"9223372036854775806", INT64_MIN, INT64_MAX, 0, INT64_MAX - 1},
    {"9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX},
    {"9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0},
    {"-9223372036854775807", INT64_MIN, INT64_MAX, 0, -INT64_MAX},
    {"-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN},
    {"-9223372036854775809", INT64_MIN, INT64_MAX, -ERANGE, 0},
    {"18446744073709551617", INT64_MIN, INT64_MAX, -ERANGE, 0}, /* 2^64 + 1 */
    {"99999999999999999999999999", INT64_MIN, INT64_MAX, -ERANGE, 0},
    {"99999999999999999999999999x", INT64_MIN, INT64_MAX, -EINVAL, 0},
};

static const struct {
    const char *text;
    int64_t max;
    int result;
    int64_t value;
} fractions[] = {
    {"0.1", 1000000000, 0, 100000},
    {"1", 1000000000, 0, 1000000},
    {"0", 1000000000, 0, 0},
    {"0.000001", 1000000000, 0, 1},
    {"0.123456", 1000000000, 0, 123456},
    {"12.5", 1000000000, 0, 12500000},
    {"08.50", 1000000000, 0, 8500000},
    {"1000", 1000000000, 0, 1000000000},
    {"1000.000000", 1000000000, 0, 1000000000},
    {"1000.000001", 1000000000, -ERANGE, 0},
    {"1001", 1000000000, -ERANGE, 0},
    {"99999999999999999999", 1000000000, -ERANGE, 0},
    {"1.5", 1400000, -ERANGE, 0},
    {"1.4", 1400000, 0, 1400000},
    {"9223372036854.775807", INT64_MAX, 0, INT64_MAX},
    {"9223372036854.775808", INT64_MAX, -ERANGE, 0},
    {"9223372036854.999999", INT64_MAX, -ERANGE, 0},
    {"", 1000000000, -EINVAL, 0},
    {".", 1000000000, -EINVAL, 0},
    {".5", 1000000000, -EINVAL, 0},
    {"1.", 1000000000, -EINVAL, 0},
    {"0.1234567", 1000000000, -EINVAL, 0},
    {"-1", 1000000000, -EINVAL, 0},
    {"+1", 1000000000, -EINVAL, 0},
    {"-0", 1000000000, -EINVAL, 0},
    {"1.-5", 1000000000, -EINVAL, 0},
    {"1.+5", 1000000000, -EINVAL, 0},
    {"1.2.3", 1000000000, -EINVAL, 0},
    {"0,1", 1000000000, -EINVAL, 0},
    {" 0.1", 1000000000, -EINVAL, 0},
    {"0.1 ", 1000000000, -EINVAL, 0},
    {"1e3", 1000000000, -EINVAL, 0},
    {"0x1", 1000000000, -EINVAL, 0},
};

static const struct {
    int64_t a, b, sum, product;
} sums[] = {
    {2, 3, 5, 6},
    {-2, 3, 1, -6},
    {-2, -3, -5, 6},
    {0, INT64_MAX, INT64_MAX, 0},
    {0, INT64_MIN, INT64_MIN, 0},
    {INT64_MAX, 1, INT64_MAX, INT64_MAX},
    {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX},
    {INT64_MIN, -1, INT64_MIN, INT64_MAX}, /* 2^63 is one too many */
    {INT64_MIN, 1, INT64_MIN + 1, INT64_MIN},
    {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MAX},
    {INT64_MIN, INT64_MAX, -1, INT64_MIN},
    {INT64_MAX, -1, INT64_MAX - 1, -INT64_MAX},
    {INT64_MAX, -2, INT64_MAX - 2, INT64_MIN},
    {INT64_C(4611686018427387904), 2, INT64_C(4611686018427387906), INT64_MAX}, /* 2^62 */
    {INT64_C(-4611686018427387904), 2, INT64_C(-4611686018427387902), INT64_MIN},
    {INT64_C(3037000500), INT64_C(3037000500), INT64_C(6074001000), INT64_MAX},
    {INT64_C(3037000499), INT64_C(3037000499), INT64_C(6074000998), INT64_C(9223372030926249001)},
};

static void test_whole(struct tap *t)
{
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        int64_t out = UNTOUCHED;
        int result = num_parse(whole[i].text, whole[i].min, whole[i].max, &out);

        tap_is(t, result, whole[i].result, "num_parse(\"%s\") returns", whole[i].text);
        tap_is(t, out, whole[i].result ? UNTOUCHED : whole[i].value, "num_parse(\"%s\") sets",
               whole[i].text);
    }
}

static void test_length(struct tap *t)
{
    int64_t out = UNTOUCHED;

    tap_is(t, num_parse_n("1234", 2, 0, 100, &out), 0, "the first two of 1234 are a number");
    tap_is(t, out, 12, "and it is");
    tap_is(t, num_parse_n("12x4", 2, 0, 100, &out), 0, "what stands behind them does not matter");
    tap_is(t, num_parse_n("12", 0, 0, 100, &out), -EINVAL, "no bytes are no number");
    tap_is(t, num_parse_n("-1", 1, -9, 9, &out), -EINVAL, "a sign alone is no number");
    tap_is(t, num_parse_n("1\0002", 3, 0, 200, &out), -EINVAL, "a NUL is no digit");
}

static void test_fractions(struct tap *t)
{
    for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++) {
        int64_t out = UNTOUCHED;
        int result = num_parse_millionths(fractions[i].text, fractions[i].max, &out);

        tap_is(t, result, fractions[i].result, "num_parse_millionths(\"%s\") returns",
               fractions[i].text);
        tap_is(t, out, fractions[i].result ? UNTOUCHED : fractions[i].value,
               "num_parse_millionths(\"%s\") sets", fractions[i].text);
    }
}

static void test_sums(struct tap *t)
{
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        int64_t a = sums[i].a, b = sums[i].b;

        tap_is(t, num_add(a, b), sums[i].sum, "%" PRId64 " + %" PRId64, a, b);
        tap_is(t, num_add(b, a), sums[i].sum, "%" PRId64 " + %" PRId64, b, a);
        tap_is(t, num_mul(a, b), sums[i].product, "%" PRId64 " * %" PRId64, a, b);
        tap_is(t, num_mul(b, a), sums[i].product, "%" PRId64 " * %" PRId64, b, a);
    }
}

int main(void)
{
    struct tap t = {0};

    test_whole(&t);
    test_length(&t);
    test_fractions(&t);
    test_sums(&t);
    return tap_done(&t);
}
