/*
 * Sockets of root and who holds them: processes of users that nobody has.
 */
#include "holders.h"
#include "strangers.h"

#include <errno.h>
#include <pthread.h>
#include <sys/capability.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define ALICE (STRANGER + 1)
#define BOB (STRANGER + 2)
#define SERVICE 20 /* out of range */
#define SOCKETS 3

static const struct holders_terms all = {.uid_min = STRANGER, .uid_max = STRANGERS_END - 1};
static const struct holders_terms ftp = {
    .uid_min = STRANGER, .uid_max = STRANGERS_END - 1, .ftp_only = true};

static int sockets[SOCKETS];
static uint64_t inodes[SOCKETS]; /* sorted */

static uint64_t inode_of(int fd)
{
    struct stat st;

    strangers_require(fstat(fd, &st) == 0, "fstat");
    return st.st_ino;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = inode_of(*(const int *)a), y = inode_of(*(const int *)b);

    return (x > y) - (x < y);
}

static void make_sockets(void)
{
    for (int i = 0; i < SOCKETS; i++) {
        sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        strangers_require(sockets[i] >= 0, "socket");
    }
    qsort(sockets, SOCKETS, sizeof *sockets, compare);
    for (int i = 0; i < SOCKETS; i++)
        inodes[i] = inode_of(sockets[i]);
}

/* What a process does with the sockets that it was born with. */
struct life {
    int keeps; /* the only one it keeps, -1 for all */
    bool hidden;
    const char *name;
};

static void hold(void *context)
{
    const struct life *life = context;

    for (int i = 0; i < SOCKETS; i++) {
        if (life->keeps >= 0 && life->keeps != i)
            close(sockets[i]);
    }
    /* After a change of uids none is, before it is told so or runs another program. */
    if (prctl(PR_SET_DUMPABLE, life->hidden ? 0 : 1) != 0 ||
        (life->name && prctl(PR_SET_NAME, life->name) != 0))
        _exit(1);
}

static pid_t start(struct uids uids, struct life life)
{
    pid_t pid = strangers_start_prepared(uids, hold, &life);

    usleep(30000); /* the next one starts in another clock tick */
    return pid;
}

/* Whom the first socket is said to belong to; 0 if to nobody. */
static int64_t user_of_first(const struct holders_terms *terms)
{
    struct holder out[1] = {{.inode = 0}};
    int n = holders_find(terms, inodes, 1, out, &(uid_t){0});

    return n == 1 && out[0].inode == inodes[0] ? (int64_t)out[0].uid : n;
}

static void test_users(struct tap *t)
{
    static const struct {
        struct uids uids;
        struct life life;
        const char *what;
        int64_t found;
    } cases[] = {
        {{ALICE, ALICE, ALICE}, {0, false, NULL}, "hers", ALICE},
        {{ALICE, ALICE, ALICE}, {-1, false, NULL}, "hers, with others", ALICE},
        {{ALICE, ALICE, ALICE}, {0, true, NULL}, "hers, not dumpable", ALICE},
        {{ALICE, ALICE, ALICE}, {1, false, NULL}, "hers, but another socket", 0},
        {{0, ALICE, 0}, {0, false, NULL}, "root acting as her", ALICE},
        {{ALICE, 0, 0}, {0, false, NULL}, "a program setuid to root", ALICE},
        {{ALICE, BOB, BOB}, {0, false, NULL}, "the effective one comes first", BOB},
        {{ALICE, SERVICE, SERVICE}, {0, false, NULL}, "a service", 0},
        {{0, 0, ALICE}, {0, false, NULL}, "root that could become her", 0},
        {{STRANGER, STRANGER, STRANGER}, {0, false, NULL}, "the lowest uid", STRANGER},
        {{STRANGER - 1, STRANGER - 1, STRANGER - 1}, {0, false, NULL}, "one below", 0},
        {{STRANGERS_END - 1, STRANGERS_END - 1, STRANGERS_END - 1},
         {0, false, NULL},
         "the highest uid",
         STRANGERS_END - 1},
        {{STRANGERS_END, STRANGERS_END, STRANGERS_END}, {0, false, NULL}, "one above", 0},
    };

    tap_is(t, user_of_first(&all), 0, "held by root alone");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pid_t pid = start(cases[i].uids, cases[i].life);

        tap_is(t, user_of_first(&all), cases[i].found, "%s", cases[i].what);
        tap_is(t, user_of_first(&ftp), 0, "%s: no ftp daemon", cases[i].what);
        kill(pid, SIGKILL);
        waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
        tap_is(t, user_of_first(&all), 0, "%s: dead", cases[i].what);
        strangers_end(pid);
    }
}

static bool is_dead(pid_t pid)
{
    return process_state(pid) == 'Z';
}

static void *live_on(void *context)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        _exit(1);
    for (;;)
        pause();
    return context;
}

/* Its first thread ends, the other one goes on. */
static void hold_by_thread(void *context)
{
    pthread_t thread;

    hold(context);
    if (pthread_create(&thread, NULL, live_on, NULL) != 0)
        _exit(1);
    syscall(SYS_exit, 0);
}

