#include "xtables.h"

#include "rule_encode.h"
#include "index.h"

#include <errno.h>
#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>
#include <stdlib.h>
#include <string.h>

/* libiptc's two families as one set of calls; an entry is a struct ipt_entry or ip6t_entry. */
struct family {
    struct xtc_handle *(*init)(const char *);
    const char *(*first_chain)(struct xtc_handle *);
    const char *(*next_chain)(struct xtc_handle *);
    int (*is_chain)(const char *, struct xtc_handle *);
    const void *(*first_rule)(const char *, struct xtc_handle *);
    const void *(*next_rule)(const void *, struct xtc_handle *);
    const char *(*target)(const void *, struct xtc_handle *);
    int (*append)(const char *, const void *, struct xtc_handle *);
    int (*insert)(const char *, const void *, unsigned, struct xtc_handle *);
    int (*delete_num)(const char *, unsigned, struct xtc_handle *);
    int (*flush)(const char *, struct xtc_handle *);
    int (*create)(const char *, struct xtc_handle *);
    int (*delete)(const char *, struct xtc_handle *);
    int (*commit)(struct xtc_handle *);
    void (*free)(struct xtc_handle *);
};

#define FAMILY(p, entry)                                                                           \
    static const void *p##_first(const char *chain, struct xtc_handle *h)                          \
    {                                                                                              \
        return p##_first_rule(chain, h);                                                           \
    }                                                                                              \
    static const void *p##_next(const void *e, struct xtc_handle *h)                               \
    {                                                                                              \
        return p##_next_rule(e, h);                                                                \
    }                                                                                              \
    static const char *p##_target(const void *e, struct xtc_handle *h)                             \
    {                                                                                              \
        return p##_get_target(e, h);                                                               \
    }                                                                                              \
    static int p##_append(const char *chain, const void *e, struct xtc_handle *h)                  \
    {                                                                                              \
        return p##_append_entry(chain, e, h);                                                      \
    }                                                                                              \
    static int p##_insert(const char *chain, const void *e, unsigned at, struct xtc_handle *h)     \
    {                                                                                              \
        return p##_insert_entry(chain, e, at, h);                                                  \
    }                                                                                              \
    static const struct family p##_family = {                                                      \
        p##_init,          p##_first_chain,  p##_next_chain,   p##_is_chain, p##_first,            \
        p##_next,          p##_target,       p##_append,       p##_insert,   p##_delete_num_entry, \
        p##_flush_entries, p##_create_chain, p##_delete_chain, p##_commit,   p##_free}

FAMILY(iptc, ipt_entry);
FAMILY(ip6tc, ip6t_entry);

struct xtables {
    const struct family *f;
    struct xtc_handle *handle;
    int family;
};

static bool same_rule(struct xtables *x, const void *theirs, const struct rule *rule)
{
    const char *name = x->f->target(theirs, x->handle);

    return name && strcmp(name, rule_target_name(rule)) == 0 &&
           rule_encode_same(x->family, theirs, rule);
}

static bool same_chain(struct xtables *x, const struct ruleset *want, const struct rule_chain *c)
{
    const void *e = x->f->first_rule(c->name, x->handle);
    size_t n = 0;

    for (; e; e = x->f->next_rule(e, x->handle), n++) {
        if (n == c->count || !same_rule(x, e, &want->rules[c->first + n]))
            return false;
    }
    return n == c->count;
}

static int write_chain(struct xtables *x, const struct ruleset *want, const struct rule_chain *c)
{
    union rule_entry e;

    if (!x->f->flush(c->name, x->handle))
        return -errno;
    for (size_t i = 0; i < c->count; i++) {
        rule_encode(x->family, &e, &want->rules[c->first + i]);
        if (!x->f->append(c->name, &e, x->handle))
            return -errno;
    }
    return 1;
}

/* libiptc takes a label of 32 bytes where it takes a name: a shorter string would be overread. */
static int create_chain(struct xtables *x, const char *name)
{
    char label[RULE_CHAIN_LEN] = {0};

    if (x->f->is_chain(name, x->handle))
        return 0;
    memcpy(label, name, strnlen(name, sizeof label - 1));
    return x->f->create(label, x->handle) ? 1 : -errno;
}

static bool is_jump(struct xtables *x, const void *e, const char *chain)
{
    const char *name = x->f->target(e, x->handle);

    return name && strcmp(name, chain) == 0;
}

