/* Who talks to where: the kernel's connections, with the users of their hosts. */
#include "tcpquota.h"

#include "addr.h"
#include "conntrack.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* A connection, as far as it is shown. */
struct talk {
    struct addr from, to;
    uint8_t protocol;
};

struct host {
    struct addr addr;
    char *name;
};

struct connections {
    struct talk *talks;
    size_t count, room;
    struct host *hosts;
    size_t host_count, host_room;
    bool failed; /* without memory */
};

/* Room for one more in a list. */
static bool make_room(struct connections *c, void **list, size_t count, size_t *room, size_t size)
{
    size_t wanted = *room ? *room * 2 : 64;
    void *longer;

    if (count < *room)
        return true;
    longer = reallocarray(*list, wanted, size);
    if (!longer) {
        c->failed = true;
        return false;
    }
    *list = longer;
    *room = wanted;
    return true;
}

static void take_flow(void *context, const struct flow *flow)
{
    struct connections *c = context;

    if (make_room(c, (void **)&c->talks, c->count, &c->room, sizeof *c->talks))
        c->talks[c->count++] = (struct talk){flow->source, flow->reply_source, flow->protocol};
}

static void take_host(void *context, json_t *row)
{
    struct connections *c = context;
    const char *host = json_string_value(json_object_get(row, "host"));
    const char *name = json_string_value(json_object_get(row, "name"));
    struct addr addr;

    if (!host || !name || addr_parse(host, &addr) != 0 ||
        json_integer_value(json_object_get(row, "open")) == 0 ||
        !make_room(c, (void **)&c->hosts, c->host_count, &c->host_room, sizeof *c->hosts))
        return;
    c->hosts[c->host_count] = (struct host){addr, strdup(name)};
    c->failed = c->failed || !c->hosts[c->host_count].name;
    c->host_count++;
}

static int compare_talks(const void *a, const void *b)
{
    const struct talk *x = a, *y = b;
    int order = addr_compare(&x->from, &y->from);

    if (!order)
        order = addr_compare(&x->to, &y->to);
    return order ? order : x->protocol - y->protocol;
}

static int compare_hosts(const void *a, const void *b)
{
    const struct host *x = a, *y = b;

    return addr_compare(&x->addr, &y->addr);
}

static const char *protocol_name(uint8_t protocol, char out[8])
{
    switch (protocol) {
    case IPPROTO_TCP:
        return "tcp";
    case IPPROTO_UDP:
        return "udp";
    case IPPROTO_ICMP:
        return "icmp";
    case IPPROTO_ICMPV6:
        return "icmpv6";
    default:
        snprintf(out, 8, "%u", protocol);
        return out;
    }
}

/* So many connections of one kind, as a row. */
static void show_talk(const struct connections *c, const struct talk *talk, size_t times,
                      struct output *o)
{
    const struct host key = {talk->from, NULL},
                      *host = bsearch(&key, c->hosts, c->host_count, sizeof key, compare_hosts);
    char from[ADDR_TEXT_LEN], to[ADDR_TEXT_LEN], number[8];
    json_t *row =
        json_pack("{s:s?, s:s, s:s, s:s, s:I}", "name", host ? host->name : NULL, "host",
                  addr_format(&talk->from, from), "to", addr_format(&talk->to, to), "protocol",
                  protocol_name(talk->protocol, number), "connections", (json_int_t)times);

    output_row(o, row);
    json_decref(row);
}

static void show(struct connections *c, const struct tcpquota *t)
{
    static const struct column columns[] = {{"name", N_("name"), COLUMN_TEXT},
                                            {"host", N_("host"), COLUMN_TEXT},
                                            {"to", N_("talks to"), COLUMN_TEXT},
                                            {"protocol", N_("protocol"), COLUMN_TEXT},
                                            {"connections", N_("connections"), COLUMN_NUMBER}};
    static const struct view view = {
        .name = "connections", .columns = columns, .count = sizeof columns / sizeof *columns};
    struct output o;

    if (c->count)
        qsort(c->talks, c->count, sizeof *c->talks, compare_talks);
    if (c->host_count)
        qsort(c->hosts, c->host_count, sizeof *c->hosts, compare_hosts);
    output_begin(&o, &t->program, &view);
    for (size_t i = 0, next; i < c->count; i = next) {
        for (next = i + 1; next < c->count && compare_talks(&c->talks[i], &c->talks[next]) == 0;)
            next++;
        show_talk(c, &c->talks[i], next - i, &o);
    }
    output_end(&o, 0);
}

/* 0, or an exit code, told. */
static int read_table(struct connections *c, const struct tcpquota *t)
{
    struct conntrack_error where = {0};
    int fd = conntrack_open(), err = fd < 0 ? fd : conntrack_read(fd, take_flow, c, &where);

    if (fd >= 0)
        close(fd);
    if (!err)
        return 0;
    return program_fail(&t->program, EX_OSERR, CONNTRACK_PATH,
                        err == -EBADMSG ? where.text : strerror(-err));
}

static int run(struct connections *c, const struct tcpquota *t)
{
    const struct listener listener = {.row = take_host, .context = c};
    char why[TEXT_LEN];
    int code = ask(&t->program, json_pack("{s:s}", "command", "hosts"), &listener, why);

    if (code)
        return program_fail(&t->program, code, why, NULL);
    code = read_table(c, t);
    if (!code && c->failed)
        return program_fail(&t->program, EX_OSERR, _("out of memory"), NULL);
    if (!code)
        show(c, t);
    return code;
}

int connections_run(struct tcpquota *t)
{
    struct connections c = {0};
    int code = root_is_here(t) ? run(&c, t) : EX_NOPERM;

    for (size_t i = 0; i < c.host_count; i++)
        free(c.hosts[i].name);
    free(c.hosts);
    free(c.talks);
    return code;
}
