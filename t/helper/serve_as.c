/*
 * serve_as: a service of root's that serves somebody from outside, as sshd, inetd and ftp daemons
 * do, for the tests; bounded in time.
 *
 *   serve_as [-de] [-w FILE] PORT UID SECONDS
 *
 * listens on PORT, and makes FILE.ready once it does. To the first who connects it sends a byte;
 * then a child, which has the connection open as root's part of the service has, becomes the user.
 *   -d       the child is not dumpable, as sshd's is
 *   -e       the child has only the effective uid of the user
 *   -w FILE  the child waits until FILE is there, and becomes the user then
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEP_US 20000
#define ACCEPT_S 30

static int fail(const char *what)
{
    fprintf(stderr, "serve_as: %s: %s\n", what, strerror(errno));
    return 2;
}

static int listen_on(int port)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&any, sizeof any) != 0 || listen(fd, 1) != 0)
        return -1;
    return fd;
}

static bool touch(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    return fd >= 0 && close(fd) == 0;
}

static int become(uid_t uid, bool effective, bool hidden)
{
    if (effective ? seteuid(uid) != 0 : setresuid(uid, uid, uid) != 0)
        return fail("become the user");
    if (prctl(PR_SET_DUMPABLE, !hidden) != 0)
        return fail("prctl");
    return 0;
}

int main(int argc, char **argv)
{
    bool hidden = false, effective = false;
    const char *when = NULL;
    char ready[4096];
    int option, listener, fd, seconds;
    uid_t uid;
    pid_t child;

    while ((option = getopt(argc, argv, "dew:")) != -1) {
        if (option == '?')
            return 64;
        hidden = hidden || option == 'd';
        effective = effective || option == 'e';
        when = option == 'w' ? optarg : when;
    }
    if (argc - optind != 3)
        return 64;
    uid = (uid_t)strtoul(argv[optind + 1], NULL, 10);
    seconds = (int)strtol(argv[optind + 2], NULL, 10);
    alarm(ACCEPT_S + (unsigned)seconds);
    listener = listen_on((int)strtol(argv[optind], NULL, 10));
    if (listener < 0)
        return fail("listen");
    snprintf(ready, sizeof ready, "%s.ready", when ? when : "");
    if (when && !touch(ready))
        return fail(ready);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 || write(fd, "x", 1) != 1)
        return fail("accept");
    close(listener);
    child = fork();
    if (child == 0) {
        alarm((unsigned)seconds);
        while (when && access(when, F_OK) != 0)
            usleep(STEP_US);
        if (become(uid, effective, hidden) == 0)
            pause();
        _exit(1);
    }
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return 0;
}
