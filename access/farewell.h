/*
 * farewell: how somebody who is not let in is seen off: a message, delivered in full, and then the
 * close; or without one the close after a second, so that who tries again at once does not get far.
 * Closing with unread input would throw the message away, so that is read until the other side has
 * closed as well, for FAREWELL_S at most.
 *
 * Nothing blocks. There are at most FAREWELLS_MAX at a time, and at most half of the descriptors
 * that we may have: then the oldest is cut short.
 */
#ifndef TCPQUOTA_FAREWELL_H
#define TCPQUOTA_FAREWELL_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#define FAREWELL_S 10
#define FAREWELLS_MAX 1024

struct farewells;

/* 0 or -ENOMEM. */
int farewells_new(struct farewells **out, struct event_base *base);
/* Cuts those under way short. */
void farewells_free(struct farewells *f);
/* Sees the other side of `fd` off, with `message` and CRLF, or NULL. It owns the descriptor. */
void farewells_say(struct farewells *f, int fd, const char *message);
/* Those under way. */
size_t farewells_count(const struct farewells *f);
/* Told when the last one is over. */
typedef void farewells_over(void *context);
void farewells_tell(struct farewells *f, farewells_over *over, void *context);

#endif
