/*
 * check: `tcpquotad --check`, and the words for a configuration that does not load.
 */
#ifndef TCPQUOTA_CHECK_H
#define TCPQUOTA_CHECK_H

#include "conf.h"

/* Prints what is wrong on stderr and changes nothing. An exit code after sysexits.h. */
int check_run(const struct conf *conf);
/* Prints the networks that this machine is connected to, as lines for LOCALNET. */
void check_print_networks(void);
/* Logs what is no reason not to start, but should be known: a foreign nftables chain that drops
 * what the gate accepts, a kernel without Landlock. */
void check_warn_of_start(void);
/* The same for a kernel that does not show its connections; true only once the gate stands, which
 * makes the kernel track them. */
void check_warn_of_conntrack(void);

#endif
