#include "control_state.h"

#include "log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_late(struct mono deadline)
{
    return mono_now().ns >= deadline.ns;
}

void client_end(struct client *c, enum reason why, json_t *about)
{
    if (c->stage == CLIENT_HOLDS && !orders_are_over(&c->orders)) { /* its host is not left open */
        orders_close(&c->orders);
        c->control->orders_due = true;
    }
    client_end_query(c);
    answer_end(&c->answer, why, about);
    c->stage = CLIENT_LEAVES;
    c->deadline = mono_add(mono_now(), span_seconds(CONTROL_ANSWER_S));
    client_flush(c);
}

/* Who is on the way out is not listened to any more, and who has asked often not for a while. */
static void watch(struct client *c)
{
    bool writes = answer_waiting(&c->answer) > 0 || c->stage == CLIENT_READS;
    bool listens =
        c->stage != CLIENT_LEAVES && (c->stage != CLIENT_HOLDS || c->asks < CONTROL_ASKS_MAX);
    uint32_t events = (listens ? (uint32_t)EPOLLIN : 0) | (writes ? (uint32_t)EPOLLOUT : 0);
    struct epoll_event event = {.events = events, .data.ptr = c};

    if (c->fd >= 0 && events != c->watched)
        epoll_ctl(c->control->epoll, EPOLL_CTL_MOD, c->fd, &event);
    c->watched = events;
}

