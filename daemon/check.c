#include "check.h"

#include "conntrack.h"
#include "gate.h"
#include "log.h"
#include "network.h"
#include "nftables.h"
#include "sandbox.h"
#include "store.h"
#include "timeouts.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
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

static void warn_of_chain(void *context, const char *name, bool by_policy)
{
    (void)context;
    log_warning("nftables chain \"%s\" drops forwarded traffic by %s, open hosts included", name,
                by_policy ? "policy" : "a rule");
}

static void warn_of_landlock(void)
{
    int version = sandbox_landlock_version();

    if (version < 0)
        log_warning(
            "no-landlock the kernel has no Landlock (%s): which files the worker reaches is "
            "limited by their owners alone",
            strerror(-version));
}

static void warn_of_nftables(void)
{
    int found = nftables_find_dropping(warn_of_chain, NULL);

    if (found < 0)
        log_warning("nftables cannot be read: %s", strerror(-found));
}

void check_warn_of_start(void)
{
    warn_of_nftables();
    warn_of_landlock();
}

static bool has_conntrack(void)
{
    struct flow_timeouts timeouts;

    return access(CONNTRACK_PATH, R_OK) == 0 && timeouts_read(&timeouts) == 0;
}

#define NO_CONNTRACK                                                                               \
    CONNTRACK_PATH ": not there: load the module nf_conntrack, or use a kernel with "              \
                   "CONFIG_NF_CONNTRACK_PROCFS; without it nobody is charged"

void check_warn_of_conntrack(void)
{
    if (!has_conntrack())
        log_err(NO_CONNTRACK);
}

static int fault(int code, int *worst)
{
    if (!*worst)
        *worst = code;
    return code;
}

/* As the worker will do it: root does not open it. */
static int open_as_worker(const struct sandbox *user, const char *database)
{
    char why[SANDBOX_WHY_LEN];
    struct store *store = NULL;
    int err = sandbox_enter(user, &(struct sandbox_needs){.database = database}, why);

    if (err) {
        log_err("privilege cannot be given up: %s", why);
        return EX_OSERR;
    }
    err = store_open(&store, database, STORE_READ);
    if (err == -ENOENT && store_never_was(database))
        err = 0; /* it will be made */
    if (err)
        log_err("database %s: %s", database, store_error(store));
    store_close(store);
    return err ? EX_IOERR : 0;
}

static int check_database(const struct sandbox *user, const char *database)
{
    char why[STORE_WHY_LEN];
    int status = 0, given = store_would_prepare(database, user->uid, why);
    pid_t pid;

    if (given < 0) {
        log_err("database %s: %s", database, why);
        return EX_IOERR;
    }
    /* What root still has can be looked at by the worker only after the start has given it away. */
    if (given > 0)
        return 0;
    fflush(NULL);
    pid = fork();
    if (pid == 0)
        _exit(open_as_worker(user, database));
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
        log_err("database %s: the process that looks at it failed", database);
        return EX_OSERR;
    }
    return WEXITSTATUS(status);
}

/* A file that will be written: it, or at least its folder, has to be there. */
static void check_file(const char *key, const char *path, int *worst)
{
    char folder[PATH_MAX];

    snprintf(folder, sizeof folder, "%s", path);
    if (access(path, F_OK) == 0 ? access(path, W_OK) == 0 : access(dirname(folder), W_OK) == 0)
        return;
    log_err("%s=%s: cannot be written: %s", key, path, strerror(errno));
    fault(EX_IOERR, worst);
}

static void check_worker(const struct conf *conf, int *worst)
{
    struct sandbox user;
    int err = sandbox_find(&user);

    if (err) {
        log_err("user %s: %s", SANDBOX_USER, sandbox_strerror(err));
        fault(EX_OSERR, worst);
        return;
    }
    err = check_database(&user, conf->database);
    if (err)
        fault(err, worst);
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
        log_err("gate: %s; without it nobody is let out or held back", error);
        fault(EX_OSERR, worst);
    } else {
        if (conf->lease && !gate_lease_works(&topology))
            log_warning(GATE_NO_LEASE);
        if (conf->bind_mac && !gate_macs_work(&topology)) {
            log_err(GATE_NO_MACS);
            fault(EX_OSERR, worst);
        }
        if (conf->enforce_local == ENFORCE_CLOSE && !gate_owners_work(&topology)) {
            log_err(GATE_NO_OWNER);
            fault(EX_OSERR, worst);
        }
    }
    topology_free(&topology);
}

int check_run(const struct conf *conf)
{
    int worst = 0;

    check_worker(conf, &worst);
    check_file("PIDFILE", conf->pidfile, &worst);
    if (strcmp(conf->logfile, "syslog") != 0)
        check_file("LOGFILE", conf->logfile, &worst);
    if (!has_conntrack()) {
        log_err(NO_CONNTRACK);
        fault(EX_OSERR, &worst);
    }
    check_network(conf, &worst);
    check_warn_of_start();
    if (!worst)
        puts("tcpquotad: configuration, database and firewall are in order");
    return worst;
}
