#include "store_rules.h"

#include "store_sql.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static struct addr ipv4(int64_t number)
{
    uint32_t network = htonl((uint32_t)number);

    return addr_make(AF_INET, &network);
}

/* NULL decision accepts, NULL itime is before all others. */
static struct rule read_rule(struct store *s, enum sql id, int itime, int decision, int env)
{
    return (struct rule){.itime = sql_is_null(s, id, itime) ? INT64_MIN : sql_int(s, id, itime),
                         .decision =
                             sql_is_null(s, id, decision) ? RULE_ACCEPT : sql_int(s, id, decision),
                         .env = sql_text(s, id, env)};
}

static int read_plain(struct store *s, store_take_rule *take, void *context)
{
    int rc;

    sql_reset(s, SQL_RULES);
    while ((rc = sql_step(s, SQL_RULES)) > 0) {
        struct store_rule out = {
            .rule = read_rule(s, SQL_RULES, 0, 3, 4), .service = "", .hostgroup = "", .net = ""};
        bool from = !sql_is_null(s, SQL_RULES, 1), to = !sql_is_null(s, SQL_RULES, 2);
        int64_t first = from ? sql_int(s, SQL_RULES, 1) : 0;

        if (from || to) {
            out.rule.range.first = ipv4(first);
            out.rule.range.last = ipv4(to ? sql_int(s, SQL_RULES, 2) : first);
        }
        rc = take(context, &out);
        if (rc)
            break;
    }
    sql_reset(s, SQL_RULES);
    return rc;
}

static struct addr later(const struct addr *a, const struct addr *b)
{
    return addr_compare(a, b) > 0 ? *a : *b;
}

static struct addr earlier(const struct addr *a, const struct addr *b)
{
    return addr_compare(a, b) < 0 ? *a : *b;
}

/* What of a range lies in another one, too; false: nothing. */
static bool cut(struct addr_range *range, const struct addr_range *other)
{
    if (range->first.family != other->first.family)
        return false;
    range->first = later(&range->first, &other->first);
    range->last = earlier(&range->last, &other->last);
    return addr_compare(&range->first, &range->last) <= 0;
}

/* What a row of tcpserver_scope is for. */
static void read_range(struct store_rule *out, const char *member, bool no_group)
{
    struct addr_range net;

    if (*out->hostgroup) {
        out->nobody = *member == '\0';
        out->strange =
            no_group || (!out->nobody && addr_range_parse(member, &out->rule.range) != 0);
    }
    if (*out->net && addr_range_parse(out->net, &net) != 0)
        out->strange = true;
    else if (*out->net && !*out->hostgroup)
        out->rule.range = net;
    else if (*out->net && !out->nobody && !out->strange)
        out->nobody = !cut(&out->rule.range, &net);
    out->nobody = out->nobody || out->strange;
}

static int read_scopes(struct store *s, const char *service, store_take_rule *take, void *context)
{
    int rc;

    sql_reset(s, SQL_SCOPES);
    sql_bind_text(s, SQL_SCOPES, 1, service);
    while ((rc = sql_step(s, SQL_SCOPES)) > 0) {
        struct store_rule out = {.rule = read_rule(s, SQL_SCOPES, 5, 3, 4),
                                 .service = sql_text(s, SQL_SCOPES, 0),
                                 .hostgroup = sql_text(s, SQL_SCOPES, 1),
                                 .net = sql_text(s, SQL_SCOPES, 2)};

        read_range(&out, sql_text(s, SQL_SCOPES, 6), sql_int(s, SQL_SCOPES, 7));
        rc = take(context, &out);
        if (rc)
            break;
    }
    sql_reset(s, SQL_SCOPES);
    return rc;
}

int store_read_rules(struct store *s, const char *service, store_take_rule *take, void *context)
{
    int rc = read_plain(s, take, context);

    return rc ? rc : read_scopes(s, service, take, context);
}

static int put_plain(struct store *s, const struct rule *rule)
{
    uint32_t first, last;

    memcpy(&first, rule->range.first.bytes, sizeof first);
    memcpy(&last, rule->range.last.bytes, sizeof last);
    sql_bind_int(s, SQL_PUT_RULE, 1, rule->itime);
    if (rule->range.first.family) {
        sql_bind_int(s, SQL_PUT_RULE, 2, ntohl(first));
        sql_bind_int(s, SQL_PUT_RULE, 3, ntohl(last));
    } else {
        sql_bind_text(s, SQL_PUT_RULE, 2, NULL);
        sql_bind_text(s, SQL_PUT_RULE, 3, NULL);
    }
    sql_bind_int(s, SQL_PUT_RULE, 4, rule->decision);
    sql_bind_text(s, SQL_PUT_RULE, 5, *rule->env ? rule->env : NULL);
    return sql_run(s, SQL_PUT_RULE);
}

int store_put_rule(struct store *s, const char *service, const struct rule *rule)
{
    char net[2 * ADDR_TEXT_LEN + 1], first[ADDR_TEXT_LEN], last[ADDR_TEXT_LEN];

    if (!service && rule->range.first.family != AF_INET6)
        return put_plain(s, rule);
    snprintf(net, sizeof net, "%s-%s", addr_format(&rule->range.first, first),
             addr_format(&rule->range.last, last));
    sql_bind_int(s, SQL_PUT_SCOPE, 1, rule->itime);
    sql_bind_text(s, SQL_PUT_SCOPE, 2, service);
    sql_bind_text(s, SQL_PUT_SCOPE, 3, rule->range.first.family ? net : NULL);
    sql_bind_int(s, SQL_PUT_SCOPE, 4, rule->decision);
    sql_bind_text(s, SQL_PUT_SCOPE, 5, *rule->env ? rule->env : NULL);
    return sql_run(s, SQL_PUT_SCOPE);
}

void store_read_backends(struct store *s, const char *service)
{
    sql_reset(s, SQL_BACKENDS);
    sql_bind_text(s, SQL_BACKENDS, 1, service);
}

int store_next_backend(struct store *s, struct store_backend *out)
{
    int rc = sql_step(s, SQL_BACKENDS);

    if (rc > 0)
        *out = (struct store_backend){.address = sql_text(s, SQL_BACKENDS, 0),
                                      .port = (uint16_t)sql_int(s, SQL_BACKENDS, 1),
                                      .sctp = strcasecmp(sql_text(s, SQL_BACKENDS, 2), "SCTP") == 0,
                                      .weight = (uint32_t)sql_int(s, SQL_BACKENDS, 3)};
    return rc;
}
