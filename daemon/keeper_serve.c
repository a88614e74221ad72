/* One ask of the worker: received, checked, carried out, answered. */
#include "keeper_state.h"

#include "conntrack.h"
#include "log.h"
#include "network.h"
#include "settings.h"
#include "text.h"
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define RELAY_S 60  /* for all flows of an ask */
#define BREATH 1024 /* flows after which the worker is told that we are still at it */

int keeper_read_network(struct keeper *k)
{
    struct net_state net;
    struct topology next;
    int err;

    k->topology_stale = network_drain(k->network) || k->topology_stale;
    if (!k->topology_stale)
        return 0;
    err = network_read(&net);
    if (err)
        return err;
    err = topology_derive(&next, k->conf, &net);
    net_state_free(&net);
    if (err)
        return err;
    topology_free(&k->topology);
    k->topology = next;
    k->topology_stale = false;
    return 1;
}

static uint32_t lease_of(const struct keeper *k)
{
    return k->has_lease ? (uint32_t)k->conf->lease : 0;
}

static void keep_extra(struct keeper *k, const struct gate_report *r)
{
    struct addr *copy = calloc(r->extra_count + 1, sizeof *copy);

    free(k->extra);
    k->extra = copy;
    k->extra_count = copy ? r->extra_count : 0;
    if (k->extra_count)
        memcpy(copy, r->extra, r->extra_count * sizeof *copy);
}

int keeper_drive_gate(struct keeper *k, const struct addr *hosts, const struct lladdr *macs,
                      size_t count, struct gate_report *report)
{
    struct gate_order order = {
        .topology = &k->topology,
        .policy = {.drop_closed = k->conf->closed_action == CLOSED_DROP, .lease = lease_of(k)},
        .hosts = hosts,
        .macs = macs,
        .count = count,
        .uids = k->blocked,
        .uid_count = k->has_owners ? k->blocked_count : 0};
    int err = gate_apply(&order, report);

    keep_extra(k, report);
    k->driven = true;
    k->cleaned = false;
    k->v4_leaks = report->v4_leaks;
    k->v6_leaks = report->v6_leaks;
    return err;
}

static int answer(struct keeper *k, const struct wire_message *m, const int *descriptors,
                  size_t count)
{
    return wire_send(k->socket, m, descriptors, count, KEEPER_PATIENCE_S);
}

/* Cleared as a whole: nothing of ours that stood on the stack goes along. */
static void begin(struct wire_message *m, enum wire_kind kind)
{
    memset(m, 0, sizeof *m);
    m->kind = kind;
}

int keeper_answer(struct keeper *k, const struct wire_message *m)
{
    return answer(k, m, NULL, 0);
}

int keeper_answer_result(struct keeper *k, int result)
{
    struct wire_message m;

    begin(&m, WIRE_DONE);
    m.result = result;
    return answer(k, &m, NULL, 0);
}

static int answer_hosts(struct keeper *k, enum wire_kind kind, const struct addr *hosts,
                        size_t count)
{
    struct wire_message m;
    int err = 0;

    begin(&m, kind);
    for (size_t i = 0; i < count && !err; i += m.count) {
        m.count = (uint32_t)(count - i < WIRE_HOSTS ? count - i : WIRE_HOSTS);
        memcpy(m.hosts, hosts + i, m.count * sizeof *hosts);
        err = answer(k, &m, NULL, 0);
    }
    return err;
}

/* The end of an answer that has words. */
static int answer_outcome(struct keeper *k, int result, const struct gate_report *r)
{
    struct wire_message m;

    begin(&m, WIRE_DONE);
    m.result = result;
    m.outcome.v4 = r->v4;
    m.outcome.v6 = r->v6;
    m.outcome.lease = r->lease;
    m.outcome.changes = r->changes;
    m.outcome.exempts = r->exempts;
    snprintf(m.outcome.error, sizeof m.outcome.error, "%s", r->error);
    return answer(k, &m, NULL, 0);
}

