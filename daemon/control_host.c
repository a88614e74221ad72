/* openhost: the machine that a user comes from is open for as long as their program runs. */
#include "control_state.h"

#include "log.h"
#include "text.h"

#include <errno.h>
#include <string.h>

#define ADDRESSES_MAX 64 /* of one machine */
#define REFRESH_TICS 2   /* a row is refreshed when it has reached so many */

/* Facts that sentences name. */
static json_t *about(const struct client *c, const struct addr *host)
{
    char text[ADDR_TEXT_LEN];
    json_t *facts = json_pack("{s:o}", "user", answer_text(c->caller.name.text));

    if (facts && host && host->family)
        json_object_set_new(facts, "host", json_string(addr_format(host, text)));
    return facts;
}

static enum reason reason_of_identity(enum identity_result result)
{
    switch (result) {
    case IDENTITY_FROM:
        return REASON_OK;
    case IDENTITY_CONSOLE:
        return REASON_CONSOLE;
    case IDENTITY_ANOTHERS:
        return REASON_ANOTHERS;
    case IDENTITY_NAME:
        return REASON_BY_NAME;
    case IDENTITY_SERVICE:
        return REASON_SERVICE;
    case IDENTITY_MANY:
        return REASON_MANY;
    case IDENTITY_NONE:
        break;
    }
    return REASON_NO_LOGIN;
}

/* Their own client that holds this host, or still has to close it. */
static struct client *find_holder(const struct client *c, const struct addr *host)
{
    for (struct client *other = c->control->first; other; other = other->next) {
        const struct order_host *h;

        if (other == c || other->orders.stays ||
            memcmp(&other->caller.name, &c->caller.name, sizeof c->caller.name) != 0)
            continue;
        h = orders_find(&other->orders, host);
        if (h && h->stage != STAGE_OVER)
            return other;
    }
    return NULL;
}

static bool is_closing(const struct client *holder, const struct addr *host)
{
    const struct order_host *h = orders_find(&holder->orders, host);

    return holder->stage != CLIENT_HOLDS || h->stage >= STAGE_CLOSE_DUE;
}

/* A row that openhost has made for them and nobody holds: of before a restart. */
static bool is_orphan(const struct client *c, const struct addr *host, const struct pass_host *row)
{
    size_t size = sizeof row->user;

    return row->has_row && (row->order == ORDER_OPEN || row->order == ORDER_IS_OPEN) &&
           row->tic >= 0 && !row->free && memcmp(&row->user, &c->caller.name, size) == 0 &&
           memcmp(&row->by, &c->caller.name, size) == 0 && !find_holder(c, host);
}

/*
 * Whether something stands in the way: somebody else's row, or one of their own that was made
 * otherwise, of which they are told; or one that is being closed, for which they wait.
 */
static bool is_taken(struct client *c, const struct addr *host)
{
    const struct client *holder = find_holder(c, host);
    struct pass_host now;
    json_t *facts;

    if (holder && is_closing(holder, host))
        return true;
    if (holder) {
        const char *terminal = holder->identity.terminal;

        facts = about(c, host);
        json_object_set_new(facts, "terminal", json_string(*terminal ? terminal : "another login"));
        client_end(c, REASON_HERE_ALREADY, facts);
        return true;
    }
    if (pass_find(c->control->setup.pass, host, &now) <= 0 || !now.has_row ||
        now.order == ORDER_IS_CLOSED || is_orphan(c, host, &now))
        return false;
    facts = about(c, host);
    json_object_set_new(facts, "holder", answer_text(now.user.text));
    client_end(c, REASON_IN_USE, facts);
    return true;
}

/* Whether the caller may open the host they come from; if not, they are told. */
static bool may_open(struct client *c, const struct addr *host)
{
    enum verdict v;
    enum reason why;
    int err = pass_judge(c->control->setup.pass, host, &c->caller.name, false, &v);

    if (err == -EBUSY)
        return false; /* asked again */
    why = err ? REASON_DATABASE : reason_of_verdict(v);
    if (why == REASON_OK)
        return true;
    client_end(c, why, about(c, host));
    return false;
}

