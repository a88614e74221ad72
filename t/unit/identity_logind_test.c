/*
 * From where a caller is logged in, by logind's sessions and by utmp where they stand, as root and
 * as the worker in its sandbox: /run is a file system of this test's own, and the caller's control
 * group is a file written here.
 */
#include "identity.h"
#include "sandbox.h"
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>
#include <unistd.h>
#include <utmp.h>

#define ALICE 54321
#define BOB 54322
#define SESSIONS 2

struct session {
    const char *name;
    uid_t uid;
    const char *lines; /* behind UID= and LEADER= */
    enum { LIVES, DIED, BOBS } leader;
};

#define SSH(host) "CLASS=user\nSTATE=active\nSERVICE=sshd\nREMOTE=1\nREMOTE_HOST=" host "\n"

static const struct world {
    const char *what, *terminal;
    struct session sessions[SESSIONS];
    const char *in;   /* the session that the caller's process is in, NULL for none */
    const char *utmp; /* the address in a record of alice's for pts/3, NULL for none */
    enum identity_result result;
    const char *host, *session;
} worlds[] = {
    {"no sessions", "pts/3", {{NULL}}, NULL, NULL, IDENTITY_NONE, "-", ""},
    {"ssh without a terminal",
     "",
     {{"5", ALICE, SSH("10.0.0.2"), LIVES}},
     NULL,
     NULL,
     IDENTITY_FROM,
     "10.0.0.2",
     "5"},
    {"ssh with one",
     "pts/3",
     {{"5", ALICE, SSH("fd00::2") "TTY=pts/3\n", LIVES},
      {"c6", ALICE, SSH("10.0.0.9") "TTY=pts/4\n", LIVES}},
     NULL,
     NULL,
     IDENTITY_FROM,
     "fd00::2",
     "5"},
    {"the other one",
     "pts/4",
     {{"5", ALICE, SSH("fd00::2") "TTY=pts/3\n", LIVES},
      {"c6", ALICE, SSH("10.0.0.9") "TTY=pts/4\n", LIVES}},
     NULL,
     NULL,
     IDENTITY_FROM,
     "10.0.0.9",
     "c6"},
    {"two hosts",
     "",
     {{"5", ALICE, SSH("10.0.0.2"), LIVES}, {"c6", ALICE, SSH("10.0.0.9"), LIVES}},
     NULL,
     NULL,
     IDENTITY_MANY,
     "-",
     ""},
    {"two hosts, from within the first",
     "",
     {{"5", ALICE, SSH("10.0.0.2"), LIVES}, {"c6", ALICE, SSH("10.0.0.9"), LIVES}},
     "5",
     NULL,
     IDENTITY_FROM,
     "10.0.0.2",
     "5"},
    {"two hosts, from within the second",
     "",
     {{"5", ALICE, SSH("10.0.0.2"), LIVES}, {"c6", ALICE, SSH("10.0.0.9"), LIVES}},
     "c6",
     NULL,
     IDENTITY_FROM,
     "10.0.0.9",
     "c6"},
    {"the leader is dead",
     "",
     {{"5", ALICE, SSH("10.0.0.2"), DIED}},
     "5",
     NULL,
     IDENTITY_NONE,
     "-",
     ""},
    {"the leader is another user's",
     "",
     {{"5", ALICE, SSH("10.0.0.2"), BOBS}},
     "5",
     NULL,
     IDENTITY_NONE,
     "-",
     ""},
    {"no leader",
     "",
     {{"5", ALICE, "LEADER=\n" SSH("10.0.0.2"), DIED}},
     "5",
     NULL,
     IDENTITY_NONE,
     "-",
     ""},
    {"closing",
     "",
     {{"5", ALICE,
       "CLASS=user\nSTATE=closing\nSERVICE=sshd\nREMOTE=1\n"
       "REMOTE_HOST=10.0.0.2\n",
       LIVES}},
     "5",
     NULL,
     IDENTITY_NONE,
     "-",
     ""},
    {"the console",
     "",
     {{"5", ALICE,
       "CLASS=user\nSTATE=active\nSERVICE=login\nREMOTE=0\n"
       "SEAT=seat0\nTTY=tty1\n",
       LIVES}},
     NULL,
     NULL,
     IDENTITY_CONSOLE,
     "-",
     "5"},
    {"a desktop",
     "",
     {{"5", ALICE,
       "CLASS=user\nSTATE=active\nSERVICE=gdm-password\nREMOTE=0\n"
       "SEAT=seat0\nTTY=tty2\n",
       LIVES}},
     "5",
     NULL,
     IDENTITY_CONSOLE,
     "-",
     "5"},
    {"cron",
     "",
     {{"5", ALICE, "CLASS=background\nSTATE=active\nSERVICE=cron\nREMOTE=0\n", LIVES},
      {"c6", ALICE, SSH("10.0.0.9"), LIVES}},
     "5",
     NULL,
     IDENTITY_SERVICE,
     "-",
     "5"},
    {"su: in another's session",
     "",
     {{"5", BOB, SSH("10.0.0.2"), LIVES}, {"c6", ALICE, SSH("10.0.0.9"), LIVES}},
     "5",
     NULL,
     IDENTITY_ANOTHERS,
     "-",
     ""},
    {"a session in the wrong user's list",
     "",
     {{"5", BOB, SSH("10.0.0.2"), LIVES}},
     NULL,
     NULL,
     IDENTITY_NONE,
     "-",
     ""},
    {"in a session that is not there",
     "",
     {{"c6", ALICE, SSH("10.0.0.9"), LIVES}},
     "7",
     NULL,
     IDENTITY_FROM,
     "10.0.0.9",
     "c6"},
    {"a name",
     "",
     {{"5", ALICE, SSH("pc1.example.org"), LIVES}},
     NULL,
     NULL,
     IDENTITY_NAME,
     "-",
     "5"},
    {"a name, and utmp has the address",
     "pts/3",
     {{"5", ALICE, SSH("pc1.example.org"), LIVES}},
     NULL,
     "10.0.0.2",
     IDENTITY_FROM,
     "10.0.0.2",
     "5"},
    {"a name, utmp has the address, no terminal",
     "",
     {{"5", ALICE, SSH("pc1.example.org"), LIVES}},
     "5",
     "10.0.0.2",
     IDENTITY_FROM,
     "10.0.0.2",
     "5"},
    {"utmp alone", "pts/3", {{NULL}}, NULL, "10.0.0.2", IDENTITY_FROM, "10.0.0.2", ""},
    {"utmp alone, in a session of another host",
     "pts/3",
     {{"5", ALICE, SSH("10.0.0.9"), LIVES}},
     "5",
     "10.0.0.9",
     IDENTITY_FROM,
     "10.0.0.9",
     "5"},
};

