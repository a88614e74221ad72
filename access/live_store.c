#include "live_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct live_store {
    const char *path;
    struct store *store;
    int64_t openings;
    char why[256];
    bool begun;
    bool missing;
};

int live_store_new(struct live_store **out, const char *path)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return -ENOMEM;
    (*out)->path = path;
    return 0;
}

void live_store_free(struct live_store *l)
{
    if (!l)
        return;
    store_close(l->store);
    free(l);
}

void live_store_give_up(struct live_store *l)
{
    store_close(l->store);
    l->store = NULL;
}

struct store *live_store_now(struct live_store *l, const char **why)
{
    int err;

    if (l->store && store_is_replaced(l->store))
        live_store_give_up(l);
    if (l->store)
        return l->store;
    /* At the start there is time to wait for a lock; later others would wait with us. */
    err = store_open(&l->store, l->path, l->begun ? STORE_READER : STORE_READ);
    l->begun = true;
    l->missing = err == -ENOENT && l->openings == 0;
    if (err) {
        snprintf(l->why, sizeof l->why, "%s", store_error(l->store));
        live_store_give_up(l);
        *why = l->why;
        return NULL;
    }
    l->openings++;
    return l->store;
}

int64_t live_store_openings(const struct live_store *l)
{
    return l->openings;
}

bool live_store_is_missing(const struct live_store *l)
{
    return l->missing;
}

const char *live_store_path(const struct live_store *l)
{
    return l->path;
}
