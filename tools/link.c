#include "link.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_S 60 /* a daemon that is there says something within that */

static int patient(int err)
{
    return err == -EAGAIN ? -ETIMEDOUT : err;
}

int link_open(struct link *link, const char *path)
{
    link->len = link->at = 0;
    link->fd = packet_connect(path, PATIENCE_S);
    return link->fd < 0 ? patient(link->fd) : 0;
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