/* What the leader of a session is, and the caller. */
static pid_t leaders[BOBS + 1], caller;

static pid_t spawn(const char *name, uid_t uid)
{
    pid_t pid;
    char done;
    int ends[2];

    if (pipe(ends) != 0)
        exit(1);
    pid = fork();
    if (pid == 0) {
        if ((uid && setuid(uid) != 0) || prctl(PR_SET_NAME, name) != 0 ||
            prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || write(ends[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    if (read(ends[0], &done, 1) != 1)
        exit(1);
    close(ends[0]);
    return pid;
}

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "w");

    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
        exit(1);
}

static void write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
}

static void write_session(const struct session *s)
{
    char path[64], text[512];

    snprintf(path, sizeof path, "/run/systemd/sessions/%s", s->name);
    snprintf(text, sizeof text, "# private\nUID=%u\n%sLEADER=%d\n", (unsigned)s->uid, s->lines,
             (int)leaders[s->leader]);
    write_text(path, text);
}

static void remove_session(const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "/run/systemd/sessions/%s", name);
    unlink(path);
}

static void write_utmp(const char *address)
{
    struct utmp u = {
        .ut_type = USER_PROCESS, .ut_pid = leaders[LIVES], .ut_line = "pts/3", .ut_user = "alice"};

    if (address && inet_pton(AF_INET, address, u.ut_addr_v6) != 1)
        exit(1);
    write_file("/run/utmp", &u, address ? sizeof u : 0);
}

