#include "gate_lease.h"

#include "gate_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LISTS "/proc/net/xt_recent/"

/* A line for the list of the family (net/netfilter/xt_recent.c, recent_mt_proc_write()). */
static int write_list(int family, const char *line)
{
    const char *path = family == AF_INET ? LISTS GATE_LEASE : LISTS GATE_LEASE6;
    int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, line, strlen(line)) != (ssize_t)strlen(line))
        err = errno ? -errno : -EIO;
    close(fd);
    return err;
}

/* `+ADDRESS' puts the address into the list, as seen now. Time there is jiffies: steps of the clock
 * do not matter. */
int gate_lease_renew(int family)
{
    return write_list(family, family == AF_INET ? "+0.0.0.0\n" : "+::\n");
}

int gate_lease_end(int family)
{
    return write_list(family, "/\n");
}

/* As iptables(8) asks: the kernel loads the module if it has one. */
static bool has_match(int family, const char *name, uint8_t revision)
{
    struct xt_get_revision ask = {.revision = revision};
    socklen_t len = sizeof ask;
    int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW), rc;

    if (fd < 0)
        return false;
    snprintf(ask.name, sizeof ask.name, "%s", name);
    rc = family == AF_INET ? getsockopt(fd, IPPROTO_IP, IPT_SO_GET_REVISION_MATCH, &ask, &len)
                           : getsockopt(fd, IPPROTO_IPV6, IP6T_SO_GET_REVISION_MATCH, &ask, &len);
    close(fd);
    return rc == 0;
}

static bool has_matches(const struct topology *topology, const char *name, uint8_t revision)
{
    return (topology->v4.localnet.count == 0 || has_match(AF_INET, name, revision)) &&
           (topology->v6.localnet.count == 0 || has_match(AF_INET6, name, revision));
}

bool gate_lease_works(const struct topology *topology)
{
    return has_matches(topology, "recent", 1);
}

bool gate_macs_work(const struct topology *topology)
{
    return has_matches(topology, "mac", 0);
}

bool gate_owners_work(const struct topology *topology)
{
    return has_matches(topology, "owner", 1) && has_matches(topology, "tcp", 0);
}
