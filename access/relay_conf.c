#include "relay_conf.h"

#include "num.h"
#include "syslog_names.h"
#include "words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#define CONNECT_S 5
#define CHECK_S 10
/* What the manual of spawnd has, where nothing is said. */
#define USERS_MIN 5
#define USERS_MAX 40
#define SERVERS_MIN 2
#define SERVERS_MAX 8

int relay_conf_init(struct relay_conf *c, const char *program)
{
    *c = (struct relay_conf){.users_min = -1,
                             .users_max = USERS_MAX,
                             .servers_min = -1,
                             .servers_max = SERVERS_MAX,
                             .connect_s = CONNECT_S,
                             .check_s = CHECK_S,
                             .level = LOG_INFO,
                             .ident = strdup(program),
                             .facility = strdup("uucp")};
    return c->ident && c->facility ? 0 : -ENOMEM;
}

void relay_conf_free(struct relay_conf *c)
{
    free(c->listens);
    free(c->remotes);
    free(c->cert);
    free(c->key);
    if (c->pass)
        explicit_bzero(c->pass, strlen(c->pass));
    free(c->pass);
    free(c->ident);
    free(c->facility);
    free(c->pidfile);
    free(c->service);
    *c = (struct relay_conf){0};
}

int relay_conf_add_listen(struct relay_conf *c, const struct relay_listen *l)
{
    struct relay_listen *list = reallocarray(c->listens, c->listen_count + 1, sizeof *list);

    if (!list)
        return -ENOMEM;
    c->listens = list;
    list[c->listen_count++] = *l;
    return 0;
}

int relay_conf_add_remote(struct relay_conf *c, const struct relay_remote *r)
{
    struct relay_remote *list = reallocarray(c->remotes, c->remote_count + 1, sizeof *list);

    if (!list)
        return -ENOMEM;
    c->remotes = list;
    list[c->remote_count++] = *r;
    return 0;
}

int relay_conf_set_text(char **member, const char *value)
{
    free(*member);
    *member = strdup(value);
    return *member ? 0 : -ENOMEM;
}

int relay_conf_set_number(int64_t *member, const char *value, int64_t min, int64_t max,
                          const char **what)
{
    *what = "a whole number, within its range";
    return num_parse(value, min, max, member) == 0 ? 0 : -EINVAL;
}

int relay_conf_set_bool(bool *member, const char *value, const char **what)
{
    *what = "yes or no";
    return words_parse_bool(value, member);
}

int relay_conf_set_port(uint16_t *member, const char *value, const char **what)
{
    *what = "a port from 1 to 65535, or a service of /etc/services";
    return endpoint_parse_port(value, member) == 0 && *member ? 0 : -EINVAL;
}

/* `::0` is how the manual of tcprelay writes ::. */
int relay_conf_set_address(struct addr *member, const char *value, const char **what)
{
    *what = "an address of IPv4 or IPv6";
    return addr_parse(value, member) == 0 ? 0 : -EINVAL;
}

int relay_conf_set_protocol(bool *sctp, const char *value, const char **what)
{
    *what = "TCP or SCTP";
    *sctp = strcasecmp(value, "SCTP") == 0;
    return *sctp || strcasecmp(value, "TCP") == 0 ? 0 : -EINVAL;
}

int relay_conf_set_syslog(struct relay_conf *c, const char *which, const char *value,
                          const char **what)
{
    c->has_syslog = true;
    if (strcasecmp(which, "ident") == 0)
        return relay_conf_set_text(&c->ident, value);
    if (strcasecmp(which, "facility") == 0) {
        *what = "a facility of syslog(3), such as DAEMON";
        return syslog_facility(value) < 0 ? -EINVAL : relay_conf_set_text(&c->facility, value);
    }
    *what = "ident, severity or facility";
    if (strcasecmp(which, "level") != 0 && strcasecmp(which, "severity") != 0)
        return -EINVAL;
    *what = "a level of syslog(3), such as INFO";
    c->level = syslog_level(value);
    return c->level < 0 ? -EINVAL : 0;
}

static int complain(const char *path, const char *what, relay_fault *fault, void *context)
{
    char text[512];

    snprintf(text, sizeof text, "%s: %s", path, what);
    fault(context, text);
    return -EINVAL;
}

static int64_t at_most(int64_t n, int64_t max)
{
    return n < max ? n : max;
}

/* Two that would be one socket, and one of them speaks TLS. */
static bool contradict(const struct relay_listen *a, const struct relay_listen *b)
{
    bool same = !a->at.address.family || !b->at.address.family ||
                addr_equal(&a->at.address, &b->at.address);

    return same && a->at.port == b->at.port && a->at.sctp == b->at.sctp && a->tls != b->tls;
}

int relay_conf_check(struct relay_conf *c, const char *path, bool database, relay_fault *fault,
                     void *context)
{
    bool tls = false;
    int err = 0;

    if (c->users_min < 0)
        c->users_min = at_most(USERS_MIN, c->users_max);
    if (c->servers_min < 0)
        c->servers_min = at_most(SERVERS_MIN, c->servers_max);
    for (size_t i = 0; i < c->listen_count; i++)
        tls = tls || c->listens[i].tls;
    for (size_t i = 0; i < c->listen_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (contradict(&c->listens[i], &c->listens[k]))
                err = complain(path, "one place is named with tls and without", fault, context);
        }
    }
    if (c->listen_count == 0)
        err = complain(path, "there is no listen: where connections are accepted", fault, context);
    if (c->remote_count == 0 && !database)
        err = complain(path, "there is no remote: where they are relayed to", fault, context);
    if (tls && !c->cert)
        err = complain(path, "there is a listen with tls, and no certificate", fault, context);
    if (c->users_min > c->users_max)
        err = complain(path, "users min is above users max", fault, context);
    if (c->servers_min > c->servers_max)
        err = complain(path, "servers min is above servers max", fault, context);
    return err;
}