/* How many entries stand before the place of our jump: jumps to what it stands behind. */
static unsigned place_of(struct xtables *x, const struct rule_hook *hook)
{
    unsigned n = 0;

    for (const void *e = x->f->first_rule(hook->builtin, x->handle); e;
         e = x->f->next_rule(e, x->handle), n++) {
        bool before = false;

        for (size_t i = 0; i < RULE_BEHIND_MAX && hook->behind[i]; i++)
            before = before || is_jump(x, e, hook->behind[i]);
        if (!before)
            break;
    }
    return n;
}

/* Whether our jump is in its place and the only one of its kind; or there is none. */
static bool hook_is_right(struct xtables *x, const struct rule_hook *hook, const struct rule *jump)
{
    unsigned n = 0, jumps = 0, place = place_of(x, hook);
    bool placed = false;

    for (const void *e = x->f->first_rule(hook->builtin, x->handle); e;
         e = x->f->next_rule(e, x->handle), n++) {
        if (is_jump(x, e, hook->chain)) {
            jumps++;
            placed = placed || (n == place && same_rule(x, e, jump));
        }
    }
    return hook->wanted ? placed && jumps == 1 : jumps == 0;
}

static int remove_jumps(struct xtables *x, const struct rule_hook *hook, const char *builtin)
{
    const void *e;
    unsigned n = 0;

    for (e = x->f->first_rule(builtin, x->handle); e;) {
        if (!is_jump(x, e, hook->chain)) {
            e = x->f->next_rule(e, x->handle);
            n++;
            continue;
        }
        if (!x->f->delete_num(builtin, n, x->handle))
            return -errno;
        e = x->f->first_rule(builtin, x->handle);
        for (unsigned k = 0; k < n && e; k++)
            e = x->f->next_rule(e, x->handle);
    }
    return 0;
}

static int change_hook(struct xtables *x, const struct rule_hook *hook)
{
    struct rule rule = {0};
    char builtin[RULE_CHAIN_LEN] = {0};
    union rule_entry jump;
    int err;

    rule_lead(&rule, TARGET_JUMP, hook->chain);
    memcpy(builtin, hook->builtin, strlen(hook->builtin));
    if (hook_is_right(x, hook, &rule))
        return 0;
    err = remove_jumps(x, hook, builtin);
    if (err)
        return err;
    rule_encode(x->family, &jump, &rule);
    if (hook->wanted && !x->f->insert(builtin, &jump, place_of(x, hook), x->handle))
        return -errno;
    return 1;
}

/* Chains of ours that are not wanted, as an array of labels; the caller frees it. */
static int find_stale(struct xtables *x, const struct ruleset *want, char (**out)[RULE_CHAIN_LEN],
                      size_t *count)
{
    char key[RULE_CHAIN_LEN], (*names)[RULE_CHAIN_LEN] = NULL, (*more)[RULE_CHAIN_LEN];
    struct index wanted;
    int err = 0;

    index_init(&wanted, RULE_CHAIN_LEN);
    for (size_t i = 0; i < want->chain_count && !err; i++)
        err = index_put(&wanted, want->chains[i].name, 0);
    *count = 0;
    for (const char *c = x->f->first_chain(x->handle); c && !err; c = x->f->next_chain(x->handle)) {
        memset(key, 0, sizeof key);
        memcpy(key, c, strnlen(c, sizeof key - 1));
        if (!want->owns(key) || index_find(&wanted, key) != INDEX_NONE)
            continue;
        more = realloc(names, (*count + 1) * sizeof *names);
        if (!more) {
            err = -ENOMEM;
            break;
        }
        names = more;
        memcpy(names[(*count)++], key, sizeof key);
    }
    index_free(&wanted);
    *out = names;
    return err;
}

/* A chain that a foreign entry jumps to cannot go; it stays, empty. */
static int remove_stale(struct xtables *x, const struct ruleset *want)
{
    char(*names)[RULE_CHAIN_LEN];
    size_t count;
    int changes = 0, err = find_stale(x, want, &names, &count);

    for (size_t i = 0; i < count && !err; i++) {
        if (x->f->first_rule(names[i], x->handle)) {
            changes++;
            err = x->f->flush(names[i], x->handle) ? 0 : -errno;
        }
    }
    for (size_t i = 0; i < count && !err; i++) {
        if (x->f->delete (names[i], x->handle))
            changes++;
        else if (errno != EMLINK)
            err = -errno;
    }
    free(names);
    return err ? err : changes;
}

