/*
 * caller: who asks, and what they may. The uid is what the kernel said of the socket's other end,
 * the name and the groups are those of the system's user database. Plain values; pure.
 */
#ifndef TCPQUOTA_CALLER_H
#define TCPQUOTA_CALLER_H

#include "account.h"
#include "conf.h"

#include <stdbool.h>
#include <sys/types.h>

struct caller {
    uid_t uid;
    pid_t pid;
    struct user_name name;
    bool is_root;
    bool is_operator; /* in OPERATORS or in ADMINS, or root */
    bool is_admin;    /* in ADMINS, or root */
    bool is_spared;   /* one of these, or in NEVER_KILL: no ENFORCE_LOCAL for them */
};

/* Fills in what the caller may. `others` are further names of the same uid: whoever is listed under
 * one of them is listed; `groups` the names of their groups. Each has its NUL, and an empty one is
 * at the end. */
void caller_judge(struct caller *caller, const struct conf *conf, const char *others,
                  const char *groups);
/* Whether the caller may look at this user's accounts: their own, or all of them. */
bool caller_sees(const struct caller *caller, const struct user_name *user);
/* The name as a value: 0, or -EINVAL if it is empty or longer than USER_BYTES. */
int user_name_make(struct user_name *out, const char *text);

#endif
