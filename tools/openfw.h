/* openfw: what the parts of openfw(8) share; openfw*.c alone include it. */
#ifndef TCPQUOTA_OPENFW_H
#define TCPQUOTA_OPENFW_H

#include "list.h"
#include "program.h"
#include "question.h"

#include <stdbool.h>

enum openfw_what { OPENFW_HOSTS, OPENFW_GROUP_OF, OPENFW_LIST, OPENFW_LOG };

struct openfw {
    struct program program;
    enum openfw_what what;
    const char *way; /* of the request: open, close, toggle, force */
    bool admin;
    int missed; /* the exit code if some could not be found, and the others were closed */
    char until[WALL_UTC_LEN]; /* "": none */
    char **names;             /* of hosts and groups, as given */
    size_t name_count;
    json_t *groups;              /* of the daemon: [{"group": NAME, "hosts": [NAME...]}...] */
    struct prefix_list localnet; /* of the daemon */
    json_t *hosts;               /* for the request */
};

/* openfw_hosts.c */
/* Asks the daemon for its groups and networks. 0 or an exit code, told. */
int openfw_ask_groups(struct openfw *f);
/* Turns the names into `hosts`: groups, addresses, names of hosts; without names the group of the
 * host that the caller comes from, or with `-a` that host. 0 or an exit code, told. */
int openfw_find_hosts(struct openfw *f);

/* openfw_list.c: what is open, and who did it. An exit code. */
int openfw_list(struct openfw *f);
int openfw_log(struct openfw *f);

#endif
