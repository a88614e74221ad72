#include "entrance_watch.h"

#include "clock.h"
#include "settle.h"
#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define LOOK_S 1 /* without word of a commit: one may have been missed */

struct entrance_watch {
    struct entrance *entrance;
    const char *database;
    entrance_changed *changed;
    void *context;
    int fd; /* inotify */
    struct event *word, *timer;
    int64_t step_ms; /* to the next look after word; 0: none */
    int64_t version;
    int count;
};

static void plan(struct entrance_watch *w)
{
    struct timeval in = {.tv_sec = LOOK_S};

    if (w->step_ms)
        in = (struct timeval){.tv_usec = w->step_ms * 1000};
    if (w->count > 0)
        evtimer_add(w->timer, &in);
    else
        evtimer_del(w->timer);
}

static void look(struct entrance_watch *w)
{
    int64_t version;

    if (w->count == 0)
        return;
    version = entrance_quota_version(w->entrance);
    if (version >= 0 && version == w->version)
        return;
    w->version = version;
    w->changed(w->context);
}

/* inotify tells of a commit before it can be seen: see settle.h. */
static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct entrance_watch *w = context;

    (void)fd;
    (void)what;
    if (w->step_ms)
        w->step_ms = w->step_ms < SETTLE_LAST_MS ? w->step_ms * 2 : 0;
    look(w);
    plan(w);
}

static void on_word(evutil_socket_t fd, short what, void *context)
{
    struct entrance_watch *w = context;

    (void)what;
    if (!watch_drain(fd, w->database))
        return;
    w->step_ms = SETTLE_FIRST_MS;
    look(w);
    plan(w);
}

int entrance_watch_new(struct entrance_watch **out, struct event_base *base, struct entrance *e,
                       const char *database, entrance_changed *changed, void *context)
{
    struct entrance_watch *w = calloc(1, sizeof *w);

    if (!w)
        return -ENOMEM;
    *w = (struct entrance_watch){
        .entrance = e, .database = database, .changed = changed, .context = context, .version = -1};
    /* Without it there is the look every second. */
    w->fd = watch_open(database);
    w->timer = evtimer_new(base, on_timer, w);
    if (w->fd >= 0)
        w->word = event_new(base, w->fd, EV_READ | EV_PERSIST, on_word, w);
    if (!w->timer || (w->fd >= 0 && (!w->word || event_add(w->word, NULL) != 0))) {
        entrance_watch_free(w);
        return -ENOMEM;
    }
    *out = w;
    return 0;
}

void entrance_watch_free(struct entrance_watch *w)
{
    if (!w)
        return;
    if (w->word)
        event_free(w->word);
    if (w->timer)
        event_free(w->timer);
    if (w->fd >= 0)
        close(w->fd);
    free(w);
}

void entrance_watch_count(struct entrance_watch *w, int more)
{
    w->count += more;
    if (w->count == (more > 0 ? more : 0))
        plan(w);
}
