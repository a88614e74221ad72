#include "terminals.h"

#include "utf8.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define CHARACTER_MAX 4 /* bytes of one in UTF-8 */
#define DIGITS "0123456789"

struct message {
    uid_t uid;
    char *text;
    size_t len;
    int told, err;
};

/* The length of the character at `text`, 0 if it is none or a terminal would obey it. */
static size_t harmless(const char *text, size_t left)
{
    char character[CHARACTER_MAX + 1] = "";
    size_t len = 1;

    while (len <= CHARACTER_MAX && len <= left && !utf8_is_valid(text, len))
        len++;
    if (len > CHARACTER_MAX || len > left)
        return 0;
    memcpy(character, text, len);
    return *text == '\t' || !utf8_has_controls(character) ? len : 0;
}

static int make_text(const char *text, struct message *out)
{
    size_t left = strlen(text);

    out->text = malloc(2 * left + 1); /* nothing but line ends, if it comes to the worst */
    if (!out->text)
        return -ENOMEM;
    while (left) {
        size_t len = harmless(text, left), step = len ? len : 1;

        if (text[0] == '\r' && text[1] == '\n') {
            /* Its line end writes it anew. */
        } else if (text[0] == '\n') {
            out->text[out->len++] = '\r';
            out->text[out->len++] = '\n';
        } else if (len) {
            memcpy(out->text + out->len, text, len);
            out->len += len;
        } else {
            out->text[out->len++] = '?';
        }
        text += step;
        left -= step;
    }
    return 0;
}

/* Whether the modem or the printer at the other end of a serial line says that it takes nothing.
 * Closing such a line would wait for it. */
static bool is_held_up(int fd)
{
    struct termios mode;
    int lines;

    return tcgetattr(fd, &mode) == 0 && (mode.c_cflag & CRTSCTS) &&
           ioctl(fd, TIOCMGET, &lines) == 0 && !(lines & TIOCM_CTS);
}

/* 1 if it was told, if only a part; 0 if it takes nothing; -errno. */
static int write_to(int fd, const struct message *m)
{
    size_t done = 0;

    if (is_held_up(fd))
        return 0;
    while (done < m->len) {
        ssize_t n = write(fd, m->text + done, m->len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN && done == 0)
            return -errno;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return done > 0;
}

static bool is_users(const struct message *m, const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_uid == m->uid;
}

/* Looks before it opens, as opening may have effects on a line, and again once it is open, as it
 * may have become another's. */
static int tell_one(int folder, const char *name, const struct message *m)
{
    struct stat st;
    int fd, told = 0;

    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !is_users(m, &st))
        return 0;
    fd = openat(folder, name, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fstat(fd, &st) == 0 && is_users(m, &st) && isatty(fd))
        told = write_to(fd, m);
    close(fd);
    return told;
}

static bool is_number(const char *name)
{
    return *name && name[strspn(name, DIGITS)] == '\0';
}

static bool is_line(const char *name)
{
    if (strncmp(name, "tty", 3) != 0)
        return false;
    return is_number(name + 3) || (name[3] == 'S' && name[4]);
}

static int tell_folder(int parent, const char *path, bool (*is_terminal)(const char *),
                       struct message *m)
{
    int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct dirent *entry;
    DIR *folder;
    int err;

    if (fd < 0)
        return -errno;
    folder = fdopendir(fd);
    if (!folder) {
        err = -errno;
        close(fd);
        return err;
    }
    while (errno = 0, entry = readdir(folder)) {
        int told;

        if (!is_terminal(entry->d_name))
            continue;
        told = tell_one(fd, entry->d_name, m);
        if (told < 0)
            m->err = told;
        else
            m->told += told;
    }
    err = -errno;
    closedir(folder);
    return err;
}

/* Without pseudo-terminals there may be others. */
static int tell_all(const char *dev_folder, struct message *m)
{
    int fd = open(dev_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

    if (fd < 0)
        return -errno;
    err = tell_folder(fd, "pts", is_number, m);
    if (err && err != -ENOENT)
        m->err = err;
    err = tell_folder(fd, ".", is_line, m);
    close(fd);
    return err;
}

int terminals_tell(const char *dev_folder, uid_t uid, const char *text)
{
    struct message m = {.uid = uid};
    int before, err = make_text(text, &m);

    if (err)
        return err;
    before = setfsuid(uid);
    /* It tells of no error: another call tells what holds. */
    err = (uid_t)setfsuid((uid_t)-1) == uid ? tell_all(dev_folder, &m) : -EPERM;
    setfsuid((uid_t)before);
    free(m.text);
    if (m.told)
        return m.told;
    return err ? err : m.err;
}
