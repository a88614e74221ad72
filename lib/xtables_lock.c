#include "xtables_lock.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 1000

int xtables_lock(void)
{
    int fd = open(XTABLES_LOCK_PATH, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;
    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        struct timespec nap = {.tv_nsec = NS_PER_MS};

        if (i == PATIENCE_MS || (errno != EWOULDBLOCK && errno != EINTR)) {
            int err = errno == EWOULDBLOCK ? -EBUSY : -errno;

            close(fd);
            return err;
        }
        nanosleep(&nap, NULL);
    }
    return fd;
}
