#include "conf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_BYTES (1 << 20)

int conf_file_open(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) != 0)
        err = -errno;
    else if (!S_ISREG(st.st_mode))
        err = -EINVAL;
    else if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022))
        err = -EPERM;
    if (!err)
        return fd;
    close(fd);
    return err;
}

int conf_file_read(int fd, char **text, size_t *len)
{
    char *buffer = malloc(FILE_MAX_BYTES);
    size_t size = 0;
    ssize_t n;
    int err = buffer ? 0 : -ENOMEM;

    while (!err && (n = pread(fd, buffer + size, FILE_MAX_BYTES - size, (off_t)size)) != 0) {
        if (n < 0)
            err = -errno;
        else if ((size += (size_t)n) == FILE_MAX_BYTES)
            err = -EFBIG;
    }
    if (err) {
        free(buffer);
        return err;
    }
    buffer[size] = '\0';
    /* A NUL byte would end the scan early: it becomes a character that no key or value has. */
    for (size_t i = 0; i < size; i++) {
        if (buffer[i] == '\0')
            buffer[i] = '\x01';
    }
    *text = buffer;
    *len = size;
    return 0;
}

int conf_file_image(const char *text, size_t len, unsigned flags)
{
    int fd = memfd_create("tcpquota.cf", MFD_CLOEXEC | flags);

    if (fd < 0)
        return -errno;
    if (write(fd, text, len) == (ssize_t)len)
        return fd;
    close(fd);
    return -EIO;
}
