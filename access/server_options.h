/* server_options: the command line of tcpquota-server(8) as a front door. */
#ifndef TCPQUOTA_SERVER_OPTIONS_H
#define TCPQUOTA_SERVER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct server_options {
    const char *program;             /* as it was called: tcpserver, tcpquota-server */
    const char *config, *service;    /* or NULL */
    const char *text, *database;     /* -x, -m; or NULL */
    const char *banner, *local_name; /* or NULL */
    bool print_port, allow_missing, paranoid, look_up_host, ask_info, keep_ip_options, no_delay;
    int verbosity; /* 0: nothing, 1: errors, 2: all */
    int64_t limit, backlog, info_seconds;
    bool has_uid, has_gid;
    uid_t uid;
    gid_t gid;
    const char *host, *port;
    char **command; /* ends with NULL */
};

/* 0; 1 after --help or --version; -EINVAL, told. `program` is how it is called. */
int server_options_parse(struct server_options *out, const char *program, int argc, char **argv);

#endif
