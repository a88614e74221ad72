/* openhost(1): opens the machine that one comes from, for as long as it runs. */
#include "openhost.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#define ASK_MS 1000     /* between two looks at the status */
#define SAY_WAITING_S 1 /* after which a wait is told */
#define PATIENCE_S 40   /* for a daemon that says nothing: it gives up by itself before that */
#define LEAVE_S 10      /* for the daemon to close what is open */
#define RETURN_S 30     /* for a daemon that is started again */

enum slot { SLOT_LINK, SLOT_SIGNALS, SLOT_KEYS, SLOTS };

static void print_help(void)
{
    puts(_("usage: openhost [--detach | --close] [--config FILE]\n"
           "Opens the machine you come from for as long as it runs; Enter or q ends it.\n"
           "  --detach       go on in the background until your login ends\n"
           "  --close        close what you have open here\n"
           "  --config FILE  the configuration, for where tcpquotad is\n"
           "  --help, --version"));
}

/* -1: go on; otherwise the exit code. */
static int read_options(struct openhost *o, int argc, char **argv, const char **conf_path)
{
    static const struct option options[] = {
        {"detach", no_argument, NULL, 'd'},       {"close", no_argument, NULL, 'x'},
        {"config", required_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0}};
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":c:", options, NULL)) != -1) {
        switch (option) {
        case 'd':
            o->detach = true;
            break;
        case 'x':
            o->close = true;
            break;
        case 'f':
            *conf_path = optarg;
            break;
        case 'h':
            print_help();
            return program_flush("openhost", 0);
        case 'V':
            return program_print_version("openhost");
        case 'c': /* what sshd runs a login shell with */
            fprintf(stderr, "openhost: %s\n",
                    _("this login opens your machine and runs no commands"));
            return EX_NOPERM;
        default:
            return program_refuse_option("openhost", option, argv);
        }
    }
    if (optind < argc || (o->detach && o->close)) {
        fprintf(stderr, "openhost: %s: %s\n", optind < argc ? argv[optind] : "--detach, --close",
                optind < argc ? _("not understood, see openhost --help") : _("only one of them"));
        return EX_USAGE;
    }
    return -1;
}

