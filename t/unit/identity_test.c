/*
 * From where a caller is logged in: files of utmp written here, and processes that live while they
 * are read. The names of the processes are what they call themselves, the uids are real: chains of
 * a parent and its child, begun by root.
 */
#include "identity.h"
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#define ALICE 54321
#define BOB 54322
#define RECORDS 4
#define CHAIN 3

static char folder[] = "/tmp/tcpquota-identity.XXXXXX";
static char utmp[64];
static char brackets[PROCESS_NAME_LEN + 1];

/* Each starts the next one; the last is the process in the record. */
static const struct chain {
    struct {
        const char *name;
        uid_t uid;
    } links[CHAIN];
    int leader; /* which of them is, -1 if none */
} chains[] = {
#define SSHD 0 /* OpenSSH: the child runs as the user */
    {{{"sshd", 0}, {"sshd", ALICE}}, 0},
#define SSHD_98 1 /* OpenSSH 9.8 */
    {{{"sshd-session", 0}, {"sshd-session", ALICE}}, 0},
#define SSHD_ROOT 2 /* the monitor itself */
    {{{"sshd", 0}}, 0},
#define LOGIN 3 /* util-linux */
    {{{"login", 0}}, 0},
#define LOGIN_SHELL 4 /* shadow: the shell that login waits for */
    {{{"login", 0}, {"bash", ALICE}}, 0},
#define FORGED 5 /* the user's own, that calls itself sshd */
    {{{"su", 0}, {"sshd", ALICE}}, -1},
#define FORGED_PARENT 6 /* and its parent does, too */
    {{{"su", 0}, {"sshd", ALICE}, {"sshd", ALICE}}, -1},
#define SHELL_UNDER_SSHD 7 /* a tmux started by a shell */
    {{{"sshd", 0}, {"sshd", ALICE}, {"tmux: server", ALICE}}, -1},
#define SSHD_OF_BOB 8
    {{{"sshd", 0}, {"sshd", BOB}}, 0},
#define TMUX_OF_BOB 9
    {{{"su", 0}, {"tmux: server", BOB}}, -1},
#define DISPLAY_MANAGER 10
    {{{"gdm-session-wor", 0}}, 0},
#define BRACKETS 11 /* a name that goes on like its line in /proc, with an sshd for a parent */
    {{{"su", 0}, {brackets, ALICE}}, -1},
#define SSHD_2 12
    {{{"sshd", 0}, {"sshd", ALICE}}, 0},
#define CHAINS 13
};
#define DEAD CHAINS

static pid_t pids[CHAINS][CHAIN];
static pid_t dead;

/* Becomes a link after having started the next one, tells its number, and lives until it is killed
 * or whoever started it ends. */
static void become(const struct chain *chain, int report)
{
    pid_t told[2];
    int link = 0;

    while (link + 1 < CHAIN && chain->links[link + 1].name && fork() == 0)
        link++;
    told[0] = getpid();
    told[1] = link;
    if ((chain->links[link].uid && setuid(chain->links[link].uid) != 0) ||
        prctl(PR_SET_NAME, chain->links[link].name) != 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || write(report, told, sizeof told) < 0)
        _exit(1);
    close(report);
    for (;;)
        pause();
}

static void start(const struct chain *chain, pid_t numbers[CHAIN])
{
    pid_t told[2];
    int ends[2];

    if (pipe(ends) != 0)
        exit(1);
    fflush(stdout);
    if (fork() == 0) {
        close(ends[0]);
        become(chain, ends[1]);
    }
    close(ends[1]);
    while (read(ends[0], told, sizeof told) == sizeof told)
        numbers[told[1]] = told[0];
    close(ends[0]);
}

static pid_t last_of(int chain)
{
    pid_t pid = 0;

    if (chain == DEAD)
        return dead;
    for (int i = 0; i < CHAIN && pids[chain][i]; i++)
        pid = pids[chain][i];
    return pid;
}

static void start_all(void)
{
    dead = fork();
    if (dead == 0)
        _exit(0);
    waitpid(dead, NULL, 0);
    for (int i = 0; i < CHAINS; i++) {
        start(&chains[i], pids[i]);
        if (i == SSHD)
            snprintf(brackets, sizeof brackets, "x) S %d ", (int)pids[SSHD][0]);
    }
}

