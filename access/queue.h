/*
 * queue: an NFQUEUE: packets that wait in the kernel for what we say of them. Needs CAP_NET_ADMIN,
 * for each answer as well.
 *
 * Owns its socket; queue_close() gives the queue back, and the kernel drops what waits in it.
 * Errors are -errno.
 */
#ifndef TCPQUOTA_QUEUE_H
#define TCPQUOTA_QUEUE_H

#include "header.h"

#include <stdbool.h>
#include <stdint.h>

struct queue;

struct queue_packet {
    uint32_t id;
    uint32_t mark; /* that the packet has */
    bool parsed;   /* the header was one */
    struct header header;
};

enum queue_verdict {
    QUEUE_DROP,
    QUEUE_REPEAT /* comes once more to the chain that it came from, with its new mark */
};

/* Binds the queue of this number. With `fail_open` what does not fit into it goes on to the next
 * rule, and is dropped otherwise. -EBUSY if another program has it. */
int queue_open(struct queue **out, uint16_t number, bool fail_open);
void queue_close(struct queue *q);
/* Becomes readable when packets wait. */
int queue_fd(const struct queue *q);
/* The next packet, without waiting: 1 and *out, 0, -errno (-ENOBUFS: some were lost). */
int queue_next(struct queue *q, struct queue_packet *out);
/* Answers for one packet; `mark` is the whole of its new one. */
int queue_answer(struct queue *q, const struct queue_packet *p, enum queue_verdict verdict,
                 uint32_t mark);

#endif