/* An address that was closed for a reason of somebody else's is not opened again by itself. */
static bool may_come_back(const struct client *c, const struct addr *host)
{
    const struct order_host *h = orders_find(&c->orders, host);

    return !h || h->why == REASON_OK || h->why == REASON_MOVED || h->why == REASON_IN_USE;
}

/* One more than a machine may have: the one that was not seen for longest goes. */
static void make_place(struct client *c)
{
    struct order_host *longest = NULL;

    for (size_t i = 1; i < c->orders.count; i++) {
        struct order_host *h = &c->orders.hosts[i];

        if (h->stage == STAGE_OPEN && h->unseen && (!longest || h->unseen > longest->unseen))
            longest = h;
    }
    if (longest)
        longest->stage = STAGE_CLOSE_DUE;
}

static int add_address(struct client *c, const struct addr *host)
{
    const struct order_host *own = orders_find(&c->orders, host);
    struct pass_host now;
    bool known = pass_find(c->control->setup.pass, host, &now) > 0;

    if (own && own->stage != STAGE_OVER)
        return 0;
    if (known && is_orphan(c, host, &now)) {
        int err = orders_add(&c->orders, host, STAGE_OPENING, NULL);

        if (!err) /* nobody has refreshed it for a while */
            orders_find(&c->orders, host)->refresh_due = true;
        return err;
    }
    if ((known && now.has_row && now.order != ORDER_IS_CLOSED) || !may_come_back(c, host))
        return 0;
    if (orders_live(&c->orders) < ADDRESSES_MAX)
        return orders_add(&c->orders, host, STAGE_OPEN_DUE, NULL);
    make_place(c);
    return 0;
}

/* Adds the addresses of the machine that nobody has; the first is the one they come from. */
static int add_machine(struct client *c)
{
    struct addr addresses[ADDRESSES_MAX];
    struct pass *pass = c->control->setup.pass;
    size_t n = pass_machine(pass, &c->identity.host, false, addresses, ADDRESSES_MAX);
    int err = 0;

    for (size_t i = 0; i < c->orders.count; i++)
        c->orders.hosts[i].unseen++;
    for (size_t i = 0; i < n && !err; i++) {
        struct order_host *h;

        err = add_address(c, &addresses[i]);
        h = orders_find(&c->orders, &addresses[i]);
        if (h)
            h->unseen = 0;
    }
    return err;
}

/* Another address of the machine is somebody else's: then so is the machine. */
static bool is_machine_taken(struct client *c)
{
    struct addr addresses[ADDRESSES_MAX];
    size_t n =
        pass_machine(c->control->setup.pass, &c->identity.host, true, addresses, ADDRESSES_MAX);

    for (size_t i = 0; i < n; i++) {
        if (is_taken(c, &addresses[i]))
            return true;
    }
    return false;
}

/* What was open before a restart is closed without having been held. */
static bool close_orphans(struct client *c)
{
    struct pass_host now;

    if (pass_find(c->control->setup.pass, &c->identity.host, &now) <= 0 ||
        !is_orphan(c, &c->identity.host, &now) || add_machine(c) != 0)
        return false;
    c->opened = true;
    c->stage = CLIENT_HOLDS;
    for (size_t i = 0; i < c->orders.count; i++) {
        if (c->orders.hosts[i].stage == STAGE_OPEN_DUE)
            c->orders.hosts[i].stage = STAGE_OVER;
    }
    orders_close(&c->orders);
    return true;
}

/* Done when it is closed: until then it is asked again. */
static void close_own(struct client *c)
{
    struct client *holder = find_holder(c, &c->identity.host);

    if (holder) {
        c->closing = true;
        orders_close(&holder->orders);
        c->control->orders_due = true;
        if (holder->stage == CLIENT_HOLDS) /* it may not have had anything open yet */
            client_follow_openhost(holder, false);
    } else if (c->closing) {
        client_end(c, REASON_OK, about(c, NULL));
    } else if (!close_orphans(c)) {
        client_end(c, REASON_NOT_OPEN, about(c, NULL));
    }
}

