/*
 * server_visits: who has come through a front door and has not gone yet, each with the program that
 * serves him. Nothing blocks.
 */
#ifndef TCPQUOTA_SERVER_VISITS_H
#define TCPQUOTA_SERVER_VISITS_H

#include "entrance.h"
#include "server_log.h"
#include "server_lookup.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <sys/types.h>

struct server_visit {
    TAILQ_ENTRY(server_visit) list;
    void *owner;
    int fd; /* of the connection; -1: the program alone has it */
    struct server_ends ends;
    struct server_found found; /* what the names in `ends` point to */
    struct entrance_answer answer;
    pid_t pid; /* 0: not started */
};

struct server_visits;

int server_visits_new(struct server_visits **out);
/* Closes their connections; programs go on. */
void server_visits_free(struct server_visits *all);
size_t server_visits_count(const struct server_visits *all);
/* Those that need us still: no program yet, or one that is watched. */
size_t server_visits_pending(const struct server_visits *all);
/* Takes the descriptor and what the answer owns, even when it is NULL: no memory. */
struct server_visit *server_visits_add(struct server_visits *all, void *owner, int fd,
                                       const struct server_ends *ends,
                                       struct entrance_answer *answer);
void server_visits_remove(struct server_visits *all, struct server_visit *v);
struct server_visit *server_visits_find(const struct server_visits *all, pid_t pid);
void server_visits_each(struct server_visits *all,
                        void (*each)(void *context, struct server_visit *v), void *context);

/* Takes over what was found. */
void server_visit_take(struct server_visit *v, struct server_found *found);
/* Starts the program. 0 or -errno. From then on it alone has the connection, unless that is to be
 * cut one day. */
int server_visit_start(struct server_visit *v, char *const *command);
/* The descriptor is the caller's now. */
int server_visit_release(struct server_visit *v);
/* Ends a connection that is watched: both sides see its end. Whether it was there. */
bool server_visit_cut(struct server_visit *v);

#endif