/* The others end with the first of their chain, and are ours to wait for: see main(). */
static void end_all(void)
{
    for (int i = 0; i < CHAINS; i++)
        kill(pids[i][0], SIGKILL);
    while (wait(NULL) > 0)
        ;
}

struct record {
    const char *user, *line, *address, *host;
    int chain;
    short type; /* 0: USER_PROCESS */
};

static struct utmp make_record(const struct record *r)
{
    struct utmp u = {.ut_type = r->type ? r->type : USER_PROCESS, .ut_pid = last_of(r->chain)};

    memcpy(u.ut_user, r->user, strnlen(r->user, UT_NAMESIZE));
    memcpy(u.ut_line, r->line, strnlen(r->line, UT_LINESIZE));
    memcpy(u.ut_host, r->host, strnlen(r->host, UT_HOSTSIZE));
    if (r->address[0] &&
        inet_pton(strchr(r->address, ':') ? AF_INET6 : AF_INET, r->address, u.ut_addr_v6) != 1)
        exit(1);
    return u;
}

/* The first so many times, the others once, and `tail` bytes of the last one once more. */
static void write_records(const struct record *records, size_t count, size_t times, size_t tail)
{
    FILE *f = fopen(utmp, "w");
    bool whole = f;

    for (size_t i = 0; i < count && whole; i++) {
        struct utmp u = make_record(&records[i]);

        for (size_t k = 0; k < (i ? 1 : times) && whole; k++)
            whole = fwrite(&u, sizeof u, 1, f) == 1;
        if (i + 1 == count && tail && whole)
            whole = fwrite(&u, tail, 1, f) == 1;
    }
    if (!whole || fclose(f) != 0)
        exit(1);
}

static int find(uid_t uid, const char *user, const char *terminal, struct identity *out)
{
    const struct identity_paths paths = {.utmp = utmp, .without_logind = true};
    const struct identity_caller caller = {uid, 0, user, terminal};

    return identity_find(&paths, &caller, out);
}

#define NAME_32 "abcdefghijklmnopqrstuvwxyzabcdef"

