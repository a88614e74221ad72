#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

enum { OPTION_ONCE = 256, OPTION_DRY_RUN, OPTION_CLEAN };

static const struct option longs[] = {
    {"config", required_argument, NULL, 'c'},   {"debug", no_argument, NULL, 'd'},
    {"foreground", no_argument, NULL, 'f'},     {"check", no_argument, NULL, 'n'},
    {"once", no_argument, NULL, OPTION_ONCE},   {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {"clean", no_argument, NULL, OPTION_CLEAN}, {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},        {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: tcpquotad [-dfn] [--once | --clean] [--dry-run] [-c FILE]\n"
    "  -c, --config FILE  configuration, /etc/tcpquota/tcpquota.cf if not named\n"
    "  -d, --debug        stay in the foreground, debug log on the terminal\n"
    "  -f, --foreground   stay in the foreground\n"
    "  -n, --check        test configuration, database and firewall; change nothing\n"
    "      --once         one pass, then exit\n"
    "      --dry-run      tell on the terminal what would be charged, opened, closed; do none of "
    "it\n"
    "      --clean        remove all firewall entries and masq rows, then exit\n"
    "  -h, --help         this text\n"
    "  -V, --version      the version\n";

static int fault(const char *what)
{
    fprintf(stderr, "tcpquotad: %s\n", what);
    return -EINVAL;
}

static int take(struct options *o, int c)
{
    switch (c) {
    case 'c':
        o->config = optarg;
        return 0;
    case 'd':
        o->debug = o->foreground = true;
        return 0;
    case 'f':
        o->foreground = true;
        return 0;
    case 'n':
        o->check = true;
        return 0;
    case OPTION_ONCE:
        o->once = true;
        return 0;
    case OPTION_DRY_RUN:
        o->dry_run = true;
        return 0;
    case OPTION_CLEAN:
        o->clean = true;
        return 0;
    case 'h':
        fputs(usage, stdout);
        return 1;
    case 'V':
        puts("tcpquotad " VERSION);
        return 1;
    case ':':
        return fault("command line: an option lacks its argument, try --help");
    default:
        return fault("command line: unknown option, try --help");
    }
}

int options_parse(struct options *out, int argc, char **argv)
{
    int c, rc = 0;

    *out = (struct options){0};
    opterr = 0;
    while (rc == 0 && (c = getopt_long(argc, argv, ":c:dfnhV", longs, NULL)) != -1)
        rc = take(out, c);
    if (rc)
        return rc;
    if (optind < argc)
        return fault("command line: takes no arguments, try --help");
    if (out->check + out->once + out->clean > 1)
        return fault("command line: only one of --check, --once and --clean");
    if (out->dry_run && (out->check || out->clean))
        return fault("command line: --dry-run goes with neither --check nor --clean");
    out->foreground = out->foreground || out->dry_run;
    return 0;
}
