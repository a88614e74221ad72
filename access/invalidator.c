#include "invalidator.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE 0620

int invalidator_make(const char *path, gid_t group)
{
    struct stat st;
    int fd, err = 0;
    bool made = mkfifo(path, MODE) == 0;

    if (!made && errno != EEXIST)
        return -errno;
    /* For writing as well: so it has no end while nobody else writes. */
    fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ELOOP ? -EEXIST : -errno;
    if (fstat(fd, &st) != 0)
        err = -errno;
    else if (!S_ISFIFO(st.st_mode))
        err = -EEXIST;
    else if (fchown(fd, 0, group) != 0 || fchmod(fd, MODE) != 0)
        err = -errno;
    if (!err)
        return fd;
    close(fd);
    return err;
}

void invalidator_init(struct invalidator *v, int fd)
{
    *v = (struct invalidator){.fd = fd};
}

void invalidator_close(struct invalidator *v)
{
    if (v->fd >= 0)
        close(v->fd);
    v->fd = -1;
}

static bool is_separator(char c)
{
    return c == '\0' || strchr(" \t\r\n,", c);
}

static void end_word(struct invalidator *v, invalidator_address *each, invalidator_garbage *bad,
                     void *context)
{
    struct addr a;

    v->word[v->len] = '\0';
    if (v->too_long || (v->len > 0 && addr_parse(v->word, &a) != 0))
        bad(context, v->word);
    else if (v->len > 0)
        each(context, &a);
    v->len = 0;
    v->too_long = false;
}

void invalidator_feed(struct invalidator *v, const char *bytes, size_t len,
                      invalidator_address *each, invalidator_garbage *bad, void *context)
{
    v->flushed = v->flushed && len == 0;
    for (size_t i = 0; i < len; i++) {
        if (is_separator(bytes[i]))
            end_word(v, each, bad, context);
        else if (v->len < INVALIDATOR_WORD)
            v->word[v->len++] = bytes[i];
        else
            v->too_long = true;
    }
}

bool invalidator_read(struct invalidator *v, invalidator_address *each, invalidator_garbage *bad,
                      void *context)
{
    char buffer[INVALIDATOR_BYTES];
    ssize_t n = read(v->fd, buffer, sizeof buffer);

    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    invalidator_feed(v, buffer, (size_t)n, each, bad, context);
    return true;
}

bool invalidator_waits(const struct invalidator *v)
{
    return v->len > 0 && !v->too_long && !v->flushed;
}

void invalidator_flush(struct invalidator *v, invalidator_address *each, void *context)
{
    char word[INVALIDATOR_WORD + 1];
    struct addr a;

    memcpy(word, v->word, v->len);
    word[v->len] = '\0';
    if (invalidator_waits(v) && addr_parse(word, &a) == 0)
        each(context, &a);
    v->flushed = true;
}
