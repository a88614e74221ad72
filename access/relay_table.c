#include "relay_table.h"

#include "log.h"
#include "store_policy.h"
#include "store_read.h"
#include "store_rules.h"
#include "trouble.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct relay_table {
    const struct relay_conf *conf;
    struct live_store *database;
    int64_t opening, version, generation; /* at the last look; -1: none */
    struct trouble trouble;
};

int relay_table_new(struct relay_table **out, const struct relay_conf *conf,
                    struct live_store *database)
{
    struct relay_table *t = calloc(1, sizeof *t);

    if (!t)
        return -ENOMEM;
    *t = (struct relay_table){.conf = conf, .database = database, .generation = -1, .opening = -1};
    *out = t;
    return 0;
}

void relay_table_free(struct relay_table *t)
{
    free(t);
}

static int add_configured(const struct relay_table *t, struct backends *b)
{
    int err = 0;

    for (size_t i = 0; i < t->conf->remote_count && !err; i++)
        err = backends_add(b, &t->conf->remotes[i].to, t->conf->remotes[i].weight);
    return err;
}

static int add_rows(const struct relay_table *t, struct backends *b, struct store *s)
{
    struct store_backend row;
    int rc;

    store_read_backends(s, t->conf->service);
    while ((rc = store_next_backend(s, &row)) > 0) {
        struct endpoint to = {.port = row.port, .sctp = row.sctp};

        if (addr_parse(row.address, &to.address) != 0) {
            char address[LOG_VALUE_LEN];

            log_warning("%s: backends: %s is no address", live_store_path(t->database),
                        log_value(row.address, address));
            continue;
        }
        rc = backends_add(b, &to, row.weight);
        if (rc)
            break;
    }
    return rc;
}

/* The set is changed when all of it is known. */
static int read_anew(struct relay_table *t, struct backends *b, struct store *s)
{
    int64_t generation;
    int err = store_snapshot(s);

    generation = err ? err : store_generation(s, STORE_BACKENDS);
    err = generation < 0 ? (int)generation : 0;
    if (!err && generation != t->generation) {
        backends_begin(b);
        err = add_configured(t, b);
        if (!err)
            err = add_rows(t, b, s);
        if (!err)
            backends_commit(b);
    }
    store_stop(s);
    if (!err)
        t->generation = generation;
    return err;
}

static void refresh_configured(struct relay_table *t, struct backends *b)
{
    if (t->generation >= 0 || b->count > 0)
        return;
    backends_begin(b);
    if (add_configured(t, b) != 0)
        log_err("backends: %s", strerror(ENOMEM));
    else
        backends_commit(b);
}

void relay_table_refresh(struct relay_table *t, struct backends *b)
{
    const char *why = "";
    struct store *s;
    int64_t version, opening;
    int err;

    refresh_configured(t, b);
    if (!t->database)
        return;
    s = live_store_now(t->database, &why);
    opening = live_store_openings(t->database);
    version = s ? store_version(s) : -EIO;
    if (version >= 0 && version == t->version && opening == t->opening)
        return;
    if (opening != t->opening && t->generation >= 0)
        t->generation = -1;
    err = version < 0 ? (int)version : read_anew(t, b, s);
    if (err) {
        trouble_begin(&t->trouble, "%s: backends: %s", live_store_path(t->database),
                      s ? store_error(s) : why);
        return;
    }
    trouble_end(&t->trouble, "backends");
    t->version = version;
    t->opening = opening;
}