static int serve_gate(struct keeper *k, struct wire_message *m)
{
    bool online = m->option & WIRE_ONLINE;
    struct gate_report r = {0};
    int err = keeper_receive_hosts(k, m), result;

    if (err)
        return err;
    result = keeper_check_hosts(k, true, &r);
    if (result)
        r.v4 = r.v6 = result = result > 0 ? -EACCES : result;
    else
        result = keeper_drive_gate(k, k->asked.list, k->conf->bind_mac ? k->asked.places : NULL,
                                   k->asked.count, &r);
    err = answer_hosts(k, WIRE_MISSING, r.missing, r.missing_count);
    if (!err)
        err = answer_hosts(k, WIRE_EXTRA, r.extra, r.extra_count);
    if (!err)
        err = answer_outcome(k, result, &r);
    gate_report_free(&r);
    verify_run(&k->verify, k->conf, online, mono_now());
    return err;
}

/* Somebody has made entries of hosts. */
static void close_extra(struct keeper *k)
{
    char text[ADDR_TEXT_LEN];
    int dropped;

    for (size_t i = 0; i < k->extra_count; i++)
        log_warning("close host=%s cause=admin it had an entry and no row that is open",
                    addr_format(&k->extra[i], text));
    dropped =
        flows_change(k->flows, FLOW_CLOSE, &k->topology, k->extra, k->extra_count, NULL, NULL);
    if (dropped < 0)
        log_err("flows of %zu hosts cannot be dropped: %s", k->extra_count, strerror(-dropped));
}

/* Nobody is open, and the worker does not wait: what is found changed is told here. */
static int serve_idle(struct keeper *k)
{
    struct gate_report r = {0};
    int anew = keeper_read_network(k);
    int err = anew < 0 ? anew : keeper_drive_gate(k, NULL, NULL, 0, &r);

    if (err || r.lease)
        trouble_begin(&k->idle, "gate: %s", *r.error ? r.error : strerror(-err));
    else
        trouble_end(&k->idle, "gate");
    if (!err && r.extra_count)
        close_extra(k);
    else if (!err && r.changes && !anew)
        log_warning("restore entries: somebody else had changed ours");
    verify_run(&k->verify, k->conf, false, mono_now());
    err = answer_outcome(k, err, &r);
    gate_report_free(&r);
    return err;
}

/* Flows on their way to the worker. */
struct relay {
    struct keeper *k;
    struct wire_message m;
    struct mono until; /* nobody reads as slowly as that */
    bool counted;
    unsigned since; /* the last message */
    int err;
};

static void relay_send(struct relay *r)
{
    if (!r->err)
        r->err = mono_now().ns < r->until.ns ? answer(r->k, &r->m, NULL, 0) : -ETIMEDOUT;
    r->m.count = 0;
    r->since = 0;
}

static void relay_flow(void *context, const struct flow *flow)
{
    struct relay *r = context;

    if (r->counted)
        r->m.flows[r->m.count++] = *flow;
    r->since++;
    if (r->m.count == WIRE_FLOWS_SEEN || r->since == BREATH)
        relay_send(r);
}

static int serve_flows(struct keeper *k, struct wire_message *m)
{
    uint32_t way = m->option & ~WIRE_COUNTED;
    struct relay relay = {.k = k, .counted = m->option & WIRE_COUNTED};
    struct gate_report r = {0};
    int err = way > FLOW_RAISE ? -EPROTO : keeper_receive_hosts(k, m), result;

    if (err)
        return err;
    begin(&relay.m, WIRE_SEEN);
    relay.until = mono_add(mono_now(), span_seconds(RELAY_S));
    result = keeper_check_hosts(k, false, &r);
    if (result >= 0)
        result = flows_change(k->flows, (enum flow_way)way, &k->topology, k->asked.list,
                              k->asked.count, relay_flow, &relay);
    if (relay.m.count)
        relay_send(&relay);
    return relay.err ? relay.err : keeper_answer_result(k, result);
}

static int serve_clean(struct keeper *k)
{
    struct gate_report r = {0};
    int result = gate_clean(r.error);

    if (result)
        gate_expire(); /* until the next start, or --clean */
    k->cleaned = true;
    return answer_outcome(k, result, &r);
}

