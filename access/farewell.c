#include "farewell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct farewell {
    TAILQ_ENTRY(farewell) list;
    struct farewells *all;
    struct event *event; /* of the socket, or NULL */
    struct event *timer; /* the end of it, whatever comes */
    int fd;
    char *text;       /* or NULL: the close comes after a second */
    size_t left, len; /* bytes that are still to be sent; of them all */
};

struct farewells {
    struct event_base *base;
    TAILQ_HEAD(, farewell) list; /* oldest first */
    size_t count, max;
    farewells_over *over;
    void *context;
};

static size_t max_by_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur / 2 > FAREWELLS_MAX)
        return FAREWELLS_MAX;
    return limit.rlim_cur / 2;
}

int farewells_new(struct farewells **out, struct event_base *base)
{
    struct farewells *f = calloc(1, sizeof *f);

    if (!f)
        return -ENOMEM;
    f->base = base;
    f->max = max_by_descriptors();
    TAILQ_INIT(&f->list);
    *out = f;
    return 0;
}

static void finish(struct farewell *one)
{
    struct farewells *f = one->all;

    TAILQ_REMOVE(&f->list, one, list);
    f->count--;
    if (one->event)
        event_free(one->event);
    if (one->timer)
        event_free(one->timer);
    close(one->fd);
    free(one->text);
    free(one);
    if (f->count == 0 && f->over)
        f->over(f->context);
}

void farewells_free(struct farewells *f)
{
    if (!f)
        return;
    f->over = NULL;
    while (!TAILQ_EMPTY(&f->list))
        finish(TAILQ_FIRST(&f->list));
    free(f);
}

size_t farewells_count(const struct farewells *f)
{
    return f->count;
}

void farewells_tell(struct farewells *f, farewells_over *over, void *context)
{
    f->over = over;
    f->context = context;
}

/* 1 while there is more to be sent, 0 when all is, -errno. */
static int send_text(struct farewell *one)
{
    while (one->left > 0) {
        ssize_t n =
            send(one->fd, one->text + one->len - one->left, one->left, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 1 : -errno;
        one->left -= (size_t)n;
    }
    return 0;
}

/* 1 while the other side is there, 0 when it has closed, -errno. A bounded part of what it sends is
 * taken at a time. */
static int drain(struct farewell *one)
{
    char waste[16384];
    ssize_t n = recv(one->fd, waste, sizeof waste, MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 1 : -errno;
    return n > 0;
}

static void go_on(struct farewell *one);

static void on_event(evutil_socket_t fd, short what, void *context)
{
    struct farewell *one = context;

    (void)fd;
    if (what & EV_WRITE)
        go_on(one);
    else if (drain(one) <= 0)
        finish(one);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    finish(context);
}

/* Instead of what was waited for until now. */
static int wait_for(struct farewell *one, short what)
{
    if (one->event)
        event_free(one->event);
    one->event = event_new(one->all->base, one->fd, (short)(what | EV_PERSIST), on_event, one);
    return one->event ? event_add(one->event, NULL) : -ENOMEM;
}

static void go_on(struct farewell *one)
{
    int rc = send_text(one);

    if (rc == 0) {
        shutdown(one->fd, SHUT_WR);
        rc = wait_for(one, EV_READ);
    } else if (rc > 0) {
        rc = wait_for(one, EV_WRITE);
    }
    if (rc < 0)
        finish(one);
}

static int set_timer(struct farewell *one, time_t seconds)
{
    const struct timeval limit = {.tv_sec = seconds};

    one->timer = evtimer_new(one->all->base, on_timer, one);
    return one->timer ? evtimer_add(one->timer, &limit) : -ENOMEM;
}

void farewells_say(struct farewells *f, int fd, const char *message)
{
    struct farewell *one = calloc(1, sizeof *one);

    if (!one) {
        close(fd);
        return;
    }
    if (f->count > 0 && f->count >= f->max)
        finish(TAILQ_FIRST(&f->list));
    one->all = f;
    one->fd = fd;
    TAILQ_INSERT_TAIL(&f->list, one, list);
    f->count++;
    if (message) {
        int len = asprintf(&one->text, "%s\r\n", message);

        one->text = len < 0 ? NULL : one->text;
        one->len = one->left = len < 0 ? 0 : (size_t)len;
    }
    if (set_timer(one, message ? FAREWELL_S : 1) != 0)
        finish(one);
    else if (message)
        go_on(one);
}