static int open_signals(void)
{
    const int signals[] = {SIGHUP, SIGINT, SIGTERM, SIGQUIT};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(&set, signals[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int ask_for_it(struct openhost *o)
{
    return link_send(&o->link, json_pack("{s:s, s:s, s:b}", "command", "openhost", "terminal",
                                         program_terminal(), "close", (int)o->close));
}

/* While the daemon is away what is open is closed when it comes again. A --close is not taken back.
 */
static void leave(struct openhost *o)
{
    if (o->returning)
        o->close = true;
    else if (!o->leaving && !o->close)
        link_send(&o->link, json_pack("{s:s}", "ask", "close"));
    o->leaving = true;
    if (!o->returning)
        o->begun = mono_now();
}

static void on_open(struct openhost *o, const json_t *line)
{
    char text[TEXT_LEN];

    o->opened = true;
    openhost_say(o, "%s", text_fill(_("{host} is open for {user}"), line, text, sizeof text));
    if (!o->screen || o->returned)
        return;
    openhost_print_file(o, "info");
    openhost_say(o, "%s", _("Enter or q closes it"));
}

static bool is_for(const json_t *line, enum reason reason)
{
    const char *why = json_string_value(json_object_get(line, "why"));

    return why && reason_parse(why) == reason;
}

static bool is_lost_for_good(const struct openhost *o)
{
    return !o->returned || mono_since(o->lost, mono_now()).ns >= RETURN_S * NS_PER_S;
}

/* The daemon is gone and may come again, with what is open as it was: tries until it is there. What
 * it has come to meanwhile may have been the one that was about to go.
 * -1: go on; otherwise the exit code. */
static int come_again(struct openhost *o, int err)
{
    link_close(&o->link);
    if (o->leaving || (!o->opened && is_lost_for_good(o))) {
        openhost_give_terminal(o);
        return program_lost(&o->program, err);
    }
    if (o->opened) {
        openhost_say(o, "%s", _("tcpquotad is gone, waiting for it to come again ..."));
        o->lost = mono_now();
    }
    o->opened = false;
    o->returning = o->returned = true;
    return -1;
}

/* -1: go on. */
static int try_again(struct openhost *o)
{
    if (link_open(&o->link, o->program.conf.socket) == 0 && ask_for_it(o) == 0) {
        o->returning = false;
        o->begun = mono_now();
        return -1;
    }
    link_close(&o->link);
    if (!is_lost_for_good(o))
        return -1;
    openhost_give_terminal(o);
    return program_lost(&o->program, 0);
}

/* The end of all. The exit code. */
static int on_end(struct openhost *o, const json_t *line)
{
    char text[TEXT_LEN];
    int code = link_end_of(line);

    if (is_for(line, REASON_RESTART))
        return come_again(o, 0);
    if (o->opened) {
        openhost_say(o, "%s", text_why(line, text));
        if (o->screen && is_for(line, REASON_QUOTA))
            openhost_print_notice(o);
        openhost_sum_up(o, line);
        return code;
    }
    openhost_give_terminal(o);
    if (code == 0 && (o->close || !o->leaving)) /* not by this program, then from elsewhere */
        openhost_say(o, "%s", _("closed"));
    return program_tell_end(&o->program, line);
}

/* One line of the daemon. -1: go on; otherwise the exit code. */
static int on_line(struct openhost *o, const json_t *line)
{
    const char *event = json_string_value(json_object_get(line, "event"));

    if (link_end_of(line) >= 0)
        return on_end(o, line);
    if (event && strcmp(event, "open") == 0)
        on_open(o, line);
    /* What was asked for before it was told to end counts nothing of what is being closed. */
    if (event && strcmp(event, "status") == 0 && !o->leaving) {
        openhost_warn(o, line);
        openhost_show(o, line);
    }
    return -1;
}

static int on_link(struct openhost *o)
{
    json_t *line;
    int code = -1;

    do {
        int rc = link_next(&o->link, &line);

        if (rc <= 0)
            return come_again(o, rc);
        code = on_line(o, line);
        json_decref(line);
    } while (code < 0 && !o->returning && link_has_line(&o->link));
    return code;
}

static void on_key(struct openhost *o)
{
    char keys[64];
    ssize_t n = read(STDIN_FILENO, keys, sizeof keys);

    if (n <= 0) /* the terminal is gone */
        leave(o);
    for (ssize_t i = 0; i < n; i++) {
        if (keys[i] == '\n' || keys[i] == '\r' || keys[i] == 'q' || keys[i] == 'Q')
            leave(o);
    }
}

static int on_time(struct openhost *o)
{
    struct span waited = mono_since(o->begun, mono_now());

    if (o->returning)
        return try_again(o);
    if (o->opened && !o->leaving) {
        link_send(&o->link, json_pack("{s:s}", "ask", "status"));
        return -1;
    }
    if (!o->opened && !o->told_waiting && waited.ns >= SAY_WAITING_S * NS_PER_S) {
        openhost_say(o, "%s", _("waiting for tcpquotad ..."));
        o->told_waiting = true;
    }
    if (waited.ns < (o->leaving ? LEAVE_S : PATIENCE_S) * NS_PER_S)
        return -1;
    openhost_give_terminal(o);
    return program_lost(&o->program, -ETIMEDOUT);
}

/* Goes on in the background, where the terminal's end is none of its business. */
static int go_to_background(struct openhost *o)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t pid = fork();

    if (pid < 0)
        return program_fail(&o->program, EX_OSERR, "fork", strerror(errno));
    if (pid > 0)
        _exit(0); /* the socket is the child's now */
    setsid();
    for (int fd = 0; fd <= 2; fd++)
        dup2(null, fd);
    o->screen = false;
    o->detach = false;
    return -1;
}

static int serve(struct openhost *o)
{
    struct pollfd slots[SLOTS] = {
        [SLOT_LINK] = {.fd = o->link.fd, .events = POLLIN},
        [SLOT_SIGNALS] = {.fd = open_signals(), .events = POLLIN},
        [SLOT_KEYS] = {.fd = o->screen ? STDIN_FILENO : -1, .events = POLLIN},
    };
    struct mono next = mono_add(mono_now(), span_ms(ASK_MS));
    struct signalfd_siginfo signal;
    int code = -1;

    while (code < 0) {
        int64_t wait = mono_since(mono_now(), next).ns / NS_PER_MS + 1;

        slots[SLOT_LINK].fd = o->link.fd;
        if (poll(slots, SLOTS, wait > 0 ? (int)wait : 0) < 0 && errno != EINTR)
            return EX_OSERR;
        if (slots[SLOT_SIGNALS].revents && read(slots[SLOT_SIGNALS].fd, &signal, sizeof signal) > 0)
            leave(o);
        if (slots[SLOT_KEYS].revents)
            on_key(o);
        if (slots[SLOT_LINK].revents)
            code = on_link(o);
        if (code < 0 && o->opened && o->detach) {
            code = go_to_background(o);
            slots[SLOT_KEYS].fd = -1;
        }
        if (code < 0 && mono_now().ns >= next.ns) {
            code = on_time(o);
            next = mono_add(mono_now(), span_ms(ASK_MS));
        }
    }
    return code;
}

int main(int argc, char **argv)
{
    struct openhost o = {.link.fd = -1, .warned_at = INT64_MAX};
    const char *conf_path = NULL;
    int code;

    program_keep_descriptors();
    program_speak("openhost", NULL, argc, argv);
    code = read_options(&o, argc, argv, &conf_path);
    if (code >= 0)
        return code;
    code = program_start(&o.program, "openhost", conf_path);
    if (code)
        return code;
    o.screen = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !o.close && !o.detach;
    o.begun = mono_now();
    if (o.screen)
        openhost_print_file(&o, "greet");
    code = program_connect(&o.program, &o.link);
    if (!code) {
        int err = ask_for_it(&o);

        code = err ? program_lost(&o.program, err) : 0;
    }
    if (!code) {
        openhost_take_terminal(&o);
        code = serve(&o);
        openhost_give_terminal(&o);
    }
    link_close(&o.link);
    program_end(&o.program);
    return o.close || !isatty(STDOUT_FILENO) ? program_flush("openhost", code) : code;
}