/* The administrator's chain: made where it is missing; an empty one nobody uses goes with ours. */
static int change_user_chain(struct xtables *x, const struct ruleset *want)
{
    char label[RULE_CHAIN_LEN] = {0};

    if (want->user_wanted)
        return create_chain(x, want->user_chain);
    if (!x->f->is_chain(want->user_chain, x->handle) || xtables_has_entries(x, want->user_chain))
        return 0;
    memcpy(label, want->user_chain, strnlen(want->user_chain, sizeof label - 1));
    if (x->f->delete (label, x->handle))
        return 1;
    return errno == EMLINK ? 0 : -errno;
}

int xtables_change(struct xtables *x, const struct ruleset *want)
{
    int changes = 0, done = 0;

    if (want->user_chain && want->user_wanted)
        done = change_user_chain(x, want);
    for (size_t i = 0; i < want->chain_count && done >= 0; i++) {
        changes += done;
        done = create_chain(x, want->chains[i].name);
    }
    for (size_t i = 0; i < want->chain_count && done >= 0; i++) {
        changes += done;
        done = same_chain(x, want, &want->chains[i]) ? 0 : write_chain(x, want, &want->chains[i]);
    }
    for (size_t i = 0; i < want->hook_count && done >= 0; i++) {
        changes += done;
        done = change_hook(x, &want->hooks[i]);
    }
    if (done >= 0) {
        changes += done;
        done = remove_stale(x, want);
    }
    if (done >= 0 && want->user_chain && !want->user_wanted) {
        changes += done;
        done = change_user_chain(x, want);
    }
    return done < 0 ? done : changes + done;
}

int xtables_read(struct xtables **out, int family, const char *table)
{
    struct xtables *x = calloc(1, sizeof *x);

    if (!x)
        return -ENOMEM;
    x->family = family;
    x->f = family == AF_INET ? &iptc_family : &ip6tc_family;
    x->handle = x->f->init(table);
    if (!x->handle) {
        int err = errno ? -errno : -EPROTO;

        free(x);
        return err;
    }
    *out = x;
    return 0;
}

void xtables_free(struct xtables *x)
{
    if (!x)
        return;
    x->f->free(x->handle);
    free(x);
}

int xtables_commit(struct xtables *x)
{
    return x->f->commit(x->handle) ? 0 : -errno;
}

bool xtables_has_entries(struct xtables *x, const char *chain)
{
    return x->f->is_chain(chain, x->handle) && x->f->first_rule(chain, x->handle);
}

/* The source of an entry for a single host, or false. */
static bool host_of(struct xtables *x, const void *e, struct addr *host)
{
    static const uint8_t ones[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const struct ipt_entry *v4 = e;
    const struct ip6t_entry *v6 = e;

    if (x->family == AF_INET) {
        *host = addr_make(AF_INET, &v4->ip.src);
        return memcmp(&v4->ip.smsk, ones, 4) == 0;
    }
    *host = addr_make(AF_INET6, &v6->ipv6.src);
    return memcmp(&v6->ipv6.smsk, ones, 16) == 0;
}

int xtables_hosts(struct xtables *x, bool (*owns)(const char *name), enum rule_target target,
                  struct addr **out, size_t *out_count)
{
    const char *label = rule_target_name(&(struct rule){.target = target}), *name;
    struct addr *hosts = NULL, *more, host;
    size_t count = 0, room = 0;

    for (const char *c = x->f->first_chain(x->handle); c; c = x->f->next_chain(x->handle)) {
        if (!owns(c))
            continue;
        for (const void *e = x->f->first_rule(c, x->handle); e; e = x->f->next_rule(e, x->handle)) {
            name = x->f->target(e, x->handle);
            if (!name || strcmp(name, label) != 0 || !host_of(x, e, &host))
                continue;
            if (count == room) {
                room = room ? room * 2 : 64;
                more = realloc(hosts, room * sizeof *hosts);
                if (!more) {
                    free(hosts);
                    return -ENOMEM;
                }
                hosts = more;
            }
            hosts[count++] = host;
        }
    }
    *out = hosts;
    *out_count = addr_sort_once(hosts, count);
    return 0;
}

const char *xtables_strerror(int err)
{
    switch (-err) {
    case ENOENT:
    case ENOPROTOOPT:
        return "the kernel has no such legacy xtables table (modules ip_tables, iptable_nat, "
               "ip6_tables, ip6table_nat)";
    case EPERM:
    case EACCES:
        return "not permitted, root with CAP_NET_ADMIN is needed";
    case EAGAIN:
        return "somebody else changed the table at the same time";
    default:
        return iptc_strerror(-err);
    }
}
