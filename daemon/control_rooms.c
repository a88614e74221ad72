/* openfw: teachers and administrators open and close hosts, for free use or for their own work. */
#include "control_state.h"
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ROOM_HOSTS_MAX 1024 /* in a request */
#define FREE_USER "free"
#define ADMIN_USER "admin"

enum rooms_way { ROOMS_OPEN, ROOMS_CLOSE, ROOMS_TOGGLE, ROOMS_FORCE };

struct room_host {
    struct addr addr;
    const char *group; /* the configuration's; may be NULL */
};

struct rooms_request {
    enum rooms_way way;
    bool admin;
    struct wall until; /* 0: none */
    struct room_host hosts[ROOM_HOSTS_MAX];
    size_t count;
    char fault[256]; /* why it cannot be done */
};

/* The group as the configuration spells it, NULL if there is none of that name. */
static const char *find_group(const struct conf *conf, const char *name)
{
    for (size_t i = 0; name && i < conf->group_count; i++) {
        if (strcmp(conf->groups[i].name, name) == 0)
            return conf->groups[i].name;
    }
    return NULL;
}

static int parse_way(const char *text, enum rooms_way *way)
{
    static const char *const ways[] = {"open", "close", "toggle", "force"};

    for (int i = 0; i < 4; i++) {
        if (strcmp(ways[i], text) == 0) {
            *way = (enum rooms_way)i;
            return 0;
        }
    }
    return -EINVAL;
}

/* {"host": ADDRESS, "group": NAME}, the group may be missing. False: the fault says why. */
static bool parse_host(const struct conf *conf, json_t *item, struct rooms_request *r)
{
    struct room_host *h = &r->hosts[r->count];
    const char *host, *name = NULL;
    char shown[LOG_VALUE_LEN];
    json_error_t error;

    if (json_unpack_ex(item, &error, JSON_STRICT, "{s:s, s?:s}", "host", &host, "group", &name) !=
        0) {
        snprintf(r->fault, sizeof r->fault, "host %zu: %s", r->count + 1, error.text);
        return false;
    }
    h->group = find_group(conf, name);
    if (addr_parse(host, &h->addr) != 0)
        snprintf(r->fault, sizeof r->fault, "%s: not an address", log_value(host, shown));
    else if (name && !h->group)
        snprintf(r->fault, sizeof r->fault, "%s: no such group", log_value(name, shown));
    else
        r->count++;
    return !r->fault[0];
}

/* False: the fault says why. */
static bool parse_request(const struct conf *conf, json_t *request, struct rooms_request *r)
{
    const char *way, *until = NULL;
    int admin = 0;
    json_t *hosts, *item;
    json_error_t error;
    size_t i;

    if (json_unpack_ex(request, &error, JSON_STRICT, "{s:s, s:s, s?:s, s?:b, s:o}", "command",
                       &(const char *){0}, "way", &way, "until", &until, "admin", &admin, "hosts",
                       &hosts) != 0)
        snprintf(r->fault, sizeof r->fault, "%s", error.text);
    else if (parse_way(way, &r->way) != 0)
        snprintf(r->fault, sizeof r->fault, "way: open, close, toggle or force");
    else if (until && (wall_parse_utc(until, &r->until) != 0 || r->until.ns <= 0))
        snprintf(r->fault, sizeof r->fault, "until: not a time as in 2026-11-21T09:00:00Z");
    else if (!json_is_array(hosts) || json_array_size(hosts) > ROOM_HOSTS_MAX)
        snprintf(r->fault, sizeof r->fault, "hosts: a list of at most %d", ROOM_HOSTS_MAX);
    if (r->fault[0])
        return false;
    r->admin = admin;
    json_array_foreach(hosts, i, item)
    {
        if (!parse_host(conf, item, r))
            return false;
    }
    return true;
}

static bool is_open(const struct pass_host *now)
{
    return now->has_row && (now->order == ORDER_IS_OPEN || now->order == ORDER_OPEN);
}

/* Opened by this command, for whatever purpose. */
static bool is_rooms(const struct pass_host *now)
{
    return strcmp(now->user.text, FREE_USER) == 0 || strcmp(now->user.text, ADMIN_USER) == 0;
}

/* Whether it is one of the hosts that are opened and closed: REASON_OK, or why not. */
static enum reason judge_host(const struct client *c, const struct addr *host)
{
    const struct topology *t = pass_topology(c->control->setup.pass);

    if (!topology_is_local(t, host))
        return REASON_NOT_LOCAL;
    return topology_is_own(t, host) ? REASON_OWN_ADDRESS : REASON_OK;
}

static bool is_any_closed(const struct client *c, const struct rooms_request *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct addr *addr = &r->hosts[i].addr;
        struct pass_host now;

        /* What can never be open does not count as closed. */
        if (judge_host(c, addr) == REASON_OK &&
            (pass_find(c->control->setup.pass, addr, &now) <= 0 || !is_open(&now)))
            return true;
    }
    return false;
}

/* A row of the answer. */
static void tell(struct client *c, const struct addr *host, const char *state, enum reason why,
                 const struct user_name *holder)
{
    char text[ADDR_TEXT_LEN];
    json_t *row = json_pack("{s:s, s:s, s:s}", "host", addr_format(host, text), "state", state,
                            "why", reason_word(why));

    if (row && holder)
        json_object_set_new(row, "holder", answer_text(holder->text));
    answer_row(&c->answer, row);
}

