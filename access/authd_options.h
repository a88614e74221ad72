/* authd_options: the command line of tcpquota-authd(8). */
#ifndef TCPQUOTA_AUTHD_OPTIONS_H
#define TCPQUOTA_AUTHD_OPTIONS_H

#include <stdbool.h>

struct authd_options {
    const char *config; /* NULL: the default */
    const char *fifo;
    bool quiet, annoying, daemon, clean;
};

/* 0: go on; 1: the answer (help, version) has been printed; -EINVAL: the error has. */
int authd_options_parse(struct authd_options *out, int argc, char **argv);

#endif
