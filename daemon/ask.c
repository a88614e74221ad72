#include "ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Only a keeper that refuses is worth asking again. */
static int lose(struct ask *a, int err)
{
    if (!err)
        return 0;
    a->lost = true;
    return -EPIPE;
}

static int hear(struct ask *a, struct wire_message *m, int *descriptors, size_t room)
{
    int err = a->lost ? -EPIPE : wire_receive(a->fd, m, descriptors, room);

    if (err == -EAGAIN) {
        err = wire_wait(a->fd, false, ASK_PATIENCE_S);
        if (!err)
            err = wire_receive(a->fd, m, descriptors, room);
    }
    return lose(a, err);
}

/* The answer that ask_idle() did not wait for. */
static int hear_idle(struct ask *a)
{
    struct wire_message m;
    int err = a->idle ? hear(a, &m, NULL, 0) : 0;

    if (!err && a->idle)
        a->found += m.result ? 1 : m.outcome.changes;
    a->idle = false;
    return err;
}

static int tell(struct ask *a, const struct wire_message *m)
{
    int err = a->lost ? -EPIPE : hear_idle(a);

    return err ? err : lose(a, wire_send(a->fd, m, NULL, 0, ASK_PATIENCE_S));
}

/* A list of hosts, in as many messages as it takes, at least one. */
static int tell_hosts(struct ask *a, enum wire_kind kind, uint32_t option, const struct addr *hosts,
                      size_t count)
{
    struct wire_message m = {.kind = kind, .option = option};
    int err;

    do {
        m.count = (uint32_t)(count < WIRE_HOSTS ? count : WIRE_HOSTS);
        m.more = count > WIRE_HOSTS;
        if (m.count)
            memcpy(m.hosts, hosts, m.count * sizeof *hosts);
        hosts += m.count;
        count -= m.count;
        err = tell(a, &m);
    } while (!err && m.more);
    return err;
}

/* The same for hosts with their places. */
static int tell_places(struct ask *a, enum wire_kind kind, uint32_t option,
                       const struct addr *hosts, const struct lladdr *places, size_t count)
{
    struct wire_message m = {.kind = kind, .option = option | WIRE_PLACED};
    size_t at = 0;
    int err;

    do {
        m.count = (uint32_t)(count - at < WIRE_PLACES ? count - at : WIRE_PLACES);
        m.more = count - at > WIRE_PLACES;
        for (uint32_t i = 0; i < m.count; i++, at++)
            m.places[i] = (struct wire_place){hosts[at], places[at]};
        err = tell(a, &m);
    } while (!err && m.more);
    return err;
}

/* The same for numbers. */
static int tell_numbers(struct ask *a, enum wire_kind kind, uint32_t option,
                        const uint64_t *numbers, size_t count)
{
    struct wire_message m = {.kind = kind, .option = option};
    int err;

    if (count > WIRE_NUMBERS_MAX)
        return -E2BIG;
    do {
        m.count = (uint32_t)(count < WIRE_NUMBERS ? count : WIRE_NUMBERS);
        m.more = count > WIRE_NUMBERS;
        if (m.count)
            memcpy(m.numbers, numbers, m.count * sizeof *numbers);
        numbers += m.count;
        count -= m.count;
        err = tell(a, &m);
    } while (!err && m.more);
    return err;
}

/* ... and the answer to them, which has no list. */
static int ask_numbers(struct ask *a, enum wire_kind kind, uint32_t option, const uint64_t *numbers,
                       size_t count)
{
    struct wire_message m;
    int err = tell_numbers(a, kind, option, numbers, count);

    if (!err)
        err = hear(a, &m, NULL, 0);
    if (!err && m.kind != WIRE_DONE)
        err = lose(a, -EPROTO);
    return err ? err : m.result;
}

/* An ask without a list, and its answer. */
static int ask_once(struct ask *a, enum wire_kind kind, uint32_t option, struct wire_message *m,
                    int *descriptors, size_t room)
{
    int err = tell_hosts(a, kind, option, NULL, 0);

    if (!err)
        err = hear(a, m, descriptors, room);
    return err ? err : lose(a, m->kind == WIRE_DONE ? 0 : -EPROTO);
}

static int add_hosts(struct addr **list, size_t *count, const struct wire_message *m)
{
    struct addr *more = realloc(*list, (*count + m->count + 1) * sizeof *more);

    if (!more)
        return -ENOMEM;
    memcpy(more + *count, m->hosts, m->count * sizeof *more);
    *list = more;
    *count += m->count;
    return 0;
}

static int hear_report(struct ask *a, struct gate_report *r)
{
    struct wire_message m;
    int err = 0, bad;

    while ((bad = hear(a, &m, NULL, 0)) == 0 && m.kind != WIRE_DONE && !err) {
        if (m.kind == WIRE_MISSING)
            err = add_hosts(&r->missing, &r->missing_count, &m);
        else if (m.kind == WIRE_EXTRA)
            err = add_hosts(&r->extra, &r->extra_count, &m);
    }
    if (bad || err)
        return bad ? bad : lose(a, err);
    r->v4 = m.outcome.v4;
    r->v6 = m.outcome.v6;
    r->lease = m.outcome.lease;
    r->changes = m.outcome.changes;
    r->exempts = m.outcome.exempts != 0;
    snprintf(r->error, sizeof r->error, "%s", m.outcome.error);
    return m.result;
}

/* As many hosts as an ask can hold. */
static int ask_some_flows(struct ask *a, enum flow_way way, const struct addr *hosts, size_t count,
                          ask_flow *each, void *context)
{
    struct wire_message m;
    int err = tell_hosts(a, WIRE_FLOWS, (uint32_t)way | (each ? WIRE_COUNTED : 0), hosts, count);

    while (!err && (err = hear(a, &m, NULL, 0)) == 0 && m.kind != WIRE_DONE) {
        for (uint32_t i = 0; each && i < m.count; i++)
            each(context, &m.flows[i]);
    }
    return err ? err : m.result;
}

