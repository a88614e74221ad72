/*
 * The check of the link with real processes: when it is started and with what, and how it ends.
 * Time is passed in: nothing here waits but for processes to do what they are about to do.
 */
#include "log.h"
#include "tap.h"
#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MS 10000

static char folder[] = "/tmp/tcpquota-verify.XXXXXX";
static char script[64], out[64], log_path[64];

/* What stands in a file of the folder, or "". */
static const char *read_out(const char *path, char text[4096])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, 4095);

    text[n > 0 ? n : 0] = '\0';
    if (fd >= 0)
        close(fd);
    return text;
}

static void write_script(const char *text)
{
    FILE *f = fopen(script, "w");

    unlink(out);
    if (!f || fprintf(f, "#!/bin/sh\nout=%s\n%s\n", out, text) < 0 || fclose(f) != 0 ||
        chmod(script, 0755) != 0 || truncate(log_path, 0) != 0)
        exit(1);
}

/* Whether the file holds `text` before patience ends. */
static bool comes(const char *path, const char *text)
{
    char got[4096];

    for (int i = 0; i < PATIENCE_MS / 10; i++) {
        if (strstr(read_out(path, got), text))
            return true;
        poll(NULL, 0, 10);
    }
    tap_note("got `%s', expected `%s' in it", got, text);
    return false;
}

static unsigned lines_of(const char *path)
{
    char text[4096];
    unsigned lines = 0;

    for (const char *p = read_out(path, text); *p; p++)
        lines += *p == '\n';
    return lines;
}

static struct conf conf_of(const char *first, const char *second, const char *third)
{
    struct conf conf = {.verify = 30};
    const char *const words[] = {first, second, third};

    for (size_t i = 0; i < 3 && words[i]; i++) {
        if (name_list_add(&conf.verify_cmd, words[i]) != 0)
            exit(1);
    }
    return conf;
}

static struct mono at_second(int64_t s)
{
    return (struct mono){s * NS_PER_S};
}

/* Waits for the end of the check, as the keeper does. */
static void await(struct verify *v)
{
    struct pollfd slot = {.fd = v->fd, .events = POLLIN};

    if (slot.fd >= 0 && poll(&slot, 1, PATIENCE_MS) > 0)
        verify_reap(v);
}

static bool is_alive(pid_t pid)
{
    char path[40], text[4096];
    const char *state;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    state = strrchr(read_out(path, text), ')');
    return state && state[2] != 'Z' && state[2] != 'X';
}

static bool dies(pid_t pid)
{
    for (int i = 0; i < PATIENCE_MS / 10 && is_alive(pid); i++)
        poll(NULL, 0, 10);
    return !is_alive(pid);
}

/* The number that the script has written to a file of the folder. */
static pid_t number_in(const char *path)
{
    char text[4096];

    return comes(path, "\n") ? (pid_t)strtol(read_out(path, text), NULL, 10) : -1;
}

static void test_when(struct tap *t)
{
    static const struct {
        const char *what;
        bool command, online;
        int64_t last, now; /* seconds; last 0: never */
        bool runs;
    } cases[] = {
        {"no command", false, true, 0, 100, false},
        {"nobody online", true, false, 0, 100, false},
        {"the first time", true, true, 0, 100, true},
        {"not due", true, true, 100, 129, false},
        {"due", true, true, 100, 130, true},
        {"due, and nobody online", true, false, 100, 500, false},
    };

    write_script("exit 0");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct conf conf = conf_of(cases[i].command ? script : NULL, NULL, NULL);
        struct verify v;
        struct mono at;

        verify_init(&v);
        v.last = at_second(cases[i].last);
        tap_is(t, verify_next(&v, &at), false, "%s: nothing is to be done", cases[i].what);
        verify_run(&v, &conf, cases[i].online, at_second(cases[i].now));
        tap_is(t, v.pid > 0, cases[i].runs, "%s: runs", cases[i].what);
        if (v.pid) {
            pid_t first = v.pid;

            verify_run(&v, &conf, true, at_second(cases[i].now + 1000));
            tap_is(t, v.pid, first, "%s: and not a second time", cases[i].what);
        }
        await(&v);
        tap_is(t, v.pid, 0, "%s: it is over", cases[i].what);
        verify_close(&v);
        name_list_free(&conf.verify_cmd);
    }
    tap_is(t, lines_of(log_path), 0, "checks that succeed are not logged");
}

