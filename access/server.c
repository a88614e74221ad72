/* tcpquota-server(8): the main file. */
#include "background.h"
#include "log.h"
#include "relay_master.h"
#include "relay_options.h"
#include "server_door.h"
#include "server_options.h"
#include "server_source.h"

#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>

#define PROGRAM "tcpquota-server"

static const char *name_of(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    return slash ? slash + 1 : path && *path ? path : PROGRAM;
}

static int run_door(const char *program, int argc, char **argv)
{
    struct server_options options;
    struct server_source source;
    struct server_door_setup setup = {.options = &options, .entrance = &source.entrance};
    int code = server_options_parse(&options, program, argc, argv);

    if (code)
        return code < 0 ? EX_USAGE : 0;
    log_to_stderr(program);
    log_set_level(options.verbosity == 0   ? LOG_LEVEL_NONE
                  : options.verbosity == 1 ? LOG_LEVEL_WARNING
                                           : LOG_LEVEL_INFO);
    code = server_source_find(&source, &options);
    if (!code)
        code = server_door_run(&setup);
    server_source_free(&source);
    return code;
}

static int run_relay(const char *program, int argc, char **argv)
{
    struct relay_options options;
    int code = relay_options_parse(&options, program, argc, argv);

    if (code)
        return code < 0 ? EX_USAGE : 0;
    return relay_master_run(&options);
}

/* By its name, or by what it is told first. */
static bool is_relay(const char *program, int argc, char **argv)
{
    return strcmp(program, "tcprelay") == 0 ||
           (argc > 1 && strncmp(argv[1], "--relay", strlen("--relay")) == 0);
}

/* libevent's own, which would go to stderr past our log. */
static void take_event_line(int severity, const char *text)
{
    if (severity >= EVENT_LOG_WARN)
        log_warning("events: %s", text);
}

int main(int argc, char **argv)
{
    const char *program = name_of(argv[0]);
    sigset_t none;

    if (background_fill_descriptors() != 0)
        return EX_OSERR;
    log_to_stderr(program);
    event_set_log_callback(take_event_line);
    /* Whoever starts us may have blocked what we live by. */
    sigemptyset(&none);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_SETMASK, &none, NULL) != 0)
        return EX_OSERR;
    return is_relay(program, argc, argv) ? run_relay(program, argc, argv)
                                         : run_door(program, argc, argv);
}
