/*
 * connect: COUNT new TCP connections to ADDR:PORT one after the other, each closed with a reset so
 * that no port stays taken. Prints the nanoseconds for one.
 *
 *   connect ADDR PORT COUNT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int main(int argc, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct linger reset = {1, 0};
    long count = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
    int64_t begin;

    if (count <= 0 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
        return 64;
    to.sin_port = htons((uint16_t)strtol(argv[2], NULL, 10));
    begin = now_ns();
    for (long i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
            fprintf(stderr, "connect: %s\n", strerror(errno));
            return 71;
        }
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
    }
    printf("%lld\n", (long long)((now_ns() - begin) / count));
    return 0;
}
