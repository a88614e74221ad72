/*
 * identity: from where is this caller logged in?
 *
 * The caller is who the kernel says (SO_PEERCRED). Where they sit is what the machine itself
 * recorded when they logged in: utmp(5), written by sshd and login, and systemd-logind's sessions
 * (sd-login(3)). Nothing comes from the environment, and no name of a host is ever believed, for
 * whoever owns the reverse zone would choose the host. What a caller says, the name of their
 * terminal, only chooses among their own records: the one of that terminal decides, else the
 * session that their process is in, else all their sessions together if they agree.
 *
 * A record of utmp counts if
 *  - its process is alive and is root's or the user's own, and
 *  - that process or its parent is root's and is a program named sshd, sshd-session or login. The
 *    first that is (the monitor of sshd; login waiting for the shell) is the session's *leader*,
 *    the same process that logind calls so. A process of the user's own proves nothing by its
 *    name, which it may choose; its parent it cannot.
 * A terminal emulator's, tmux's or screen's record, which any user may write through utempter(8)
 * with any text as the host, is as if it were not there. utempter leaves ut_addr_v6 empty, and so
 * the host is ut_addr_v6 and never a number that stands in ut_host alone. login knows the address
 * only by looking up what telnetd handed it: it counts if ut_host spells the same number.
 *
 * Of what another program of root's recorded (a display manager) it is believed that the user sits
 * here, if no host is in it. Of a user's records no more than
 * some hundred processes are looked at; past them only the terminal and the session choose.
 *
 * An address of this machine's loopback is the console. A record that a killed sshd left behind
 * counts again only if its number is given to a process that passes all of this.
 *
 * Everything is read from files (/proc, /run/utmp, /run/systemd), without a message to anybody and
 * without locks; it blocks on nothing else. If /proc hides processes of others (hidepid), nobody
 * is logged in.
 */
#ifndef TCPQUOTA_IDENTITY_H
#define TCPQUOTA_IDENTITY_H

#include "addr.h"
#include "process.h"

#include <stdbool.h>
#include <sys/types.h>

/* A name of utmp, UT_LINESIZE, and a NUL. */
#define IDENTITY_TERMINAL_LEN 33
#define IDENTITY_SESSION_LEN 64

enum identity_result {
    IDENTITY_FROM,     /* logged in from `host` */
    IDENTITY_CONSOLE,  /* sits at the gateway itself */
    IDENTITY_ANOTHERS, /* the terminal, or the process, is of another user's session: su, sudo */
    IDENTITY_NONE,     /* no session of this user is recorded */
    IDENTITY_NAME,     /* the session's host is recorded as a name, without a number to trust */
    IDENTITY_SERVICE,  /* a session of another service than sshd or login */
    IDENTITY_MANY      /* sessions from several hosts, and no terminal that chooses one */
};

/* Of host, terminal, leader and session only what the records say is set; `host` with
 * IDENTITY_FROM alone. All of it is a value: nothing to free. */
struct identity {
    enum identity_result result;
    struct addr host;
    char terminal[IDENTITY_TERMINAL_LEN]; /* as utmp has it, "pts/3"; "" if the session has none */
    struct process leader;                /* pid 0 if no session was chosen */
    char session[IDENTITY_SESSION_LEN];   /* logind's name of it, "" if logind knows none */
};

struct identity_caller {
    uid_t uid;            /* SO_PEERCRED */
    pid_t pid;            /* SO_PEERCRED; 0 if it is not known */
    const char *user;     /* the name of that uid, 1-32 bytes */
    const char *terminal; /* what they claim, "pts/3" or "/dev/pts/3", "" if they have none */
};

struct identity_paths {
    const char *utmp;    /* NULL: /run/utmp */
    bool without_logind; /* as if there were no logind */
};

/* `paths` may be NULL. 0, and the answer in *out; -ENOMEM; -EIO and what else reading the records
 * may fail with: a utmp that the sandbox does not reach, since it was made after it, is -EACCES if
 * logind knows of no session, and otherwise as if there were none. No records at all are an answer,
 * IDENTITY_NONE. */
int identity_find(const struct identity_paths *paths, const struct identity_caller *caller,
                  struct identity *out);
/* Whether the session found then is still there: its leader lives, and is no other process that
 * was given its number. False if none was chosen. */
bool identity_lives(const struct identity *identity);
/* The word for it in logs: from, console, anothers, none, name, service, many. */
const char *identity_word(enum identity_result result);

#endif
