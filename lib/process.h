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
    uid_t effective; /* the one by which the kernel says what it may do */
    char state;
    int threads;
    char name[PROCESS_NAME_LEN]; /* of its program, 15 bytes at most; it may give itself another */
    int64_t start;               /* clock ticks since the machine started: with the number, who it
                                    is, as numbers are given out again */
};

/* The letter of its state: R runs, S and D wait, T is stopped by a signal, t by a debugger, Z is
 * dead and not yet waited for. '\0' if there is no such process. */
char process_state(pid_t pid);
/* All of it, of one and the same process. 0; -ESRCH if there is none, or it is dead and not yet
 * waited for, or /proc hides it (hidepid); -errno. *out only on 0. A process whose first thread has
 * ended lives on in the others: its state then is Z, and it is no dead one. */
int process_read(pid_t pid, struct process *out);
/*
 * Its uids alone; `proc` is a descriptor of /proc. The effective one costs one stat(2): the owner
 * of /proc/PID itself is that one even where everything in it is shown as root's, as it is of a
 * process that is not dumpable (task_dump_owner() in the kernel's fs/proc/base.c). Both cost ten
 * times as much. 0, -ESRCH or -errno. The dead have their uids until they are waited for.
 */
int process_effective(int proc, pid_t pid, uid_t *effective);
int process_uids(int proc, pid_t pid, uid_t *real, uid_t *effective);
/* Whether it is still there, and no other that was given its number. */
bool process_lives(const struct process *p);

#endif
