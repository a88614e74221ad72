#include "ruleset.h"

#include <stdio.h>
#include <stdlib.h>

static bool make_room(void **items, size_t *room, size_t count, size_t size)
{
    size_t more = *room ? *room * 2 : 64;
    void *bigger;

    if (count < *room)
        return true;
    bigger = realloc(*items, more * size);
    if (!bigger)
        return false;
    *items = bigger;
    *room = more;
    return true;
}

void ruleset_begin_chain(struct ruleset *r, const char *name)
{
    void *chains = r->chains;
    struct rule_chain *c;

    if (r->failed || !make_room(&chains, &r->chain_room, r->chain_count, sizeof *c)) {
        r->failed = true;
        return;
    }
    r->chains = chains;
    c = &r->chains[r->chain_count++];
    *c = (struct rule_chain){.first = r->rule_count};
    snprintf(c->name, sizeof c->name, "%s", name);
}

void ruleset_add(struct ruleset *r, const struct rule *rule)
{
    void *rules = r->rules;

    if (r->failed || !make_room(&rules, &r->rule_room, r->rule_count, sizeof *rule)) {
        r->failed = true;
        return;
    }
    r->rules = rules;
    r->rules[r->rule_count++] = *rule;
    r->chains[r->chain_count - 1].count++;
}

void ruleset_free(struct ruleset *r)
{
    free(r->chains);
    free(r->rules);
    r->chains = NULL;
    r->rules = NULL;
    r->chain_count = r->rule_count = r->chain_room = r->rule_room = 0;
}

void rule_lead(struct rule *rule, enum rule_target target, const char *chain)
{
    rule->target = target;
    snprintf(rule->chain, sizeof rule->chain, "%s", chain);
}

void rule_set_interface(char to[IFNAMSIZ], const char *from)
{
    snprintf(to, IFNAMSIZ, "%s", from);
}
