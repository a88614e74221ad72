#include "open_host.h"

#include "clock.h"
#include "verdict.h"

int open_host_may(struct store *store, const struct conf *conf, const struct addr *a)
{
    char host[ADDR_TEXT_LEN];
    struct store_row row;
    struct verdict_case c;
    int rc = store_find_row(store, addr_format(a, host), &row);

    if (rc <= 0)
        return rc;
    c = (struct verdict_case){.is_address = true,
                              .is_local = prefix_list_contains(&conf->localnet, a),
                              .allowed = row.allowed,
                              .free_user = conf_is_free_user(conf, row.user.text),
                              .free_row = row.free,
                              .balance = row.balance,
                              .min_quota = conf->min_quota,
                              .fw_hours = conf->fw_hours,
                              .until = row.until,
                              .now = wall_now()};
    return row.order == ORDER_IS_OPEN && verdict_of(&c) == VERDICT_MAY;
}
