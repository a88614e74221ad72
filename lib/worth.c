#include "worth.h"

#include "amount.h"
#include "answer.h"

static int set_money(json_t *row, const struct conf *conf, int64_t points)
{
    const struct amount_price price = {conf->rate_quota, conf->money_value};
    char money[AMOUNT_MONEY_LEN + 64];

    return json_object_set_new(
        row, "money", answer_text(amount_format_money(points, &price, money, sizeof money)));
}

json_t *worth_add(json_t *row, const struct conf *conf, int64_t points)
{
    char left[AMOUNT_TIME_LEN];

    if (set_money(row, conf, points) == 0 &&
        json_object_set_new(row, "left", json_string(amount_format_time(points, left))) == 0)
        return row;
    json_decref(row);
    return NULL;
}

static const json_t *points_of(const json_t *row)
{
    static const char *const keys[] = {"points", "quota", "delta"};
    const json_t *points = NULL;

    for (size_t i = 0; i < sizeof keys / sizeof *keys && !points; i++)
        points = json_object_get(row, keys[i]);
    return points;
}

void worth_again(json_t *value, const struct conf *conf)
{
    const char *key;
    json_t *member;
    size_t i;

    json_array_foreach(value, i, member) worth_again(member, conf);
    json_object_foreach(value, key, member) worth_again(member, conf);
    if (json_object_get(value, "money") && json_is_integer(points_of(value)))
        set_money(value, conf, json_integer_value(points_of(value)));
}
