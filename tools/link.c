#include "link.h"

#include "clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_S 60 /* a daemon that is there says something within that */
#define SILENCE_S 8   /* after which it is asked whether it is there */
#define PROBE_S 2     /* for the answer to that */
#define WAIT_MS 1000

static int patient(int err)
{
    return err == -EAGAIN ? -ETIMEDOUT : err;
}

int link_open(struct link *link, const char *path)
{
    link->len = link->at = 0;
    link->path = path;
    link->fd = packet_connect(path, SILENCE_S + PROBE_S);
    return link->fd < 0 ? patient(link->fd) : 0;
}

/* Whether the daemon answers anybody at all: one that waits for a database that is locked does. */
static bool is_alive(const char *path)
{
    char buffer[PACKET_ANSWER_MAX];
    json_t *request = json_pack("{s:s}", "command", "ping");
    int fd = packet_connect(path, PROBE_S);
    bool alive = fd >= 0 && request && packet_send(fd, request) == 0 &&
                 packet_receive(fd, buffer, sizeof buffer) > 0;

    json_decref(request);
    if (fd >= 0)
        close(fd);
    return alive;
}

int link_wait(const struct link *link, void (*waits)(void *context), void *context)
{
    struct pollfd slot = {.fd = link->fd, .events = POLLIN};
    struct mono begun = mono_now(), silent = begun;

    while (!link_has_line(link)) {
        int n = poll(&slot, 1, WAIT_MS);

        if (n > 0)
            break;
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0 && waits)
            waits(context);
        if (mono_since(begun, mono_now()).ns > PATIENCE_S * NS_PER_S)
            return -ETIMEDOUT;
        if (mono_since(silent, mono_now()).ns < SILENCE_S * NS_PER_S)
            continue;
        if (!is_alive(link->path))
            return -ETIMEDOUT;
        silent = mono_now();
    }
    return 0;
}

void link_close(struct link *link)
{
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
}

int link_send(struct link *link, json_t *object)
{
    int err = object ? packet_send(link->fd, object) : -ENOMEM;

    json_decref(object);
    /* Sent away already: the reason is there to be read. */
    return err == -EPIPE ? 0 : patient(err);
}

bool link_has_line(const struct link *link)
{
    return link->at < link->len;
}

int link_next(struct link *link, json_t **line)
{
    const char *start, *end;

    if (!link_has_line(link)) {
        int n = packet_receive(link->fd, link->buffer, sizeof link->buffer);

        if (n <= 0)
            return patient(n);
        link->len = (size_t)n;
        link->at = 0;
    }
    start = link->buffer + link->at;
    end = memchr(start, '\n', link->len - link->at);
    if (!end)
        return -EPROTO;
    link->at += (size_t)(end - start) + 1;
    *line = json_loadb(start, (size_t)(end - start), 0, NULL);
    return *line ? 1 : -EPROTO;
}

int link_end_of(const json_t *line)
{
    const json_t *end = json_object_get(line, "end");

    return json_is_integer(end) ? (int)json_integer_value(end) : -1;
}
