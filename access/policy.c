#include "policy.h"

#include "addrset.h"
#include "clock.h"
#include "open_host.h"
#include "store_policy.h"
#include "store_read.h"

#include <errno.h>
#include <stdlib.h>

#define FOLLOWED_MAX 200 /* changes one by one: more are had faster by reading all */

/* The rows of validipaddress, of groups that count and of the others. */
struct lists {
    struct addrset ours, others;
    int64_t *groups; /* that count, of one name */
    size_t group_count;
};

struct policy {
    struct store *store;
    const struct conf *conf;
    policy_bad_row *bad;
    void *context;
    struct lists lists;
    struct policy_facts facts;
    int64_t spent_ns;
    bool unknown; /* the lists are to be read anew, whatever the generation */
};

static void free_lists(struct lists *l)
{
    addrset_free(&l->ours);
    addrset_free(&l->others);
    free(l->groups);
    l->groups = NULL;
    l->group_count = 0;
}

static bool names_group(const struct policy *p)
{
    return *p->conf->auth.host_group != '\0';
}

bool policy_has_lists(const struct policy *p)
{
    return *p->conf->auth.sql == '\0';
}

static bool counts(const struct policy *p, const struct lists *l, int64_t group)
{
    if (!names_group(p))
        return true;
    for (size_t i = 0; i < l->group_count; i++) {
        if (l->groups[i] == group)
            return true;
    }
    return false;
}

static int change_lists(struct policy *p, struct lists *l, const struct store_address *row)
{
    struct addrset *set = counts(p, l, row->group) ? &l->ours : &l->others;
    struct addr_range range;

    if (addr_range_parse(row->text, &range) != 0) {
        if (row->delta > 0)
            p->bad(p->context, row->group, row->text);
        return 0;
    }
    if (row->delta == 0)
        return 0;
    return row->delta > 0 ? addrset_add(set, &range) : addrset_remove(set, &range);
}

static int read_groups(struct policy *p, struct lists *l)
{
    int64_t group;
    int rc;

    store_read_groups(p->store, p->conf->auth.host_group);
    while ((rc = store_next_group(p->store, &group)) > 0) {
        int64_t *more = realloc(l->groups, (l->group_count + 1) * sizeof *more);

        if (!more)
            return -ENOMEM;
        l->groups = more;
        l->groups[l->group_count++] = group;
    }
    return rc;
}

/* All rows, into lists of their own: the old ones hold until the new ones are whole. */
static int read_all(struct policy *p)
{
    struct store_address row;
    struct lists fresh = {.group_count = 0};
    int rc;

    addrset_init(&fresh.ours);
    addrset_init(&fresh.others);
    rc = read_groups(p, &fresh);
    store_read_addresses(p->store);
    while (rc == 0 && (rc = store_next_address(p->store, &row)) > 0) {
        row.delta = 1;
        rc = change_lists(p, &fresh, &row);
        if (rc)
            break;
    }
    if (rc < 0) {
        free_lists(&fresh);
        return rc;
    }
    free_lists(&p->lists);
    p->lists = fresh;
    return 0;
}

/* The rows that have changed: 1 if those are all, 0 if more has changed than is known of. */
static int follow(struct policy *p, int64_t until)
{
    struct store_address row;
    int64_t at = p->facts.lists;
    int rc;

    /* None is missing in between: so it is asked first, and only then done. */
    store_read_address_changes(p->store, at);
    while ((rc = store_next_address_change(p->store, &row)) > 0 && row.generation == at + 1)
        at++;
    if (rc < 0 || at != until || until - p->facts.lists > FOLLOWED_MAX)
        return rc < 0 ? rc : 0;
    store_read_address_changes(p->store, p->facts.lists);
    while ((rc = store_next_address_change(p->store, &row)) > 0) {
        rc = change_lists(p, &p->lists, &row);
        if (rc)
            break;
    }
    /* Half of them: what the lists hold now nobody knows. */
    if (rc < 0)
        p->unknown = true;
    return rc < 0 ? rc : 1;
}

