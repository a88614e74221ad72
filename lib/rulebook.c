#include "rulebook.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_LEN 1024

/* A rule by name: `=HOST`, `=.DOMAIN`, `=`, `INFO@ADDRESS`, `INFO@=HOST`. */
struct named {
    char *name, *env;
    struct rule rule;
};

struct rulebook {
    struct rules *addresses;
    struct named *names;
    size_t name_count;
    bool asks_host, asks_info, has_escapes;
};

struct reading {
    struct rulebook *book;
    rulebook_strange *strange;
    void *context;
};

void rulebook_free(struct rulebook *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->name_count; i++) {
        free(b->names[i].name);
        free(b->names[i].env);
    }
    free(b->names);
    rules_free(b->addresses);
    free(b);
}

static int begin(struct rulebook **out)
{
    struct rulebook *b = calloc(1, sizeof *b);
    int err = b ? rules_new(&b->addresses) : -ENOMEM;

    if (err)
        rulebook_free(b);
    else
        *out = b;
    return err;
}

static int finish(struct rulebook **out, struct rulebook *b, int err)
{
    if (!err)
        err = rules_finish(b->addresses);
    if (err)
        rulebook_free(b);
    else
        *out = b;
    return err;
}

static int add_name(struct rulebook *b, const struct tcprule *rule)
{
    struct named *names = reallocarray(b->names, b->name_count + 1, sizeof *names);
    struct named named = {.rule = rule->rule};

    if (!names)
        return -ENOMEM;
    b->names = names;
    named.name = strdup(rule->name);
    named.env = strdup(rule->rule.env);
    if (!named.name || !named.env) {
        free(named.name);
        free(named.env);
        return -ENOMEM;
    }
    named.rule.env = named.env;
    names[b->name_count++] = named;
    b->asks_info = b->asks_info || strchr(rule->name, '@');
    b->asks_host = b->asks_host || strchr(rule->name, '=');
    return 0;
}

struct faults {
    struct rulebook *book;
    tcprules_fault *fault;
    void *context;
};

static int take(void *context, const struct tcprule *rule)
{
    struct rulebook *b = ((struct faults *)context)->book;

    return rule->name ? add_name(b, rule) : rules_add(b->addresses, &rule->rule);
}

static void pass_on(void *context, size_t line, const char *what)
{
    const struct faults *f = context;

    f->fault(f->context, line, what);
}

int rulebook_read_text(struct rulebook **out, char *text, tcprules_fault *fault, void *context)
{
    struct faults f = {.fault = fault, .context = context};
    int err = begin(&f.book);

    if (err)
        return err;
    return finish(out, f.book, tcprules_read(text, take, pass_on, &f));
}

static int take_row(void *context, const struct store_rule *row)
{
    struct reading *r = context;

    if (row->strange)
        r->strange(r->context, row);
    return row->nobody ? 0 : rules_add(r->book->addresses, &row->rule);
}

int rulebook_read_store(struct rulebook **out, struct store *store, const char *service,
                        rulebook_strange *strange, void *context)
{
    struct reading r = {.strange = strange, .context = context};
    int err = begin(&r.book);

    if (err)
        return err;
    r.book->has_escapes = true;
    return finish(out, r.book, store_read_rules(store, service, take_row, &r));
}

static const struct rule *find_name(const struct rulebook *b, const char *name)
{
    for (size_t i = 0; i < b->name_count; i++) {
        if (strcasecmp(b->names[i].name, name) == 0)
            return &b->names[i].rule;
    }
    return NULL;
}

static const struct rule *find_info(const struct rulebook *b, const struct addr *a,
                                    const char *host, const char *info)
{
    char address[ADDR_TEXT_LEN], name[NAME_MAX_LEN];
    const struct rule *rule;

    if (!info)
        return NULL;
    snprintf(name, sizeof name, "%s@%s", info, addr_format(a, address));
    rule = find_name(b, name);
    if (rule || !host)
        return rule;
    snprintf(name, sizeof name, "%s@=%s", info, host);
    return find_name(b, name);
}

/* `=.sub.example.org`, `=.example.org`, `=.org`, `=`. */
static const struct rule *find_domain(const struct rulebook *b, const char *host)
{
    char name[NAME_MAX_LEN];

    for (const char *dot = strchr(host, '.'); dot; dot = strchr(dot + 1, '.')) {
        const struct rule *rule;

        snprintf(name, sizeof name, "=%s", dot);
        rule = find_name(b, name);
        if (rule)
            return rule;
    }
    return find_name(b, "=");
}

static const struct rule *find_named(const struct rulebook *b, const struct addr *a,
                                     const char *host, const char *info,
                                     const struct rule *by_address)
{
    const struct rule *rule = find_info(b, a, host, info);
    bool everyone = !by_address || by_address->range.first.family == 0;
    char name[NAME_MAX_LEN];

    if (!rule && !everyone && addr_equal(&by_address->range.first, &by_address->range.last))
        rule = by_address;
    if (!rule && host) {
        snprintf(name, sizeof name, "=%s", host);
        rule = find_name(b, name);
    }
    if (!rule && !everyone)
        rule = by_address;
    if (!rule && host)
        rule = find_domain(b, host);
    return rule ? rule : by_address;
}

const struct rule *rulebook_find(const struct rulebook *b, const struct addr *a, const char *host,
                                 const char *info)
{
    const struct rule *rule = rules_find(b->addresses, a);

    return b->name_count ? find_named(b, a, host, info, rule) : rule;
}

bool rulebook_asks_host(const struct rulebook *b)
{
    return b->asks_host;
}

bool rulebook_asks_info(const struct rulebook *b)
{
    return b->asks_info;
}

bool rulebook_has_escapes(const struct rulebook *b)
{
    return b->has_escapes;
}
