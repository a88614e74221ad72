#include "gate_lease.h"

#include "gate.h"
#include "ruleset.h"
#include "xtables_has.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define LISTS "/proc/net/xt_recent/"

/* A line for the list of the family (net/netfilter/xt_recent.c, recent_mt_proc_write()). */
static int write_list(int family, const char *line)
{
    const char *path = family == AF_INET ? LISTS RULE_LEASE : LISTS RULE_LEASE6;
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

static bool has_matches(const struct topology *topology, const char *name, uint8_t revision)
{
    return (topology->v4.localnet.count == 0 || xtables_has_match(AF_INET, name, revision)) &&
           (topology->v6.localnet.count == 0 || xtables_has_match(AF_INET6, name, revision));
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
