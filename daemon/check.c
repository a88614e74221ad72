#include "check.h"

#include "conntrack.h"
#include "gate.h"
#include "log.h"
#include "network.h"
#include "nftables.h"
#include "store.h"
#include "timeouts.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const char *link_name(const struct net_state *net, int index)
{
    for (size_t i = 0; i < net->link_count; i++) {
        if (net->links[i].index == index)
            return net->links[i].name;
    }
    return "?";
}

static bool has_default_route(const struct net_state *net, int index)
{
    for (size_t i = 0; i < net->route_count; i++) {
        if (net->routes[i].index == index && net->routes[i].destination.len == 0)
            return true;
    }
    return false;
}

static bool is_candidate(const struct net_address *a)
{
    static const uint8_t link_local[] = {0xfe, 0x80};

    return !(a->own.family == AF_INET && a->own.bytes[0] == 127) &&
           !(a->own.family == AF_INET6 &&
             (memcmp(a->own.bytes, link_local, 2) == 0 || a->network.len == 128));
}

void check_print_networks(void)
{
    struct net_state net;
    char text[PREFIX_TEXT_LEN];

    if (network_read(&net) != 0)
        return;
    fprintf(stderr, "tcpquotad: this machine is connected to these networks:\n");
    for (size_t i = 0; i < net.address_count; i++) {
        const struct net_address *a = &net.addresses[i];

        if (!is_candidate(a))
            continue;
        fprintf(stderr, "LOCALNET=%s\t# %s%s\n", prefix_format(&a->network, text),
                link_name(&net, a->index),
                has_default_route(&net, a->index) ? ", the way to the Internet" : "");
    }
    fprintf(stderr, "tcpquotad: several local networks go on one line, blanks between them\n");
    net_state_free(&net);
}

void check_warn_of_start(void)
{
    char name[160];
    int found = nftables_dropping_chain(name, sizeof name);

    if (found > 0)
        log_warning("nftables chain \"%s\" drops forwarded traffic by policy, open hosts included",
                    name);
}

static int fault(int code, int *worst)
{
    if (!*worst)
        *worst = code;
    return code;
}

static void check_database(const struct conf *conf, int *worst)
{
    char folder[PATH_MAX];
    struct store *store = NULL;
    int err;

    err = store_open(&store, conf->database, STORE_READ);
    if (err && err != -ENOENT) {
        log_err("database %s: %s", conf->database, store_error(store));
        fault(EX_IOERR, worst);
    }
    store_close(store);
    if (err != -ENOENT)
        return;
    /* It will be made; its folder too, but not the folder's folder. */
    snprintf(folder, sizeof folder, "%s", conf->database);
    dirname(folder);
    if (access(folder, F_OK) != 0)
        dirname(folder);
    if (access(folder, W_OK) != 0) {
        log_err("database %s: cannot be made in %s: %s", conf->database, folder, strerror(errno));
        fault(EX_IOERR, worst);
    }
}

static void check_conntrack(int *worst)
{
    struct flow_timeouts timeouts;

    if (access(CONNTRACK_PATH, R_OK) != 0 || timeouts_read(&timeouts) != 0) {
        log_err("%s: not there: load the module nf_conntrack, or use a kernel with "
                "CONFIG_NF_CONNTRACK_PROCFS",
                CONNTRACK_PATH);
        fault(EX_OSERR, worst);
    }
}

static void check_network(const struct conf *conf, int *worst)
{
    struct net_state net;
    struct topology topology;
    char error[GATE_ERROR_LEN];
    int err = network_read(&net);

    if (!err) {
        if (topology_missing_wan(conf, &net))
            log_warning("WAN_IF=%s: there is no such interface", topology_missing_wan(conf, &net));
        err = topology_derive(&topology, conf, &net);
        net_state_free(&net);
    }
    if (err) {
        log_err("network cannot be read: %s", strerror(-err));
        fault(EX_OSERR, worst);
        return;
    }
    if (topology_lacks_wan(&topology))
        log_warning("there is no default route and no WAN_IF for every family of LOCALNET: not "
                    "everything would be masqueraded");
    if (topology.leak_v6)
        log_warning("IPv6 forwarding is on, but LOCALNET has no IPv6 network: IPv6 is not guarded");
    if (gate_check(&topology, error) != 0) {
        log_err("gate: %s", error);
        fault(EX_OSERR, worst);
    }
    topology_free(&topology);
}

int check_run(const struct conf *conf)
{
    int worst = 0;

    if (geteuid() != 0) {
        log_err("--check: has to be run by root");
        return EX_NOPERM;
    }
    check_database(conf, &worst);
    check_conntrack(&worst);
    check_network(conf, &worst);
    check_warn_of_start();
    if (!worst)
        puts("tcpquotad: configuration, database and firewall are in order");
    return worst;
}