static int serve_renew(struct keeper *k, const struct wire_message *m)
{
    int err = keeper_read_network(k);

    if (err >= 0)
        err = lease_of(k) ? gate_renew(&k->topology, !k->v4_leaks, !k->v6_leaks) : 0;
    verify_run(&k->verify, k->conf, m->option & WIRE_ONLINE, mono_now());
    return keeper_answer_result(k, err);
}

static int serve_table(struct keeper *k)
{
    struct wire_message m;
    int fd = conntrack_open(), err;

    if (fd < 0)
        return keeper_answer_result(k, fd);
    begin(&m, WIRE_DONE);
    err = answer(k, &m, &fd, 1);
    close(fd);
    return err;
}

static void warn_of_change(const char *key, const char *was, const char *is)
{
    if (strcmp(was, is) != 0)
        log_warning("reload %s=%s takes effect at the next start", key, is);
}

static void reopen_log(struct keeper *k, const char *path)
{
    int err = k->setup.to_file ? log_to_file(path, SETTINGS_TCPQUOTAD) : 0;

    if (err)
        log_err("log %s cannot be opened, the old one goes on: %s", path, strerror(-err));
}

/* The configuration of now; the old one goes on if it has faults. */
static int take_conf(struct keeper *k, int snapshot)
{
    struct conf *next, *was = k->conf;

    reopen_log(k, was->logfile); /* what is wrong with the configuration is in the new one */
    next = settings_load(snapshot, k->setup.conf_path, SETTINGS_TCPQUOTAD, NULL);
    if (!next) {
        log_err("reload %s has faults, the old configuration goes on", k->setup.conf_path);
        return -EINVAL;
    }
    if (strcmp(was->logfile, next->logfile) != 0)
        reopen_log(k, next->logfile);
    if (next->enforce_local == ENFORCE_CLOSE && !k->has_owners)
        log_err(GATE_NO_OWNER);
    warn_of_change("DATABASE", was->database, next->database);
    warn_of_change("PIDFILE", was->pidfile, next->pidfile);
    warn_of_change("SOCKET", was->socket, next->socket);
    k->conf = next;
    text_set_language((enum conf_language)next->language);
    k->topology_stale = true;
    /* Whom it spares now is not ended; whom it does not the worker asks for again. */
    evict_call_off_all(k->evict, mono_now());
    settings_free(was);
    return 0;
}

static int serve_reload(struct keeper *k)
{
    struct wire_message m;
    int fds[WIRE_DESCRIPTORS], snapshot = settings_snapshot(k->setup.conf_path);
    size_t count = 0;
    int err;

    begin(&m, WIRE_DONE);
    m.result = take_conf(k, snapshot);
    if (m.result == 0) {
        m.option |= WIRE_SNAPSHOT;
        fds[count++] = snapshot;
    }
    if (log_descriptor() >= 0) {
        m.option |= WIRE_LOG;
        fds[count++] = log_descriptor();
    }
    err = answer(k, &m, fds, count);
    if (snapshot >= 0)
        close(snapshot);
    return err;
}

int keeper_serve(struct keeper *k)
{
    struct wire_message m;
    int err = wire_receive(k->socket, &m, NULL, 0);

    if (err)
        return err == -EAGAIN ? 0 : err;
    switch (m.kind) {
    case WIRE_GATE:
        return serve_gate(k, &m);
    case WIRE_FLOWS:
        return serve_flows(k, &m);
    case WIRE_CLEAN:
        return serve_clean(k);
    case WIRE_IDLE:
        return serve_idle(k);
    case WIRE_RENEW:
        return serve_renew(k, &m);
    case WIRE_TABLE:
        return serve_table(k);
    case WIRE_RELOAD:
        return serve_reload(k);
    case WIRE_READY:
        k->ready = true;
        return 0;
    case WIRE_LEAVE:
        k->left = true;
        k->kept = m.option & WIRE_KEPT;
        k->code = (m.option & ~WIRE_KEPT) <= 255 ? (int)(m.option & ~WIRE_KEPT) : EX_SOFTWARE;
        return 0;
    default:
        return keeper_serve_local(k, &m);
    }
}
