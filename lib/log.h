/*
 * log: one line an event, to a file, the terminal or syslog.
 *
 *     2026-11-21T10:00:00+01:00 notice open host=10.99.0.2 user=alice
 *
 * Local time, level, event, key=value. The sink is the only mutable global of the house. Writing
 * a line does not block but on the file itself and never fails loudly: a full disk loses lines,
 * not quota. Control characters in a line come out as `?`: a line is a line.
 */
#ifndef TCPQUOTA_LOG_H
#define TCPQUOTA_LOG_H

#include <stdbool.h>

enum log_level {
    LOG_LEVEL_NONE = -1,
    LOG_LEVEL_ERR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG
};

/* Lines to stderr, as `program: text`: what a command prints. The sink at start. */
void log_to_stderr(const char *program);
/* Full log lines to stderr: a daemon in the foreground. */
void log_to_terminal(void);
/*
 * Full log lines get another form, that of tcpquota-authd(8), and those to the terminal go to
 * stdout:
 *
 *     2026-11-21T10:00:00+01:00 [1234] : [NOTICE] the cache has been purged
 */
void log_use_tags(void);
/* A line of that form with a tag of its own, at the level of info; it is for log_use_tags() alone.
 */
void log_tagged(const char *tag, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends to `path`, made 0640 if it is not there; "syslog" is syslog. 0 or -errno, sink kept. */
int log_to_file(const char *path, const char *program);
/* To syslog under this name, to this facility of syslog(3). */
void log_to_syslog(const char *program, int facility);
/* The descriptor of log_to_file(), which stays the log's; -1 if the sink is another. */
int log_descriptor(void);
/* Goes on in the file behind `fd`, opened by somebody else for us. The log closes it in the end. */
void log_adopt(int fd);
/* From here on lines to a file or the terminal are gathered, and written by log_write_out(), when
 * there are many, and at an error: who writes a line a packet saves most of its cost. */
void log_gather(void);
void log_write_out(void);
/* Whether lines wait for that. */
bool log_has_gathered(void);
/* Lines above this level are not written. LOG_LEVEL_INFO at start. */
void log_set_level(enum log_level level);

void log_err(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* An error that ends the program: to stderr as a command prints it, and to the log if that is
 * another place. */
void log_failure(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* `what: why`, as log_failure() does. Returns the exit code that it is given. */
int log_fail(int code, const char *what, const char *why);
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Room for a quoted value: a name of 64 bytes at most, each escaped, and the quotes. */
#define LOG_VALUE_LEN 132
/*
 * `value` as it may stand behind `key=`: in double quotes if it holds blanks, `=`, quotes or
 * nothing at all, so that no name can pretend to be another key. Longer values are cut.
 */
const char *log_value(const char *value, char out[LOG_VALUE_LEN]);

#endif
