/*
 * namer: the process that turns uids into names and groups. The system's user database may be a
 * directory server that takes its time, and what asks it loads libraries and opens sockets: so it
 * is neither in the worker nor in the keeper, but in a process of its own, which has given up
 * every privilege and ends with the worker. The worker asks and goes on; the answer comes later.
 */
#ifndef TCPQUOTA_NAMER_H
#define TCPQUOTA_NAMER_H

#include "account.h"
#include "clock.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define NAMER_GROUPS_BYTES 16384
#define NAMER_NAMES_BYTES 1024

/* To be looked at first is `failed`: who was found all the same has a name, but groups that are not
 * all there, as the database did not tell them, or as they are more than 1024 or do not fit. */
struct namer_answer {
    uint32_t uid;
    bool found;
    bool failed; /* the database could not be asked for everything */
    struct user_name name;
    /* Lists of names, each with its NUL, an empty one at the end. */
    char others[NAMER_NAMES_BYTES];  /* that /etc/passwd has for this uid besides */
    char groups[NAMER_GROUPS_BYTES]; /* of all of these names */
};

/* Starts the process as this user; to be called by root. A descriptor that does not block, the
 * caller's to close, or -errno. */
int namer_start(uid_t uid, gid_t gid);
/* 0; -EAGAIN if too much is being asked; -errno if the process is gone. */
int namer_ask(int fd, uid_t uid);
/* Asks, and waits for the answer for so long; what else was asked for is dropped. 0; -ETIMEDOUT;
 * -errno. */
int namer_find(int fd, uid_t uid, struct span patience, struct namer_answer *out);
/* The next answer. 0; -EAGAIN if there is none yet; -EPIPE, -errno. */
int namer_hear(int fd, struct namer_answer *out);

#endif
