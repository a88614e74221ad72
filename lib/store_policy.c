#include "store_policy.h"

#include "store_sql.h"

#include <errno.h>

#define QUESTION_MS 500 /* for the administrator's: packets wait meanwhile */

int64_t store_generation(struct store *s, enum store_topic topic)
{
    static const char *const names[] = {[STORE_LISTS] = "lists",
                                        [STORE_HOSTS] = "hosts",
                                        [STORE_RULES] = "rules",
                                        [STORE_BACKENDS] = "backends"};
    int64_t generation;
    int rc;

    sql_bind_text(s, SQL_GENERATION, 1, names[topic]);
    rc = sql_step(s, SQL_GENERATION);
    if (rc <= 0)
        return rc < 0 ? rc : sql_failed_because(s, -EBADMSG, "a row of policy is missing");
    generation = sql_int(s, SQL_GENERATION, 0);
    sql_reset(s, SQL_GENERATION);
    return generation < 0 ? 0 : generation;
}

void store_read_groups(struct store *s, const char *name)
{
    sql_reset(s, SQL_GROUPS);
    sql_bind_text(s, SQL_GROUPS, 1, name);
}

int store_next_group(struct store *s, int64_t *out)
{
    int rc = sql_step(s, SQL_GROUPS);

    if (rc > 0)
        *out = sql_int(s, SQL_GROUPS, 0);
    return rc;
}

void store_read_addresses(struct store *s)
{
    sql_reset(s, SQL_ADDRESSES);
}

int store_next_address(struct store *s, struct store_address *out)
{
    int rc = sql_step(s, SQL_ADDRESSES);

    if (rc > 0)
        *out = (struct store_address){.group = sql_int(s, SQL_ADDRESSES, 0),
                                      .text = sql_text(s, SQL_ADDRESSES, 1)};
    return rc;
}

void store_read_address_changes(struct store *s, int64_t after)
{
    sql_reset(s, SQL_ADDRESS_CHANGES);
    sql_bind_int(s, SQL_ADDRESS_CHANGES, 1, after);
}

int store_next_address_change(struct store *s, struct store_address *out)
{
    int rc = sql_step(s, SQL_ADDRESS_CHANGES);

    if (rc > 0)
        *out = (struct store_address){.generation = sql_int(s, SQL_ADDRESS_CHANGES, 0),
                                      .group = sql_int(s, SQL_ADDRESS_CHANGES, 1),
                                      .text = sql_text(s, SQL_ADDRESS_CHANGES, 2),
                                      .delta = (int)sql_int(s, SQL_ADDRESS_CHANGES, 3)};
    return rc;
}

int store_prepare_question(struct store *s, const char *sql)
{
    static const char *const names[] = {":ip", ":port", ":group", NULL};

    return sql_own_prepare(s, sql, names);
}

int store_ask_question(struct store *s, const char *ip, uint16_t port, const char *group)
{
    int64_t answer;
    int rc;

    sql_own_bind_text(s, ":ip", ip);
    sql_own_bind_int(s, ":port", port);
    sql_own_bind_text(s, ":group", group);
    rc = sql_own_run(s, QUESTION_MS, &answer);
    return rc < 0 ? rc : rc == 0 ? -ENODATA : answer == 1;
}

int store_log_lookup(struct store *s, const struct store_lookup *lookup)
{
    char host[ADDR_TEXT_LEN], when[WALL_UTC_LEN];

    addr_format(&lookup->host, host);
    wall_format_utc(lookup->when, when);
    sql_bind_text(s, SQL_LOG_LOOKUP, 1, host);
    if (lookup->group < 0)
        sql_bind_text(s, SQL_LOG_LOOKUP, 2, NULL);
    else
        sql_bind_int(s, SQL_LOG_LOOKUP, 2, lookup->group);
    sql_bind_int(s, SQL_LOG_LOOKUP, 3, lookup->allow);
    sql_bind_text(s, SQL_LOG_LOOKUP, 4, when);
    return sql_run(s, SQL_LOG_LOOKUP);
}