bool client_find_identity(struct client *c, const char *terminal)
{
    const struct identity_caller who = {.uid = c->caller.uid,
                                        .pid = c->caller.pid,
                                        .user = c->caller.name.text,
                                        .terminal = terminal};
    char user[LOG_VALUE_LEN];
    int err = identity_find(NULL, &who, &c->identity);
    enum reason why = err ? REASON_NAMES : reason_of_identity(c->identity.result);

    if (why == REASON_OK)
        return true;
    if (err)
        log_err("logins cannot be read: %s", strerror(-err));
    else if (why == REASON_ANOTHERS || why == REASON_MANY)
        log_notice("refuse login user=%s login=%s", log_value(c->caller.name.text, user),
                   identity_word(c->identity.result));
    client_end(c, why, about(c, NULL));
    return false;
}

void client_begin_openhost(struct client *c)
{
    const char *terminal = "";
    int closing = 0;
    json_error_t error;

    if (json_unpack_ex(c->request, &error, JSON_STRICT, "{s:s, s?:s, s?:b}", "command",
                       &(const char *){0}, "terminal", &terminal, "close", &closing) != 0) {
        client_end(c, REASON_REQUEST, json_pack("{s:s}", "detail", error.text));
        return;
    }
    if (c->caller.is_root) {
        client_end(c, REASON_ROOT, NULL);
        return;
    }
    if (!client_find_identity(c, terminal))
        return;
    orders_free(&c->orders); /* of an earlier try */
    c->orders = (struct orders){
        .user = c->caller.name, .by = c->caller.name, .drops = true, .cause = CAUSE_USER};
    if (closing) {
        close_own(c);
        return;
    }
    if (is_machine_taken(c) || !may_open(c, &c->identity.host))
        return;
    if (add_machine(c) != 0 || !c->orders.count) {
        client_end(c, REASON_MEMORY, NULL);
        return;
    }
    c->stage = CLIENT_HOLDS;
    c->alive = true;
    c->deadline = mono_add(mono_now(), span_seconds(CONTROL_ORDER_S));
    orders_look(&c->orders, c->control->setup.pass);
    client_follow_openhost(c, false);
    client_flush(c);
}

/* What was used, all addresses together. */
static json_t *use_of(const struct client *c, enum reason why)
{
    int64_t points = c->orders.points;
    struct span used = c->orders.used; /* of one machine one session pays at a time */
    json_t *facts = about(c, &c->identity.host);

    for (size_t i = 0; i < c->orders.count; i++) {
        points += c->orders.hosts[i].used.points;
        used.ns += c->orders.hosts[i].used.used.ns;
    }
    json_object_set_new(facts, "points", json_integer(points));
    json_object_set_new(facts, "seconds", json_integer(used.ns / NS_PER_S));
    json_object_set_new(facts, "why", json_string(reason_word(why)));
    return facts;
}

/* The facts of the status line. Who uses nothing now is told how long it lasted if they did. */
static void answer_status(struct client *c)
{
    struct pass *pass = c->control->setup.pass;
    struct pace pace = pass_pace(pass, &c->caller.name);
    struct pace if_used = pace.sessions ? pace : (struct pace){1, pace.divisor};
    struct tariff tariff = tariff_of(c->control->conf, pass_topology(pass)->channels);
    struct wall now = wall_now(), end = {0}, from = pace.sessions ? pass_charged_until(pass) : now;
    int64_t balance = 0, points = 0, cnts = 0;
    char runs_out[WALL_UTC_LEN];

    pass_balance(pass, &c->caller.name, &balance);
    for (size_t i = 0; i < c->orders.count; i++) {
        struct pass_host host;

        if (c->orders.hosts[i].stage != STAGE_OPEN ||
            pass_find(pass, &c->orders.hosts[i].addr, &host) <= 0)
            continue;
        cnts += host.cnts;
        points += host.session.points;
    }
    if (!conf_is_free_user(c->control->conf, c->caller.name.text))
        end = forecast_end(&tariff, if_used, balance - c->control->conf->min_quota, from);
    if (end.ns)
        wall_format_utc(end, runs_out);
    answer_event(
        &c->answer, "status",
        json_pack("{s:o, s:I, s:I, s:I, s:f, s:o}", "name", answer_text(c->caller.name.text),
                  "quota", (json_int_t)balance, "points", (json_int_t)points, "cnts",
                  (json_int_t)cnts, "rate",
                  (double)(tariff_rate(&tariff, now) * pace.sessions) / (double)pace.divisor,
                  "runs_out", end.ns ? json_string(runs_out) : json_null()));
    client_flush(c);
}

