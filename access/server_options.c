#include "server_options.h"

#include "num.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT 40 /* connections at a time, as tcpserver(1) has it */
#define BACKLOG 128
#define INFO_S 26
#define BANNER_MAX 4096 /* bytes: what a fresh socket takes at once */

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
    "usage: %s [OPTION ...] HOST PORT PROGRAM [ARGUMENT ...]\n"
    "       %s --relay NAME [--config FILE] [-P] [-d LEVEL]\n"
    "  -q, -Q, -v    say nothing; errors (default); all that happens\n"
    "  -c N          N connections at a time (40)\n"
    "  -m FILE       rules from this database\n"
    "  -x FILE       rules from this text, as tcprules(1) takes it\n"
    "  -X            let everybody in where there are no rules at all\n"
    "      --service NAME  whose rules count; the port, as typed, if not named\n"
    "      --config FILE   the configuration, /etc/tcpquota/tcpquota.cf if not named\n"
    "  -B TEXT       send this at once\n"
    "  -g GID, -u UID, -U  become this group, this user, those of $GID and $UID\n"
    "  -b N          N connections wait to be accepted (128)\n"
    "  -1            print the port\n"
    "  -o, -O        keep IP options; remove them (default)\n"
    "  -d, -D        let the kernel delay (default); TCP_NODELAY\n"
    "  -h, -H        look the name of the client up (default); do not\n"
    "  -p, -P        check the name against its addresses; do not (default)\n"
    "  -l NAME       do not look our own name up, it is NAME\n"
    "  -r, -R        ask the client's identd (default); do not\n"
    "  -t N          give up on that after N seconds (26)\n"
    "      --help, --version\n";

static int fault(const struct server_options *o, const char *what, const char *value)
{
    fprintf(stderr, "%s: command line: %s%s%s, try --help\n", o->program, what, value ? ": " : "",
            value ? value : "");
    return -EINVAL;
}

static int take_number(const struct server_options *o, const char *what, const char *value,
                       int64_t min, int64_t max, int64_t *out)
{
    return num_parse(value, min, max, out) == 0 ? 0 : fault(o, what, value);
}

static int take_uid(struct server_options *o, const char *value)
{
    int64_t uid;

    if (!value || num_parse(value, 0, UINT32_MAX - 1, &uid) != 0)
        return fault(o, "no number of a user", value);
    o->uid = (uid_t)uid;
    o->has_uid = true;
    return 0;
}

static int take_gid(struct server_options *o, const char *value)
{
    int64_t gid;

    if (!value || num_parse(value, 0, UINT32_MAX - 1, &gid) != 0)
        return fault(o, "no number of a group", value);
    o->gid = (gid_t)gid;
    o->has_gid = true;
    return 0;
}

/* Those that are on or off. False: it is none of them. */
static bool take_switch(struct server_options *o, int c)
{
    switch (c) {
    case '1':
        o->print_port = true;
        return true;
    case 'X':
        o->allow_missing = true;
        return true;
    case 'p':
    case 'P':
        o->paranoid = c == 'p';
        return true;
    case 'h':
    case 'H':
        o->look_up_host = c == 'h';
        return true;
    case 'r':
    case 'R':
        o->ask_info = c == 'r';
        return true;
    case 'o':
    case 'O':
        o->keep_ip_options = c == 'o';
        return true;
    case 'd':
    case 'D':
        o->no_delay = c == 'D';
        return true;
    case 'q':
    case 'Q':
    case 'v':
        o->verbosity = c == 'q' ? 0 : c == 'Q' ? 1 : 2;
        return true;
    default:
        return false;
    }
}

static int take_value(struct server_options *o, int c)
{
    switch (c) {
    case 'c':
        return take_number(o, "no number of connections", optarg, 1, 1000000, &o->limit);
    case 'b':
        return take_number(o, "no number of connections that wait", optarg, 1, INT32_MAX,
                           &o->backlog);
    case 't':
        return take_number(o, "no number of seconds", optarg, 1, 86400, &o->info_seconds);
    case 'x':
        o->text = optarg;
        return 0;
    case 'm':
        o->database = optarg;
        return 0;
    case 'B':
        o->banner = optarg;
        return strlen(optarg) > BANNER_MAX ? fault(o, "-B is longer than 4096 bytes", NULL) : 0;
    case 'l':
        o->local_name = optarg;
        return 0;
    case 'g':
        return take_gid(o, optarg);
    case 'u':
        return take_uid(o, optarg);
    case 'U':
        return take_gid(o, getenv("GID")) ? -EINVAL : take_uid(o, getenv("UID"));
    default:
        return fault(o, c == ':' ? "an option lacks its argument" : "unknown option", NULL);
    }
}

static int take(struct server_options *o, int c)
{
    switch (c) {
    case OPTION_CONFIG:
        o->config = optarg;
        return 0;
    case OPTION_SERVICE:
        o->service = optarg;
        return *optarg ? 0 : fault(o, "--service without a name", NULL);
    case OPTION_RELAY:
        return fault(o, "--relay stands first", NULL);
    case OPTION_HELP:
        printf(usage, o->program, o->program);
        return 1;
    case OPTION_VERSION:
        printf("%s %s\n", o->program, VERSION);
        return 1;
    default:
        return take_switch(o, c) ? 0 : take_value(o, c);
    }
}

int server_options_parse(struct server_options *out, const char *program, int argc, char **argv)
{
    int c, rc = 0;

    *out = (struct server_options){.program = program,
                                   .look_up_host = true,
                                   .ask_info = true,
                                   .verbosity = 1,
                                   .limit = LIMIT,
                                   .backlog = BACKLOG,
                                   .info_seconds = INFO_S};
    opterr = 0;
    /* The program's own options stand behind its name. */
    while (rc == 0 &&
           (c = getopt_long(argc, argv, "+:1UXpPhHrRoOdDqQvc:x:m:B:g:u:b:l:t:", longs, NULL)) != -1)
        rc = take(out, c);
    if (rc)
        return rc;
    if (out->text && out->database)
        return fault(out, "-x and -m exclude each other", NULL);
    if (argc - optind < 3)
        return fault(out, "HOST, PORT and PROGRAM are needed", NULL);
    out->host = argv[optind];
    out->port = argv[optind + 1];
    out->command = argv + optind + 2;
    if (!out->service)
        out->service = out->port;
    return 0;
}
