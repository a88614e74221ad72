/*
 * answer: the lines that answer a request, packet.h, on their way out: added at one end, taken in
 * packets at the other. Owns its memory; answer_free() gives it back.
 */
#ifndef TCPQUOTA_ANSWER_H
#define TCPQUOTA_ANSWER_H

#include "packet.h"
#include "reason.h"

#include <stdbool.h>
#include <stddef.h>

struct answer {
    char *text;
    size_t len, taken, room;
    bool failed; /* a line did not fit into memory or into a packet: the answer is not whole */
    bool ended;  /* its last line is there */
};

void answer_free(struct answer *a);
/* Adds {"row": row}, {"total": total}. Each takes the reference that it is given; NULL is a failure
 * of memory. */
void answer_row(struct answer *a, json_t *row);
void answer_total(struct answer *a, json_t *total);
/* Adds an event or the end; `about` holds what the sentence of the reason names, or is NULL. */
void answer_event(struct answer *a, const char *event, json_t *about);
void answer_end(struct answer *a, enum reason why, json_t *about);
/* Bytes that wait. */
size_t answer_waiting(const struct answer *a);
/* The next packet of whole lines, not yet taken out; its length, 0 if there is none. */
size_t answer_packet(const struct answer *a, const char **text);
void answer_take(struct answer *a, size_t len);

/* A text as JSON; what is not UTF-8 in it becomes question marks. What an administrator has written
 * by hand may be of any length: it is cut at ANSWER_TEXT_MAX bytes, so that a line fits. NULL
 * without memory. */
#define ANSWER_TEXT_MAX 512
json_t *answer_text(const char *text);

#endif
