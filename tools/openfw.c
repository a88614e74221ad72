/* openfw(8): opens and closes hosts and groups of hosts, for teachers and administrators. */
#include "openfw.h"

#include "amount.h"
#include "show.h"
#include "text.h"
#include "view.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define HOSTS_MAX 1024 /* that the daemon takes at once */

static void print_help(void)
{
    puts(_("usage: openfw [--open | --close] [--for TIME | --until CLOCK] [HOST | GROUP ...]\n"
           "Opens the hosts if one of them is closed, closes them otherwise; without names those\n"
           "of the group of the host you come from.\n"
           "  --open, --close   do this, whatever they are\n"
           "  --for 45m, --until 15:00   close by themselves\n"
           "  -g HOST ...       the group of that host\n"
           "  -a [HOST ...]     for administration; without a name the host you come from\n"
           "  -c HOST ...       close, whoever opened it\n"
           "  -l [HOST ...]     what is open, by whom, since when\n"
           "  --log [USER]      who has opened and closed what\n"
           "  --json            what is told, for programs\n"
           "  --config FILE     the configuration, for where tcpquotad is\n"
           "  --help, --version"));
}

static int misused(const char *what, const char *why)
{
    fprintf(stderr, "openfw: %s: %s\n", what, why);
    return EX_USAGE;
}

/* When what is opened closes by itself. 0 or EX_USAGE. */
static int set_until(struct openfw *f, int option, const char *text)
{
    struct wall at = wall_now();
    int64_t seconds;
    int err;

    if (option == 'F') {
        err = amount_parse_span(text, &seconds);
        if (!err)
            at = wall_add(at, span_seconds(seconds));
    } else {
        err = amount_parse_clock(text, at, &at);
    }
    if (err)
        return misused(text, option == 'F' ? _("no time such as 45m or 2h")
                                           : _("no clock time such as 15:00"));
    wall_format_utc(at, f->until);
    return 0;
}

static int set_way(struct openfw *f, const char *way)
{
    if (strcmp(f->way, "toggle") != 0 && strcmp(f->way, way) != 0)
        return misused("--open, --close, -c", _("only one of them"));
    f->way = way;
    return 0;
}

static int set_what(struct openfw *f, enum openfw_what what)
{
    if (f->what != OPENFW_HOSTS && f->what != what)
        return misused("-g, -l, --log", _("only one of them"));
    f->what = what;
    return 0;
}

/* Whether the options go together, and with the names. 0 or EX_USAGE. */
static int check_options(const struct openfw *f)
{
    bool forces = strcmp(f->way, "force") == 0, looks = f->what >= OPENFW_LIST;

    if (looks && (strcmp(f->way, "toggle") != 0 || *f->until || f->admin))
        return misused(f->what == OPENFW_LIST ? "-l" : "--log", _("it only shows what is so"));
    if (forces && f->admin)
        return misused("-a, -c", _("only one of them"));
    if (forces && !f->name_count)
        return misused("-c", _("it needs a host"));
    if (f->what == OPENFW_GROUP_OF && !f->name_count)
        return misused("-g", _("it needs a host"));
    if (f->what == OPENFW_LOG && f->name_count > 1)
        return misused(f->names[1], _("one user at a time"));
    if (*f->until && (forces || strcmp(f->way, "close") == 0))
        return misused("--for, --until", _("only for what is opened"));
    return 0;
}

static int take_option(struct openfw *f, int option, const char **conf_path)
{
    switch (option) {
    case 'o':
        return set_way(f, "open");
    case 'x':
        return set_way(f, "close");
    case 'c':
        return set_way(f, "force");
    case 'F':
    case 'U':
        if (*f->until)
            return misused("--for, --until", _("only one of them"));
        return set_until(f, option, optarg);
    case 'g':
        return set_what(f, OPENFW_GROUP_OF);
    case 'a':
        f->admin = true;
        return 0;
    case 'l':
        return set_what(f, OPENFW_LIST);
    case 'L':
        return set_what(f, OPENFW_LOG);
    case 'J':
        f->program.json = true;
        return 0;
    case 'f':
        *conf_path = optarg;
        return 0;
    default:
        return EX_USAGE;
    }
}

/* -1: go on; otherwise the exit code. */
static int read_options(struct openfw *f, int argc, char **argv, const char **conf_path)
{
    static const struct option options[] = {
        {"open", no_argument, NULL, 'o'},         {"close", no_argument, NULL, 'x'},
        {"for", required_argument, NULL, 'F'},    {"until", required_argument, NULL, 'U'},
        {"log", no_argument, NULL, 'L'},          {"json", no_argument, NULL, 'J'},
        {"config", required_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0}};
    int option, code;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":gacl", options, NULL)) != -1) {
        if (option == 'h') {
            print_help();
            return program_flush("openfw", 0);
        }
        if (option == 'V')
            return program_print_version("openfw");
        if (option == '?' || option == ':')
            return program_refuse_option("openfw", option, argv);
        code = take_option(f, option, conf_path);
        if (code)
            return code;
    }
    f->names = argv + optind;
    f->name_count = (size_t)(argc - optind);
    code = check_options(f);
    return code ? code : -1;
}

