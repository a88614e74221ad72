/* From the names that a person types to addresses of hosts. */
#include "openfw.h"

#include "text.h"

#include <ctype.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

/* Asks the daemon; each row and the total go to whom it may concern. 0 or an exit code, told. */
static int ask_daemon(struct openfw *f, json_t *request, const struct listener *l)
{
    char why[TEXT_LEN];
    int code = ask(&f->program, request, l, why);

    return code ? program_fail(&f->program, code, why, NULL) : 0;
}

static void take_group(void *context, json_t *row)
{
    struct openfw *f = context;

    json_array_append(f->groups, row);
}

static void take_networks(void *context, const json_t *total)
{
    struct openfw *f = context;
    const json_t *net;
    struct prefix prefix;
    size_t i;

    json_array_foreach(json_object_get(total, "localnet"), i, net)
    {
        if (prefix_parse(json_string_value(net), &prefix) == 0)
            prefix_list_add(&f->localnet, &prefix);
    }
}

int openfw_ask_groups(struct openfw *f)
{
    const struct listener listener = {take_group, take_networks, f};

    f->groups = json_array();
    return ask_daemon(f, json_pack("{s:s}", "command", "groups"), &listener);
}

static bool has_host(const struct openfw *f, const char *host)
{
    const json_t *item;
    size_t i;

    json_array_foreach(f->hosts, i, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "host")), host) == 0)
            return true;
    }
    return false;
}

static void add_host(struct openfw *f, const struct addr *addr, const char *group)
{
    char text[ADDR_TEXT_LEN];
    json_t *item;

    if (has_host(f, addr_format(addr, text)))
        return;
    item = json_pack("{s:s}", "host", text);
    if (group)
        json_object_set_new(item, "group", json_string(group));
    json_array_append_new(f->hosts, item);
}

static struct addr address_of(const struct sockaddr *sa)
{
    const void *bytes = sa->sa_family == AF_INET
                            ? (const void *)&((const struct sockaddr_in *)sa)->sin_addr
                            : (const void *)&((const struct sockaddr_in6 *)sa)->sin6_addr;

    return addr_make(sa->sa_family, bytes);
}

/* What `found` is told of: each address of the name that is in LOCALNET. Their number. */
static size_t resolve(const struct openfw *f, const char *name,
                      void (*found)(void *context, const struct addr *addr), void *context)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    struct addr addr;
    size_t n = 0;

    if (addr_parse(name, &addr) == 0) {
        found(context, &addr);
        return 1;
    }
    /* `10.99.2' is no name, but to getaddrinfo(3) an address: another one than was meant. */
    if (isdigit((unsigned char)*name) && strspn(name, "0123456789abcdefABCDEFxX.:") == strlen(name))
        return 0;
    if (getaddrinfo(name, NULL, &hints, &list) != 0)
        return 0;
    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        addr = address_of(a->ai_addr);
        if (!prefix_list_contains(&f->localnet, &addr))
            continue;
        found(context, &addr);
        n++;
    }
    freeaddrinfo(list);
    return n;
}

struct place {
    struct openfw *f;
    const char *group;
};

static void add_found(void *context, const struct addr *addr)
{
    struct place *place = context;

    add_host(place->f, addr, place->group);
}

static int add_name(struct openfw *f, const char *name, const char *group)
{
    struct place place = {f, group};

    if (resolve(f, name, add_found, &place) > 0)
        return 0;
    program_fail(&f->program, EX_DATAERR, name,
                 _("neither a group nor a host of the local network"));
    if (strcmp(f->way, "close") != 0 && strcmp(f->way, "force") != 0)
        return EX_DATAERR;
    f->missed = EX_DATAERR; /* a room is closed as far as its hosts are known */
    return 0;
}

static const json_t *find_group(const struct openfw *f, const char *name)
{
    const json_t *group;
    size_t i;

    json_array_foreach(f->groups, i, group)
    {
        if (strcasecmp(json_string_value(json_object_get(group, "group")), name) == 0)
            return group;
    }
    return NULL;
}

#define NESTING_MAX 8 /* groups within groups */

/* A group may be made of others, since a line of the configuration is short. */
static int add_group(struct openfw *f, const json_t *group, int depth)
{
    const char *name = json_string_value(json_object_get(group, "group"));
    const json_t *member;
    size_t i;
    int code = 0;

    if (depth > NESTING_MAX)
        return program_fail(&f->program, EX_CONFIG, name, _("groups within groups without end"));
    json_array_foreach(json_object_get(group, "hosts"), i, member)
    {
        const json_t *inner = find_group(f, json_string_value(member));

        if (!code)
            code = inner ? add_group(f, inner, depth + 1)
                         : add_name(f, json_string_value(member), name);
    }
    return code;
}

struct search {
    struct addr wanted;
    bool found;
};

static void compare(void *context, const struct addr *addr)
{
    struct search *search = context;

    search->found = search->found || addr_compare(&search->wanted, addr) == 0;
}

/* Every group that this host is in. 0; -1 if there is none; or an exit code, told. */
static int add_groups_of(struct openfw *f, const struct addr *addr)
{
    const json_t *group, *host;
    size_t i, k;
    int code = -1;

    json_array_foreach(f->groups, i, group)
    {
        struct search search = {.wanted = *addr};

        /* A group of groups is not the group of a host. */
        json_array_foreach(json_object_get(group, "hosts"), k, host)
        {
            if (!search.found && !find_group(f, json_string_value(host)))
                resolve(f, json_string_value(host), compare, &search);
        }
        if (search.found && code <= 0)
            code = add_group(f, group, 0);
    }
    return code;
}

struct groups_found {
    struct openfw *f;
    int code; /* as add_groups_of() */
};

/* Of a name with several addresses the first that is in a group is enough. */
static void add_groups_found(void *context, const struct addr *addr)
{
    struct groups_found *g = context;

    if (g->code < 0)
        g->code = add_groups_of(g->f, addr);
}

static int add_groups_of_name(struct openfw *f, const char *name)
{
    struct groups_found g = {f, -1};

    if (resolve(f, name, add_groups_found, &g) == 0)
        return add_name(f, name, NULL); /* tells that there is no such host */
    return g.code < 0 ? program_fail(&f->program, 1, name, _("it is in no group")) : g.code;
}

static void take_own_host(void *context, json_t *row)
{
    struct openfw *f = context;
    const char *host = json_string_value(json_object_get(row, "host"));
    struct addr addr;

    if (!host || addr_parse(host, &addr) != 0)
        return;
    if (f->admin)
        add_host(f, &addr, NULL);
    else if (add_groups_of(f, &addr) < 0)
        program_fail(&f->program, 1, host, _("it is in no group"));
}

static int find_own(struct openfw *f)
{
    const struct listener listener = {take_own_host, NULL, f};
    int code = ask_daemon(
        f, json_pack("{s:s, s:s}", "command", "whence", "terminal", program_terminal()), &listener);

    return code || json_array_size(f->hosts) > 0 ? code : 1;
}

int openfw_find_hosts(struct openfw *f)
{
    int code = 0;

    f->hosts = json_array();
    if (!f->name_count)
        return find_own(f);
    for (size_t i = 0; i < f->name_count && !code; i++) {
        const json_t *group = find_group(f, f->names[i]);
        if (f->what == OPENFW_GROUP_OF)
            code = add_groups_of_name(f, f->names[i]);
        else if (group)
            code = add_group(f, group, 0);
        else
            code = add_name(f, f->names[i], NULL);
    }
    return code;
}