static int add_opening(struct client *c, const struct addr *addr, const char *group)
{
    struct pass_host now;
    enum verdict v;

    if (pass_find(c->control->setup.pass, addr, &now) > 0 && now.has_row &&
        now.order != ORDER_IS_CLOSED) {
        tell(c, addr, "open", REASON_IN_USE, &now.user);
        return 0;
    }
    if (pass_judge(c->control->setup.pass, addr, &c->orders.user, c->orders.free, &v) == 0 &&
        v != VERDICT_MAY) {
        tell(c, addr, "closed", reason_of_verdict(v), NULL);
        c->refused = true;
        return 0;
    }
    return orders_add(&c->orders, addr, STAGE_OPEN_DUE, group);
}

/* What others have open stays open, but by force. That a mistyped address is closed is no news. */
static int add_closing(struct client *c, const struct addr *addr, const char *group)
{
    enum reason why = judge_host(c, addr);
    struct pass_host now;
    bool open = pass_find(c->control->setup.pass, addr, &now) > 0 && is_open(&now);

    if (open && (c->orders.forced || is_rooms(&now))) {
        int err = orders_add(&c->orders, addr, STAGE_CLOSE_DUE, group);

        if (!err)
            orders_find(&c->orders, addr)->holder = now.user;
        return err;
    }
    c->refused = c->refused || (!open && why != REASON_OK);
    tell(c, addr, open ? "open" : "closed", open ? REASON_IN_USE : why, open ? &now.user : NULL);
    return 0;
}

/* 0 or -ENOMEM. */
static int add_hosts(struct client *c, const struct rooms_request *r)
{
    int err = 0;

    for (size_t i = 0; i < r->count && !err; i++) {
        const struct room_host *h = &r->hosts[i];

        err = r->way == ROOMS_OPEN ? add_opening(c, &h->addr, h->group)
                                   : add_closing(c, &h->addr, h->group);
    }
    return err;
}

/* Names, purposes and times of the request, into the orders. */
static void set_terms(struct client *c, const struct rooms_request *r)
{
    struct orders *o = &c->orders;

    *o = (struct orders){.by = c->caller.name,
                         .until = r->until,
                         .stays = true,
                         .logs = true,
                         .admin = r->admin,
                         .free = !r->admin,
                         .tic = -1,
                         .anybodys = r->way != ROOMS_OPEN,
                         .forced = r->way == ROOMS_FORCE,
                         .cause = CAUSE_ADMIN};
    user_name_make(&o->user, r->admin ? ADMIN_USER : FREE_USER);
}

void client_begin_openfw(struct client *c)
{
    struct rooms_request r = {0};

    if (!c->caller.is_operator) {
        client_end(c, REASON_NOT_PERMITTED, NULL);
        return;
    }
    if (!parse_request(c->control->conf, c->request, &r)) {
        client_end(c, REASON_REQUEST, json_pack("{s:s}", "detail", r.fault));
        return;
    }
    if (r.way == ROOMS_TOGGLE)
        r.way = is_any_closed(c, &r) ? ROOMS_OPEN : ROOMS_CLOSE;
    set_terms(c, &r);
    if (add_hosts(c, &r) != 0) {
        orders_free(&c->orders);
        client_end(c, REASON_MEMORY, NULL);
        return;
    }
    c->opening = r.way == ROOMS_OPEN;
    c->stage = CLIENT_OPENS;
    c->deadline = mono_add(mono_now(), span_seconds(CONTROL_ORDER_S));
    client_follow_openfw(c);
}

static void tell_outcome(struct client *c, struct order_host *h)
{
    h->told = true;
    if (h->stage == STAGE_OPEN) {
        tell(c, &h->addr, "open", REASON_OK, NULL);
    } else if (c->opening) {
        c->refused = true;
        tell(c, &h->addr, "closed", h->why, NULL);
    } else if (h->why == REASON_IN_USE) { /* by now it is somebody else's */
        tell(c, &h->addr, "open", REASON_IN_USE, &h->holder);
    } else {
        tell(c, &h->addr, "closed", REASON_OK, NULL);
    }
}

/* What is not written yet will not be: nothing happens after it was said that it did not. */
void client_cancel_openfw(struct client *c)
{
    for (size_t i = 0; i < c->orders.count; i++) {
        enum order_stage stage = c->orders.hosts[i].stage;

        if (stage == STAGE_OPEN_DUE || stage == STAGE_CLOSE_DUE)
            c->orders.hosts[i].stage = STAGE_OVER;
    }
}

static void give_up(struct client *c)
{
    client_cancel_openfw(c);
    if (c->opening)
        orders_close(&c->orders);
    client_end(c, REASON_SLOW, NULL);
}

static enum reason outcome_of(const struct client *c)
{
    if (!c->refused)
        return REASON_OK;
    return c->opening ? REASON_SOME : REASON_NO_HOSTS;
}

void client_follow_openfw(struct client *c)
{
    for (size_t i = 0; i < c->orders.count; i++) {
        struct order_host *h = &c->orders.hosts[i];

        if (!h->told && (h->stage == STAGE_OVER || (h->stage == STAGE_OPEN && c->opening)))
            tell_outcome(c, h);
    }
    if (orders_are_over(&c->orders))
        client_end(c, outcome_of(c), NULL);
    else if (c->fd >= 0 && mono_now().ns >= c->deadline.ns)
        give_up(c);
    else
        client_flush(c);
}
