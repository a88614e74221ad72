/*
 * conntrack: reads /proc/net/nf_conntrack, the kernel's table of tracked connections.
 *
 * Opened once and rewound for every reading, so that it can go on after privilege is dropped.
 * Memory does not depend on the number of connections. Blocks on the kernel alone.
 */
#ifndef TCPQUOTA_CONNTRACK_H
#define TCPQUOTA_CONNTRACK_H

#include "flow.h"

#include <stddef.h>

#define CONNTRACK_PATH "/proc/net/nf_conntrack"

/* Told of every flow. */
typedef void conntrack_flow(void *context, const struct flow *flow);

struct conntrack_error {
    size_t line;    /* from 1 */
    char text[160]; /* the line, cut */
};

/* A descriptor for conntrack_read(), the caller's to close, or -errno. */
int conntrack_open(void);
/*
 * Reads the whole table. 0; -errno of the reading; -EBADMSG if a line is no flow or the table
 * broke off (`where` says which): then what was told is not to be charged from.
 */
int conntrack_read(int fd, conntrack_flow *each, void *context, struct conntrack_error *where);
/*
 * One line without its line end, as the kernel's nf_conntrack_standalone.c writes it
 * (ct_seq_show()): l3 name and number, l4 name and number, seconds left, state, two tuples, flags,
 * use. 0 or -EBADMSG.
 */
int conntrack_parse_line(const char *line, size_t len, struct flow *out);

#endif
