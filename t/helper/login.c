/*
 * login: to a command what sshd is to a login shell, for the tests. Runs as root.
 *
 *   login [OPTION]... COMMAND [ARGUMENT]...
 *     -u USER        who logs in: a name of the passwd file, or UID:NAME of nobody in it
 *     -r ADDRESS     numeric, IPv4 or IPv6, recorded in ut_addr_v6; without it from the console
 *     -R HOSTNAME    recorded in ut_host, instead of the address
 *     -n             nothing is recorded
 *     -p             pipes instead of a terminal; then nothing is recorded, as sshd does it
 *     -s SERVICE     the name of the process, of which the kernel keeps 15 bytes; `sshd`
 *     -w             records a process of the user's between login and the command, as sshd does
 *                    since it separates privileges; otherwise login itself is recorded
 *     -a ARGV0       the command's argv[0]: that of a login shell begins with `-`
 *     -E NAME=VALUE  beside or instead of HOME, PATH, TERM and USER, at most 16 times
 *     -c COLSxROWS   size of the window; 80x24
 *     -i FIFO        what is written there is typed; what the command is too slow for is lost
 *     -o FILE        takes what the terminal shows, byte for byte; standard output
 *     -T FILE        takes the name of the terminal (pts/3; notty) once it can be typed on
 *     -e FILE        takes the exit status, in one piece, at the end
 *
 * Exits as the command: its status, or 128 + signal. On HUP, INT, QUIT and TERM, and with HUP when
 * its parent dies, it ends the record, hangs up the terminal, and exits with 128 + signal at once,
 * as sshd does, without waiting for the command. 125: it could not begin; 126, 127: the command
 * could not. The record is that of OpenSSH: line pts/3, id ts/3, IPv4-mapped addresses as IPv4.
 */
#include "addr.h"
#include "num.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmpx.h>

#define CANNOT_BEGIN 125
#define FORGED_MAX 16
#define TERMINAL_MODE 0620 /* as sshd has it: others may only write(1) to it */
#define REST_MS 100        /* between looks at a terminal that nobody has open */
#define DRAIN_READS 1000   /* of what is left to show when the command has ended */

struct user {
    const char *name, *home;
    uid_t uid;
    gid_t gid;
};

struct login {
    struct user user;
    struct addr remote;
    char *host, *service, *argv0, *input_path, *output_path, *status_path, *line_path;
    char *forged[FORGED_MAX];
    size_t forged_count;
    bool unrecorded, piped, worker;
    struct winsize window;
    char **command;
    char line[__UT_LINESIZE];
    /* -1 for none; of a terminal, screen and keys are the same */
    int input, output, screen, keys, child_in, child_out, signals;
    pid_t child, recorded;
};

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "login: %s: %s\n", what, errno ? strerror(errno) : "not understood");
    exit(CANNOT_BEGIN);
}

static struct user find_user(const char *text)
{
    const char *colon = strchr(text, ':');
    struct user u = {.name = colon ? colon + 1 : text, .home = "/"};
    const struct passwd *found;
    int64_t uid = 0;

    if (colon) {
        must(num_parse_n(text, (size_t)(colon - text), 0, UINT32_MAX - 1, &uid) == 0, text);
        u.uid = u.gid = (uid_t)uid;
        return u;
    }
    must((found = getpwnam(text)) && (u.home = strdup(found->pw_dir)), text);
    u.uid = found->pw_uid;
    u.gid = found->pw_gid;
    return u;
}

static struct winsize parse_window(const char *text)
{
    const char *x = strchr(text, 'x');
    int64_t columns = 0, rows = 0;

    must(x && num_parse_n(text, (size_t)(x - text), 1, UINT16_MAX, &columns) == 0 &&
             num_parse(x + 1, 1, UINT16_MAX, &rows) == 0,
         text);
    return (struct winsize){.ws_col = (uint16_t)columns, .ws_row = (uint16_t)rows};
}

static void take_option(struct login *l, int option)
{
    if (option == 'u') {
        l->user = find_user(optarg);
    } else if (option == 'r') {
        must(addr_parse(optarg, &l->remote) == 0, optarg);
    } else if (option == 'c') {
        l->window = parse_window(optarg);
    } else if (option == 'E') {
        must(l->forged_count < FORGED_MAX && strchr(optarg, '='), optarg);
        l->forged[l->forged_count++] = optarg;
    } else {
        must(false, "options");
    }
}

