#include "relay_options.h"

#include "num.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_CONFIG = 256, OPTION_HELP, OPTION_RELAY, OPTION_SERVICE, OPTION_VERSION };

static const struct option longs[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"help", no_argument, NULL, OPTION_HELP},
    {"relay", required_argument, NULL, OPTION_RELAY},
    {"service", required_argument, NULL, OPTION_SERVICE},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: tcpquota-server --relay NAME [OPTION ...]\n"
    "       tcprelay [OPTION ...] FILE [ID]\n"
    "  NAME               [relay:NAME] of the configuration; with a / in it, a FILE\n"
    "  FILE               a configuration of tcprelay; ID: of its section, spawnd if not named\n"
    "  -P                 read the configuration, tell its faults, exit\n"
    "  -d LEVEL           tell more, on the terminal\n"
    "  -i CHILD_ID        the section of the relay, tcprelay if not named\n"
    "  -b, -f             go to the background; do not\n"
    "  -p FILE            write our pid there\n"
    "      --service NAME whose rules and backends count\n"
    "      --config FILE  the configuration, /etc/tcpquota/tcpquota.cf if not named\n"
    "      --help, --version\n";

static int fault(const struct relay_options *o, const char *what, const char *value)
{
    fprintf(stderr, "%s: command line: %s%s%s, try --help\n", o->program, what, value ? ": " : "",
            value ? value : "");
    return -EINVAL;
}

static int take_relay(struct relay_options *o, const char *name)
{
    if (strchr(name, '/'))
        o->file = name;
    else
        o->name = name;
    return *name ? 0 : fault(o, "--relay without a name", NULL);
}

static int take_long(struct relay_options *o, int c)
{
    switch (c) {
    case OPTION_CONFIG:
        o->config = optarg;
        return 0;
    case OPTION_RELAY:
        return take_relay(o, optarg);
    case OPTION_SERVICE:
        o->service = optarg;
        return *optarg ? 0 : fault(o, "--service without a name", NULL);
    case OPTION_HELP:
        fputs(usage, stdout);
        return 1;
    case OPTION_VERSION:
        printf("%s %s\n", o->program, VERSION);
        return 1;
    default:
        return fault(o, c == ':' ? "an option lacks its argument" : "unknown option", NULL);
    }
}

static int take(struct relay_options *o, int c)
{
    switch (c) {
    case 'P':
        o->parse_only = true;
        return 0;
    case 'd':
        return num_parse(optarg, 0, INT32_MAX, &o->debug) == 0
                   ? 0
                   : fault(o, "no level of debugging", optarg);
    case 'i':
        o->child = optarg;
        return 0;
    case 'b':
    case 'f':
        o->background = c == 'b';
        o->foreground = c == 'f';
        return 0;
    case 'p':
        o->pidfile = optarg;
        return 0;
    default:
        return take_long(o, c);
    }
}

int relay_options_parse(struct relay_options *out, const char *program, int argc, char **argv)
{
    int c, rc = 0;

    *out = (struct relay_options){.program = program, .id = "spawnd"};
    opterr = 0;
    while (rc == 0 && (c = getopt_long(argc, argv, "+:Pd:i:bfp:", longs, NULL)) != -1)
        rc = take(out, c);
    if (rc)
        return rc;
    if (!out->name && !out->file && optind < argc)
        out->file = argv[optind++];
    if (out->file && optind < argc)
        out->id = argv[optind++];
    if (optind < argc)
        return fault(out, "too many arguments", argv[optind]);
    if (!out->name && !out->file)
        return fault(out, "a configuration file is needed", NULL);
    if (out->file && strstr(out->file, "://"))
        return fault(out, "a configuration by URL is not fetched, name a file", out->file);
    return 0;
}
