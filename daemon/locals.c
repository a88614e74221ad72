#include "locals.h"

#include <stdlib.h>

void locals_init(struct locals *l)
{
    *l = (struct locals){0};
    index_init(&l->by_uid, sizeof(uid_t));
}

void locals_free(struct locals *l)
{
    free(l->users);
    index_free(&l->by_uid);
}

struct local_user *locals_find(const struct locals *l, uid_t uid)
{
    uint32_t place = index_find(&l->by_uid, &uid);

    return place == INDEX_NONE ? NULL : &l->users[place];
}

static int make_room(struct locals *l)
{
    size_t room = l->room ? l->room * 2 : 16;
    struct local_user *users;

    if (l->count < l->room)
        return 0;
    users = realloc(l->users, room * sizeof *users);
    if (!users)
        return -1;
    l->users = users;
    l->room = room;
    return 0;
}

struct local_user *locals_need(struct locals *l, uid_t uid, struct mono since)
{
    struct local_user *user = locals_find(l, uid);

    if (user)
        return user;
    if (make_room(l) != 0 || index_put(&l->by_uid, &uid, (uint32_t)l->count) != 0)
        return NULL;
    user = &l->users[l->count++];
    *user = (struct local_user){
        .uid = uid, .since = since, .told = VERDICT_MAY, .warned = FORECAST_NO_WARNING};
    return user;
}

bool locals_is_evicted(const struct local_user *u, struct mono now)
{
    return now.ns < u->evicted.ns;
}

static bool is_over(const struct local_user *u, struct mono now)
{
    return !u->meter.running && !u->blocked && !locals_is_evicted(u, now) && !u->found;
}

void locals_sweep(struct locals *l, struct mono now)
{
    size_t kept = 0;

    for (size_t i = 0; i < l->count; i++) {
        if (!is_over(&l->users[i], now))
            l->users[kept++] = l->users[i];
    }
    if (kept == l->count)
        return;
    l->count = kept;
    index_clear(&l->by_uid);
    /* It had room for more than these. */
    for (size_t i = 0; i < kept; i++)
        index_put(&l->by_uid, &l->users[i].uid, (uint32_t)i);
}