/* What the process finds; its own output goes nowhere, so it writes to a file. */
static void test_world(struct tap *t)
{
    static const struct {
        const char *what, *text, *expected;
    } cases[] = {
        {"the words are the arguments", "echo \"$#,$1,$2\"", "2,$HOME;x,'a|b'\n"},
        {"the folder is /", "pwd", "/\n"},
        {"the environment is PATH alone", "env | grep -v '^\\(PWD\\|_\\|SHLVL\\|OLDPWD\\)='",
         "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"},
        {"input and output are nothing", "readlink /proc/$$/fd/0 /proc/$$/fd/2",
         "/dev/null\n/dev/null\n"},
        {"the group is its own", "[ $(awk '{print $5}' /proc/$$/stat) = $$ ] && echo yes", "yes\n"},
        /* Those from 1 to 28: the C library has two of its own ignored. */
        {"no signal is held back or ignored",
         "sed -n 's/^Sig\\(Blk\\|Ign\\):.*\\(.......\\)$/\\2/p' /proc/self/status",
         "0000000\n0000000\n"},
    };
    sigset_t all, before;

    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct conf conf = conf_of(script, "$HOME;x", "'a|b'");
        struct verify v;
        char text[4096], line[512];

        snprintf(line, sizeof line, "{ %s; } >$out", cases[i].text);
        write_script(line);
        verify_init(&v);
        verify_run(&v, &conf, true, at_second(100));
        await(&v);
        tap_text(t, read_out(out, text), cases[i].expected, "%s", cases[i].what);
        verify_close(&v);
        name_list_free(&conf.verify_cmd);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
}

static void test_names(struct tap *t)
{
    static const struct {
        const char *what, *name;
        bool runs;
    } cases[] = {
        {"a name is looked for in the system's folders", "true", true},
        {"a relative path begins at /", "bin/true", true},
        {"a name that is nowhere", "tcpquota-no-such-thing", false},
        {"a path that is nowhere", "/tcpquota/no/such/thing", false},
        {"a folder", "/tmp", false},
    };
    char path[4096];

    snprintf(path, sizeof path, "%s", getenv("PATH") ? getenv("PATH") : "");
    setenv("PATH", "/nowhere", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct conf conf = conf_of(cases[i].name, NULL, NULL);
        struct verify v;

        write_script("");
        verify_init(&v);
        for (int64_t n = 1; n <= 3; n++) {
            verify_run(&v, &conf, true, at_second(100 * n));
            tap_is(t, v.pid > 0, cases[i].runs, "%s", cases[i].what);
            await(&v);
        }
        tap_is(t, lines_of(log_path), !cases[i].runs, "%s: lines logged in three tries",
               cases[i].what);
        if (!cases[i].runs) {
            name_list_free(&conf.verify_cmd);
            conf = conf_of("true", NULL, NULL);
            verify_run(&v, &conf, true, at_second(1000));
            tap_ok(t, comes(log_path, "recovered"), "%s: said when it is right again",
                   cases[i].what);
        }
        verify_close(&v);
        name_list_free(&conf.verify_cmd);
    }
    setenv("PATH", path, 1);
}

