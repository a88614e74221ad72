/*
 * entrance_watch: word that whoever was let in for quota has to be asked again, soon after a commit
 * that closes a host. While nobody was, nothing is looked at.
 */
#ifndef TCPQUOTA_ENTRANCE_WATCH_H
#define TCPQUOTA_ENTRANCE_WATCH_H

#include "entrance.h"

#include <event2/event.h>

struct entrance_watch;

typedef void entrance_changed(void *context);

/* `database` has to live as long. 0, -ENOMEM, or -errno of inotify(7). */
int entrance_watch_new(struct entrance_watch **out, struct event_base *base, struct entrance *e,
                       const char *database, entrance_changed *changed, void *context);
void entrance_watch_free(struct entrance_watch *w);
/* One more was let in for quota, or one less. */
void entrance_watch_count(struct entrance_watch *w, int more);

#endif
