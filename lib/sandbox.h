/*
 * sandbox: gives up privilege. The keeper keeps the few capabilities that it uses; the worker gives
 * up every one, becomes the user `tcpquota', and keeps to a list of system calls (seccomp(2)) and
 * of files (landlock(7)). There is no way back from either.
 */
#ifndef TCPQUOTA_SANDBOX_H
#define TCPQUOTA_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

#define SANDBOX_USER "tcpquota"
#define SANDBOX_WHY_LEN 160

struct sandbox {
    uid_t uid;
    gid_t gid;
};

/* Finds the user. 0; -ENOENT if there is none; -EINVAL if it is root under another name; -errno. */
int sandbox_find(struct sandbox *out);
/* The words for what it returned. */
const char *sandbox_strerror(int err);
/* What the keeper is left with: CAP_NET_ADMIN and CAP_NET_RAW for tables and flows, CAP_KILL for
 * signals to the worker and to users who may not use the link, CAP_SYS_PTRACE and
 * CAP_DAC_READ_SEARCH for what /proc says of their processes, CAP_SETUID, CAP_SETGID and
 * CAP_SETPCAP so that a worker can give up what it has; without `processes` not the two for /proc.
 * Programs that it starts, VERIFY_CMD, have
 * what the bounding set leaves to root. 0 or -errno. */
int sandbox_keep_little(bool processes);
/* What a worker goes on needing. */
struct sandbox_needs {
    const char *database; /* NULL: none */
    const char *socket;   /* it makes and removes this one; NULL: none */
    bool net_admin; /* CAP_NET_ADMIN, for an NFQUEUE: the kernel takes verdicts from nobody else */
    bool relay;     /* it connects to servers */
};

/*
 * Everything that a worker gives up, in this process and for good. From here on it reaches the
 * files of the database, /proc, the time zone, and the records of who is logged in, if
 * they are there by then; it opens no sockets but for netlink's news of routes and local datagrams,
 * for syslog, and starts nothing. What it was given open stays open: the log is one of those. 0, or
 * -errno with the step that failed in `why`: then some of it may be given up, and the process has
 * to end.
 */
int sandbox_enter(const struct sandbox *s, const struct sandbox_needs *needs,
                  char why[SANDBOX_WHY_LEN]);
/* The version of Landlock that this kernel has, at least 1, or -errno. */
int sandbox_landlock_version(void);

#endif
