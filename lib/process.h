/* process: what /proc says of a process, proc(5). */
#ifndef TCPQUOTA_PROCESS_H
#define TCPQUOTA_PROCESS_H

#include <sys/types.h>

/* The letter of its state: R runs, S and D wait, T is stopped by a signal, t by a debugger, Z is
 * dead and not yet waited for. '\0' if there is no such process. */
char process_state(pid_t pid);

#endif