static void test_threads(struct tap *t)
{
    struct life life = {.keeps = 0, .name = "vsftpd"}, other = {.keeps = 1};
    pid_t pid = strangers_start(strangers_all(ALICE), hold_by_thread, &life);

    tap_ok(t, strangers_await(is_dead, pid), "the first thread has ended");
    tap_is(t, user_of_first(&all), ALICE, "held by another thread");
    tap_is(t, user_of_first(&ftp), ALICE, "of an ftp daemon, too");
    strangers_end(pid);
    tap_is(t, user_of_first(&all), 0, "and by nobody once it is gone");
    pid = strangers_start(strangers_all(ALICE), hold_by_thread, &other);
    tap_ok(t, strangers_await(is_dead, pid), "the first thread has ended");
    tap_is(t, user_of_first(&all), 0, "a thread with another socket");
    strangers_end(pid);
}

static void test_several(struct tap *t)
{
    const uint64_t asked[] = {1, inodes[0], inodes[1], inodes[2], UINT64_MAX};
    struct holder out[5] = {{.inode = 0}};
    pid_t first = start(strangers_all(BOB), (struct life){.keeps = 2});
    pid_t second = start(strangers_all(ALICE), (struct life){.keeps = -1});

    tap_is(t, holders_find(&all, asked, 5, out, &(uid_t){0}), 3, "several: those that are held");
    for (int i = 0; i < 3; i++)
        tap_is(t, (int64_t)out[i].inode, (int64_t)inodes[i], "several: in order, %d", i);
    tap_is(t, out[0].uid, ALICE, "several: the one that has it");
    tap_is(t, out[1].uid, ALICE, "several: another one");
    tap_is(t, out[2].uid, BOB, "several: of two the one that started first");
    strangers_end(first);
    tap_is(t, holders_find(&all, &inodes[2], 1, out, &(uid_t){0}), 1,
           "several: the first one ends");
    tap_is(t, out[0].uid, ALICE, "several: then the other one");
    strangers_end(second);
}

/* Numbers ascend until they start again: the one that started first may have the higher one. */
static int find_by_start(void *context)
{
    pid_t first, second;
    FILE *last;
    int64_t found;

    (void)context;
    last = fopen("/proc/sys/kernel/ns_last_pid", "w");
    if (!last || fprintf(last, "500") < 0 || fclose(last) != 0)
        return 1;
    first = start(strangers_all(BOB), (struct life){.keeps = 0});
    last = fopen("/proc/sys/kernel/ns_last_pid", "w");
    if (!last || fprintf(last, "100") < 0 || fclose(last) != 0)
        return 2;
    second = start(strangers_all(ALICE), (struct life){.keeps = 0});
    if (second > first)
        return 3;
    found = user_of_first(&all);
    strangers_end(first);
    if (found != BOB || user_of_first(&all) != ALICE)
        return 4;
    strangers_end(second);
    return user_of_first(&all) == 0 ? 0 : 5; /* process 1 has it still */
}

static void copy_program(const char *path)
{
    int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    char buffer[65536];
    ssize_t n = -1;

    strangers_require(in >= 0 && out >= 0, path);
    while ((n = read(in, buffer, sizeof buffer)) > 0)
        strangers_require(write(out, buffer, (size_t)n) == n, path);
    strangers_require(n == 0, path);
    close(in);
    close(out);
}

static void run_program(void *context)
{
    const char *path = context;

    for (int i = 0; i < SOCKETS; i++)
        fcntl(sockets[i], F_SETFD, i == 0 ? 0 : FD_CLOEXEC);
    execl(path, "sshd: titles do not count: ftpd", "hold", (char *)NULL);
    _exit(1);
}

/* The copy gives itself a name, so that it is that of its file which counts. */
static bool runs_its_own(pid_t pid)
{
    struct process p;

    return process_read(pid, &p) == 0 && strcmp(p.name, "holds") == 0;
}

static void test_ftp(struct tap *t)
{
    static const struct {
        const char *program, *name;
        int64_t found;
    } cases[] = {{"in.ftpd", NULL, ALICE}, {"proftpd", NULL, ALICE},
                 {"vsftpd", NULL, ALICE},  {"pure-ftpd", NULL, ALICE},
                 {"sshd", NULL, 0},        {"ftp", NULL, 0},
                 {NULL, "vsftpd", ALICE},  {NULL, "pure-ftpd (SE", ALICE},
                 {NULL, "sftp-server", 0}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *what = cases[i].program ? cases[i].program : cases[i].name;
        char path[64];
        pid_t pid;

        snprintf(path, sizeof path, STRANGERS_FOLDER "/%s", what);
        if (cases[i].program) {
            copy_program(path);
            pid = strangers_start(strangers_all(ALICE), run_program, path);
            tap_ok(t, strangers_await(runs_its_own, pid), "%s: runs", what);
        } else {
            pid = start(strangers_all(ALICE), (struct life){.name = cases[i].name});
        }
        tap_is(t, user_of_first(&all), ALICE, "%s: holds it", what);
        tap_is(t, user_of_first(&ftp), cases[i].found, "%s: %s ftp daemon", what,
               cases[i].found ? "an" : "no");
        if (cases[i].program) {
            unlink(path);
            tap_is(t, user_of_first(&ftp), cases[i].found, "%s: the same once it is replaced",
                   what);
        }
        strangers_end(pid);
    }
}