void client_flush(struct client *c)
{
    const char *text;
    size_t len;

    while (c->fd >= 0 && (len = answer_packet(&c->answer, &text)) > 0) {
        if (send(c->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            break;
        answer_take(&c->answer, len);
        c->deadline = mono_add(mono_now(), span_seconds(CONTROL_ANSWER_S));
    }
    watch(c);
}

void client_hang_up(struct client *c)
{
    if (c->fd >= 0) {
        close(c->fd);
        c->share->connected--;
    }
    c->fd = -1;
    client_end_query(c);
    answer_free(&c->answer);
    if (c->stage == CLIENT_HOLDS)
        client_hear_openhost(c, NULL);
    else if (c->stage == CLIENT_OPENS)
        client_cancel_openfw(c);
}

static void forget(struct client *c)
{
    struct control *control = c->control;

    client_hang_up(c);
    if (c->before)
        c->before->next = c->next;
    else
        control->first = c->next;
    if (c->next)
        c->next->before = c->before;
    control->count--;
    c->share->clients--;
    orders_free(&c->orders);
    json_decref(c->request);
    free(c->text);
    free(c);
}

static void refuse_connection(int fd)
{
    struct answer answer = {0};
    const char *text;
    size_t len;

    answer_end(&answer, REASON_TOO_MANY, NULL);
    len = answer_packet(&answer, &text);
    if (len)
        send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    answer_free(&answer);
    close(fd);
}

static void add_client(struct control *control, int fd, const struct ucred *who)
{
    struct share *share = share_of(control, who->uid);
    struct client *c = share ? calloc(1, sizeof *c) : NULL;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

    if (!c || epoll_ctl(control->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        free(c);
        close(fd);
        return;
    }
    *c = (struct client){.control = control,
                         .share = share,
                         .next = control->first,
                         .fd = fd,
                         .watched = EPOLLIN,
                         .caller = {.uid = who->uid, .pid = who->pid},
                         .deadline = mono_add(mono_now(), span_seconds(CONTROL_REQUEST_S))};
    if (control->first)
        control->first->before = c;
    control->first = c;
    control->count++;
    share->clients++;
    share->connected++;
}

/* One connection. False: there is none, or (with too many files open) it has to wait. */
static bool accept_one(struct control *control)
{
    int fd = accept4(control->setup.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct ucred who;
    socklen_t len = sizeof who;

    if (fd < 0)
        return errno == EINTR || errno == ECONNABORTED;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
        close(fd);
    else if (!share_has_room(control, who.uid))
        refuse_connection(fd);
    else
        add_client(control, fd, &who);
    return true;
}

/* It is read only when it is known who asks: for others than operators it is a short one. */
static void hear_request(struct client *c, const char *text, size_t len)
{
    c->text = malloc(len);
    if (!c->text) {
        client_end(c, REASON_MEMORY, NULL);
        return;
    }
    memcpy(c->text, text, len);
    c->text_len = len;
    share_ask_name(c);
}

static void hear_more(struct client *c, const char *text, size_t len)
{
    json_t *message =
        len > CONTROL_PLAIN_MAX ? NULL : json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

    /* Others have said all they have to say. */
    if (c->stage == CLIENT_HOLDS && json_is_object(message))
        client_hear_openhost(c, message);
    else if (client_takes_back(c, message))
        client_end(c, REASON_USER, NULL);
    else if (c->stage != CLIENT_LEAVES)
        client_end(c, REASON_REQUEST, json_pack("{s:s}", "detail", "it was not asked for"));
    json_decref(message);
}

static void hear(struct client *c)
{
    char *buffer = c->control->buffer;
    int n = packet_receive(c->fd, buffer, sizeof c->control->buffer);

    if (n == -EAGAIN)
        return;
    if (n == -EMSGSIZE)
        client_end(c, REASON_REQUEST, json_pack("{s:s}", "detail", "it is too long"));
    else if (n <= 0)
        client_hang_up(c);
    else if (c->stage == CLIENT_CONNECTED)
        hear_request(c, buffer, (size_t)n);
    else
        hear_more(c, buffer, (size_t)n);
}

/* One transaction for the orders of this client, or of all (NULL). 0 or -errno. */
static int write_of(struct control *control, struct client *only, bool *changed)
{
    struct store *s = control->setup.store;
    struct client *first = only ? only : control->first;
    int err = store_begin(s);

    for (struct client *c = first; c && !err; c = only ? NULL : c->next)
        err = orders_write(&c->orders, s, changed);
    if (!err)
        err = store_commit(s);
    if (err) {
        store_rollback(s);
        return err;
    }
    for (struct client *c = first; c; c = only ? NULL : c->next)
        orders_written(&c->orders);
    pass_rows_changed(control->setup.pass);
    return 0;
}

/* What is due of everybody's orders: together, and if that fails for more than a moment each by
 * itself, so that nobody's stand in the way of others'. */
static bool write_orders(struct control *control)
{
    bool changed = false;
    int err;

    control->orders_due = false;
    err = write_of(control, NULL, &changed);
    control->locked = err != 0;
    if (!err) {
        trouble_end(&control->writing, "orders are written again");
        return changed;
    }
    control->orders_due = true;
    if (err == -EBUSY)
        return false;
    trouble_begin(&control->writing, "database: orders cannot be written: %s",
                  store_error(control->setup.store));
    changed = false;
    for (struct client *c = control->first; c; c = c->next) {
        if (orders_are_due(&c->orders))
            write_of(control, c, &changed);
    }
    return changed;
}

/* Who is gone hears no answer: what they have left to be read is left. */
static void on_client(struct client *c, uint32_t events)
{
    if (c->fd >= 0 && (events & (EPOLLHUP | EPOLLERR)))
        client_hang_up(c);
    else if (c->fd >= 0 && c->stage != CLIENT_LEAVES && (events & EPOLLIN))
        hear(c);
    if (c->fd >= 0 && (events & EPOLLOUT)) {
        client_flush(c);
        if (c->stage == CLIENT_READS)
            client_read_on(c);
    }
}

/* Work for those who open rooms and keep accounts is not paid for with rest. */
static void account(struct control *control, bool trusted, struct mono since)
{
    if (!trusted)
        control->spent.ns += mono_since(since, mono_now()).ns;
}

/* One event: epoll gives everybody their turn, as long as no more are taken than are seen to. */
static bool serve_event(struct control *control)
{
    struct mono since = mono_now();
    struct epoll_event event;
    bool trusted = false;

    if (epoll_wait(control->epoll, &event, 1, 0) != 1)
        return false;
    if (event.data.ptr == &control->setup.listener) {
        for (int i = 0; i < CONTROL_ACCEPTS && accept_one(control); i++)
            ;
    } else if (event.data.ptr == &control->setup.namer) {
        share_hear_name(control);
    } else {
        const struct client *c = event.data.ptr;

        trusted = c->caller.is_operator;
        on_client(event.data.ptr, event.events);
    }
    account(control, trusted, since);
    return true;
}

/* One request. */
static bool serve_request(struct control *control)
{
    struct client *c = control->asking ? share_next(control) : NULL;
    struct mono since = mono_now();

    if (!c)
        return false;
    c->tried = control->servings;
    client_begin(c);
    account(control, c->caller.is_operator, since);
    return true;
}

/* Orders that are due of others than operators. */
static bool has_plain_orders(const struct control *control)
{
    for (const struct client *c = control->first; c; c = c->next) {
        if (!c->caller.is_operator && orders_are_due(&c->orders))
            return true;
    }
    return false;
}

/* Nothing that a client points to goes before all events have been seen. */
static void sweep(struct control *control)
{
    struct client *next;

    for (struct client *c = control->first; c; c = next) {
        next = c->next;
        if (c->stage == CLIENT_LEAVES && answer_waiting(&c->answer) == 0)
            client_hang_up(c);
        if (c->fd < 0 && orders_are_over(&c->orders))
            forget(c);
    }
    share_sweep(control);
}

/* Whoever asks without end gets a part of the processor, and everybody else the rest. */
static void pay(struct control *control)
{
    struct mono now = mono_now();

    if (control->paid.ns < now.ns)
        control->paid = now;
    control->paid = mono_add(control->paid, (struct span){control->spent.ns * CONTROL_SHARE});
    control->spent = (struct span){0};
}

/* Milliseconds for which it rests. */
static int rest_ms(const struct control *control)
{
    struct mono until = mono_add(mono_now(), span_ms(CONTROL_BURST_MS));

    if (control->paid.ns <= until.ns)
        return 0;
    return (int)((control->paid.ns - until.ns + NS_PER_MS - 1) / NS_PER_MS);
}

bool control_is_resting(const struct control *control)
{
    return rest_ms(control) > 0;
}

bool control_serve(struct control *control)
{
    struct mono until = mono_add(mono_now(), (struct span){CONTROL_SLICE_US * INT64_C(1000)});
    bool changed = false, busy = true;

    control->servings++;
    control->asking = true;
    control->waiting = false;
    while (busy && !is_late(until)) {
        busy = serve_event(control);
        busy = serve_request(control) || busy;
    }
    for (struct client *c = control->first; c && !control->orders_due; c = c->next)
        control->orders_due = orders_are_due(&c->orders);
    control->began = mono_now();
    control->trusted = !has_plain_orders(control);
    if (control->orders_due)
        changed = write_orders(control);
    sweep(control);
    account(control, control->trusted, control->began);
    pay(control);
    control->ran = changed || control->balances_changed;
    control->began = mono_now();
    return control->ran;
}

int control_wait_ms(const struct control *control)
{
    int rest = rest_ms(control);
    bool retries = control->waiting || (control->orders_due && control->locked);

    if (control->asking || (control->orders_due && !control->locked))
        return rest;
    return rest > 0 ? rest : retries ? CONTROL_RETRY_MS : -1;
}

static void follow(struct client *c, bool tick)
{
    if (c->stage == CLIENT_HOLDS)
        client_follow_openhost(c, tick);
    else if (c->stage == CLIENT_OPENS)
        client_follow_openfw(c);
    if (tick && c->asks) {
        c->asks = 0;
        watch(c);
    }
    if (!tick || c->fd < 0 || c->stage == CLIENT_HOLDS || !is_late(c->deadline))
        return;
    if (c->stage == CLIENT_UNNAMED)
        c->share->asked = false; /* the answer is lost */
    if (c->stage == CLIENT_LEAVES || c->stage == CLIENT_READS)
        client_hang_up(c); /* it does not read */
    else
        client_end(c, c->stage == CLIENT_ASKED ? REASON_BUSY : REASON_SLOW, NULL);
}

void control_after_run(struct control *control, bool tick)
{
    control->balances_changed = false;
    for (struct client *c = control->first; c; c = c->next) {
        if (pass_has_read(control->setup.pass))
            orders_look(&c->orders, control->setup.pass);
        follow(c, tick);
        control->orders_due = control->orders_due || orders_are_due(&c->orders);
    }
    sweep(control);
    if (control->ran) {
        account(control, control->trusted, control->began);
        pay(control);
    }
    control->ran = false;
}

void control_reload(struct control *control, const struct conf *conf)
{
    control->conf = conf;
    for (struct client *c = control->first; c; c = c->next) {
        if (c->query)
            query_use_conf(c->query, conf);
    }
}

int control_fd(const struct control *control)
{
    return control->epoll;
}

static int watch_descriptor(struct control *control, int *fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = fd};

    return epoll_ctl(control->epoll, EPOLL_CTL_ADD, *fd, &event) == 0 ? 0 : -errno;
}

int control_new(struct control **out, const struct control_setup *setup)
{
    struct control *control = calloc(1, sizeof *control);
    int err = control ? 0 : -ENOMEM;

    if (!control) {
        close(setup->listener);
        close(setup->namer);
        return err;
    }
    control->setup = *setup;
    if (control->setup.clients_max > CONTROL_CLIENTS_MAX)
        control->setup.clients_max = CONTROL_CLIENTS_MAX;
    control->conf = setup->conf;
    control->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (control->epoll < 0)
        err = -errno;
    if (!err)
        err = watch_descriptor(control, &control->setup.listener);
    if (!err)
        err = watch_descriptor(control, &control->setup.namer);
    if (err)
        control_free(control, false);
    else
        *out = control;
    return err;
}

void control_free(struct control *control, bool kept)
{
    if (!control)
        return;
    for (struct client *c = control->first; c; c = c->next) {
        if (c->fd >= 0 && c->stage != CLIENT_LEAVES)
            client_end(c, kept ? REASON_RESTART : REASON_EXIT, NULL);
        c->stage = CLIENT_LEAVES;
    }
    while (control->first)
        forget(control->first);
    for (struct share *s = control->shares; s; s = s->next)
        s->asked = false;
    share_sweep(control);
    if (control->epoll >= 0)
        close(control->epoll);
    close(control->setup.listener);
    close(control->setup.namer);
    free(control);
}
