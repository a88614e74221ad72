/* relay_options: the command line of tcpquota-server(8) as a relay, and that of tcprelay. */
#ifndef TCPQUOTA_RELAY_OPTIONS_H
#define TCPQUOTA_RELAY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct relay_options {
    const char *program;
    const char *config, *service, *pidfile; /* or NULL */
    const char *name;                       /* of --relay: a section; or NULL */
    const char *file, *id, *child;          /* of tcprelay: file, its sections; child may be NULL */
    bool parse_only, background, foreground;
    int64_t debug; /* level */
};

/* 0; 1 after --help or --version; -EINVAL, told. */
int relay_options_parse(struct relay_options *out, const char *program, int argc, char **argv);

#endif
