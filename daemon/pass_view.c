/* What others may know of a pass: values, as the last run left them. */
#include "pass_state.h"

#include "store_read.h"

#include <stdlib.h>
#include <string.h>

bool pass_has_read(const struct pass *p)
{
    return p->has_read;
}

int pass_find(const struct pass *p, const struct addr *host, struct pass_host *out)
{
    const struct roster_host *h = roster_find(&p->roster, host);

    if (!h)
        return 0;
    *out = (struct pass_host){
        .has_row = h->has_row,
        .order = h->write != ROSTER_NO_ORDER ? (enum order)h->write : h->row.order,
        .user = h->row.user,
        .by = h->row.by,
        .tic = h->row.tic,
        .free = h->row.free,
        .open = h->open,
        .in_session = h->meter.running,
        .active = h->meter.active,
        .cnts = h->meter.cnts,
        .session = h->meter.session,
    };
    return 1;
}

int pass_balance(const struct pass *p, const struct user_name *user, int64_t *balance)
{
    int err = store_balance(p->store, user, balance);

    if (!err)
        *balance -= charge_unwritten(&p->book, user);
    return err;
}

int pass_judge(const struct pass *p, const struct addr *host, const struct user_name *user,
               bool free_row, enum verdict *out)
{
    struct verdict_case c = {.is_address = true,
                             .is_local = topology_is_local(&p->topology, host),
                             .is_own = topology_is_own(&p->topology, host),
                             .free_user = conf_is_free_user(p->conf, user->text),
                             .free_row = free_row,
                             .min_quota = p->conf->min_quota,
                             .fw_hours = p->conf->fw_hours,
                             .now = wall_now()};
    int allowed = store_is_allowed(p->store, user);
    int err = allowed < 0 ? allowed : pass_balance(p, user, &c.balance);

    c.allowed = allowed > 0;
    if (!err)
        *out = verdict_of(&c);
    return err;
}

struct wall pass_charged_until(const struct pass *p)
{
    return wall_add(wall_now(), mono_since(mono_now(), p->last_tick));
}

const struct topology *pass_topology(const struct pass *p)
{
    return &p->topology;
}

void pass_rows_changed(struct pass *p)
{
    p->rows_stale = true;
}

struct pace pass_pace(const struct pass *p, const struct user_name *user)
{
    size_t room = pass_meters_room(p), count = 0, payers = 0;
    struct charge_item *items = calloc(room, sizeof *items);
    struct meter **meters = calloc(room, sizeof *meters);
    struct pace pace = {0, 1};

    if (items && meters)
        count = pass_meters(p, (struct moment){mono_now(), wall_now()}, meters, items);
    if (count && charge_choose(items, count, &payers) == 0) {
        for (size_t i = 0; i < count; i++)
            pace.sessions +=
                items[i].pays && memcmp(&items[i].session->user, user, sizeof *user) == 0;
        if (p->conf->shared_line && payers)
            pace.divisor = (int64_t)payers;
    }
    free(items);
    free(meters);
    return pace;
}

uint32_t pass_local_use(const struct pass *p, const struct user_name *user)
{
    uint32_t cnts = 0;

    for (size_t i = 0; i < p->locals.count; i++) {
        const struct meter *m = &p->locals.users[i].meter;

        if (m->running && memcmp(&m->session.user, user, sizeof *user) == 0)
            cnts += m->cnts;
    }
    return cnts;
}