static const struct world {
    const char *what, *user, *terminal;
    struct record records[RECORDS];
    enum identity_result result;
    const char *host;
    int leader; /* of which chain, -1 if none */
} worlds[] = {
    {"ssh", "alice", "pts/3", {{"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0}},
     IDENTITY_FROM, "10.0.0.2", SSHD},
    {"ssh, by the terminal's path", "alice", "/dev/pts/3",
     {{"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0}}, IDENTITY_FROM, "10.0.0.2", SSHD},
    {"the process is dead", "alice", "pts/3",
     {{"alice", "pts/3", "10.0.0.2", "10.0.0.2", DEAD, 0}}, IDENTITY_NONE, "-", -1},
    {"logged out", "alice", "pts/3",
     {{"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, DEAD_PROCESS}}, IDENTITY_NONE, "-", -1},
    {"not yet logged in", "alice", "pts/3",
     {{"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, LOGIN_PROCESS}}, IDENTITY_NONE, "-", -1},
    {"another user's, elsewhere", "alice", "pts/3",
     {{"bob", "pts/4", "10.0.0.2", "10.0.0.2", SSHD_OF_BOB, 0}}, IDENTITY_NONE, "-", -1},
    {"part of the name is another user", "alice", "pts/3",
     {{"alice2", "pts/4", "10.0.0.2", "10.0.0.2", SSHD, 0},
      {"alic", "pts/5", "10.0.0.2", "10.0.0.2", SSHD, 0}}, IDENTITY_NONE, "-", -1},
    {"no name", "", "", {{"", "pts/4", "10.0.0.2", "10.0.0.2", SSHD, 0}}, IDENTITY_NONE, "-", -1},
    {"a name of 32 bytes", NAME_32, "pts/3", {{NAME_32, "pts/3", "10.0.0.2", "", SSHD, 0}},
     IDENTITY_FROM, "10.0.0.2", SSHD},
    {"a name of 33 bytes is not its beginning", NAME_32 "g", "",
     {{NAME_32, "pts/3", "10.0.0.2", "", SSHD, 0}}, IDENTITY_NONE, "-", -1},
    {"a terminal's name of 32 bytes", "alice", NAME_32,
     {{"alice", NAME_32, "10.0.0.2", "", SSHD, 0}, {"alice", "pts/4", "10.0.0.9", "", SSHD_2, 0}},
     IDENTITY_FROM, "10.0.0.2", SSHD},
    {"ssh, OpenSSH 9.8", "alice", "pts/3",
     {{"alice", "pts/3", "fd00::2", "fd00::2", SSHD_98, 0}}, IDENTITY_FROM, "fd00::2", SSHD_98},
    {"ssh, without a child", "alice", "pts/3",
     {{"alice", "pts/3", "::ffff:10.0.0.2", "", SSHD_ROOT, 0}}, IDENTITY_FROM, "10.0.0.2",
     SSHD_ROOT},
    {"telnet", "alice", "pts/3", {{"alice", "pts/3", "10.0.0.2", "10.0.0.2", LOGIN, 0}},
     IDENTITY_FROM, "10.0.0.2", LOGIN},
    {"telnet, the host's name looked up", "alice", "pts/3",
     {{"alice", "pts/3", "10.0.0.2", "pc1.example.org", LOGIN_SHELL, 0}}, IDENTITY_NAME, "-",
     LOGIN_SHELL},
    {"ssh with UseDNS: the address is the socket's", "alice", "pts/3",
     {{"alice", "pts/3", "10.0.0.2", "pc1.example.org", SSHD, 0}}, IDENTITY_FROM, "10.0.0.2", SSHD},
    {"a name and no address", "alice", "pts/3",
     {{"alice", "pts/3", "", "pc1.example.org", SSHD, 0}}, IDENTITY_NAME, "-", SSHD},
    {"the console", "alice", "tty1", {{"alice", "tty1", "", "", LOGIN_SHELL, 0}},
     IDENTITY_CONSOLE, "-", LOGIN_SHELL},
    {"a desktop", "alice", "", {{"alice", "tty2", "", ":0", DISPLAY_MANAGER, 0}},
     IDENTITY_CONSOLE, "-", DISPLAY_MANAGER},
    {"a remote desktop", "alice", "", {{"alice", "pts/9", "10.0.0.2", "", DISPLAY_MANAGER, 0}},
     IDENTITY_SERVICE, "-", DISPLAY_MANAGER},
    /* utempter: any text as the host; an address it never writes, and that is refused as well. */
    {"forged: a process that calls itself sshd", "alice", "pts/3",
     {{"alice", "pts/3", "10.0.0.7", "10.0.0.7", FORGED, 0}}, IDENTITY_NONE, "-", -1},
    {"forged: a parent that does", "alice", "pts/3",
     {{"alice", "pts/3", "10.0.0.7", "10.0.0.7", FORGED_PARENT, 0}}, IDENTITY_NONE, "-", -1},
    {"forged: a name that goes on with another parent", "alice", "pts/3",
     {{"alice", "pts/3", "10.0.0.7", "10.0.0.7", BRACKETS, 0}}, IDENTITY_NONE, "-", -1},
    {"forged: by the shell that login waits for", "alice", "pts/9",
     {{"alice", "pts/9", "", "10.0.0.7", LOGIN_SHELL, 0}}, IDENTITY_NAME, "-", LOGIN_SHELL},
    {"forged, beside a session", "alice", "pts/9",
     {{"alice", "pts/9", "10.0.0.7", "10.0.0.7", FORGED, 0},
      {"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0}}, IDENTITY_FROM, "10.0.0.2", SSHD},
    {"another's process in an own record", "alice", "pts/3",
     {{"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD_OF_BOB, 0}}, IDENTITY_NONE, "-", -1},
    {"tmux: its record decides nothing", "alice", "pts/5",
     {{"alice", "pts/5", "", "tmux(9).%0", SHELL_UNDER_SSHD, 0},
      {"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0}}, IDENTITY_FROM, "10.0.0.2", SSHD},
    {"tmux, left running", "alice", "pts/5",
     {{"alice", "pts/5", "", "tmux(9).%0", SHELL_UNDER_SSHD, 0}}, IDENTITY_NONE, "-", -1},
    {"tmux, sessions from two hosts", "alice", "pts/5",
     {{"alice", "pts/5", "", "tmux(9).%0", SHELL_UNDER_SSHD, 0},
      {"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0},
      {"alice", "pts/4", "10.0.0.9", "10.0.0.9", SSHD_2, 0}}, IDENTITY_MANY, "-", -1},
    {"two hosts, the terminal of the second", "alice", "pts/4",
     {{"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0},
      {"alice", "pts/4", "10.0.0.9", "10.0.0.9", SSHD_2, 0}}, IDENTITY_FROM, "10.0.0.9", SSHD_2},
    {"two hosts, no terminal", "alice", "",
     {{"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0},
      {"alice", "pts/4", "10.0.0.9", "10.0.0.9", SSHD_2, 0}}, IDENTITY_MANY, "-", -1},
    {"two hosts, one of them no more", "alice", "",
     {{"alice", "pts/3", "10.0.0.2", "10.0.0.2", DEAD, 0},
      {"alice", "pts/4", "10.0.0.9", "10.0.0.9", SSHD_2, 0}}, IDENTITY_FROM, "10.0.0.9", SSHD_2},
    {"su from bob's terminal", "alice", "pts/4",
     {{"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0},
      {"bob", "pts/4", "10.0.0.9", "10.0.0.9", SSHD_OF_BOB, 0}}, IDENTITY_ANOTHERS, "-", -1},
    {"su in bob's tmux", "alice", "pts/4",
     {{"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0},
      {"bob", "pts/4", "", "tmux(9).%0", TMUX_OF_BOB, 0}}, IDENTITY_ANOTHERS, "-", -1},
    {"bob's record of the terminal is dead", "alice", "pts/4",
     {{"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0},
      {"bob", "pts/4", "10.0.0.9", "10.0.0.9", DEAD, 0}}, IDENTITY_FROM, "10.0.0.2", SSHD},
    {"bob's tmux claims a terminal that sshd gave", "alice", "pts/3",
     {{"bob", "pts/3", "", "10.0.0.9", TMUX_OF_BOB, 0},
      {"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0}}, IDENTITY_FROM, "10.0.0.2", SSHD},
    {"garbage for a terminal is none: own session", "alice", "../pts/4\n",
     {{"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0},
      {"bob", "pts/4", "10.0.0.9", "10.0.0.9", SSHD_OF_BOB, 0}}, IDENTITY_FROM, "10.0.0.2", SSHD},
};

static void test_worlds(struct tap *t)
{
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++) {
        const struct world *w = &worlds[i];
        struct identity got = {0};
        char host[ADDR_TEXT_LEN];
        size_t count = 0;

        while (count < RECORDS && w->records[count].user)
            count++;
        write_records(w->records, count, 1, 0);
        tap_is(t, find(ALICE, w->user, w->terminal, &got), 0, "%s: found out", w->what);
        tap_text(t, identity_word(got.result), identity_word(w->result), "%s: result", w->what);
        tap_text(t, addr_format(&got.host, host), w->host, "%s: host", w->what);
        tap_is(t, got.leader.pid, w->leader < 0 ? 0 : pids[w->leader][chains[w->leader].leader],
               "%s: leader", w->what);
        tap_is(t, identity_lives(&got), w->leader >= 0, "%s: lives", w->what);
    }
}

/* Root's own sessions: everything is root's there, sshd and its shell alike. */
static void test_root(struct tap *t)
{
    const struct record ssh = {"root", "pts/3", "10.0.0.2", "10.0.0.2", SSHD_ROOT, 0};
    const struct record su = {"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0};
    const struct record tmux = {"root", "pts/3", "10.0.0.2", "10.0.0.2", DISPLAY_MANAGER, 0};
    struct identity got;

    write_records(&ssh, 1, 1, 0);
    tap_is(t, find(0, "root", "pts/3", &got), 0, "root: found out");
    tap_text(t, identity_word(got.result), "from", "root: logged in by ssh");
    write_records(&su, 1, 1, 0);
    tap_is(t, find(0, "root", "pts/3", &got), 0, "sudo: found out");
    tap_text(t, identity_word(got.result), "anothers", "sudo: the terminal is another's");
    write_records(&tmux, 1, 1, 0);
    tap_is(t, find(0, "root", "pts/3", &got), 0, "root's tmux: found out");
    tap_text(t, identity_word(got.result), "none", "root's tmux: its record is none");
}

static void test_files(struct tap *t)
{
    const struct record own = {"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0};
    struct identity got;

    for (size_t tail = 0; tail < sizeof(struct utmp); tail += 61) {
        write_records(&own, 1, 0, tail);
        tap_is(t, find(ALICE, "alice", "pts/3", &got), 0, "%zu bytes of a record: read", tail);
        tap_text(t, identity_word(got.result), "none", "%zu bytes of a record: none", tail);
        write_records(&own, 1, 1, tail);
        tap_is(t, find(ALICE, "alice", "pts/3", &got), 0, "and behind a whole one: read");
        tap_text(t, identity_word(got.result), "from", "and behind a whole one: that");
    }
    unlink(utmp);
    tap_is(t, find(ALICE, "alice", "pts/3", &got), 0, "no file: no error");
    tap_text(t, identity_word(got.result), "none", "no file: nobody");
    mkdir(utmp, 0700);
    tap_is(t, find(ALICE, "alice", "pts/3", &got), -EISDIR, "a folder: an error");
    rmdir(utmp);
    mkfifo(utmp, 0600);
    tap_is(t, find(ALICE, "alice", "pts/3", &got), -ESPIPE, "a pipe: an error, at once");
    unlink(utmp);
}

static int64_t milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* In a file of thousands only a bounded number of processes is looked at, and what matters is
 * found wherever it stands. */
static void test_many(struct tap *t)
{
    const struct record ssh = {"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0};
    const struct {
        const char *what, *terminal, *result;
        struct record first;
    } cases[] = {
        {"of bob's", "pts/8", "from", {"bob", "pts/4", "10.0.0.9", "", SSHD_OF_BOB, 0}},
        {"of one's own, dead", "pts/3", "from", {"alice", "pts/4", "10.0.0.9", "", DEAD, 0}},
        {"of one's own", "pts/3", "from", {"alice", "pts/4", "10.0.0.9", "", SSHD_2, 0}},
        {"of tmux", "pts/3", "from", {"alice", "pts/4", "", "", SHELL_UNDER_SSHD, 0}},
        {"of tmux, too many to know", "pts/8", "many",
         {"alice", "pts/4", "", "", SHELL_UNDER_SSHD, 0}},
        {"of bob's tmux at this terminal", "pts/3", "anothers",
         {"bob", "pts/3", "", "", TMUX_OF_BOB, 0}},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct record both[] = {cases[i].first, ssh};
        struct identity got;
        int64_t before;

        write_records(both, 2, 10000, 0);
        before = milliseconds();
        tap_is(t, find(ALICE, "alice", cases[i].terminal, &got), 0, "10,000 %s: read",
               cases[i].what);
        before = milliseconds() - before;
        if (!tap_ok(t, before < 200, "10,000 %s: at once", cases[i].what))
            tap_note("%" PRId64 " ms", before);
        tap_text(t, identity_word(got.result), cases[i].result, "10,000 %s, one by sshd: result",
                 cases[i].what);
    }
}

/* A session lives as long as its leader does, as that process: its number alone is not enough. */
static void test_lives(struct tap *t)
{
    const struct record own = {"alice", "pts/3", "10.0.0.2", "10.0.0.2", SSHD, 0};
    struct identity got, other, none = {0};

    write_records(&own, 1, 1, 0);
    tap_is(t, find(ALICE, "alice", "pts/3", &got), 0, "a session is found");
    tap_text(t, got.terminal, "pts/3", "its terminal is told");
    tap_ok(t, identity_lives(&got), "it lives");
    other = got;
    other.leader.start--;
    tap_ok(t, !identity_lives(&other), "another process of that number is not it");
    tap_ok(t, !identity_lives(&none), "none does not live");
    kill(pids[SSHD][0], SIGKILL);
    for (int i = 0; i < 500 && process_state(pids[SSHD][0]) != 'Z'; i++)
        usleep(10000);
    tap_is(t, process_state(pids[SSHD][0]), 'Z', "its leader is killed");
    tap_ok(t, !identity_lives(&got), "it lives no more, though nobody has waited for it");
    waitpid(pids[SSHD][0], NULL, 0);
    tap_ok(t, !identity_lives(&got), "nor afterwards");
    start(&chains[SSHD], pids[SSHD]);
}

int main(void)
{
    struct tap t = {0};

    if (getuid() != 0) {
        puts("1..0 # SKIP needs root, to have processes of several users");
        return 0;
    }
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 || !mkdtemp(folder))
        return 1;
    snprintf(utmp, sizeof utmp, "%s/utmp", folder);
    start_all();
    test_worlds(&t);
    test_root(&t);
    test_files(&t);
    test_many(&t);
    test_lives(&t);
    end_all();
    unlink(utmp);
    rmdir(folder);
    return tap_done(&t);
}
