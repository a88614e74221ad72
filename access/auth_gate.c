#include "auth_gate.h"

#include "auth_rules.h"
#include "kernel_set.h"
#include "xtables.h"
#include "xtables_has.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int families[] = {AF_INET, AF_INET6};

static bool uses_sets(const struct conf *conf)
{
    return conf->cache.enabled && conf->cache.kernel;
}

/* A kernel that does not speak a family has nothing to guard there. */
static bool is_spoken(int family)
{
    return family == AF_INET || access("/proc/net/if_inet6", F_OK) == 0;
}

static int lacks(char why[XTABLES_WHY_LEN], int family, const char *what)
{
    snprintf(why, XTABLES_WHY_LEN, "the kernel has, for %s, no %s",
             family == AF_INET ? "IPv4" : "IPv6", what);
    return -ENOENT;
}

static int check_family(int family, const struct conf *conf, char why[XTABLES_WHY_LEN])
{
    struct xtables *x;

    /* Reading a table is what makes the kernel load it. */
    if (xtables_read(&x, family, "filter") != 0)
        return lacks(why, family, "legacy xtables (modules ip_tables, ip6_tables)");
    xtables_free(x);
    if (!xtables_has_target(family, "NFQUEUE", 3))
        return lacks(why, family, "target `NFQUEUE' (module xt_NFQUEUE)");
    if (!xtables_has_match(family, "mark", 1) || !xtables_has_target(family, "MARK", 2))
        return lacks(why, family, "`mark' or `MARK' (module xt_mark)");
    if (conf->auth.keep_state &&
        (!xtables_has_match(family, "conntrack", 3) || !xtables_has_target(family, "CONNMARK", 2)))
        return lacks(why, family, "`conntrack' or `CONNMARK' (modules xt_conntrack, xt_connmark)");
    if (uses_sets(conf) && !xtables_has_match(family, "set", 1))
        return lacks(why, family, "match `set' (module xt_set), which kernel=yes needs");
    return 0;
}

int auth_gate_check(const struct conf *conf, char why[XTABLES_WHY_LEN])
{
    int err = 0;

    for (size_t i = 0; i < sizeof families / sizeof *families && !err; i++) {
        if (is_spoken(families[i]))
            err = check_family(families[i], conf, why);
    }
    return err;
}

bool auth_gate_stands(void)
{
    bool stands = false;

    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        struct xtables *x;

        if (xtables_read(&x, families[i], "filter") != 0)
            continue;
        stands = stands || xtables_has_entries(x, RULE_AUTH_CHAIN);
        xtables_free(x);
    }
    return stands;
}

int auth_gate_make_sets(const struct conf *conf, char why[XTABLES_WHY_LEN])
{
    struct kernel_set *sets;
    int err = uses_sets(conf) ? kernel_set_open(&sets) : 0;

    if (!err && uses_sets(conf)) {
        err = kernel_set_make(sets, conf->cache.honor_port);
        kernel_set_close(sets);
    }
    if (err)
        snprintf(why, XTABLES_WHY_LEN, "sets of the kernel: %s",
                 err == -ENOENT ? "it has none (modules ip_set, ip_set_hash_ip, ip_set_hash_ipport)"
                                : strerror(-err));
    return err;
}

static int apply_to(int family, const struct conf *conf, char why[XTABLES_WHY_LEN])
{
    struct auth_sets sets = {.used = uses_sets(conf), .ports = conf->cache.honor_port};
    int index = sets.used ? kernel_set_index(family, sets.ports) : 0, rc;
    struct ruleset want;

    if (index < 0) {
        snprintf(why, XTABLES_WHY_LEN, "sets of the kernel: %s", strerror(-index));
        return index;
    }
    sets.index = (uint16_t)index;
    rc = auth_rules_make(&want, family, conf, &sets);
    if (rc)
        snprintf(why, XTABLES_WHY_LEN, "%s", strerror(-rc));
    else
        rc = xtables_apply(&want, why);
    ruleset_free(&want);
    return rc;
}

int auth_gate_apply(const struct conf *conf, char why[XTABLES_WHY_LEN])
{
    int changes = 0;

    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        int rc = is_spoken(families[i]) ? apply_to(families[i], conf, why) : 0;

        if (rc < 0)
            return rc;
        changes += rc;
    }
    return changes;
}

int auth_gate_clean(char why[XTABLES_WHY_LEN])
{
    struct kernel_set *sets;
    int err = 0;

    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        struct ruleset none;
        char said[XTABLES_WHY_LEN];
        int rc;

        auth_rules_none(&none, families[i]);
        rc = xtables_apply(&none, said);
        /* A table that the kernel does not have holds nothing of ours. */
        if (rc < 0 && rc != -ENOENT && rc != -ENOPROTOOPT) {
            err = rc;
            memcpy(why, said, sizeof said);
        }
    }
    if (!err && kernel_set_open(&sets) == 0) {
        err = kernel_set_remove(sets);
        kernel_set_close(sets);
        if (err)
            snprintf(why, XTABLES_WHY_LEN, "sets of the kernel: %s", strerror(-err));
    }
    return err;
}

void auth_gate_drop_sets(const struct conf *conf)
{
    struct kernel_set *sets;

    if (kernel_set_open(&sets) != 0)
        return;
    /* Those in use are kept by the kernel. */
    if (!uses_sets(conf))
        kernel_set_remove(sets);
    kernel_set_close(sets);
}

void auth_gate_empty_sets(void)
{
    struct kernel_set *sets;

    if (kernel_set_open(&sets) != 0)
        return;
    kernel_set_flush(sets);
    kernel_set_close(sets);
}
