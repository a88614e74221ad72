/*
 * program: what openhost, openfw and tcpquota have in common: their configuration, the way they
 * complain, and the options that all of them take.
 */
#ifndef TCPQUOTA_PROGRAM_H
#define TCPQUOTA_PROGRAM_H

#include "conf.h"
#include "link.h"
#include "text.h"

#include <stdbool.h>

struct program {
    const char *name;
    const char *conf_path;
    struct conf conf;
    bool json;   /* what is shown is for scripts */
    bool silent; /* the terminal shows a picture: that it waits is not told */
};

/*
 * Sets the language of what is said before the configuration is read for good, of --help and of
 * options that are not understood: that of the configuration that the command line names with
 * --config or with its short form (NULL: it has none), English if it does not load. Says nothing.
 */
void program_speak(const char *name, const char *short_form, int argc, char **argv);
/* Comes first: descriptors 0 to 2 that are closed are taken, so that the socket is none of them,
 * and writing to them goes on to fail. */
void program_keep_descriptors(void);
/* Words that are no UTF-8 are refused: 0, or 65, told. */
int program_check_words(const char *name, int argc, char **argv);
/* Reads the configuration, which says where the daemon is and how things are shown, and sets the
 * language. 0, or an exit code, told. */
int program_start(struct program *p, const char *name, const char *conf_path);
void program_end(struct program *p);
/* `name: what: why` on stderr. Returns `code`. */
int program_fail(const struct program *p, int code, const char *what, const char *why);
/* The sentence of a line {"end": code, "why": ...} on stderr, unless it went well. Returns the
 * code. */
int program_tell_end(const struct program *p, const json_t *line);
/* Waits for the next line, and says so on stderr after a second. 0, or -errno. */
int program_wait(const struct program *p, const struct link *link);
/* Connects to the daemon. 0, or 69, told. */
int program_connect(const struct program *p, struct link *link);
/* The sentence for what went wrong on the way to the daemon: -errno, or 0 if it has hung up.
 * Returns `why`. */
const char *program_why_lost(int err, char why[TEXT_LEN]);
/* Tells it. Returns 69. */
int program_lost(const struct program *p, int err);
/* What getopt_long(3) did not understand, `?` or `:`, with opterr 0. Returns 64. */
int program_refuse_option(const char *name, int option, char **argv);
/* Writes out what was printed. The code, or 74, told, if that was lost. */
int program_flush(const char *name, int code);
/* `--version`. Returns 0 or 74. */
int program_print_version(const char *name);
/* The name of the terminal on stdin, stdout or stderr, as utmp has it: `pts/3`; "" without one. */
const char *program_terminal(void);

#endif
