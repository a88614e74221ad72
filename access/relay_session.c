#include "relay_session.h"

#include "clock.h"
#include "log.h"
#include "proxy_header.h"
#include "relay_flow.h"
#include "stream.h"
#include "trouble.h"

#include <errno.h>
#include <poll.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#define HANDSHAKE_S 10
#define SWEEP_S 2 /* between two looks at those that nothing is waited for from */

enum { CLIENT, SERVER, SIDES };
enum state { STATE_HANDSHAKE, STATE_CONNECT, STATE_OPEN };

struct relay_session {
    TAILQ_ENTRY(relay_session) list;
    struct relay_sessions *all;
    enum state state;
    struct endpoint client;
    struct stream streams[SIDES];
    struct event events[SIDES], timer;
    short waits[SIDES];             /* what the events are for; 0: not added */
    struct relay_flow flows[SIDES]; /* by where they come from */
    struct backend *backend;        /* or NULL */
    struct backend **tried;         /* those that did not answer */
    size_t tried_count;
    struct mono last; /* when bytes moved */
    bool quota;       /* lets in as long as the host is open */
    bool broken;      /* one of both has failed */
};

struct relay_sessions {
    struct relay_sessions_setup setup;
    TAILQ_HEAD(, relay_session) list;
    size_t count;
    struct trouble none; /* no backend answers */
    struct event *sweep;
    char buffer[RELAY_BUFFER_BYTES];
};

static void on_sweep(evutil_socket_t fd, short what, void *context);

int relay_sessions_new(struct relay_sessions **out, const struct relay_sessions_setup *setup)
{
    static const struct timeval every = {.tv_sec = SWEEP_S};
    struct relay_sessions *all = calloc(1, sizeof *all);

    if (!all)
        return -ENOMEM;
    all->setup = *setup;
    TAILQ_INIT(&all->list);
    all->sweep = event_new(setup->base, -1, EV_PERSIST, on_sweep, all);
    if (!all->sweep || event_add(all->sweep, &every) != 0) {
        relay_sessions_free(all);
        return -ENOMEM;
    }
    *out = all;
    return 0;
}

size_t relay_sessions_count(const struct relay_sessions *all)
{
    return all->count;
}

static void leave_backend(struct relay_session *s)
{
    if (s->backend)
        s->backend->active--;
    backend_release(s->backend);
    s->backend = NULL;
}

static void stop_waiting(struct relay_session *s, int side)
{
    if (s->waits[side])
        event_del(&s->events[side]);
    s->waits[side] = 0;
}

static void finish(struct relay_session *s)
{
    struct relay_sessions *all = s->all;
    struct endpoint client = s->client;
    bool quota = s->quota;

    TAILQ_REMOVE(&all->list, s, list);
    all->count--;
    event_del(&s->timer);
    for (int side = 0; side < SIDES; side++) {
        stop_waiting(s, side);
        relay_flow_free(&s->flows[side]);
        stream_close(&s->streams[side], s->broken);
    }
    leave_backend(s);
    for (size_t i = 0; i < s->tried_count; i++)
        backend_release(s->tried[i]);
    free(s->tried);
    free(s);
    all->setup.ended(all->setup.context, &client.address, quota);
}

static void break_off(struct relay_session *s)
{
    s->broken = true;
    finish(s);
}

void relay_sessions_free(struct relay_sessions *all)
{
    if (!all)
        return;
    while (!TAILQ_EMPTY(&all->list))
        break_off(TAILQ_FIRST(&all->list));
    if (all->sweep)
        event_free(all->sweep);
    free(all);
}

static void on_event(evutil_socket_t fd, short what, void *context);

/* Waits for this on one side, and for nothing else there. */
static void wait_for(struct relay_session *s, int side, short what)
{
    if (s->waits[side] == what)
        return;
    stop_waiting(s, side);
    if (!what)
        return;
    event_assign(&s->events[side], s->all->setup.base, s->streams[side].fd,
                 (short)(what | EV_PERSIST), on_event, s);
    if (event_add(&s->events[side], NULL) == 0)
        s->waits[side] = what;
}

static void set_timer(struct relay_session *s, int64_t seconds)
{
    const struct timeval in = {.tv_sec = seconds};

    if (seconds > 0)
        evtimer_add(&s->timer, &in);
    else
        evtimer_del(&s->timer);
}

/* A destination that has failed: nothing more for it, but what it has sent is still to come. */
static void give_up(struct relay_session *s, struct relay_flow *f)
{
    relay_flow_free(f);
    f->ended = f->over = true;
    f->from_wants = f->to_wants = 0;
    s->broken = true;
}

