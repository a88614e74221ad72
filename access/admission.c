#include "admission.h"

#include "cache.h"
#include "log.h"
#include "policy.h"
#include "recorder.h"
#include "trouble.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct admission {
    struct admission_setup setup;
    const struct conf *conf;
    struct cache *cache; /* NULL: none */
    struct policy *policy;
    struct trouble unread, unasked, unrecorded, unset;
    bool stale;    /* the database has changed, and could not be looked at */
    bool flushing; /* lines go all at once: so do the kernel's */
};

/* Sets with ports have names for these protocols alone. */
static bool set_knows(uint8_t protocol)
{
    return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
           protocol == IPPROTO_UDPLITE;
}

static bool is_set(const struct admission *a, const struct cache_entry *e)
{
    return a->setup.sets && e->answer.verdict == ANSWER_PASS &&
           (!a->conf->cache.honor_port || set_knows(e->key.protocol));
}

static void note_set(struct admission *a, int err)
{
    if (err)
        trouble_begin(&a->unset, "the kernel's set of addresses cannot be changed: %s",
                      strerror(-err));
    else
        trouble_end(&a->unset, "the kernel's set");
}

static void on_gone(void *context, const struct cache_entry *e)
{
    struct admission *a = context;
    char text[ADDR_TEXT_LEN];

    log_debug("cache gone %s %u", addr_format(&e->key.addr, text), e->key.port);
    if (is_set(a, e) && !a->flushing)
        note_set(a, kernel_set_del(a->setup.sets, &e->key.addr, e->key.protocol, e->key.port));
}

static void tell_bad_row(void *context, int64_t group, const char *text)
{
    (void)context;
    log_warning("validipaddress hostGroup=%" PRId64 ": `%s' is no address, network or range", group,
                text);
}

static void warn_of_group(const struct admission *a)
{
    if (policy_lacks_group(a->policy))
        log_warning("[auth] host-group: there is no group `%s' in hostgroup, nobody is in it",
                    a->conf->auth.host_group);
}

int admission_new(struct admission **out, const struct admission_setup *setup,
                  char why[ADMISSION_WHY_LEN])
{
    struct admission *a = calloc(1, sizeof *a);
    int err = a ? 0 : -ENOMEM;

    snprintf(why, ADMISSION_WHY_LEN, "%s", strerror(ENOMEM));
    if (err)
        return err;
    a->setup = *setup;
    a->conf = setup->conf;
    if (a->conf->cache.enabled)
        err = cache_new(&a->cache, &a->conf->cache, on_gone, a);
    if (!err) {
        err = policy_open(&a->policy, setup->store, a->conf, tell_bad_row, a);
        if (err)
            snprintf(why, ADMISSION_WHY_LEN, "%s%s", err == -EINVAL ? "[auth] sql: " : "",
                     store_error(setup->store));
    }
    if (err) {
        admission_free(a);
        return err;
    }
    warn_of_group(a);
    /* What an earlier process has put there belongs to no line of ours. */
    if (a->setup.sets)
        note_set(a, kernel_set_flush(a->setup.sets));
    *out = a;
    return 0;
}

void admission_free(struct admission *a)
{
    if (!a)
        return;
    cache_free(a->cache);
    policy_close(a->policy);
    free(a);
}

/* What a look at the database found changed, for one line of the cache. */
struct change {
    struct admission *a;
    int what;
};

/* Whether a line may be wrong now. Lists are compared line by line; what was asked of the database
 * itself is asked again. */
static bool is_stale(void *context, const struct cache_entry *e)
{
    const struct change *c = context;
    enum answer_verdict listed;

    if (e->answer.reason == ANSWERED_BY_SQL)
        return true;
    if (e->answer.reason == ANSWERED_BY_QUOTA && (c->what & POLICY_HOSTS))
        return true;
    if (!(c->what & POLICY_LISTS))
        return false;
    listed = policy_by_list(c->a->policy, &e->key.addr);
    /* Open and paid for: the lists do not matter, unless it is in them now. */
    if (e->answer.reason == ANSWERED_BY_QUOTA && e->answer.verdict == ANSWER_PASS)
        return listed == ANSWER_PASS;
    return listed != e->answer.verdict;
}

/* All lines at once, and the kernel's with them. */
static void empty_cache(struct admission *a)
{
    a->flushing = true;
    if (a->cache)
        cache_purge(a->cache);
    a->flushing = false;
    if (a->setup.sets)
        note_set(a, kernel_set_flush(a->setup.sets));
}

int admission_refresh(struct admission *a)
{
    struct change c = {.a = a};

    c.what = policy_refresh(a->policy);
    a->stale = c.what < 0;
    if (c.what < 0) {
        trouble_begin(&a->unread, "the database cannot be read, new connections %s: %s",
                      a->conf->auth.fail == FAIL_OPEN ? "go on unasked" : "are blocked",
                      store_error(a->setup.store));
        empty_cache(a);
        return c.what;
    }
    trouble_end(&a->unread, "the database");
    if (c.what & POLICY_LISTS)
        warn_of_group(a);
    if (c.what && a->cache) {
        size_t gone = cache_drop_if(a->cache, is_stale, &c);

        log_debug("cache stale=%zu", gone);
    }
    return 0;
}

