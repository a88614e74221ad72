/* One direction of a relay: what is kept for a slow reader, in which order, and how it ends. */
#include "relay_flow.h"
#include "tap.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* source -> from (flow) to -> sink: the outer ends are ours. */
struct world {
    int source, sink;
    struct stream from, to;
    struct relay_flow flow;
};

static char buffer[RELAY_BUFFER_BYTES];

static void make(struct world *w)
{
    int a[2], b[2], small = 4096;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, a) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b) != 0)
        exit(1);
    setsockopt(b[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    *w = (struct world){.source = a[0], .sink = b[1], .from = {.fd = a[1]}, .to = {.fd = b[0]}};
    w->flow = (struct relay_flow){.from = &w->from, .to = &w->to};
}

static void unmake(struct world *w)
{
    relay_flow_free(&w->flow);
    stream_close(&w->from, false);
    stream_close(&w->to, false);
    if (w->source >= 0)
        close(w->source);
    if (w->sink >= 0)
        close(w->sink);
}

/* What has come out, at most `max` bytes; returns how many. */
static ssize_t take(struct world *w, char *out, size_t max)
{
    ssize_t n = recv(w->sink, out, max, 0);

    return n < 0 ? -errno : n;
}

static void test_through(struct tap *t)
{
    struct world w;
    char out[64] = "";

    make(&w);
    tap_is(t, relay_flow_move(&w.flow, buffer), 0, "nothing to move");
    tap_is(t, w.flow.from_wants, EV_READ, "it waits for the source");
    tap_is(t, w.flow.to_wants, 0, "and for nothing else");
    send(w.source, "hello", 5, 0);
    tap_is(t, relay_flow_move(&w.flow, buffer), 5, "five bytes move");
    tap_is(t, take(&w, out, sizeof out), 5, "and come out");
    tap_ok(t, memcmp(out, "hello", 5) == 0, "as they went in");
    shutdown(w.source, SHUT_WR);
    tap_is(t, relay_flow_move(&w.flow, buffer), 0, "the end of the source");
    tap_ok(t, w.flow.ended && w.flow.over, "is passed on");
    tap_is(t, take(&w, out, sizeof out), 0, "the other side has it");
    tap_is(t, w.flow.from_wants | w.flow.to_wants, 0, "nothing is waited for any more");
    unmake(&w);
}

static void test_slow(struct tap *t)
{
    static char in[200000], out[200000];
    struct world w;
    size_t sent = 0, got = 0;
    int blocked = 0, read_on = 0;

    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (char)(i * 31 % 251);
    make(&w);
    relay_flow_prepend(&w.flow, "first", 5);
    for (int turn = 0; turn < 100000 && got < sizeof in + 5; turn++) {
        char piece[1000];
        ssize_t n;

        n = sent < sizeof in ? send(w.source, in + sent, sizeof in - sent, 0) : -1;
        sent += n > 0 ? (size_t)n : 0;
        if (sent == sizeof in)
            shutdown(w.source, SHUT_WR);
        if (relay_flow_move(&w.flow, buffer) < 0)
            break;
        blocked += w.flow.to_wants != 0;
        /* While something is kept nothing more is read. */
        read_on += w.flow.kept && w.flow.from_wants;
        n = take(&w, piece, sizeof piece);
        for (ssize_t i = 0; i < n; i++, got++) {
            if (got >= 5)
                out[got - 5] = piece[i];
            else if (piece[i] != "first"[got])
                tap_ok(t, false, "what was put in front comes first");
        }
    }
    tap_is(t, (int64_t)got, (int64_t)sizeof in + 5, "all of it comes out of a narrow place");
    tap_ok(t, memcmp(in, out, sizeof in) == 0, "in its order");
    tap_ok(t, blocked > 0, "which was narrow");
    tap_is(t, read_on, 0, "and nothing was read meanwhile");
    relay_flow_move(&w.flow, buffer);
    tap_ok(t, w.flow.over, "then its end");
    unmake(&w);
}

static void test_failures(struct tap *t)
{
    struct world w;

    make(&w);
    close(w.sink);
    w.sink = -1;
    send(w.source, "x", 1, 0);
    tap_is(t, relay_flow_move(&w.flow, buffer), -EPIPE, "a destination that is gone");
    unmake(&w);

    make(&w);
    send(w.sink, "unread", 6, 0); /* closing with that resets the other side */
    close(w.sink);
    w.sink = -1;
    shutdown(w.source, SHUT_WR);
    tap_ok(t, relay_flow_move(&w.flow, buffer) <= 0, "an end for one that is gone");
    tap_ok(t, w.flow.ended, "is known");
    unmake(&w);
}

int main(void)
{
    struct tap t = {0};

    test_through(&t);
    test_slow(&t);
    test_failures(&t);
    return tap_done(&t);
}
