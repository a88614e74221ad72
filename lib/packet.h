/*
 * packet: what goes over the control socket, both ends: JSON texts (RFC 8259) in packets of a
 * socket of type SOCK_SEQPACKET. A request is one packet that holds one object; an answer is any
 * number of packets that hold whole lines, each of them an object:
 *
 *     {"row": {...}}          one of the rows asked for
 *     {"total": {...}}        what they sum up to
 *     {"event": "open", ...}  something has happened, or will
 *     {"end": 0}              it is done: the exit code, and behind it why, if it is none of 0
 */
#ifndef TCPQUOTA_PACKET_H
#define TCPQUOTA_PACKET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define PACKET_REQUEST_MAX 196608 /* bytes of a request; a socket takes little more at once */
#define PACKET_ANSWER_MAX 32768   /* bytes of a packet of an answer, and so of a line */

/* Connects to the daemon at `path`: a descriptor that blocks for so many seconds at most, with
 * -EAGAIN then, the caller's to close; or -errno. */
int packet_connect(const char *path, int seconds);
/* A socket at `path` that everybody may connect to, listening, not blocking; what an earlier
 * process has left there is replaced, -EADDRINUSE if one still listens there. A descriptor or
 * -errno. */
int packet_listen(const char *path);
/* Sends one object; -EPIPE if nobody is there; -EMSGSIZE; -EAGAIN if `fd` does not block. */
int packet_send(int fd, const json_t *object);
/* Receives one packet of at most `room` bytes. Its length, 0 at the end, -EMSGSIZE if it was
 * longer, -EAGAIN, -errno. */
int packet_receive(int fd, char *buffer, size_t room);

#endif
