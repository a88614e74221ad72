/* What one user may have of the control socket, whose turn it is, and what users are called. */
#include "control_state.h"

#include "log.h"
#include "namer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

struct share *share_of(struct control *control, uid_t uid)
{
    struct share *share = control->shares;

    while (share && share->uid != uid)
        share = share->next;
    if (share)
        return share;
    share = calloc(1, sizeof *share);
    if (!share)
        return NULL;
    *share = (struct share){.next = control->shares, .uid = uid, .turn = control->turns};
    control->shares = share;
    return share;
}

void share_sweep(struct control *control)
{
    struct share **at = &control->shares;

    while (*at) {
        struct share *share = *at;

        if (share->clients || share->asked) {
            at = &share->next;
            continue;
        }
        *at = share->next;
        free(share);
    }
}

/* Of such uids a user may have many thousands, those of their user namespaces (subuid(5)). */
static bool is_outsider(const struct control *control, uid_t uid)
{
    return uid != 0 && (uid < control->conf->min_uid || uid > control->conf->max_uid);
}

bool share_has_room(const struct control *control, uid_t uid)
{
    bool outsider = is_outsider(control, uid);
    size_t reserved = uid == 0 ? 0 : CONTROL_ROOTS, n = 0;

    for (const struct share *s = control->shares; s; s = s->next) {
        if (s->uid == uid || (outsider && is_outsider(control, s->uid)))
            n += s->connected + s->asked;
    }
    return control->count + reserved < control->setup.clients_max &&
           (uid == 0 || n < CONTROL_OF_UID_MAX);
}

struct client *share_next(struct control *control)
{
    struct client *next = NULL;

    /* The latest is the first: of one share the last that is found is the oldest. */
    for (struct client *c = control->first; c; c = c->next) {
        if (c->stage != CLIENT_ASKED || c->fd < 0)
            continue;
        if (c->tried == control->servings)
            control->waiting = true;
        else if (!next || c->share->turn <= next->share->turn)
            next = c;
    }
    control->asking = next != NULL;
    if (next)
        next->share->turn = ++control->turns;
    return next;
}

/* Once for all of one uid; with too much being asked, it waits for the next answer. */
void share_ask_name(struct client *c)
{
    int err = c->share->asked ? 0 : namer_ask(c->control->setup.namer, c->caller.uid);

    c->stage = CLIENT_UNNAMED;
    if (err && err != -EAGAIN)
        client_end(c, REASON_NAMES, NULL);
    else if (!err)
        c->share->asked = true;
}

static void take_name(struct client *c, const struct namer_answer *a)
{
    c->caller.name = a->name;
    caller_judge(&c->caller, c->control->conf, a->others, a->groups);
    c->stage = CLIENT_ASKED;
    c->control->asking = true;
}

static void lose_namer(struct control *control)
{
    log_err("names of users cannot be found any more: the process for it is gone");
    epoll_ctl(control->epoll, EPOLL_CTL_DEL, control->setup.namer, NULL);
    for (struct share *s = control->shares; s; s = s->next)
        s->asked = false;
    for (struct client *c = control->first; c; c = c->next) {
        if (c->stage == CLIENT_UNNAMED && c->fd >= 0)
            client_end(c, REASON_NAMES, NULL);
    }
}

bool share_hear_name(struct control *control)
{
    struct namer_answer a;
    int err = namer_hear(control->setup.namer, &a);

    if (err && err != -EAGAIN)
        lose_namer(control);
    if (err)
        return false;
    for (struct share *s = control->shares; s; s = s->next)
        s->asked = s->asked && s->uid != a.uid;
    for (struct client *c = control->first; c; c = c->next) {
        if (c->stage != CLIENT_UNNAMED || c->fd < 0)
            continue;
        if (c->caller.uid != a.uid)
            share_ask_name(c); /* if that could not be done yet */
        else if (a.failed)     /* a name without its groups says too little, too */
            client_end(c, REASON_NAMES, NULL);
        else if (a.found)
            take_name(c, &a);
        else
            client_end(c, REASON_NOBODY, json_pack("{s:I}", "uid", (json_int_t)a.uid));
    }
    return true;
}
