/*
 * Any text as a network, an address, a number, an amount, a time, days: what is read reads back
 * the same.
 */
#include "addr.h"
#include "amount.h"
#include "clock.h"
#include "hours.h"
#include "num.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_prefix(const char *text)
{
    char written[PREFIX_TEXT_LEN];
    struct prefix p, again;
    struct addr a;

    if (addr_parse(text, &a) == 0) {
        char host[ADDR_TEXT_LEN];
        struct addr b;

        if (addr_parse(addr_format(&a, host), &b) != 0 || !addr_equal(&a, &b))
            abort();
    }
    if (prefix_parse(text, &p) != 0)
        return;
    if (prefix_parse(prefix_format(&p, written), &again) != 0 || again.len != p.len ||
        !addr_equal(&p.addr, &again.addr) || !prefix_contains(&p, &p.addr) ||
        p.len > addr_bits(&p.addr))
        abort();
}

static void check_number(const char *text, size_t size)
{
    char written[32];
    int64_t value, again;

    if (num_parse_n(text, size, -1000, INT64_MAX, &value) == 0) {
        snprintf(written, sizeof written, "%" PRId64, value);
        if (value < -1000 || num_parse(written, INT64_MIN, INT64_MAX, &again) != 0 ||
            again != value)
            abort();
    }
    if (num_parse_millionths(text, INT64_C(1000000000000), &value) == 0 &&
        (value < 0 || value > INT64_C(1000000000000)))
        abort();
}

static void check_amount(const char *text)
{
    static const struct amount_price price = {123457, "SEK"};
    static const struct wall now = {INT64_C(1795251600) * NS_PER_S};
    char money[AMOUNT_MONEY_LEN + 8], shown[AMOUNT_TIME_LEN];
    int64_t points, again;
    struct wall at;

    if (amount_parse(text, AMOUNT_MIN, &price, &points) == 0) {
        if (points < AMOUNT_MIN || points > AMOUNT_MAX)
            abort();
        amount_format_time(points, shown);
        amount_format_money(points, &price, money, sizeof money);
        /* Half a hundredth is two and a half points at this price. */
        if (amount_parse(money, AMOUNT_MIN - 3, &price, &again) == 0 &&
            (again < points - 3 || again > points + 3))
            abort();
    }
    if (amount_parse_span(text, &points) == 0 && (points < 1 || points > AMOUNT_SPAN_MAX_S))
        abort();
    if (amount_parse_clock(text, now, &at) == 0 &&
        (at.ns <= now.ns || at.ns > now.ns + 86400 * NS_PER_S || at.ns % (60 * NS_PER_S) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), utc[WALL_UTC_LEN];
    struct wall at;
    uint8_t days;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    check_prefix(text);
    check_number(text, size);
    check_amount(text);
    if (hours_parse_days(text, &days) == 0 && (days == 0 || days > HOURS_ALL_DAYS))
        abort();
    if (wall_parse_utc(text, &at) == 0) {
        wall_format_utc(at, utc);
        /* What is past the end of struct wall is that end. */
        if (at.ns != INT64_MAX && strcmp(utc, text) != 0)
            abort();
    }
    free(text);
    return 0;
}
