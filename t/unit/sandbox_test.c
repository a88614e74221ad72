/*
 * What is left to a worker: each attempt is first made as root, where it succeeds, and then in the
 * sandbox, where only what a worker needs still does.
 */
#include "sandbox.h"
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/tcpquota-sandbox.XXXXXX";
static char inside[64], beside[64];

static int closed(int fd)
{
    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

static int raw_v4(void)
{
    return closed(socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
}

static int raw_v6(void)
{
    return closed(socket(AF_INET6, SOCK_RAW, IPPROTO_RAW));
}

static int packets(void)
{
    return closed(socket(AF_PACKET, SOCK_RAW, 0));
}

static int tcp(void)
{
    return closed(socket(AF_INET, SOCK_STREAM, 0));
}

static int netfilter(void)
{
    return closed(socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));
}

static int routes(void)
{
    return closed(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
}

static int local_socket(void)
{
    return closed(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static int read_shadow(void)
{
    return closed(open("/etc/shadow", O_RDONLY));
}

static int read_passwd(void)
{
    return closed(open("/etc/passwd", O_RDONLY));
}

static int read_proc(void)
{
    return closed(open("/proc/self/status", O_RDONLY));
}

static int write_inside(void)
{
    return closed(open(inside, O_RDWR | O_CREAT, 0600));
}

static int write_beside(void)
{
    return closed(open(beside, O_RDWR | O_CREAT, 0666));
}

static int execute(void)
{
    char *const argv[] = {"true", NULL};
    pid_t pid;
    int err = posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL), status = 0;

    if (err)
        return -err;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

static int start_process(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    if (pid < 0)
        return -errno;
    waitpid(pid, NULL, 0);
    return 0;
}

static int signal_parent(void)
{
    return kill(getppid(), 0) == 0 ? 0 : -errno;
}

static int run_data(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? -errno : munmap(p, 4096);
}

static int plain_memory(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? -errno : munmap(p, 4096);
}

static int become_root(void)
{
    return setuid(0) == 0 ? 0 : -errno;
}

static int new_network(void)
{
    return unshare(CLONE_NEWNET) == 0 ? 0 : -errno;
}

static const struct attempt {
    const char *what;
    int (*try)(void);
    bool allowed; /* in the sandbox */
} attempts[] = {
    {"opens a raw socket", raw_v4, false},
    {"opens a raw IPv6 socket", raw_v6, false},
    {"opens a packet socket", packets, false},
    {"opens a TCP socket", tcp, false},
    {"speaks to netfilter", netfilter, false},
    {"speaks to rtnetlink", routes, true},
    {"opens a local socket, for syslog", local_socket, true},
    {"reads /etc/shadow", read_shadow, false},
    {"reads /etc/passwd", read_passwd, false},
    {"reads /proc", read_proc, true},
    {"writes where the database is", write_inside, true},
    {"writes beside it", write_beside, false},
    {"executes a program", execute, false},
    {"starts a process", start_process, false},
    {"signals another process", signal_parent, false},
    {"makes memory that can be run", run_data, false},
    {"has memory", plain_memory, true},
    {"becomes root", become_root, false},
    {"makes a network of its own", new_network, false},
};
#define ATTEMPTS (sizeof attempts / sizeof *attempts)

/* All of them in a process of their own, with `enter` done before; results by their number. */
static bool try_all(const struct sandbox *s, int results[ATTEMPTS], char why[SANDBOX_WHY_LEN])
{
    int ends[2];
    pid_t pid;
    bool whole;

    if (pipe(ends) != 0)
        return false;
    pid = fork();
    if (pid == 0) {
        int got[ATTEMPTS];

        if (s && sandbox_enter(s, &(struct sandbox_needs){.database = inside}, why) != 0)
            _exit(fprintf(stderr, "# %s\n", why) > 0);
        for (size_t i = 0; i < ATTEMPTS; i++)
            got[i] = attempts[i].try();
        _exit(write(ends[1], got, sizeof got) != sizeof got);
    }
    close(ends[1]);
    whole =
        read(ends[0], results, ATTEMPTS * sizeof *results) == (ssize_t)(ATTEMPTS * sizeof *results);
    close(ends[0]);
    waitpid(pid, NULL, 0);
    return whole;
}

int main(void)
{
    struct tap t = {0};
    struct sandbox s = {0};
    int free_results[ATTEMPTS], results[ATTEMPTS];
    char why[SANDBOX_WHY_LEN] = "";
    bool landlock = sandbox_landlock_version() > 0;

    if (getuid() != 0 || sandbox_find(&s) != 0) {
        puts("1..0 # SKIP needs root, and a user tcpquota");
        return 0;
    }
    if (!mkdtemp(folder) || chown(folder, s.uid, s.gid) != 0)
        return 1;
    snprintf(inside, sizeof inside, "%s/file", folder);
    snprintf(beside, sizeof beside, "%s.beside", folder);
    tap_is(&t, try_all(NULL, free_results, why), true, "root tries");
    unlink(inside);
    unlink(beside);
    tap_is(&t, try_all(&s, results, why), true, "the sandbox is entered");
    for (size_t i = 0; i < ATTEMPTS; i++) {
        tap_is(&t, free_results[i], 0, "root %s (the test could fail)", attempts[i].what);
        /* Without Landlock the owner of a file alone decides. */
        if (!landlock && (attempts[i].try == write_beside || attempts[i].try == read_passwd))
            continue;
        tap_is(&t, results[i] == 0, attempts[i].allowed, "the worker %s: %s", attempts[i].what,
               strerror(-results[i]));
    }
    unlink(inside);
    unlink(beside);
    rmdir(folder);
    return tap_done(&t);
}