/* How many hosts came out as what. */
struct outcome {
    size_t opened, closed, total;
    size_t kept; /* of the opened ones: were open before, and stay as they are */
};

/* A host that is not as it was asked for, or was so before. */
static void tell_exception(const struct openfw *f, const json_t *row)
{
    const char *host = json_string_value(json_object_get(row, "host"));
    json_t *facts = json_copy((json_t *)row);
    char text[TEXT_LEN];

    /* Some sentences are about the user that it was to be opened for. */
    json_object_set_new(facts, "user", json_string(f->admin ? "admin" : "free"));
    text_why(facts, text);
    json_decref(facts);
    if (!host || strstr(text, host)) /* some sentences name the host */
        program_fail(&f->program, 0, text, NULL);
    else
        program_fail(&f->program, 0, host, text);
}

static void take_row(struct openfw *f, json_t *row, struct outcome *o, json_t *rows)
{
    const char *state = json_string_value(json_object_get(row, "state")),
               *why = json_string_value(json_object_get(row, "why"));

    if (state && strcmp(state, "open") == 0) {
        o->opened++;
        o->kept += !why || strcmp(why, "ok") != 0;
    } else {
        o->closed++;
    }
    if (f->program.json)
        json_array_append(rows, row);
    else if (why && strcmp(why, "ok") != 0)
        tell_exception(f, row);
}

/* What was open before does not end then. */
static void tell_until(const struct openfw *f, const struct outcome *o)
{
    char until[WALL_LOCAL_LEN];

    show_time(f->until, until, sizeof until);
    if (o->kept == 0 && o->opened > 0)
        printf(_("until %s\n"), until);
    else if (o->opened > o->kept)
        printf(_("%zu of them until %s\n"), o->opened - o->kept, until);
}

static void sum_up(const struct openfw *f, const struct outcome *o, json_t *rows)
{

    if (f->program.json) {
        json_t *all = json_pack("{s:O}", "openfw", rows);

        view_print_json(all);
        puts("");
        json_decref(all);
    } else {
        printf(_("%zu open, %zu closed\n"), o->opened, o->closed);
        if (*f->until)
            tell_until(f, o);
    }
    fflush(stdout);
}

static void tell_progress(void *context)
{
    const struct outcome *o = context;

    fprintf(stderr, _("waiting: %zu of %zu\n"), o->opened + o->closed, o->total);
}

static int follow(struct openfw *f, struct link *link)
{
    struct outcome o = {.total = json_array_size(f->hosts)};
    json_t *rows = json_array(), *line;
    int code = -1, rc = 0;

    while (code < 0 && (rc = link_wait(link, tell_progress, &o)) == 0 &&
           (rc = link_next(link, &line)) > 0) {
        json_t *row = json_object_get(line, "row");

        if (row)
            take_row(f, row, &o, rows);
        if (link_end_of(line) >= 0) {
            if (json_array_size(rows) || o.opened + o.closed || link_end_of(line) == 0)
                sum_up(f, &o, rows);
            code = program_tell_end(&f->program, line);
        }
        json_decref(line);
    }
    json_decref(rows);
    return code < 0 ? program_lost(&f->program, rc) : code;
}

static int order(struct openfw *f)
{
    struct link link;
    json_t *request = json_pack("{s:s, s:s, s:b, s:O}", "command", "openfw", "way", f->way, "admin",
                                (int)f->admin, "hosts", f->hosts);
    int code, err;

    if (*f->until && request)
        json_object_set_new(request, "until", json_string(f->until));
    code = program_connect(&f->program, &link);
    if (code) {
        json_decref(request);
    } else {
        err = link_send(&link, request);
        code = err ? program_lost(&f->program, err) : follow(f, &link);
    }
    link_close(&link);
    return code;
}

static int run(struct openfw *f)
{
    int code;

    if (f->what == OPENFW_LIST)
        return openfw_list(f);
    if (f->what == OPENFW_LOG)
        return openfw_log(f);
    code = openfw_ask_groups(f);
    if (!code)
        code = openfw_find_hosts(f);
    if (!code && json_array_size(f->hosts) > HOSTS_MAX)
        code =
            program_fail(&f->program, EX_DATAERR, _("too many hosts at once, 1024 at most"), NULL);
    if (!code)
        code = order(f);
    return code ? code : f->missed;
}

int main(int argc, char **argv)
{
    struct openfw f = {.way = "toggle"};
    const char *conf_path = NULL;
    int code;

    program_keep_descriptors();
    program_speak("openfw", NULL, argc, argv);
    code = program_check_words("openfw", argc, argv);
    if (code)
        return code;
    code = read_options(&f, argc, argv, &conf_path);
    if (code >= 0)
        return code;
    code = program_start(&f.program, "openfw", conf_path);
    if (code)
        return code;
    code = program_flush("openfw", run(&f));
    json_decref(f.groups);
    json_decref(f.hosts);
    prefix_list_free(&f.localnet);
    program_end(&f.program);
    return code;
}
