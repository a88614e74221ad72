#include "server_log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 2048
#define NAME_BYTES 256

static void say(const struct server_log *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(const struct server_log *l, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list args;
    int len;

    if (l->verbosity < 2)
        return;
    len = snprintf(line, sizeof line, "%.64s: ", l->program);
    va_start(args, format);
    len += vsnprintf(line + len, sizeof line - (size_t)len - 1, format, args);
    va_end(args);
    if (len > (int)sizeof line - 2)
        len = sizeof line - 2;
    line[len++] = '\n';
    /* Who reads it may be gone; that is no reason to end. */
    if (write(STDERR_FILENO, line, (size_t)len) < 0)
        return;
}

/* As tcpserver(1) writes names: `?` for what could be taken for something else. */
static const char *safe(const char *name, char out[NAME_BYTES])
{
    size_t len = 0;

    for (; name && *name && len < NAME_BYTES - 1; name++, len++)
        out[len] = (char)(*name < 33 || *name > 126 || *name == ':' || *name == '%' ? '?' : *name);
    out[len] = '\0';
    return out;
}

void server_log_status(const struct server_log *l, int64_t count, int64_t limit)
{
    say(l, "status: %" PRId64 "/%" PRId64, count, limit);
}

void server_log_pid(const struct server_log *l, pid_t pid, const struct addr *from)
{
    char address[ADDR_TEXT_LEN];

    say(l, "pid %ld from %s", (long)pid, addr_format(from, address));
}

void server_log_verdict(const struct server_log *l, const char *what, pid_t pid,
                        const struct server_ends *ends, const char *mark)
{
    char local[ADDR_TEXT_LEN], remote[ADDR_TEXT_LEN];
    char local_name[NAME_BYTES], remote_name[NAME_BYTES], info[NAME_BYTES];

    say(l, "%s %ld %s:%s:%u %s:%s:%s:%u%s%s", what, (long)pid, safe(ends->local_name, local_name),
        addr_format(&ends->local, local), (unsigned)ends->local_port,
        safe(ends->remote_name, remote_name), addr_format(&ends->remote, remote),
        safe(ends->remote_info, info), (unsigned)ends->remote_port, *mark ? " " : "", mark);
}

void server_log_end(const struct server_log *l, pid_t pid, int status)
{
    say(l, "end %ld status %d", (long)pid, status);
}
