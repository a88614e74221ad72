/*
 * processes: a walk over /proc, from one process to the next, proc(5).
 *
 * A walk is a value that holds a descriptor of /proc from processes_open() to processes_close().
 * It blocks on the kernel alone and allocates nothing. Whoever is there from its beginning to its
 * end is met once; whoever comes or goes meanwhile may be met, and may be gone when it is.
 */
#ifndef TCPQUOTA_PROCESSES_H
#define TCPQUOTA_PROCESSES_H

#include <stddef.h>
#include <sys/types.h>

enum processes_pace {
    /* Numbers are asked for by the hundred. */
    PROCESSES_MANY,
    /* One at a time, at three times the cost: whoever is met was there just now. For those that
     * live for no longer than the hundred before them take. */
    PROCESSES_SINGLY
};

struct processes {
    int folder; /* /proc; -1 while there is no walk */
    enum processes_pace pace;
    size_t at, end; /* what is left of the buffer */
    _Alignas(long) char buffer[2048];
};

/* Begins a walk. 0, or -errno and there is none. */
int processes_open(struct processes *p, enum processes_pace pace);
/* 1 with the next number; 0 at the end; -errno. Numbers ascend. */
int processes_next(struct processes *p, pid_t *out);
/* Ends it, also if there is none. */
void processes_close(struct processes *p);

#endif
