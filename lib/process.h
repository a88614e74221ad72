/* process: what /proc says of a process, proc(5). Nothing here blocks or allocates. */
#ifndef TCPQUOTA_PROCESS_H
#define TCPQUOTA_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_NAME_LEN 16

struct process {
    pid_t pid, parent;
    uid_t uid; /* the real one: that of whoever started it, whatever it may since have become */
    char state;
    char name[PROCESS_NAME_LEN]; /* of its program, 15 bytes at most; it may give itself another */
    int64_t start;               /* clock ticks since the machine started: with the number, who it
                                    is, as numbers are given out again */
};

/* The letter of its state: R runs, S and D wait, T is stopped by a signal, t by a debugger, Z is
 * dead and not yet waited for. '\0' if there is no such process. */
char process_state(pid_t pid);
/* All of it, of one and the same process. 0; -ESRCH if there is none, or it is dead and not yet
 * waited for, or /proc hides it (hidepid); -errno. *out only on 0. */
int process_read(pid_t pid, struct process *out);
/* Whether it is still there, and no other that was given its number. */
bool process_lives(const struct process *p);

#endif
