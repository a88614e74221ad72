/*
 * control: the control socket: openhost, openfw and tcpquota ask here, and the daemon does, within
 * the rights of who asks, what they ask for. It reads requests, answers them in pieces, writes
 * orders into the tables and follows what the pass makes of them.
 *
 * Nobody can hold it up: it never waits for a client; it works for a few milliseconds at a time;
 * who asks for more than their share, too slowly or not at all, is sent away. CONTROL LIMITS in
 * tcpquotad(8) has the figures.
 */
#ifndef TCPQUOTA_CONTROL_H
#define TCPQUOTA_CONTROL_H

#include "conf.h"
#include "pass.h"
#include "store.h"

#include <stdbool.h>

struct control;

struct control_setup {
    struct pass *pass;
    struct store *store;
    const char *database; /* path, for readers of their own */
    const struct conf *conf;
    size_t clients_max; /* at once, as far as descriptors go */
    int listener;       /* of packet_listen(), control's from now on */
    int namer;          /* of namer_start(), control's from now on */
};

/* 0 or -errno; the descriptors are closed in any case. */
int control_new(struct control **out, const struct control_setup *setup);
/* Says goodbye to everybody, and ends. `kept`: what is open stays so for the next start, and who
 * holds it open may come again. */
void control_free(struct control *c, bool kept);
/* Goes on with another configuration. */
void control_reload(struct control *c, const struct conf *conf);
/* Becomes readable when there is something to do. */
int control_fd(const struct control *c);
/* After work it rests for a while, in proportion: it does not have to be asked until then. */
bool control_is_resting(const struct control *c);
/* Milliseconds after which there is something to do all the same, or the rest is over; -1: never.
 */
int control_wait_ms(const struct control *c);
/* Does what there is to do, for a few milliseconds at most. Whether rows have been written, so that
 * a run of the pass is due. */
bool control_serve(struct control *c);
/* A run has ended; `tick`: it was that of a period. */
void control_after_run(struct control *c, bool tick);

#endif