static void record(struct admission *a, const struct header *h, enum answer_verdict verdict)
{
    struct store_lookup lookup = {.host = h->source,
                                  .group = policy_group(a->policy),
                                  .allow = verdict == ANSWER_PASS,
                                  .when = wall_now()};

    if (a->setup.recorder < 0 || !a->conf->auth.logging)
        return;
    if (recorder_send(a->setup.recorder, &lookup))
        trouble_end(&a->unrecorded, "lookuplog");
    else
        trouble_begin(&a->unrecorded, "look-ups are lost: lookuplog takes no more");
}

static struct cache_key key_of(const struct admission *a, const struct header *h)
{
    struct cache_key key = {.addr = h->source};

    if (a->conf->cache.honor_port) {
        key.protocol = h->protocol;
        key.port = h->destination_port;
    }
    return key;
}

static void keep(struct admission *a, const struct header *h, const struct admission_outcome *o)
{
    const struct cache_entry e = {.key = key_of(a, h), .answer = o->answer};

    cache_put(a->cache, &e.key, o->answer, o->at);
    if (is_set(a, &e))
        note_set(a, kernel_set_add(a->setup.sets, &e.key.addr, e.key.protocol, e.key.port,
                                   (uint32_t)a->conf->cache.ttl));
}

static void ask(struct admission *a, const struct header *h, struct admission_outcome *out)
{
    int err =
        a->stale ? -EIO : policy_ask(a->policy, &h->source, h->destination_port, &out->answer);

    if (err && !a->stale)
        trouble_begin(&a->unasked, "the database does not answer: %s",
                      err == -ETIME ? "[auth] sql: takes too long" : store_error(a->setup.store));
    if (!err)
        trouble_end(&a->unasked, "the database");
    out->unasked = err != 0;
    if (err)
        out->answer.verdict = a->conf->auth.fail == FAIL_OPEN ? ANSWER_NEXT : ANSWER_BLOCK;
}

enum answer_verdict admission_answer(struct admission *a, const struct header *h,
                                     struct admission_outcome *out)
{
    struct cache_key key = key_of(a, h);
    const struct cache_entry *found = NULL;

    *out = (struct admission_outcome){.at = mono_now()};
    /* While the database could not be looked at nobody knows which lines still hold. */
    if (a->cache && !a->stale)
        found = cache_find(a->cache, &key, out->at);
    out->hit = found != NULL;
    if (found)
        out->answer = found->answer;
    else
        ask(a, h, out);
    return (enum answer_verdict)out->answer.verdict;
}

void admission_note(struct admission *a, const struct header *h,
                    const struct admission_outcome *outcome)
{
    static const char *const names[] = {"PASS", "BLOCK", "NEXT"};
    static const char *const reasons[] = {"the lists", "who is open", "sql="};
    char text[ADDR_TEXT_LEN];

    log_tagged("PACKET", "=> %6s %s %u%s", names[outcome->answer.verdict],
               addr_format(&h->source, text), h->destination_port,
               outcome->hit ? "  [CACHE HIT]" : "");
    if (outcome->hit || outcome->unasked)
        return;
    log_debug("asked %s", reasons[outcome->answer.reason]);
    record(a, h, (enum answer_verdict)outcome->answer.verdict);
    if (a->cache)
        keep(a, h, outcome);
}

struct addresses {
    const struct addr *list; /* sorted */
    size_t count;
};

static bool is_listed(void *context, const struct cache_entry *e)
{
    const struct addresses *a = context;

    return addr_listed(a->list, a->count, &e->key.addr);
}

void admission_invalidate(struct admission *a, const struct addr *sorted, size_t count)
{
    struct addresses gone = {sorted, count};
    char text[ADDR_TEXT_LEN];

    if (a->cache)
        cache_drop_if(a->cache, is_listed, &gone);
    for (size_t i = 0; i < count; i++)
        log_notice("invalidating %s in cache", addr_format(&sorted[i], text));
}

void admission_purge(struct admission *a)
{
    empty_cache(a);
    log_notice("the internal authorization cache has been purged");
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

void admission_log_facts(const struct admission *a)
{
    struct policy_facts p;
    struct cache_facts c = {0};

    policy_get_facts(a->policy, &p);
    if (a->cache) {
        cache_get_facts(a->cache, &c);
        log_notice(
            "cache size=%zu used=%zu hits=%" PRIu64 " misses=%" PRIu64 " ratio=%.3f line_bytes=%zu",
            c.size, c.used, c.hits, c.misses, share(c.hits, c.hits + c.misses), c.line_bytes);
    } else {
        log_notice("cache off");
    }
    log_notice("database queries=%" PRIu64 " failed=%" PRIu64 " latency_mean_us=%.1f"
               " latency_worst_us=%.1f addresses=%zu lists=%" PRId64 " hosts=%" PRId64,
               p.questions, p.failed, (double)p.mean_ns / 1000, (double)p.worst_ns / 1000,
               p.addresses, p.lists, p.hosts);
}