static void take_options(struct login *l, int argc, char **argv)
{
    static const char flags[] = "npw", texts[] = "RsaioeT";
    bool *flag[] = {&l->unrecorded, &l->piped, &l->worker};
    char **text[] = {&l->host,        &l->service,     &l->argv0,    &l->input_path,
                     &l->output_path, &l->status_path, &l->line_path};
    const char *letter;
    int option;

    while ((option = getopt(argc, argv, "+u:r:R:nps:wa:E:c:i:o:T:e:")) != -1) {
        if ((letter = strchr(flags, option)))
            *flag[letter - flags] = true;
        else if ((letter = strchr(texts, option)))
            *text[letter - texts] = optarg;
        else
            take_option(l, option);
    }
    must(l->user.home && argv[optind], "-u USER and a command");
    l->unrecorded |= l->piped;
    l->command = argv + optind;
}

static void open_terminal(struct login *l)
{
    char path[64] = "terminal";

    l->screen = l->keys = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    must(l->screen >= 0 && grantpt(l->screen) == 0 && unlockpt(l->screen) == 0 &&
             ptsname_r(l->screen, path, sizeof path) == 0,
         path);
    l->child_in = l->child_out = open(path, O_RDWR | O_NOCTTY);
    must(l->child_in >= 0 && fchown(l->child_in, l->user.uid, (gid_t)-1) == 0 &&
             fchmod(l->child_in, TERMINAL_MODE) == 0 &&
             ioctl(l->screen, TIOCSWINSZ, &l->window) == 0,
         path);
    snprintf(l->line, sizeof l->line, "%.*s", (int)sizeof l->line - 1, path + strlen("/dev/"));
}

static void open_pipes(struct login *l)
{
    int in[2], out[2];

    must(pipe(in) == 0 && pipe(out) == 0, "pipe");
    l->child_in = in[0];
    l->keys = in[1];
    l->screen = out[0];
    l->child_out = out[1];
    must(fcntl(l->keys, F_SETFL, O_NONBLOCK) == 0 && fcntl(l->screen, F_SETFL, O_NONBLOCK) == 0,
         "pipe");
    if (!l->input_path) /* there is nothing to wait for */
        close(l->keys);
    snprintf(l->line, sizeof l->line, "notty");
}

static void open_ends(struct login *l)
{
    if (l->input_path) /* for writing too, so that it does not end with the last writer */
        must((l->input = open(l->input_path, O_RDWR | O_NONBLOCK)) >= 0, l->input_path);
    if (l->output_path)
        must((l->output = creat(l->output_path, 0644)) >= 0, l->output_path);
    if (l->piped)
        open_pipes(l);
    else
        open_terminal(l);
}

/* From here on the signals are read. What a shell had us ignore in the background is ended. */
static void watch_signals(struct login *l)
{
    const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCHLD, 0};
    sigset_t set;

    sigemptyset(&set);
    for (const int *n = numbers; *n; n++) {
        signal(*n, SIG_DFL);
        sigaddset(&set, *n);
    }
    signal(SIGPIPE, SIG_IGN);
    must(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && (l->signals = signalfd(-1, &set, 0)) >= 0 &&
             prctl(PR_SET_PDEATHSIG, SIGHUP) == 0,
         "signals");
}

/* The fields of a record are padded with NULs, and end without one when they are full. */
static void fill(char *field, size_t size, const char *text)
{
    memcpy(field, text, strnlen(text, size));
}

static bool record(const struct login *l, short type)
{
    struct utmpx r = {.ut_type = type, .ut_pid = l->recorded};
    char address[ADDR_TEXT_LEN] = "";
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    r.ut_tv.tv_sec = (int32_t)now.tv_sec;
    r.ut_tv.tv_usec = (int32_t)(now.tv_nsec / 1000);
    fill(r.ut_line, sizeof r.ut_line, l->line);
    fill(r.ut_id, sizeof r.ut_id, l->line + strlen(l->line) - sizeof r.ut_id);
    if (type == USER_PROCESS) {
        if (l->remote.family)
            addr_format(&l->remote, address);
        fill(r.ut_user, sizeof r.ut_user, l->user.name);
        fill(r.ut_host, sizeof r.ut_host, l->host ? l->host : address);
        memcpy(r.ut_addr_v6, l->remote.bytes, sizeof r.ut_addr_v6);
    }
    setutxent();
    bool written = pututxline(&r);
    endutxent();
    return written;
}

static void become(const struct user *u)
{
    must(initgroups(u->name, u->gid) == 0 && setgid(u->gid) == 0 && setuid(u->uid) == 0, u->name);
    must(chdir(u->home) == 0 || chdir("/") == 0, u->home);
}

static void set_environment(const struct login *l)
{
    must(clearenv() == 0 && setenv("HOME", l->user.home, 1) == 0 &&
             setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1) == 0 &&
             setenv("TERM", "xterm", 1) == 0 && setenv("USER", l->user.name, 1) == 0,
         "environment");
    for (size_t i = 0; i < l->forged_count; i++)
        must(putenv(l->forged[i]) == 0, l->forged[i]);
}

