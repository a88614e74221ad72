/*
 * relay_conf: what a relay is to do, as a file in the form of tcprelay (event-driven servers) says,
 * or a section [relay:NAME] of tcpquota.cf(5).
 *
 * Reading blocks on the file, and on the look-up of names. All faults are told, each with its
 * place.
 */
#ifndef TCPQUOTA_RELAY_CONF_H
#define TCPQUOTA_RELAY_CONF_H

#include "conf.h"
#include "endpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct relay_listen {
    struct endpoint at;
    bool tls;
    int backlog;
};

struct relay_remote {
    struct endpoint to;
    uint32_t weight; /* at least 1 */
};

struct relay_conf {
    struct relay_listen *listens;
    size_t listen_count;
    struct relay_remote *remotes;
    size_t remote_count;
    struct addr local; /* of connections to the remotes; family 0: the kernel's choice */
    int64_t users_min, users_max, servers_min, servers_max;
    int64_t rebalance, retire;  /* connections; 0: unset */
    int64_t idle_s;             /* 0: never */
    int64_t connect_s, check_s; /* check_s 0: no checks */
    bool proxy;                 /* PROXY protocol, version 2, to the remotes */
    char *cert, *key, *pass;    /* or NULL */
    char *ident, *facility;     /* of syslog(3) */
    int level;                  /* of syslog(3) */
    bool has_syslog;            /* something was said of it */
    bool background;
    char *pidfile;     /* or NULL */
    int64_t mechanism; /* IO_POLL_MECHANISM: 0, 4, 8, 16 */
    char *service;     /* whose rules and backends count */
};

/* What is the same whatever a configuration says, and how one is given back. 0 or -ENOMEM. */
int relay_conf_init(struct relay_conf *c, const char *program);
void relay_conf_free(struct relay_conf *c);

/* Told once for each fault, with its place. */
typedef void relay_fault(void *context, const char *text);

/* From a file; `id` and `child` are the names of its sections, `child` NULL: as it says, or
 * tcprelay. 0, -EINVAL after faults were told, -ENOMEM. */
int relay_conf_read_file(struct relay_conf *c, const char *path, const char *id, const char *child,
                         relay_fault *fault, void *context);
/* The same from a text; `path` is what messages call it. */
int relay_conf_read_text(struct relay_conf *c, const char *text, const char *path, const char *id,
                         const char *child, relay_fault *fault, void *context);
/* From the lines of [relay:NAME]; `path` is what messages call the file. As above; -ENOENT, told:
 * no such section. */
int relay_conf_read_section(struct relay_conf *c, const struct conf *conf, const char *name,
                            const char *path, relay_fault *fault, void *context);
/* What only the whole of it shows, and what depends on it: 0 or -EINVAL, told. `database`: remotes
 * may be in a table. */
int relay_conf_check(struct relay_conf *c, const char *path, bool database, relay_fault *fault,
                     void *context);

/* The parts that both forms have. 0; -ENOMEM; -EINVAL with what was expected in *what. */
int relay_conf_add_listen(struct relay_conf *c, const struct relay_listen *l);
int relay_conf_add_remote(struct relay_conf *c, const struct relay_remote *r);
int relay_conf_set_text(char **member, const char *value);
int relay_conf_set_number(int64_t *member, const char *value, int64_t min, int64_t max,
                          const char **what);
int relay_conf_set_bool(bool *member, const char *value, const char **what);
int relay_conf_set_port(uint16_t *member, const char *value, const char **what);
int relay_conf_set_address(struct addr *member, const char *value, const char **what);
int relay_conf_set_protocol(bool *sctp, const char *value, const char **what);
/* `ident`, `level` or `severity`, `facility`. */
int relay_conf_set_syslog(struct relay_conf *c, const char *which, const char *value,
                          const char **what);

#endif