static bool is_close(const json_t *message)
{
    const char *ask = json_string_value(json_object_get(message, "ask"));

    return ask && strcmp(ask, "close") == 0;
}

bool client_takes_back(const struct client *c, const json_t *message)
{
    return (c->stage == CLIENT_UNNAMED || c->stage == CLIENT_ASKED) && !c->closing &&
           is_close(message);
}

/* {"ask": "status"}: it is alive, and wants to know. {"ask": "close"}: it has had enough. */
void client_hear_openhost(struct client *c, json_t *message)
{
    const char *ask = json_string_value(json_object_get(message, "ask"));

    if (!message || is_close(message)) {
        orders_close(&c->orders);
        c->control->orders_due = true;
        client_follow_openhost(c, false); /* what was not begun is over at once */
        return;
    }
    c->asks++;
    if (answer_waiting(&c->answer) == 0) { /* it gets no more until it has read that */
        c->alive = true;
        if (ask && strcmp(ask, "status") == 0 && c->opened)
            answer_status(c);
    }
    client_flush(c);
}

/* The row of who was heard of is as good as new. */
static void refresh(struct client *c)
{
    for (size_t i = 0; i < c->orders.count && c->alive; i++) {
        struct order_host *h = &c->orders.hosts[i];
        struct pass_host now;

        h->refresh_due = h->stage == STAGE_OPEN &&
                         pass_find(c->control->setup.pass, &h->addr, &now) > 0 &&
                         now.tic >= REFRESH_TICS;
    }
    c->alive = false;
}

static void tell_refused(struct client *c, const struct order_host *h)
{
    struct pass_host now;
    json_t *facts = about(c, &h->addr);

    if (h->why == REASON_IN_USE && pass_find(c->control->setup.pass, &h->addr, &now) > 0)
        json_object_set_new(facts, "holder", answer_text(now.user.text));
    orders_close(&c->orders);
    client_end(c, h->why, facts);
}

static void follow_tick(struct client *c)
{
    if (c->identity.leader.pid && !identity_lives(&c->identity)) {
        c->logged_out = true;
        orders_close(&c->orders);
        return;
    }
    refresh(c);
    if (c->opened && c->orders.hosts[0].stage == STAGE_OPEN)
        add_machine(c);
}

void client_follow_openhost(struct client *c, bool tick)
{
    const struct order_host *first = &c->orders.hosts[0];

    if (!c->opened && first->stage == STAGE_OPEN) {
        c->opened = true;
        answer_event(&c->answer, "open", about(c, &first->addr));
        client_flush(c);
    }
    if (!c->opened && c->fd >= 0 && first->stage == STAGE_OVER && first->why != REASON_OK) {
        tell_refused(c, first);
        return;
    }
    if (!c->opened && c->fd >= 0 && mono_now().ns >= c->deadline.ns) {
        orders_close(&c->orders);
        client_end(c, REASON_SLOW, NULL);
        return;
    }
    /* Without the address that they come from the others are closed, too. */
    if (c->opened && first->stage >= STAGE_DROP_DUE)
        orders_close(&c->orders);
    if (tick)
        follow_tick(c);
    first = &c->orders.hosts[0]; /* it may have moved */
    if (c->fd >= 0 && orders_are_over(&c->orders)) {
        enum reason why = c->logged_out ? REASON_LOGOUT : first->why ? first->why : REASON_USER;

        client_end(c, why, use_of(c, why));
    }
}
