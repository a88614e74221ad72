/*
 * link: a program's end of the control socket, packet.h: one request, then lines of answers. Blocks
 * on the daemon: -ETIMEDOUT after ten seconds if it does not say anything to anybody, and after a
 * minute if it does, but has no answer to this request.
 */
#ifndef TCPQUOTA_LINK_H
#define TCPQUOTA_LINK_H

#include "packet.h"

#include <stdbool.h>

struct link {
    int fd;
    const char *path; /* of the socket; the caller's */
    size_t len, at;   /* what has come, and what of it has been taken */
    char buffer[PACKET_ANSWER_MAX];
};

/* Connects; `path` has to outlive the link. 0 or -errno; link_close() in any case. */
int link_open(struct link *link, const char *path);
void link_close(struct link *link);
/* Sends the object and takes its reference. 0 or -errno. */
int link_send(struct link *link, json_t *object);
/* Whether the next line is here already. */
bool link_has_line(const struct link *link);
/* Waits for the next line, and calls `waits` after each second of that. 0, or -errno. */
int link_wait(const struct link *link, void (*waits)(void *context), void *context);
/* The next line, a new reference. 1; 0 if the daemon has ended the connection; -errno. */
int link_next(struct link *link, json_t **line);
/* The exit code of a line {"end": code}, -1 if it is another one. */
int link_end_of(const json_t *line);

#endif
