#include "relay_sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

static const struct relay_socket *find(const struct relay_sockets *s, const struct endpoint *at)
{
    for (size_t i = 0; s && i < s->count; i++) {
        const struct endpoint *e = &s->list[i].at;

        if (addr_equal(&e->address, &at->address) && e->port == at->port && e->sctp == at->sctp)
            return &s->list[i];
    }
    return NULL;
}

static int add(struct relay_sockets *s, const struct relay_socket *one)
{
    struct relay_socket *list = reallocarray(s->list, s->count + 1, sizeof *list);

    if (!list)
        return -ENOMEM;
    s->list = list;
    list[s->count++] = *one;
    return 0;
}

/* One place of one family; somebody may have named it already. */
static int open_one(struct relay_sockets *s, const struct relay_listen *l,
                    const struct relay_sockets *old)
{
    struct relay_socket one = {.at = l->at, .tls = l->tls};
    const struct relay_socket *there = find(old, &l->at);
    int fds[ENDPOINT_SOCKETS], count;

    if (find(s, &l->at))
        return 0;
    if (there) {
        one.fd = there->fd;
        listen(one.fd, l->backlog);
        return add(s, &one);
    }
    count = endpoint_listen(&one.at, l->backlog, fds);
    if (count < 0)
        return count;
    one.fd = fds[0];
    count = add(s, &one);
    if (count)
        close(one.fd);
    return count;
}

/* Any address is one of IPv4 and one of IPv6. */
static int open_any(struct relay_sockets *s, const struct relay_listen *l,
                    const struct relay_sockets *old)
{
    static const uint8_t any[16];
    struct relay_listen one = *l;
    int err;

    one.at.address = addr_make(AF_INET, any);
    err = open_one(s, &one, old);
    if (err)
        return err;
    one.at.address = addr_make(AF_INET6, any);
    err = open_one(s, &one, old);
    return err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL ? 0 : err;
}

int relay_sockets_open(struct relay_sockets *out, const struct relay_conf *conf,
                       const struct relay_sockets *old, char what[ENDPOINT_TEXT_LEN])
{
    int err = 0;

    *out = (struct relay_sockets){0};
    for (size_t i = 0; i < conf->listen_count && !err; i++) {
        const struct relay_listen *l = &conf->listens[i];

        endpoint_format(&l->at, what);
        err = l->at.address.family ? open_one(out, l, old) : open_any(out, l, old);
    }
    if (err)
        relay_sockets_close(out, old);
    return err;
}

static bool has(const struct relay_sockets *s, int fd)
{
    for (size_t i = 0; s && i < s->count; i++) {
        if (s->list[i].fd == fd)
            return true;
    }
    return false;
}

void relay_sockets_close(struct relay_sockets *s, const struct relay_sockets *kept)
{
    for (size_t i = 0; i < s->count; i++) {
        if (!has(kept, s->list[i].fd))
            close(s->list[i].fd);
    }
    free(s->list);
    *s = (struct relay_sockets){0};
}
