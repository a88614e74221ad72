#include "relay_flow.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#define MOVES_MAX 8 /* in a row: others wait */

static int keep(struct relay_flow *f, const void *bytes, size_t len)
{
    f->kept = malloc(len);
    if (!f->kept)
        return -ENOMEM;
    memcpy(f->kept, bytes, len);
    f->at = 0;
    f->left = len;
    return 0;
}

int relay_flow_prepend(struct relay_flow *f, const void *bytes, size_t len)
{
    return keep(f, bytes, len);
}

void relay_flow_free(struct relay_flow *f)
{
    free(f->kept);
    f->kept = NULL;
    f->left = 0;
}

/* 1 if all of it is gone, 0 if not yet, -EPIPE. */
static int send_kept(struct relay_flow *f)
{
    while (f->left > 0) {
        ssize_t n = stream_write(f->to, f->kept + f->at, f->left, &f->to_wants);

        if (n < 0)
            return n == -EAGAIN ? 0 : -EPIPE;
        f->at += (size_t)n;
        f->left -= (size_t)n;
    }
    relay_flow_free(f);
    f->to_wants = 0;
    return 1;
}

static int send_end(struct relay_flow *f)
{
    int err = stream_end(f->to, &f->to_wants);

    if (err == -EAGAIN)
        return 0;
    f->over = true;
    f->to_wants = 0;
    return err ? -EPIPE : 0;
}

/* What was just read goes on; what does not is kept. 1: all, 0, -EPIPE, -ENOMEM. */
static int send_fresh(struct relay_flow *f, const char *buffer, size_t len)
{
    size_t sent = 0;

    while (sent < len) {
        ssize_t n = stream_write(f->to, buffer + sent, len - sent, &f->to_wants);

        if (n == -EAGAIN) {
            f->step = RELAY_FIRST_BYTES;
            return keep(f, buffer + sent, len - sent);
        }
        if (n < 0)
            return -EPIPE;
        sent += (size_t)n;
    }
    f->to_wants = 0;
    return 1;
}

ssize_t relay_flow_move(struct relay_flow *f, char buffer[RELAY_BUFFER_BYTES])
{
    ssize_t moved = 0;
    int rc = 1;

    f->from_wants = 0;
    if (f->kept)
        rc = send_kept(f);
    for (int i = 0; rc > 0 && !f->ended && (i < MOVES_MAX || stream_holds(f->from)); i++) {
        size_t step = f->step ? f->step : RELAY_FIRST_BYTES;
        ssize_t n = stream_read(f->from, buffer, step, &f->from_wants);

        if (n == -EAGAIN)
            return moved;
        if (n < 0)
            return n;
        f->ended = n == 0;
        f->from_wants = f->ended ? 0 : EV_READ;
        moved += n;
        rc = n > 0 ? send_fresh(f, buffer, (size_t)n) : 1;
        /* Less than there was room for: that was all there is. */
        if (n > 0 && !f->from->ssl && (size_t)n < step)
            break;
        if (rc > 0 && step < RELAY_BUFFER_BYTES)
            f->step = step * 2;
    }
    if (f->kept)
        f->from_wants = 0;
    if (rc > 0 && f->ended && !f->over)
        rc = send_end(f);
    return rc < 0 ? rc : moved;
}
