/*
 * The locks of a store outlive other stores of the same process. POSIX gives up all locks that a
 * process has on a file when it closes any descriptor of it; SQLite takes a -shm file that nobody
 * has locked for a leftover, and cuts it under whoever has it mapped.
 */
#include "store.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOCK_ALIVE                                                                                 \
    128 /* the byte of the -shm file that every user locks: WAL_RECOVER and so on are              \
           120 to 127, sqlite.org/walformat.html, 2.3 */

/* Whether another process would find it locked. */
static bool is_locked(const char *shm)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_ALIVE, .l_len = 1};
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        int fd = open(shm, O_RDWR | O_CLOEXEC);

        _exit(fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? 0 : 1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* What is in the way for a moment only, as a file that root's shell has just made is. */
static void test_patience(struct tap *t, const char *path)
{
    char wal[96];
    struct store *store;
    pid_t pid;

    snprintf(wal, sizeof wal, "%s-wal", path);
    tap_is(t, mkdir(wal, 0700), 0, "(a folder in the place of the -wal file)");
    pid = fork();
    if (pid == 0) {
        usleep(300000);
        _exit(rmdir(wal) != 0);
    }
    tap_is(t, store_open(&store, path, STORE_CREATE), 0, "opened once it has gone");
    store_close(store);
    waitpid(pid, NULL, 0);
}

int main(void)
{
    static const enum store_mode modes[] = {STORE_READER, STORE_SHARE};
    struct tap t = {0};
    char folder[] = "/tmp/tcpquota-locks.XXXXXX", path[64], shm[80], file[96];
    struct store *held, *other;

    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/db", folder);
    snprintf(shm, sizeof shm, "%s-shm", path);
    tap_is(&t, store_open(&held, path, STORE_CREATE), 0, "a database");
    tap_ok(&t, is_locked(shm), "its -shm file is locked");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        tap_is(&t, store_open(&other, path, modes[i]), 0, "another store, mode %d", modes[i]);
        store_close(other);
        tap_ok(&t, is_locked(shm), "it is still locked when that one is closed, mode %d", modes[i]);
    }
    store_close(held);
    tap_ok(&t, !is_locked(shm), "and not when all are");
    test_patience(&t, path);
    for (size_t i = 0; i < 4; i++) {
        static const char *const suffixes[] = {"", "-shm", "-wal", ".made"};

        snprintf(file, sizeof file, "%s%s", path, suffixes[i]);
        unlink(file);
    }
    rmdir(folder);
    return tap_done(&t);
}
