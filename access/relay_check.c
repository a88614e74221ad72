#include "relay_check.h"

#include "log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

struct check {
    TAILQ_ENTRY(check) list;
    struct relay_checks *all;
    struct backend *backend;
    struct event *event;
    int fd;
};

struct relay_checks {
    struct event_base *base;
    const struct relay_conf *conf;
    struct backends *backends;
    struct event *timer;
    TAILQ_HEAD(, check) list;
};

static void finish(struct check *c)
{
    TAILQ_REMOVE(&c->all->list, c, list);
    if (c->event)
        event_free(c->event);
    if (c->fd >= 0)
        close(c->fd);
    c->backend->check = NULL;
    backend_release(c->backend);
    free(c);
}

static void note(struct check *c, int err)
{
    struct backend *one = c->backend;
    char to[ENDPOINT_TEXT_LEN];

    if (err && !one->dead)
        log_warning("backend %s is down: %s", endpoint_format(&one->to, to), strerror(err));
    else if (!err && one->dead)
        log_notice("backend %s is up", endpoint_format(&one->to, to));
    one->dead = err != 0;
    finish(c);
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    socklen_t len = sizeof(int);
    int err = 0;

    if (what & EV_TIMEOUT)
        err = ETIMEDOUT;
    else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
        err = errno;
    note(context, err);
}

/* 0: under way; 1: connected; -errno. */
static int connect_to(struct check *c)
{
    const struct timeval limit = {.tv_sec = c->all->conf->connect_s};
    int rc = endpoint_connect(&c->backend->to, &c->all->conf->local, &c->fd);

    if (rc != 0)
        return rc;
    c->event = event_new(c->all->base, c->fd, EV_WRITE, on_event, c);
    return c->event && event_add(c->event, &limit) == 0 ? 0 : -ENOMEM;
}

/* Without descriptors or memory nothing is known of it. */
static bool is_our_trouble(int err)
{
    return err == -EMFILE || err == -ENFILE || err == -ENOMEM;
}

static void check(struct relay_checks *all, struct backend *one)
{
    struct check *c = calloc(1, sizeof *c);
    int rc;

    if (!c)
        return;
    *c = (struct check){.all = all, .backend = backend_hold(one), .fd = -1};
    one->check = c;
    TAILQ_INSERT_TAIL(&all->list, c, list);
    rc = connect_to(c);
    if (is_our_trouble(rc))
        finish(c);
    else if (rc != 0)
        note(c, rc > 0 ? 0 : -rc);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct relay_checks *all = context;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < all->backends->count; i++) {
        struct backend *one = all->backends->list[i];

        if (!one->check && one->weight > 0)
            check(all, one);
    }
}

int relay_checks_new(struct relay_checks **out, struct event_base *base,
                     const struct relay_conf *conf, struct backends *backends)
{
    const struct timeval every = {.tv_sec = conf->check_s};
    struct relay_checks *all = calloc(1, sizeof *all);

    if (!all)
        return -ENOMEM;
    *all = (struct relay_checks){.base = base, .conf = conf, .backends = backends};
    TAILQ_INIT(&all->list);
    *out = all;
    if (!conf->check_s)
        return 0;
    all->timer = event_new(base, -1, EV_PERSIST, on_timer, all);
    if (all->timer && event_add(all->timer, &every) == 0) {
        event_active(all->timer, EV_TIMEOUT, 0);
        return 0;
    }
    relay_checks_free(all);
    return -ENOMEM;
}

void relay_checks_free(struct relay_checks *all)
{
    if (!all)
        return;
    while (!TAILQ_EMPTY(&all->list))
        finish(TAILQ_FIRST(&all->list));
    if (all->timer)
        event_free(all->timer);
    free(all);
}
