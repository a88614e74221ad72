#include "worth.h"

#include "amount.h"
#include "answer.h"

json_t *worth_add(json_t *row, const struct conf *conf, int64_t points)
{
    const struct amount_price price = {conf->rate_quota, conf->money_value};
    char left[AMOUNT_TIME_LEN], money[AMOUNT_MONEY_LEN + 64];

    if (json_object_set_new(
            row, "money", answer_text(amount_format_money(points, &price, money, sizeof money))) ==
            0 &&
        json_object_set_new(row, "left", json_string(amount_format_time(points, left))) == 0)
        return row;
    json_decref(row);
    return NULL;
}