static int status_of(int waited)
{
    return WIFSIGNALED(waited) ? 128 + WTERMSIG(waited) : WEXITSTATUS(waited);
}

/* Returns in a child; the process of the user's that is called sshd stays behind until it ends. */
static void leave_worker(void)
{
    pid_t child = -1;
    int waited = 0;

    must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && (child = fork()) >= 0, "worker");
    if (child == 0)
        return;
    close_range(STDERR_FILENO + 1, UINT_MAX, 0);
    waitpid(child, &waited, 0);
    _exit(status_of(waited));
}

static void run_command(struct login *l, const int *go)
{
    const char *file = l->command[0];
    char byte;
    close(go[1]);
    if (read(go[0], &byte, 1) != 1)
        _exit(CANNOT_BEGIN); /* there is no record */
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &(sigset_t){0}, NULL);
    become(&l->user);
    if (l->worker)
        leave_worker();
    must(setsid() >= 0 && (l->piped || ioctl(l->child_in, TIOCSCTTY, 0) == 0), "session");
    must(dup2(l->child_in, 0) == 0 && dup2(l->child_out, 1) == 1 && dup2(l->child_out, 2) == 2,
         "dup2");
    close_range(STDERR_FILENO + 1, UINT_MAX, 0);
    set_environment(l);
    if (l->argv0)
        l->command[0] = l->argv0;
    execvp(file, l->command);
    fprintf(stderr, "login: %s: %s\n", file, strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

/* Its process first, as the record may be of that; but it begins only when the record is there. */
static void start(struct login *l)
{
    int go[2];

    must(pipe(go) == 0 && (l->child = fork()) >= 0, "fork");
    if (l->child == 0)
        run_command(l, go);
    l->recorded = l->worker ? l->child : getpid();
    must(l->unrecorded || record(l, USER_PROCESS), "record");
    must(write(go[1], "", 1) == 1, "start");
    close(go[0]);
    close(go[1]);
    close(l->child_in);
    if (l->piped)
        close(l->child_out);
}

/* Whoever finds the file finds all of it. */
static void write_file(const char *path, const char *text)
{
    char fresh[PATH_MAX];
    FILE *f;

    if (!path)
        return;
    snprintf(fresh, sizeof fresh, "%s.new", path);
    must((f = fopen(fresh, "w")) && fprintf(f, "%s\n", text) > 0 && fclose(f) == 0 &&
             rename(fresh, path) == 0,
         path);
}

/* What there is, at most a buffer of it. Whether there was any, and room for it. */
static bool copy(int from, int to)
{
    char buffer[4096];
    ssize_t n = read(from, buffer, sizeof buffer);

    return n > 0 && write(to, buffer, (size_t)n) > 0;
}

/* The status of the command if it has ended, otherwise -1. */
static int take_signal(const struct login *l)
{
    struct signalfd_siginfo signal;
    int waited;

    must(read(l->signals, &signal, sizeof signal) == sizeof signal, "signal");
    if (signal.ssi_signo != SIGCHLD)
        return 128 + (int)signal.ssi_signo;
    if (waitpid(l->child, &waited, WNOHANG) != l->child)
        return -1;
    for (int i = 0; i < DRAIN_READS && copy(l->screen, l->output); i++)
        ;
    return status_of(waited);
}

/* Returns what to exit with. */
static int relay(const struct login *l)
{
    bool resting = false;
    int status = -1;

    while (status < 0) {
        struct pollfd fds[] = {{.fd = l->signals, .events = POLLIN},
                               {.fd = resting ? -1 : l->screen, .events = POLLIN},
                               {.fd = l->input, .events = POLLIN}};

        must(poll(fds, 3, resting ? REST_MS : -1) >= 0 || errno == EINTR, "poll");
        resting = false;
        if (fds[1].revents)
            resting = !copy(l->screen, l->output);
        if (fds[2].revents)
            copy(l->input, l->keys);
        if (fds[0].revents)
            status = take_signal(l);
    }
    return status;
}

int main(int argc, char **argv)
{
    struct login l = {.service = "sshd", .window = {24, 80, 0, 0}, .input = -1, .output = 1};
    char text[16];
    int status;

    take_options(&l, argc, argv);
    watch_signals(&l);
    must(prctl(PR_SET_NAME, l.service) == 0, l.service);
    open_ends(&l);
    start(&l);
    write_file(l.line_path, l.line);
    status = relay(&l);
    must(l.unrecorded || record(&l, DEAD_PROCESS), "record");
    close(l.screen);
    snprintf(text, sizeof text, "%d", status);
    write_file(l.status_path, text);
    return status;
}
