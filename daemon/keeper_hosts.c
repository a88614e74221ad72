/* The hosts of an ask: received, and those refused that may not be asked for. */
#include "keeper_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *keeper_refusal(const struct topology *t, const struct addr *extra, size_t extra_count,
                           const struct addr *host)
{
    struct addr same;

    if (host->family != AF_INET && host->family != AF_INET6)
        return "is no address";
    same = addr_make(host->family, host->bytes);
    if (!addr_equal(&same, host))
        return "is no address in its proper form";
    if (topology_is_own(t, host))
        return "is the gateway itself";
    return topology_is_local(t, host) || addr_listed(extra, extra_count, host)
               ? NULL
               : "is not in LOCALNET";
}

static int make_room(struct keeper_hosts *h, size_t room)
{
    struct addr *list = realloc(h->list, room * sizeof *list);
    struct lladdr *places;

    if (!list)
        return -ENOMEM;
    h->list = list;
    places = realloc(h->places, room * sizeof *places);
    if (!places)
        return -ENOMEM;
    h->places = places;
    h->room = room;
    return 0;
}

/* The hosts of one message. Those with places have to be in order, as the list of places is. */
static int take_hosts(struct keeper_hosts *h, const struct wire_message *m)
{
    size_t count = h->count + m->count;
    int err = count > h->room ? make_room(h, count * 2) : 0;

    if (err)
        return err;
    if (!h->placed && m->count)
        memcpy(h->list + h->count, m->hosts, m->count * sizeof *h->list);
    for (uint32_t i = 0; h->placed && i < m->count; i++) {
        size_t at = h->count + i;

        if (at && addr_compare(&h->list[at - 1], &m->places[i].host) >= 0)
            return -EPROTO;
        h->list[at] = m->places[i].host;
        h->places[at] = m->places[i].lladdr;
    }
    h->count = count;
    return 0;
}

int keeper_receive_more(struct keeper *k, struct wire_message *m, struct mono until)
{
    int err =
        mono_now().ns < until.ns ? wire_wait(k->socket, false, KEEPER_PATIENCE_S) : -ETIMEDOUT;

    return err ? err : wire_receive(k->socket, m, NULL, 0);
}

int keeper_receive_hosts(struct keeper *k, struct wire_message *m)
{
    struct keeper_hosts *h = &k->asked;
    uint32_t kind = m->kind, option = m->option, room;
    struct mono until = mono_add(mono_now(), span_seconds(KEEPER_PATIENCE_S));
    int err;

    h->count = 0;
    h->placed = kind == WIRE_GATE && (option & WIRE_PLACED);
    room = h->placed ? WIRE_PLACES : WIRE_HOSTS;
    for (;;) {
        if (m->kind != kind || m->option != option || m->count > room ||
            (m->more && m->count != room) || h->count + m->count > WIRE_HOSTS_MAX)
            return -EPROTO;
        err = take_hosts(h, m);
        if (err || !m->more)
            return err;
        err = keeper_receive_more(k, m, until);
        if (err)
            return err;
    }
}

/* Why host `i` of the ask may not be let out, or NULL. */
static const char *refusal_of_place(const struct keeper *k, size_t i)
{
    if (!k->conf->bind_mac || (k->asked.placed && k->asked.places[i].len == LLADDR_ETHERNET))
        return NULL;
    return "has no Ethernet address that it could be bound to";
}

int keeper_check_hosts(struct keeper *k, bool to_open, struct gate_report *r)
{
    char text[ADDR_TEXT_LEN];
    size_t kept = 0, count = k->asked.count;
    int err = keeper_read_network(k);

    if (err < 0) {
        snprintf(r->error, sizeof r->error, "network cannot be read: %s", strerror(-err));
        return err;
    }
    for (size_t i = 0; i < count; i++) {
        const struct addr *host = &k->asked.list[i];
        const char *why =
            keeper_refusal(&k->topology, k->extra, to_open ? 0 : k->extra_count, host);

        if (!why && to_open)
            why = refusal_of_place(k, i);
        if (!why) {
            if (k->asked.placed)
                k->asked.places[kept] = k->asked.places[i];
            k->asked.list[kept++] = *host;
            continue;
        }
        addr_format(host, text);
        snprintf(r->error, sizeof r->error, "host %s %s", text, why);
        trouble_begin(&k->refused, "refused to the worker: host=%s %s", text, why);
    }
    if (kept == count)
        trouble_end(&k->refused, "the worker asks for nothing that it may not");
    /* With places they are in order as they came. */
    k->asked.count = k->asked.placed ? kept : addr_sort_once(k->asked.list, kept);
    return (int)(count - kept);
}
