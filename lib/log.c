#include "log.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define LINE_BYTES 2048
#define GATHER_BYTES (16 * LINE_BYTES)

enum sink { SINK_STDERR, SINK_TERMINAL, SINK_FILE, SINK_SYSLOG };

static struct {
    enum sink sink;
    enum log_level level;
    int fd;
    char program[32];
    char path[PATH_MAX];
    bool tags;
    char *lines;          /* room for GATHER_BYTES of them; NULL: each is written by itself */
    size_t gathered;      /* bytes */
    struct wall stamp_at; /* the second that `stamp` is of */
    char stamp[WALL_LOCAL_LEN];
} out = {.sink = SINK_STDERR, .level = LOG_LEVEL_INFO, .fd = -1, .program = "tcpquota"};

static void set_program(const char *program)
{
    snprintf(out.program, sizeof out.program, "%s", program);
}

static void close_file(void)
{
    log_write_out();
    if (out.fd >= 0)
        close(out.fd);
    out.fd = -1;
}

void log_to_stderr(const char *program)
{
    set_program(program);
    close_file();
    out.sink = SINK_STDERR;
}

void log_to_terminal(void)
{
    close_file();
    out.sink = SINK_TERMINAL;
}

/* O_NONBLOCK: a pipe that nobody reads is an error, not a reason to wait for ever. */
static int open_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);

    return fd < 0 ? -errno : fd;
}

void log_to_syslog(const char *program, int facility)
{
    set_program(program);
    close_file();
    openlog(out.program, LOG_PID | LOG_NDELAY, facility);
    out.sink = SINK_SYSLOG;
}

int log_to_file(const char *path, const char *program)
{
    int fd;

    if (strcmp(path, "syslog") == 0) {
        log_to_syslog(program, LOG_DAEMON);
        return 0;
    }
    if (strlen(path) >= sizeof out.path)
        return -ENAMETOOLONG;
    fd = open_file(path);
    if (fd < 0)
        return fd;
    set_program(program);
    close_file();
    if (path != out.path)
        snprintf(out.path, sizeof out.path, "%s", path);
    out.fd = fd;
    out.sink = SINK_FILE;
    return 0;
}

int log_descriptor(void)
{
    return out.sink == SINK_FILE ? out.fd : -1;
}

void log_adopt(int fd)
{
    close_file();
    out.fd = fd;
    out.sink = SINK_FILE;
}

void log_set_level(enum log_level level)
{
    out.level = level;
}

void log_use_tags(void)
{
    out.tags = true;
}

/* Where lines go that are not syslog's. */
static int descriptor(void)
{
    if (out.sink == SINK_FILE)
        return out.fd;
    return out.sink == SINK_TERMINAL && out.tags ? STDOUT_FILENO : STDERR_FILENO;
}

void log_gather(void)
{
    if (!out.lines)
        out.lines = malloc(GATHER_BYTES);
}

bool log_has_gathered(void)
{
    return out.gathered > 0;
}

/* One write: lines of several processes do not mix. Nobody is left to tell a failure. */
static void write_once(const char *bytes, size_t len)
{
    if (write(descriptor(), bytes, len) < 0)
        return;
}

/* A reader that stands still, a pipe's or a terminal's, loses lines and keeps nobody waiting: what
 * is ready to be written to takes so many bytes (pipe(7), POSIX's PIPE_BUF). */
void log_write_out(void)
{
    struct pollfd slot = {descriptor(), POLLOUT, 0};
    size_t at = 0;

    while (at < out.gathered && poll(&slot, 1, 0) > 0) {
        size_t len = out.gathered - at > PIPE_BUF ? PIPE_BUF : out.gathered - at;
        ssize_t n = write(slot.fd, out.lines + at, len);

        if (n <= 0)
            break;
        at += (size_t)n;
    }
    out.gathered = 0;
}

static void put(enum log_level level, const char *line, size_t len)
{
    if (!out.lines) {
        write_once(line, len);
        return;
    }
    if (out.gathered + len > GATHER_BYTES)
        log_write_out();
    memcpy(out.lines + out.gathered, line, len);
    out.gathered += len;
    if (level == LOG_LEVEL_ERR)
        log_write_out();
}

static const char *stamp_now(void)
{
    struct wall now = wall_now();

    if (out.stamp_at.ns == 0 || wall_seconds(now) != wall_seconds(out.stamp_at))
        wall_format_local(now, out.stamp);
    out.stamp_at = now;
    return out.stamp;
}

static void write_line(enum log_level level, const char *tag, const char *text)
{
    static const char *const names[] = {"err", "warning", "notice", "info", "debug"};
    static const char *const tags[] = {"ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"};
    static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG};
    char line[LINE_BYTES];
    int n;

    if (!tag)
        tag = tags[level];
    if (out.sink == SINK_SYSLOG) {
        if (out.tags)
            syslog(priorities[level], "[%s] %s", tag, text);
        else
            syslog(priorities[level], "%s", text);
        return;
    }
    if (out.sink == SINK_STDERR) {
        n = snprintf(line, sizeof line, "%s: %s\n", out.program, text);
    } else if (out.tags) {
        n = snprintf(line, sizeof line, "%s [%ld] : [%s] %s\n", stamp_now(), (long)getpid(), tag,
                     text);
    } else {
        n = snprintf(line, sizeof line, "%s %s %s\n", stamp_now(), names[level], text);
    }
    if (n >= (int)sizeof line) {
        n = (int)sizeof line - 1;
        line[n - 1] = '\n';
    }
    put(level, line, (size_t)n);
}

static void log_at(enum log_level level, const char *tag, const char *format, va_list args)
{
    char text[1900];

    if (level > out.level)
        return;
    vsnprintf(text, sizeof text, format, args);
    for (char *p = text; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    }
    write_line(level, tag, text);
}

#define LOG_FUNCTION(name, level)                                                                  \
    void name(const char *format, ...)                                                             \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, format);                                                                    \
        log_at(level, NULL, format, args);                                                         \
        va_end(args);                                                                              \
    }

LOG_FUNCTION(log_err, LOG_LEVEL_ERR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_notice, LOG_LEVEL_NOTICE)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void log_tagged(const char *tag, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_at(LOG_LEVEL_INFO, tag, format, args);
    va_end(args);
}

void log_failure(const char *format, ...)
{
    char text[1900];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_err("%s", text);
    if (out.sink == SINK_FILE || out.sink == SINK_SYSLOG)
        fprintf(stderr, "%s: %s\n", out.program, text);
}

int log_fail(int code, const char *what, const char *why)
{
    log_failure("%s: %s", what, why);
    return code;
}

const char *log_value(const char *value, char quoted[LOG_VALUE_LEN])
{
    size_t n = 0;

    if (*value && !strpbrk(value, " \t\"=\\")) {
        snprintf(quoted, LOG_VALUE_LEN, "%s", value);
        return quoted;
    }
    quoted[n++] = '"';
    for (; *value && n < LOG_VALUE_LEN - 3; value++) {
        if (*value == '"' || *value == '\\')
            quoted[n++] = '\\';
        quoted[n++] = *value;
    }
    quoted[n++] = '"';
    quoted[n] = '\0';
    return quoted;
}