static void write_world(const struct world *w)
{
    char list[64] = "", text[512];

    remove_session("5");
    remove_session("c6");
    for (size_t i = 0; i < SESSIONS && w->sessions[i].name; i++) {
        size_t len = strlen(list);

        write_session(&w->sessions[i]);
        snprintf(list + len, sizeof list - len, "%s%s", i ? " " : "", w->sessions[i].name);
    }
    snprintf(text, sizeof text, "NAME=alice\nSESSIONS=%s\nONLINE_SESSIONS=%s\n", list, list);
    write_text("/run/systemd/users/54321", text);
    if (w->in)
        snprintf(text, sizeof text,
                 "0::/user.slice/user-1.slice/session-%s.scope\n"
                 "1:name=systemd:/user.slice/user-1.slice/session-%s.scope\n",
                 w->in, w->in);
    else
        snprintf(text, sizeof text, "0::/system.slice/x.service\n1:name=systemd:/system.slice\n");
    write_text("/run/cgroup", text);
    write_utmp(w->utmp);
}

struct found {
    int err, beside; /* of opening a file that is no worker's to read */
    struct identity identity;
};

static void find(const char *terminal, struct found *out)
{
    const struct identity_caller c = {ALICE, caller, "alice", terminal};
    int fd = open("/run/beside", O_RDONLY | O_CLOEXEC);

    out->beside = fd < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    out->err = identity_find(NULL, &c, &out->identity);
}

/* In a process of its own, as the library keeps what it has once seen of control groups; in the
 * sandbox, or as root if that is NULL. */
static bool find_in_child(const struct sandbox *s, const char *terminal, struct found *shared)
{
    char why[SANDBOX_WHY_LEN];
    int status = 0;
    pid_t pid;

    *shared = (struct found){.err = 1};
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        if (s &&
            sandbox_enter(s, &(struct sandbox_needs){.database = "/run/tcpquota/db"}, why) != 0)
            _exit(fprintf(stderr, "# %s\n", why) > 0);
        find(terminal, shared);
        _exit(0);
    }
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static bool has_session(void)
{
    char *name = NULL;
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        _exit(sd_pid_get_session(caller, &name) < 0);
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static void check(struct tap *t, const struct world *w, const struct found *got, const char *where)
{
    char host[ADDR_TEXT_LEN];

    tap_is(t, got->err, 0, "%s, %s: found out", w->what, where);
    tap_text(t, identity_word(got->identity.result), identity_word(w->result), "%s, %s: result",
             w->what, where);
    tap_text(t, addr_format(&got->identity.host, host), w->host, "%s, %s: host", w->what, where);
    tap_text(t, got->identity.session, w->session, "%s, %s: session", w->what, where);
}

static void test_worlds(struct tap *t, const struct sandbox *s, bool cgroups, struct found *shared)
{
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++) {
        const struct world *w = &worlds[i];
        if (w->in && !cgroups)
            continue;
        write_world(w);
        tap_ok(t, find_in_child(NULL, w->terminal, shared), "%s: root looks", w->what);
        check(t, w, shared, "root");
        tap_is(t, shared->beside, 0, "%s, root: the other file is read (the test could fail)",
               w->what);
        if (!s)
            continue;
        tap_ok(t, find_in_child(s, w->terminal, shared), "%s: the worker looks", w->what);
        check(t, w, shared, "worker");
        if (sandbox_landlock_version() > 0)
            tap_is(t, shared->beside, -EACCES, "%s, worker: no other file is read", w->what);
    }
}

/* A utmp is put in place of the one that the sandbox knows, or in place of none. */
static void find_late(const struct sandbox *s, const struct world *w, bool was_there,
                      struct found *shared)
{
    char why[SANDBOX_WHY_LEN], byte;
    int in[2], out[2];
    pid_t pid;