/* In the child: what is found with these capabilities and no others. */
static int64_t found_with(const cap_value_t *values, int count)
{
    cap_t caps = cap_init();
    int64_t found = -1;
    int ends[2];
    pid_t pid;

    strangers_require(pipe2(ends, O_CLOEXEC) == 0 && caps != NULL, "pipe");
    pid = fork();
    strangers_require(pid >= 0, "fork");
    if (pid == 0) {
        if ((count && (cap_set_flag(caps, CAP_PERMITTED, count, values, CAP_SET) != 0 ||
                       cap_set_flag(caps, CAP_EFFECTIVE, count, values, CAP_SET) != 0)) ||
            cap_set_proc(caps) != 0)
            _exit(1);
        for (int i = 0; i < SOCKETS; i++)
            close(sockets[i]);
        found = user_of_first(&all);
        _exit(write(ends[1], &found, sizeof found) != sizeof found);
    }
    cap_free(caps);
    close(ends[1]);
    if (read(ends[0], &found, sizeof found) != sizeof found)
        found = -1;
    close(ends[0]);
    waitpid(pid, NULL, 0);
    return found;
}

static void test_rights(struct tap *t)
{
    static const cap_value_t enough[] = {CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH};

    for (int hidden = 0; hidden < 2; hidden++) {
        pid_t pid = start(strangers_all(ALICE), (struct life){.keeps = 0, .hidden = hidden});

        tap_is(t, found_with(enough, 0), -EACCES, "no rights, hidden %d: said so", hidden);
        tap_is(t, found_with(enough, 2), ALICE, "the rights that are enough, hidden %d", hidden);
        strangers_end(pid);
    }
}

/* Where there is no /proc, one can see whether it is read. */
#define LOOKED_AT 256 /* descriptors of a process, holders.h */

/* Opens so many descriptors, and the socket behind them. */
static void open_many(void *context)
{
    int last = *(const int *)context;
    struct rlimit limit = {LOOKED_AT * 4, LOOKED_AT * 4};

    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || dup2(sockets[0], last) < 0)
        _exit(1);
    for (int fd = 3; fd < last; fd++)
        dup2(STDERR_FILENO, fd); /* the socket's other descriptors go */
    for (;;)
        pause();
}

static int last_opened; /* by open_many() */

static bool has_opened(pid_t pid)
{
    char path[40], to;

    snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)pid, last_opened);
    return readlink(path, &to, 1) > 0;
}

/* What a user opens does not hold up everybody: only so much of it is looked at, and that is told.
 */
static void test_crowded(struct tap *t)
{
    static int lasts[] = {LOOKED_AT - 1, LOOKED_AT};

    for (int i = 0; i < 2; i++) {
        struct holder out[1] = {{.inode = 0}};
        uid_t crowded = 0;
        pid_t pid = strangers_start(strangers_all(ALICE), open_many, &lasts[i]);

        last_opened = lasts[i] - 1;
        tap_ok(t, strangers_await(has_opened, pid), "descriptor %d: so many are open", lasts[i]);
        tap_is(t, holders_find(&all, inodes, 1, out, &crowded), i == 0, "descriptor %d: found",
               lasts[i]);
        tap_is(t, crowded, i ? ALICE : 0, "descriptor %d: who has too many", lasts[i]);
        strangers_end(pid);
    }
}

static void test_none(struct tap *t)
{
    int status = -1;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        if (chroot(STRANGERS_FOLDER) != 0)
            _exit(1);
        if (user_of_first(&all) != -ENOENT)
            _exit(2);
        _exit(holders_find(&all, NULL, 0, NULL, &(uid_t){0}) == 0 ? 0 : 3);
    }
    waitpid(pid, &status, 0);
    tap_is(t, WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0, "for no socket nothing is read");
}

int main(int argc, char *argv[])
{
    struct tap t = {0};

    if (argc == 2 && strcmp(argv[1], "hold") == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && prctl(PR_SET_NAME, "holds") == 0)
            alarm(60);
        for (;;)
            pause();
    }
    strangers_begin();
    strangers_mount();
    make_sockets();
    test_none(&t);
    test_users(&t);
    test_threads(&t);
    test_several(&t);
    test_crowded(&t);
    tap_is(&t, strangers_inside(strangers_all(ALICE), find_by_start, NULL), 0,
           "the start decides and not the number; process 1 never counts");
    test_ftp(&t);
    test_rights(&t);
    return tap_done(&t);
}
