#include "server_ident.h"

#include "endpoint.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDENT_PORT 113
#define ANSWER_MAX 1000 /* bytes: RFC 1413 lets a line be that long */

struct server_ident {
    struct bufferevent *stream;
    struct event *timer;
    server_ident_done *done;
    void *context;
};

void server_ident_free(struct server_ident *i)
{
    if (!i)
        return;
    if (i->stream)
        bufferevent_free(i->stream);
    if (i->timer)
        event_free(i->timer);
    free(i);
}

/* `6193, 23 : USERID : UNIX : stjohns`: what stands behind the third colon. NULL if there is none.
 */
static char *parse(const char *line)
{
    const char *p = line;

    for (int colons = 0; colons < 3; colons++) {
        p = strchr(p, ':');
        if (!p)
            return NULL;
        p++;
    }
    p += strspn(p, " \t");
    /* What could be taken for something else is nobody's name. */
    for (const char *c = p; *c; c++) {
        if (*c < ' ' || *c > '~')
            return NULL;
    }
    return *p ? strdup(p) : NULL;
}

static void on_read(struct bufferevent *stream, void *context)
{
    struct server_ident *i = context;
    struct evbuffer *input = bufferevent_get_input(stream);
    char *line = evbuffer_readln(input, NULL, EVBUFFER_EOL_CRLF), *info;

    if (!line && evbuffer_get_length(input) < ANSWER_MAX)
        return;
    info = line ? parse(line) : NULL;
    free(line);
    i->done(i->context, info);
}

static void on_event(struct bufferevent *stream, short what, void *context)
{
    struct server_ident *i = context;

    (void)stream;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        i->done(i->context, NULL);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct server_ident *i = context;

    (void)fd;
    (void)what;
    i->done(i->context, NULL);
}

static int connect_from(const struct addr *local, const struct addr *remote, struct bufferevent *b)
{
    const struct endpoint from = {.address = *local}, to = {.address = *remote, .port = IDENT_PORT};
    struct sockaddr_storage sa;
    socklen_t len = endpoint_to_sockaddr(&from, &sa);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    bufferevent_setfd(b, fd);
    if (bind(fd, (struct sockaddr *)&sa, len) != 0)
        return -1;
    len = endpoint_to_sockaddr(&to, &sa);
    return bufferevent_socket_connect(b, (struct sockaddr *)&sa, (int)len);
}

static int start(struct server_ident *i, struct event_base *base, const struct server_ends *ends,
                 int64_t seconds)
{
    const struct timeval limit = {.tv_sec = seconds};

    i->stream = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    i->timer = evtimer_new(base, on_timer, i);
    if (!i->stream || !i->timer || evtimer_add(i->timer, &limit) != 0)
        return -1;
    bufferevent_setcb(i->stream, on_read, NULL, on_event, i);
    bufferevent_setwatermark(i->stream, EV_READ, 0, ANSWER_MAX);
    if (bufferevent_enable(i->stream, EV_READ | EV_WRITE) != 0 ||
        connect_from(&ends->local, &ends->remote, i->stream) != 0)
        return -1;
    return evbuffer_add_printf(bufferevent_get_output(i->stream), "%u , %u\r\n",
                               (unsigned)ends->remote_port, (unsigned)ends->local_port);
}

struct server_ident *server_ident_ask(struct event_base *base, const struct server_ends *ends,
                                      int64_t seconds, server_ident_done *done, void *context)
{
    struct server_ident *i = calloc(1, sizeof *i);

    if (!i)
        return NULL;
    i->done = done;
    i->context = context;
    if (start(i, base, ends, seconds) < 0) {
        server_ident_free(i);
        return NULL;
    }
    return i;
}