/* False: the session has ended. */
static bool move(struct relay_session *s, struct relay_flow *f)
{
    ssize_t moved = relay_flow_move(f, s->all->buffer);

    if (moved == -EPIPE && f->to->fd >= 0) {
        give_up(s, f);
    } else if (moved < 0) {
        break_off(s);
        return false;
    } else if (moved > 0 && s->all->setup.conf->idle_s) {
        s->last = mono_now();
    }
    if (s->flows[CLIENT].over && s->flows[SERVER].over) {
        finish(s);
        return false;
    }
    return true;
}

static void wait_for_both(struct relay_session *s)
{
    wait_for(s, CLIENT, s->flows[CLIENT].from_wants | s->flows[SERVER].to_wants);
    wait_for(s, SERVER, s->flows[SERVER].from_wants | s->flows[CLIENT].to_wants);
}

static void on_open(struct relay_session *s, int side, short what)
{
    struct relay_flow *from = &s->flows[side], *to = &s->flows[!side];

    if ((what & from->from_wants) && !move(s, from))
        return;
    if ((what & to->to_wants) && !move(s, to))
        return;
    wait_for_both(s);
}

static int prepend_proxy(struct relay_session *s)
{
    struct sockaddr_storage sa = {0};
    socklen_t len = sizeof sa;
    uint8_t header[PROXY_HEADER_MAX];
    struct endpoint local;

    if (getsockname(s->streams[CLIENT].fd, (struct sockaddr *)&sa, &len) != 0)
        return -errno;
    local = endpoint_from_sockaddr(&sa);
    return relay_flow_prepend(
        &s->flows[CLIENT], header,
        proxy_header_make(header, &s->client.address, s->client.port, &local.address, local.port));
}

static void note_alive(struct relay_session *s)
{
    char to[ENDPOINT_TEXT_LEN];

    if (s->backend->dead)
        log_notice("backend %s is up", endpoint_format(&s->backend->to, to));
    s->backend->dead = false;
    trouble_end(&s->all->none, "a backend");
}

static void open_session(struct relay_session *s)
{
    const struct relay_conf *conf = s->all->setup.conf;

    note_alive(s);
    s->state = STATE_OPEN;
    for (int side = 0; side < SIDES; side++) {
        s->flows[side] = (struct relay_flow){
            .from = &s->streams[side], .to = &s->streams[!side], .from_wants = EV_READ};
    }
    set_timer(s, conf->idle_s);
    s->last = mono_now();
    if (conf->proxy && prepend_proxy(s) != 0) {
        break_off(s);
        return;
    }
    /* The header goes now; so does what TLS has read with the handshake. */
    if ((conf->proxy || s->streams[CLIENT].ssl) && !move(s, &s->flows[CLIENT]))
        return;
    wait_for_both(s);
}

static void connect_next(struct relay_session *s);

/* The client waits, and goes to another one. What is our own trouble is not the backend's. */
static void skip_backend(struct relay_session *s, int err)
{
    struct backend *one = s->backend, **tried;
    char to[ENDPOINT_TEXT_LEN];

    stop_waiting(s, SERVER);
    stream_close(&s->streams[SERVER], false);
    tried = reallocarray(s->tried, s->tried_count + 1, sizeof(struct backend *));
    if (!tried || err == -EMFILE || err == -ENFILE) {
        log_err("backend %s: %s", endpoint_format(&one->to, to), strerror(tried ? -err : ENOMEM));
        s->tried = tried ? tried : s->tried;
        break_off(s);
        return;
    }
    s->tried = tried;
    tried[s->tried_count++] = backend_hold(one);
    if (!one->dead)
        log_warning("backend %s is down: %s", endpoint_format(&one->to, to), strerror(-err));
    one->dead = true;
    leave_backend(s);
    connect_next(s);
}

static void connect_next(struct relay_session *s)
{
    struct backend *one = backends_pick(s->all->setup.backends, s->tried, s->tried_count);
    char client[ENDPOINT_TEXT_LEN];
    int rc;

    if (!one) {
        trouble_begin(&s->all->none, "%s: refused, no backend answers",
                      endpoint_format(&s->client, client));
        break_off(s);
        return;
    }
    s->state = STATE_CONNECT;
    s->backend = backend_hold(one);
    one->active++;
    one->served++;
    rc = endpoint_connect(&one->to, &s->all->setup.conf->local, &s->streams[SERVER].fd);
    if (rc >= 0 && !one->to.sctp)
        endpoint_tune(s->streams[SERVER].fd);
    if (rc < 0) {
        skip_backend(s, rc);
    } else if (rc > 0) {
        open_session(s);
    } else {
        set_timer(s, s->all->setup.conf->connect_s);
        wait_for(s, SERVER, EV_WRITE);
    }
}

