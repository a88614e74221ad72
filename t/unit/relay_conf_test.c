/* What a relay is to do where its configuration says nothing, and where it says it. */
#include "relay_conf.h"
#include "tap.h"

#include <syslog.h>

static void tell(void *context, const char *text)
{
    (void)context;
    tap_note("%s", text);
}

static void read_text(struct tap *t, struct relay_conf *c, const char *text)
{
    relay_conf_init(c, "tcprelay");
    tap_is(t, relay_conf_read_text(c, text, "file", "spawnd", NULL, tell, NULL), 0, "it is read");
    tap_is(t, relay_conf_check(c, "file", false, tell, NULL), 0, "and is whole");
}

static void test_defaults(struct tap *t)
{
    struct relay_conf c;

    read_text(t, &c,
              "id = spawnd { listen = { port = 2222 } }"
              "id = tcprelay { remote = { address = 10.0.0.1 port = 22 } tls cert = both.pem }");
    tap_is(t, c.users_min, 5, "users min");
    tap_is(t, c.users_max, 40, "users max");
    tap_is(t, c.servers_min, 2, "servers min");
    tap_is(t, c.servers_max, 8, "servers max");
    tap_is(t, c.idle_s, 0, "no idle timeout");
    tap_is(t, c.retire, 0, "retire is unset");
    tap_is(t, c.rebalance, 0, "rebalance is unset");
    tap_is(t, c.level, LOG_INFO, "syslog's level");
    tap_text(t, c.facility, "uucp", "its facility");
    tap_text(t, c.ident, "tcprelay", "its ident");
    tap_is(t, c.listens[0].backlog, 128, "backlog");
    tap_ok(t, !c.listens[0].tls && !c.listens[0].at.address.family, "no tls, any address");
    tap_is(t, c.remotes[0].weight, 1, "weight");
    tap_ok(t, !c.remotes[0].to.sctp, "TCP");
    tap_ok(t, !c.key, "the key is the certificate's file");
    tap_text(t, c.service, "tcprelay", "service");
    relay_conf_free(&c);
}

static void test_values(struct tap *t)
{
    struct relay_conf c;

    read_text(t, &c,
              "id = spawnd { listen = { ::0 port = 1 protocol = SCTP backlog = 7 }"
              " spawn { users min = 1 users max = 2 servers max = 1 } }"
              "id = tcprelay { remote = { address = ::1 port = 22 protocol = SCTP weight = 9 }"
              " remote = { address = 10.0.0.1 port = 22 weight = 0 } local address = 10.0.0.9"
              " rebalance = 3 retire = 4 idle timeout = 5 syslog severity = DEBUG"
              " syslog facility = LOCAL0 syslog ident = mine }");
    tap_is(t, c.users_max, 2, "users max");
    tap_is(t, c.servers_min, 1, "servers min follows a lower max");
    tap_is(t, c.listens[0].at.address.family, AF_INET6, "a bare ::0");
    tap_ok(t, c.listens[0].at.sctp && c.remotes[0].to.sctp, "SCTP");
    tap_is(t, c.listens[0].backlog, 7, "backlog");
    tap_is(t, c.remotes[0].weight, 9, "weight");
    tap_is(t, c.remotes[1].weight, 1, "one below 1 is 1");
    tap_is(t, c.local.family, AF_INET, "local address");
    tap_is(t, c.rebalance, 3, "rebalance");
    tap_is(t, c.retire, 4, "retire");
    tap_is(t, c.idle_s, 5, "idle timeout");
    tap_is(t, c.level, LOG_DEBUG, "severity");
    tap_text(t, c.facility, "LOCAL0", "facility");
    tap_text(t, c.ident, "mine", "ident");
    relay_conf_free(&c);
}

int main(void)
{
    struct tap t = {0};

    test_defaults(&t);
    test_values(&t);
    return tap_done(&t);
}
