#include "xtables_has.h"

#include <netinet/in.h> /* before the kernel's own */

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* As iptables(8) asks. */
static bool has(int family, const char *name, uint8_t revision, int v4_option, int v6_option)
{
    struct xt_get_revision ask = {.revision = revision};
    socklen_t len = sizeof ask;
    int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW), rc;

    if (fd < 0)
        return false;
    snprintf(ask.name, sizeof ask.name, "%s", name);
    rc = family == AF_INET ? getsockopt(fd, IPPROTO_IP, v4_option, &ask, &len)
                           : getsockopt(fd, IPPROTO_IPV6, v6_option, &ask, &len);
    close(fd);
    return rc == 0;
}

bool xtables_has_match(int family, const char *name, uint8_t revision)
{
    return has(family, name, revision, IPT_SO_GET_REVISION_MATCH, IP6T_SO_GET_REVISION_MATCH);
}

bool xtables_has_target(int family, const char *name, uint8_t revision)
{
    return has(family, name, revision, IPT_SO_GET_REVISION_TARGET, IP6T_SO_GET_REVISION_TARGET);
}
