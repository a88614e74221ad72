#include "authd_options.h"

#include "settings.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#define FIFO "/run/tcpquota/cache-invalidate"

enum { OPTION_CLEAN = 256 };

static const struct option longs[] = {
    {"annoying", no_argument, NULL, 'a'},
    {"config", required_argument, NULL, 'c'},
    {"daemon", no_argument, NULL, 'd'},
    {"help", no_argument, NULL, 'h'},
    {"invalidator", required_argument, NULL, 'i'},
    {"quiet", no_argument, NULL, 'q'},
    {"clean", no_argument, NULL, OPTION_CLEAN},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: tcpquota-authd [-adq] [-c FILE] [-i FIFO] [--clean]\n"
    "  -a, --annoying          tell of everything that is done\n"
    "  -c, --config FILE       configuration, /etc/tcpquota/tcpquota.cf if not named\n"
    "  -d, --daemon            go to the background, log to the file that [auth] logfile= names\n"
    "  -i, --invalidator FIFO  where addresses to be evicted from the cache are written,\n"
    "                          " FIFO " if not named\n"
    "  -q, --quiet             tell of what is critical only\n"
    "      --clean             remove the firewall entries and sets of one that was killed, exit\n"
    "  -h, --help              this text\n"
    "  -V, --version           the version\n";

static int fault(const char *what)
{
    fprintf(stderr, SETTINGS_AUTHD ": command line: %s, try --help\n", what);
    return -EINVAL;
}

static int take(struct authd_options *o, int c)
{
    switch (c) {
    case 'a':
        o->annoying = true;
        return 0;
    case 'c':
        o->config = optarg;
        return 0;
    case 'd':
        o->daemon = true;
        return 0;
    case 'i':
        o->fifo = optarg;
        return *optarg == '/' ? 0 : fault("the FIFO of -i is no absolute path");
    case 'q':
        o->quiet = true;
        return 0;
    case OPTION_CLEAN:
        o->clean = true;
        return 0;
    case 'h':
        fputs(usage, stdout);
        return 1;
    case 'V':
        puts(SETTINGS_AUTHD " " VERSION);
        return 1;
    case ':':
        return fault("an option lacks its argument");
    default:
        return fault("unknown option");
    }
}

int authd_options_parse(struct authd_options *out, int argc, char **argv)
{
    int c, rc = 0;

    *out = (struct authd_options){.fifo = FIFO};
    opterr = 0;
    while (rc == 0 && (c = getopt_long(argc, argv, ":ac:dhi:qV", longs, NULL)) != -1)
        rc = take(out, c);
    if (rc)
        return rc;
    if (optind < argc)
        return fault("takes no arguments");
    if (out->quiet && out->annoying)
        return fault("--quiet and --annoying exclude each other");
    return 0;
}
