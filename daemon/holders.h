/*
 * holders: whose process holds a socket, proc(5): the links in /proc/PID/fd. A socket may belong to
 * root or to a service and yet serve a user; the process that serves it runs as that user.
 *
 * Owns nothing and keeps nothing between calls. Blocks on the kernel alone. Needs
 * CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH for the processes of others.
 */
#ifndef TCPQUOTA_HOLDERS_H
#define TCPQUOTA_HOLDERS_H

#include "holder.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct holders_terms {
    uid_t uid_min, uid_max; /* both included */
    bool ftp_only;          /* ftp daemons alone: their program or their name has `ftpd` in it */
};

/*
 * For each of these sockets (sorted by inode, each once) the user of a process that has it open:
 * its effective uid, or the real one of a process with the effective uid of root. Process 1 never
 * counts; of several the one that started first does, of those that started in the same clock tick
 * the one with the lowest number. A process whose first thread has ended holds what the others do.
 * `out` has room for `count` and is sorted by inode.
 *
 * How many were found; -errno if the processes could not be gone through, or if none was found and
 * some could not be looked at. A process that ends meanwhile is no failure. Of a process at most
 * 256 descriptors are looked at, the lowest, and 32,768 of a user; *crowded is a user who has more,
 * or 0.
 *
 * Without sockets nothing is read. Otherwise one walk over all processes: some 3 us for one of a
 * uid out of range, 15 for one of root, 50 for one of a user with ten descriptors.
 */
int holders_find(const struct holders_terms *terms, const uint64_t *inodes, size_t count,
                 struct holder *out, uid_t *crowded);

#endif
