#include "acceptor.h"

#include "trouble.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ACCEPTS_MAX 64 /* in a row */
#define PAUSE_MS 100

struct listener {
    struct acceptor *acceptor;
    struct event *event;
    size_t number;
};

struct acceptor {
    struct acceptor_setup setup;
    struct listener **list;
    size_t count;
    struct event *pause;
    struct trouble trouble;
    bool ended;
};

static void on_pause_over(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    acceptor_go_on(context);
}

int acceptor_new(struct acceptor **out, const struct acceptor_setup *setup)
{
    struct acceptor *a = calloc(1, sizeof *a);

    if (!a)
        return -ENOMEM;
    a->setup = *setup;
    a->pause = evtimer_new(setup->base, on_pause_over, a);
    if (!a->pause) {
        free(a);
        return -ENOMEM;
    }
    *out = a;
    return 0;
}

static void stop(struct acceptor *a)
{
    for (size_t i = 0; i < a->count; i++)
        event_del(a->list[i]->event);
}

void acceptor_go_on(struct acceptor *a)
{
    if (a->ended || evtimer_pending(a->pause, NULL))
        return;
    if (!a->setup.has_room(a->setup.context)) {
        stop(a);
        return;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!event_pending(a->list[i]->event, EV_READ, NULL))
            event_add(a->list[i]->event, NULL);
    }
}

static void pause_for(struct acceptor *a, int err)
{
    static const struct timeval moment = {.tv_usec = PAUSE_MS * 1000};

    trouble_begin(&a->trouble, "accept: %s", strerror(err));
    stop(a);
    evtimer_add(a->pause, &moment);
}

static void on_ready(evutil_socket_t socket, short what, void *context)
{
    const struct listener *l = context;
    struct acceptor *a = l->acceptor;
    int flags = SOCK_CLOEXEC | (a->setup.blocking ? 0 : SOCK_NONBLOCK);

    (void)what;
    for (int i = 0; i < ACCEPTS_MAX && !a->ended && a->setup.has_room(a->setup.context); i++) {
        struct sockaddr_storage from = {0};
        socklen_t len = sizeof from;
        struct endpoint peer;
        int fd = accept4(socket, (struct sockaddr *)&from, &len, flags);

        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
            pause_for(a, errno);
            return;
        }
        if (fd < 0)
            break;
        trouble_end(&a->trouble, "accept");
        peer = endpoint_from_sockaddr(&from);
        a->setup.take(a->setup.context, l->number, fd, &peer);
    }
    acceptor_go_on(a);
}

int acceptor_add(struct acceptor *a, int fd)
{
    struct listener **list = reallocarray(a->list, a->count + 1, sizeof(struct listener *));
    struct listener *one;

    if (!list)
        return -ENOMEM;
    a->list = list;
    one = calloc(1, sizeof *one);
    if (!one)
        return -ENOMEM;
    *one = (struct listener){.acceptor = a, .number = a->count};
    one->event = event_new(a->setup.base, fd, EV_READ | EV_PERSIST, on_ready, one);
    if (!one->event) {
        free(one);
        return -ENOMEM;
    }
    list[a->count++] = one;
    return 0;
}

void acceptor_end(struct acceptor *a)
{
    a->ended = true;
    stop(a);
    evtimer_del(a->pause);
}

void acceptor_free(struct acceptor *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->count; i++) {
        event_free(a->list[i]->event);
        free(a->list[i]);
    }
    free(a->list);
    event_free(a->pause);
    free(a);
}
