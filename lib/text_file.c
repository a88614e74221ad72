#include "text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_whole(int fd, size_t max, char *text, size_t *len)
{
    ssize_t n = 0;

    /* One more than there may be: it may grow while it is read. */
    for (*len = 0; *len <= max; *len += (size_t)n) {
        n = read(fd, text + *len, max + 1 - *len);
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
    }
    return -EFBIG;
}

static int read_text(int fd, const struct stat *st, size_t max, char **text)
{
    size_t room = (size_t)st->st_size, len = 0;
    int err;

    if (!S_ISREG(st->st_mode))
        return -EINVAL;
    if (room > max)
        return -EFBIG;
    room = room + 4096 < max ? room + 4096 : max;
    *text = malloc(room + 2);
    if (!*text)
        return -ENOMEM;
    err = read_whole(fd, room, *text, &len);
    if (!err) {
        (*text)[len] = '\0';
        err = strlen(*text) == len ? 0 : -EBADMSG;
    }
    if (err) {
        free(*text);
        *text = NULL;
    }
    return err;
}

int text_file_read(const char *path, size_t max, char **text, struct stat *stamp)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err;
    struct stat st;

    *text = NULL;
    if (fd < 0)
        return -errno;
    err = fstat(fd, &st) == 0 ? 0 : -errno;
    if (!err && stamp)
        *stamp = st;
    if (!err)
        err = read_text(fd, &st, max, text);
    close(fd);
    return err;
}

const char *text_file_strerror(int err)
{
    return err == -EBADMSG ? "is no text" : err == -EINVAL ? "is no regular file" : strerror(-err);
}