    write_world(w);
    if (!was_there)
        unlink("/run/utmp");
    *shared = (struct found){.err = 1};
    if (pipe(in) != 0 || pipe(out) != 0)
        exit(1);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        if (sandbox_enter(s, &(struct sandbox_needs){.database = "/run/tcpquota/db"}, why) != 0 ||
            write(in[1], "", 1) != 1 || read(out[0], &byte, 1) != 1)
            _exit(1);
        find(w->terminal, shared);
        _exit(0);
    }
    close(in[1]);
    if (read(in[0], &byte, 1) == 1) {
        unlink("/run/utmp");
        write_utmp("10.0.0.7");
    }
    if (write(out[1], "", 1) != 1)
        tap_note("the sandbox cannot be entered");
    waitpid(pid, NULL, 0);
    close(in[0]);
    close(out[0]);
    close(out[1]);
}

static void test_late(struct tap *t, const struct sandbox *s, struct found *shared)
{
    static const struct world without = {"no session, a late utmp", "pts/3", {{NULL}}, NULL, NULL,
                                         IDENTITY_NONE, "-", ""},
                              with = {"a session, a late utmp", "",
                                      {{"5", ALICE, SSH("10.0.0.2"), LIVES}}, NULL, NULL,
                                      IDENTITY_FROM, "10.0.0.2", "5"};

    for (int was_there = 0; was_there < 2; was_there++) {
        find_late(s, &without, was_there, shared);
        tap_is(t, shared->err, -EACCES, "%s: cannot be found out", without.what);
        find_late(s, &with, was_there, shared);
        check(t, &with, shared, was_there ? "replaced" : "new");
    }
}

/* A /run of our own, and a file in place of the caller's control group. */
static bool make_places(void)
{
    char cgroup[64];

    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/run", "tmpfs", 0, "mode=755") != 0 || mkdir("/run/systemd", 0755) != 0 ||
        mkdir("/run/systemd/sessions", 0755) != 0 || mkdir("/run/systemd/users", 0755) != 0)
        return false;
    write_text("/run/beside", "");
    write_text("/run/cgroup", "0::/user.slice/user-1.slice/session-1.scope\n"
                              "1:name=systemd:/user.slice/user-1.slice/session-1.scope\n");
    snprintf(cgroup, sizeof cgroup, "/proc/%d/cgroup", (int)caller);
    if (mount("/run/cgroup", cgroup, NULL, MS_BIND, NULL) != 0)
        tap_note("no file can stand in place of a control group: %s", strerror(errno));
    return true;
}

int main(void)
{
    struct tap t = {0};
    struct sandbox s;
    bool sandbox = getuid() == 0 && sandbox_find(&s) == 0, cgroups;
    struct found *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (getuid() != 0 || shared == MAP_FAILED) {
        puts("1..0 # SKIP needs root");
        return 0;
    }
    leaders[DIED] = fork();
    if (leaders[DIED] == 0)
        _exit(0);
    waitpid(leaders[DIED], NULL, 0);
    leaders[LIVES] = spawn("sshd", 0);
    leaders[BOBS] = spawn("sshd", BOB);
    caller = spawn("openhost", ALICE);
    if (make_places()) {
        cgroups = has_session();
        if (!cgroups)
            tap_note("no control groups of sessions here: the caller's own is not tested");
        if (!sandbox)
            tap_note("no user tcpquota: the sandbox is not tested");
        test_worlds(&t, sandbox ? &s : NULL, cgroups, shared);
        if (sandbox && sandbox_landlock_version() > 0)
            test_late(&t, &s, shared);
    } else {
        puts("1..0 # SKIP needs a mount namespace of its own");
    }
    kill(leaders[LIVES], SIGKILL);
    kill(leaders[BOBS], SIGKILL);
    kill(caller, SIGKILL);
    while (wait(NULL) > 0)
        ;
    return t.run ? tap_done(&t) : 0;
}
