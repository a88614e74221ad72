/*
 * sockets: many TCP connections, held until they are ended.
 *
 *   sockets accept PORT SECONDS             takes what comes
 *   sockets hold ADDR PORT COUNT SECONDS    COUNT connections; prints a line when all are there
 *
 * In processes of EACH connections, so that no limit of descriptors has to be raised.
 */
#include "num.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#define EACH 800
#define ACCEPTORS 32

static int fail(const char *what)
{
    fprintf(stderr, "sockets: %s: %s\n", what, strerror(errno));
    return 1;
}

static int take(int listener)
{
    for (int n = 0; n < EACH; n++) {
        if (accept(listener, NULL, NULL) < 0)
            return fail("accept");
    }
    pause();
    return 0;
}

static int accept_all(int port, unsigned seconds)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&any, sizeof any) != 0 || listen(fd, 4096) != 0)
        return fail("listen");
    for (int i = 0; i < ACCEPTORS; i++) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            alarm(seconds);
            _exit(take(fd));
        }
    }
    alarm(seconds);
    pause();
    return 0;
}

static int connect_some(const struct sockaddr_in *to, int count, int tell)
{
    for (int i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        /* Ended by a reset: nothing of it stays in the table. */
        const struct linger none = {.l_onoff = 1};

        if (fd >= 0)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
        if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof *to) != 0)
            return fail("connect");
    }
    if (write(tell, "x", 1) != 1)
        return fail("pipe");
    pause();
    return 0;
}

static int hold(const char *addr, int port, int count, unsigned seconds)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int ends[2], parts = (count + EACH - 1) / EACH;
    char byte;

    if (inet_pton(AF_INET, addr, &to.sin_addr) != 1 || pipe(ends) != 0)
        return fail("start");
    for (int i = 0; i < parts; i++) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            alarm(seconds);
            _exit(connect_some(&to, i < parts - 1 ? EACH : count - i * EACH, ends[1]));
        }
    }
    close(ends[1]);
    for (int i = 0; i < parts; i++) {
        if (read(ends[0], &byte, 1) != 1)
            return fail("a part has ended");
    }
    printf("ready\n");
    fflush(stdout);
    alarm(seconds);
    pause();
    return 0;
}

int main(int argc, char **argv)
{
    int64_t port, count, seconds;

    if (argc == 4 && strcmp(argv[1], "accept") == 0 && num_parse(argv[2], 1, 65535, &port) == 0 &&
        num_parse(argv[3], 1, 3600, &seconds) == 0)
        return accept_all((int)port, (unsigned)seconds);
    if (argc == 6 && strcmp(argv[1], "hold") == 0 && num_parse(argv[3], 1, 65535, &port) == 0 &&
        num_parse(argv[4], 1, 60000, &count) == 0 && num_parse(argv[5], 1, 3600, &seconds) == 0)
        return hold(argv[2], (int)port, (int)count, (unsigned)seconds);
    fprintf(stderr, "sockets: see the head of its source\n");
    return 64;
}