static void on_connect(struct relay_session *s)
{
    socklen_t len = sizeof(int);
    int err = 0;

    if (getsockopt(s->streams[SERVER].fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
        err = errno;
    if (err) {
        skip_backend(s, -err);
        return;
    }
    open_session(s);
}

static void on_handshake(struct relay_session *s)
{
    short wants = 0;
    int err = stream_handshake(&s->streams[CLIENT], &wants);
    char client[ENDPOINT_TEXT_LEN];

    if (err == -EAGAIN) {
        wait_for(s, CLIENT, wants);
        return;
    }
    stop_waiting(s, CLIENT);
    if (err) {
        log_info("%s: no TLS: %s", endpoint_format(&s->client, client), strerror(-err));
        break_off(s);
        return;
    }
    connect_next(s);
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    struct relay_session *s = context;

    if (s->state == STATE_HANDSHAKE)
        on_handshake(s);
    else if (s->state == STATE_CONNECT)
        on_connect(s);
    else
        on_open(s, fd == s->streams[CLIENT].fd ? CLIENT : SERVER, what);
}

/* One that was set anew for every byte would cost more than the byte: what is left is waited for.
 */
static void on_idle(struct relay_session *s)
{
    const struct span limit = span_seconds(s->all->setup.conf->idle_s);
    int64_t left = limit.ns - mono_since(s->last, mono_now()).ns;
    char client[ENDPOINT_TEXT_LEN];

    if (left > 0) {
        const struct timeval in = {.tv_sec = (time_t)(left / NS_PER_S),
                                   .tv_usec = (suseconds_t)(left % NS_PER_S / 1000 + 1)};

        evtimer_add(&s->timer, &in);
        return;
    }
    log_info("%s: idle, ended", endpoint_format(&s->client, client));
    break_off(s);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct relay_session *s = context;

    (void)fd;
    (void)what;
    if (s->state == STATE_CONNECT)
        skip_backend(s, -ETIMEDOUT);
    else if (s->state == STATE_OPEN)
        on_idle(s);
    else
        break_off(s);
}

int relay_session_begin(struct relay_sessions *all, int fd, const struct endpoint *client, bool tls,
                        bool quota)
{
    struct relay_session *s = calloc(1, sizeof *s);

    if (!s) {
        close(fd);
        return -ENOMEM;
    }
    *s = (struct relay_session){.all = all,
                                .client = *client,
                                .quota = quota,
                                .streams = {[CLIENT] = {.fd = fd}, [SERVER] = {.fd = -1}}};
    evtimer_assign(&s->timer, all->setup.base, on_timer, s);
    if (tls && stream_begin_tls(&s->streams[CLIENT], all->setup.tls) != 0) {
        close(fd);
        free(s);
        return -ENOMEM;
    }
    TAILQ_INSERT_TAIL(&all->list, s, list);
    all->count++;
    if (!tls) {
        connect_next(s);
        return 0;
    }
    set_timer(s, HANDSHAKE_S);
    on_handshake(s);
    return 0;
}

/* Whether a side that is not waited for has failed: nobody is told of that. */
static bool has_failed(const struct relay_session *s, int side)
{
    struct pollfd p = {.fd = s->streams[side].fd};

    return p.fd >= 0 && !s->waits[side] && poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLHUP));
}

/* Both have ended their halves, and what is on its way will be delivered: that is no failure. */
static bool is_ending(const struct relay_session *s, int side)
{
    return s->state == STATE_OPEN && s->flows[side].ended && s->flows[!side].over;
}

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
    struct relay_sessions *all = context;
    struct relay_session *s, *next;

    (void)fd;
    (void)what;
    for (s = TAILQ_FIRST(&all->list); s; s = next) {
        next = TAILQ_NEXT(s, list);
        for (int side = 0; side < SIDES; side++) {
            if (!is_ending(s, side) && has_failed(s, side)) {
                break_off(s);
                break;
            }
        }
    }
}

void relay_sessions_sift(struct relay_sessions *all,
                         bool (*may_stay)(void *context, const struct addr *client), void *context)
{
    struct relay_session *s, *next;

    for (s = TAILQ_FIRST(&all->list); s; s = next) {
        next = TAILQ_NEXT(s, list);
        if (s->quota && !may_stay(context, &s->client.address))
            break_off(s);
    }
}