static void test_exits(struct tap *t)
{
    static const struct {
        const char *text, *line;
    } cases[] = {
        {"exit 3", "warning verify the check of the link failed, status=3\n"},
        {"kill -9 $$", "warning verify the check of the link failed, status=-9\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct conf conf = conf_of(script, NULL, NULL);
        struct verify v;

        write_script(cases[i].text);
        verify_init(&v);
        verify_run(&v, &conf, true, at_second(100));
        await(&v);
        tap_ok(t, comes(log_path, cases[i].line), "%s is logged", cases[i].text);
        tap_is(t, lines_of(log_path), 1, "%s: in one line", cases[i].text);
        verify_close(&v);
        name_list_free(&conf.verify_cmd);
    }
}

/* What hangs, for a minute: with a child in its group that writes its number. */
static const struct {
    const char *what, *text;
    bool dies_of_term, child_dies_of_term;
} hangs[] = {
    {"both end at TERM", "sleep 60 & echo $! >$out; wait", true, true},
    {"a child that does not end at TERM",
     "(trap '' TERM; exec sh -c 'echo $$ >$0; exec sleep 60' $out) & wait", true, false},
    {"neither ends at TERM", "trap '' TERM; sh -c 'echo $$ >$0; exec sleep 60' $out & wait", false,
     false},
};

static void test_limit(struct tap *t)
{
    static const struct {
        int64_t verify, limit;
    } limits[] = {{30, 30}, {500, VERIFY_MAX_S}, {60, 60}};

    for (size_t i = 0; i < sizeof hangs / sizeof *hangs; i++) {
        struct conf conf = conf_of(script, NULL, NULL);
        const char *what = hangs[i].what;
        struct mono over = at_second(100 + limits[i].limit), at;
        char expected[128];
        pid_t pid, child;
        struct verify v;

        conf.verify = limits[i].verify;
        write_script(hangs[i].text);
        verify_init(&v);
        verify_run(&v, &conf, true, at_second(100));
        pid = v.pid;
        child = number_in(out);
        tap_ok(t, child > 0 && is_alive(child) && is_alive(pid), "%s: both run", what);
        tap_is(t, verify_next(&v, &at), true, "%s: there is a limit", what);
        tap_is(t, at.ns, over.ns, "%s: at this moment", what);
        verify_step(&v, (struct mono){over.ns - 1});
        tap_is(t, (int64_t)lines_of(log_path), 0, "%s: before it nothing happens", what);
        tap_ok(t, is_alive(pid) && is_alive(child), "%s: to neither", what);
        verify_step(&v, over);
        snprintf(expected, sizeof expected,
                 "warning verify the check of the link is not done after %lld s, it is ended, "
                 "pid=%ld\n",
                 (long long)limits[i].limit, (long)pid);
        tap_ok(t, comes(log_path, expected), "%s: then it is logged", what);
        if (hangs[i].dies_of_term)
            tap_ok(t, dies(pid), "%s: it gets TERM", what);
        if (hangs[i].child_dies_of_term)
            tap_ok(t, dies(child), "%s: and so does its child", what);
        if (hangs[i].dies_of_term)
            await(&v);
        tap_is(t, verify_next(&v, &at), true, "%s: there is a second signal", what);
        tap_is(t, at.ns, over.ns + VERIFY_GRACE_S * NS_PER_S, "%s: after the grace", what);
        verify_run(&v, &conf, true, at_second(100000));
        tap_is(t, v.pid, pid, "%s: until then no other one is started", what);
        verify_step(&v, (struct mono){at.ns - 1});
        tap_is(t, is_alive(child), !hangs[i].child_dies_of_term, "%s: the child during it", what);
        tap_is(t, is_alive(pid), !hangs[i].dies_of_term, "%s: the check during it", what);
        verify_step(&v, at);
        tap_ok(t, dies(pid) && dies(child), "%s: then both are gone", what);
        await(&v);
        tap_is(t, v.pid, 0, "%s: and it is over", what);
        tap_is(t, v.fd, -1, "%s: with nothing left open", what);
        tap_is(t, (int64_t)lines_of(log_path), 1, "%s: one line in all", what);
        verify_close(&v);
        name_list_free(&conf.verify_cmd);
    }
}

/* At the exit: told to end or not before. */
static void test_close(struct tap *t)
{
    for (size_t i = 0; i < 2 * sizeof hangs / sizeof *hangs; i++) {
        const char *what = hangs[i / 2].what;
        struct conf conf = conf_of(script, NULL, NULL);
        pid_t pid, child;
        struct verify v;

        write_script(hangs[i / 2].text);
        verify_init(&v);
        verify_run(&v, &conf, true, at_second(100));
        pid = v.pid;
        child = number_in(out);
        tap_ok(t, child > 0 && is_alive(child) && is_alive(pid), "%s, at the exit: both run", what);
        if (i % 2)
            verify_stop(&v, mono_now());
        verify_close(&v);
        tap_ok(t, dies(pid) && dies(child), "%s, at the exit: both are gone", what);
        tap_is(t, v.pid, 0, "%s, at the exit: it was waited for", what);
        tap_is(t, (int64_t)lines_of(log_path), 0, "%s, at the exit: nothing is logged", what);
        name_list_free(&conf.verify_cmd);
    }
}

int main(void)
{
    struct tap t = {0};

    if (!mkdtemp(folder))
        return 1;
    snprintf(script, sizeof script, "%s/check", folder);
    snprintf(out, sizeof out, "%s/out", folder);
    snprintf(log_path, sizeof log_path, "%s/log", folder);
    if (log_to_file(log_path, "verify_test") != 0)
        return 1;
    test_when(&t);
    test_world(&t);
    test_names(&t);
    test_exits(&t);
    test_limit(&t);
    test_close(&t);
    log_to_stderr("verify_test");
    unlink(script);
    unlink(out);
    unlink(log_path);
    rmdir(folder);
    return tap_done(&t);
}
