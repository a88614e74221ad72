#include "invalidator_evictions.h"

#include "log.h"

#define WORD_MS 100 /* for the rest of a word */
#define PACE_MS 5   /* between two readings: who writes without an end gets no more */

void evictions_init(struct evictions *e, int fd, const char *path)
{
    *e = (struct evictions){.path = path};
    invalidator_init(&e->fifo, fd);
}

void evictions_close(struct evictions *e)
{
    invalidator_close(&e->fifo);
}

static int64_t read_ms_ago(const struct evictions *e)
{
    return mono_since(e->read_at, mono_now()).ns / NS_PER_MS;
}

int evictions_fd(const struct evictions *e)
{
    return read_ms_ago(e) >= PACE_MS ? e->fifo.fd : -1;
}

int evictions_wait_ms(const struct evictions *e)
{
    int64_t ago = read_ms_ago(e);

    if (e->fifo.fd < 0)
        return -1;
    if (ago < PACE_MS)
        return (int)(PACE_MS - ago);
    if (!invalidator_waits(&e->fifo))
        return -1;
    return ago < WORD_MS ? (int)(WORD_MS - ago) : 0;
}

static void note(void *context, const struct addr *a)
{
    struct evictions *e = context;

    if (e->count < INVALIDATOR_ADDRESSES)
        e->list[e->count++] = *a;
}

/* Who may write there shall not fill the disk. */
static void tell_garbage(void *context, const char *word)
{
    struct evictions *e = context;
    char text[LOG_VALUE_LEN];

    e->garbage++;
    if (mono_since(e->garbage_at, mono_now()).ns < NS_PER_S)
        return;
    log_warning("cache-invalidate: %s is no address%s", log_value(word, text),
                e->garbage > 1 ? ", nor were others before" : "");
    e->garbage_at = mono_now();
    e->garbage = 0;
}

size_t evictions_take(struct evictions *e, bool readable)
{
    e->count = 0;
    if (readable && !invalidator_read(&e->fifo, note, tell_garbage, e)) {
        log_err("%s: cannot be read any more", e->path);
        invalidator_close(&e->fifo);
    }
    if (readable)
        e->read_at = mono_now();
    else if (invalidator_waits(&e->fifo) && read_ms_ago(e) >= WORD_MS)
        invalidator_flush(&e->fifo, note, e);
    e->count = addr_sort_once(e->list, e->count);
    return e->count;
}
