/*
 * relay_flow: the bytes of one direction, from one stream to another. What the other one does not
 * take at once is kept, and until it is gone nothing more is read.
 */
#ifndef TCPQUOTA_RELAY_FLOW_H
#define TCPQUOTA_RELAY_FLOW_H

#include "stream.h"

#include <stdbool.h>
#include <stddef.h>

/* What passes between a read and a write; one serves all, as nothing stays in it. A flow begins
 * with little at a time, takes twice as much each time all of it has gone on, and begins anew when
 * it has not: what is kept for those who are slow is little, however many there are. */
#define RELAY_BUFFER_BYTES (256 * 1024)
#define RELAY_FIRST_BYTES (16 * 1024)

struct relay_flow {
    struct stream *from, *to;
    char *kept; /* or NULL */
    size_t at, left;
    size_t step;                /* bytes at a time; 0: RELAY_FIRST_BYTES */
    bool ended;                 /* the source has */
    bool over;                  /* and the other side knows; or there is nobody to be told */
    short from_wants, to_wants; /* EV_READ, EV_WRITE; 0: nothing */
};

/*
 * Moves what there is, for a bounded time. Afterwards from_wants and to_wants say what to wait for.
 * Bytes that moved, or -errno: the source has failed; a destination that has failed is -EPIPE.
 */
ssize_t relay_flow_move(struct relay_flow *f, char buffer[RELAY_BUFFER_BYTES]);
/* Keeps bytes that are to be sent before all others. 0 or -ENOMEM. */
int relay_flow_prepend(struct relay_flow *f, const void *bytes, size_t len);
void relay_flow_free(struct relay_flow *f);

#endif