int ask_gate(struct ask *a, const struct addr *hosts, const struct lladdr *places, size_t count,
             bool online, struct gate_report *report)
{
    uint32_t option = online ? WIRE_ONLINE : 0;
    int err;

    *report = (struct gate_report){0};
    if (count > WIRE_HOSTS_MAX) {
        snprintf(report->error, sizeof report->error, "more than %d hosts shall be open",
                 WIRE_HOSTS_MAX);
        /* A sign of life that renews no lease. */
        ask_some_flows(a, FLOW_CLOSE, NULL, 0, NULL, NULL);
        return report->v4 = report->v6 = -E2BIG;
    }
    err = places ? tell_places(a, WIRE_GATE, option, hosts, places, count)
                 : tell_hosts(a, WIRE_GATE, option, hosts, count);
    if (!err)
        err = hear_report(a, report);
    if (a->lost) {
        report->v4 = report->v6 = err;
        snprintf(report->error, sizeof report->error, "the keeper is gone or has stopped");
    }
    return err;
}

int ask_flows(struct ask *a, enum flow_way way, const struct addr *hosts, size_t count,
              ask_flow *each, void *context)
{
    int changed = 0, n = 0;

    for (size_t at = 0; at < count && n >= 0; at += WIRE_HOSTS_MAX) {
        size_t some = count - at < WIRE_HOSTS_MAX ? count - at : WIRE_HOSTS_MAX;

        n = ask_some_flows(a, way, hosts + at, some, each, context);
        changed += n;
    }
    return n < 0 ? n : changed;
}

int ask_clean(struct ask *a, char error[GATE_ERROR_LEN])
{
    struct wire_message m;
    int err = ask_once(a, WIRE_CLEAN, 0, &m, NULL, 0);

    snprintf(error, GATE_ERROR_LEN, "%s",
             err ? "the keeper is gone or has stopped" : m.outcome.error);
    return err ? err : m.result;
}

int ask_renew(struct ask *a, bool online)
{
    struct wire_message m;
    int err = ask_once(a, WIRE_RENEW, online ? WIRE_ONLINE : 0, &m, NULL, 0);

    return err ? err : m.result;
}

int ask_table(struct ask *a)
{
    struct wire_message m;
    int fd = -1, err = ask_once(a, WIRE_TABLE, 0, &m, &fd, 1);

    if (!err)
        err = m.result;
    if (!err)
        return fd >= 0 ? fd : -EBADF;
    if (fd >= 0)
        close(fd);
    return err;
}

int ask_reload(struct ask *a, int *snapshot, int *log)
{
    struct wire_message m;
    int fds[WIRE_DESCRIPTORS] = {-1, -1};
    int err = ask_once(a, WIRE_RELOAD, 0, &m, fds, WIRE_DESCRIPTORS), *next = fds;

    *snapshot = *log = -1;
    if (err)
        return err;
    if (m.option & WIRE_SNAPSHOT)
        *snapshot = *next++;
    if (m.option & WIRE_LOG)
        *log = *next;
    return m.result;
}

int ask_holders(struct ask *a, bool ftp, const uint64_t *inodes, size_t count, struct holder **out)
{
    struct holder *found = calloc(count + 1, sizeof *found);
    struct wire_message m;
    size_t n = 0;
    int err = found ? tell_numbers(a, WIRE_HOLDERS, ftp ? WIRE_FTP : 0, inodes, count) : -ENOMEM;

    *out = NULL;
    while (!err && (err = hear(a, &m, NULL, 0)) == 0 && m.kind != WIRE_DONE) {
        if (m.kind != WIRE_HELD || m.count > WIRE_HOLDERS_HELD || m.count > count - n) {
            err = lose(a, -EPROTO);
            break;
        }
        memcpy(found + n, m.held, m.count * sizeof *found);
        n += m.count;
    }
    if (!err && m.result < 0)
        err = m.result;
    if (err || n == 0) {
        free(found);
        return err;
    }
    *out = found;
    return (int)n;
}

int ask_block(struct ask *a, const uint64_t *uids, size_t count)
{
    return ask_numbers(a, WIRE_BLOCK, 0, uids, count);
}

int ask_cut(struct ask *a, uint32_t uid, const uint64_t *inodes, size_t count)
{
    return ask_numbers(a, WIRE_CUT, uid, inodes, count);
}

int ask_evict(struct ask *a, uint32_t uid, enum wire_news why)
{
    return ask_numbers(a, WIRE_EVICT, uid, &(uint64_t){why}, 1);
}

int ask_pardon(struct ask *a, uint32_t uid)
{
    return ask_numbers(a, WIRE_PARDON, uid, NULL, 0);
}

int ask_tell(struct ask *a, uint32_t uid, enum wire_news news, int64_t seconds)
{
    const uint64_t numbers[] = {news, (uint64_t)seconds};

    return ask_numbers(a, WIRE_TELL, uid, numbers, 2);
}

int ask_idle(struct ask *a)
{
    int err = tell(a, &(struct wire_message){.kind = WIRE_IDLE});

    a->idle = !err;
    return err;
}

int ask_ready(struct ask *a)
{
    return tell(a, &(struct wire_message){.kind = WIRE_READY});
}

void ask_leave(struct ask *a, int code, bool kept)
{
    tell(a, &(struct wire_message){.kind = WIRE_LEAVE,
                                   .option = (uint32_t)code | (kept ? WIRE_KEPT : 0)});
}
