/* options: the command line of tcpquotad(8). */
#ifndef TCPQUOTA_OPTIONS_H
#define TCPQUOTA_OPTIONS_H

#include <stdbool.h>

struct options {
    const char *config; /* NULL: the default */
    bool debug, foreground;
    bool check, once, dry_run, clean; /* at most one of check, once and clean */
};

/* 0: go on; 1: the answer (help, version) has been printed; -EINVAL: the error has. */
int options_parse(struct options *out, int argc, char **argv);

#endif