static int refresh(struct policy *p, bool first)
{
    int64_t lists = store_generation(p->store, STORE_LISTS);
    int64_t hosts = store_generation(p->store, STORE_HOSTS);
    int changed = 0, rc;

    if (lists < 0 || hosts < 0)
        return (int)(lists < 0 ? lists : hosts);
    if (policy_has_lists(p) && (first || p->unknown || lists != p->facts.lists)) {
        rc = first || p->unknown || lists < p->facts.lists ? 0 : follow(p, lists);
        if (rc == 0)
            rc = read_all(p);
        if (rc < 0)
            return rc;
        p->unknown = false;
    }
    changed |= lists != p->facts.lists ? POLICY_LISTS : 0;
    changed |= hosts != p->facts.hosts ? POLICY_HOSTS : 0;
    p->facts.lists = lists;
    p->facts.hosts = hosts;
    return changed;
}

int policy_refresh(struct policy *p)
{
    int rc = store_snapshot(p->store);

    if (!rc)
        rc = refresh(p, false);
    store_stop(p->store);
    return rc;
}

int policy_open(struct policy **out, struct store *store, const struct conf *conf,
                policy_bad_row *bad, void *context)
{
    struct policy *p = calloc(1, sizeof *p);
    int rc;

    if (!p)
        return -ENOMEM;
    *p = (struct policy){.store = store, .conf = conf, .bad = bad, .context = context};
    addrset_init(&p->lists.ours);
    addrset_init(&p->lists.others);
    rc = policy_has_lists(p) ? 0 : store_prepare_question(store, conf->auth.sql);
    if (!rc)
        rc = store_snapshot(store);
    if (!rc)
        rc = refresh(p, true);
    store_stop(store);
    if (rc < 0) {
        policy_close(p);
        return rc;
    }
    *out = p;
    return 0;
}

void policy_close(struct policy *p)
{
    if (!p)
        return;
    free_lists(&p->lists);
    free(p);
}

enum answer_verdict policy_by_list(struct policy *p, const struct addr *a)
{
    if (addrset_has(&p->lists.ours, a) > 0)
        return ANSWER_PASS;
    /* Somebody has written it down, for others: that is no address in no list. */
    if (p->conf->auth.authoritative || addrset_has(&p->lists.others, a) != 0)
        return ANSWER_BLOCK;
    return ANSWER_NEXT;
}

static int ask_own(struct policy *p, const struct addr *a, uint16_t port)
{
    char ip[ADDR_TEXT_LEN];
    int rc = store_ask_question(p->store, addr_format(a, ip), port, p->conf->auth.host_group);

    if (rc == -ENODATA)
        return p->conf->auth.authoritative ? ANSWER_BLOCK : ANSWER_NEXT;
    return rc < 0 ? rc : rc == 1 ? ANSWER_PASS : ANSWER_BLOCK;
}

static void note_question(struct policy *p, struct mono begun, bool failed)
{
    int64_t ns = mono_since(begun, mono_now()).ns;

    p->facts.questions++;
    p->facts.failed += failed;
    p->spent_ns += ns;
    if (ns > p->facts.worst_ns)
        p->facts.worst_ns = ns;
}

int policy_ask(struct policy *p, const struct addr *a, uint16_t port, struct answer_kind *out)
{
    struct mono begun = mono_now();
    int rc;

    *out = (struct answer_kind){.reason = ANSWERED_BY_LIST};
    if (policy_has_lists(p)) {
        rc = policy_by_list(p, a);
    } else {
        out->reason = ANSWERED_BY_SQL;
        rc = ask_own(p, a, port);
    }
    if (rc >= 0 && rc != ANSWER_PASS && p->conf->auth.quota) {
        int open = open_host_may(p->store, p->conf, a);

        if (policy_has_lists(p))
            out->reason = ANSWERED_BY_QUOTA;
        rc = open < 0 ? open : open ? ANSWER_PASS : rc;
    }
    note_question(p, begun, rc < 0);
    if (rc < 0)
        return rc;
    out->verdict = (uint8_t)rc;
    return 0;
}

void policy_get_facts(const struct policy *p, struct policy_facts *out)
{
    *out = p->facts;
    out->addresses = addrset_count(&p->lists.ours);
    out->mean_ns = p->facts.questions ? p->spent_ns / (int64_t)p->facts.questions : 0;
}

int64_t policy_group(const struct policy *p)
{
    return names_group(p) && p->lists.group_count > 0 ? p->lists.groups[0] : -1;
}

bool policy_lacks_group(const struct policy *p)
{
    return policy_has_lists(p) && names_group(p) && p->lists.group_count == 0;
}
