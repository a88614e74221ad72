/*
 * sandbox_parts: the two of its steps that have a file of their own; sandbox*.c alone include it.
 */
#ifndef TCPQUOTA_SANDBOX_PARTS_H
#define TCPQUOTA_SANDBOX_PARTS_H

#include "sandbox.h"

/* No system call but those of the list; every other is EPERM. Whoever keeps CAP_NET_ADMIN makes no
 * socket of netlink, nor one to be connected to. 0 or -errno. */
int sandbox_limit_calls(const struct sandbox_needs *needs);
/* No file but those of the database at `path`, the control socket (or NULL), and what is read on
 * the way. 0, -errno; 0 as well where the kernel has no Landlock. */
int sandbox_limit_files(const char *path, const char *socket);

#endif
