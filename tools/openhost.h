/* openhost: what the parts of openhost(1) share; openhost*.c alone include it. */
#ifndef TCPQUOTA_OPENHOST_H
#define TCPQUOTA_OPENHOST_H

#include "clock.h"
#include "program.h"

#include <stdbool.h>
#include <termios.h>

struct openhost {
    struct program program;
    struct link link;
    bool detach, close;
    bool screen;           /* a person looks at it: stdin and stdout are terminals */
    bool line_shown;       /* the status line stands on the screen */
    bool raw;              /* the terminal gives single keys */
    struct termios before; /* how the terminal was */
    bool opened;           /* it has been */
    bool leaving;          /* it was told to end */
    bool returning;        /* it waits for a daemon to come again */
    bool returned;         /* ... as it has done before */
    bool told_waiting;
    struct mono begun;
    struct mono lost;  /* the daemon, while it was open */
    int64_t warned_at; /* seconds left of the last warning, INT64_MAX: none yet */
};

/* openhost_screen.c */
/* Takes single keys from the terminal from here on; and back. */
void openhost_take_terminal(struct openhost *o);
void openhost_give_terminal(struct openhost *o);
/* A line of its own, as printf(3) without a newline; the status line comes below it. */
void openhost_say(struct openhost *o, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Shows the status line, in place. */
void openhost_show(struct openhost *o, const json_t *status);
/* Warns at WARN_AT. */
void openhost_warn(struct openhost *o, const json_t *status);
/* What was used, in the end. */
void openhost_sum_up(struct openhost *o, const json_t *end);
/* Prints /etc/tcpquota/tcpquota.KIND.LANGUAGE, if it is there. */
void openhost_print_file(struct openhost *o, const char *kind);
/* Prints NOQUOTAFILE, if there is one. */
void openhost_print_notice(struct openhost *o);

#endif
