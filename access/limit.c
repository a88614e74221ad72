#include "limit.h"

#include "num.h"
#include "words.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NET_BITS_V4 24 /* what MAXCONNC counts together: a class C */
#define NET_BITS_V6 64 /* and what comes nearest to that */

struct question {
    const struct variables *env;
    const struct addr *address;
    limit_count *count;
    void *context;
    char *why;
};

const char *limit_variable(const struct variables *env, const char *name)
{
    const char *value = variables_get(env, name);

    return value ? value : getenv(name);
}

static int malformed(char why[LIMIT_WHY_LEN], const char *name, const char *value,
                     const char *expected)
{
    snprintf(why, LIMIT_WHY_LEN, "%s: `%.60s' is not %s", name, value, expected);
    return -EINVAL;
}

int limit_wants_quota(const struct variables *env, char why[LIMIT_WHY_LEN])
{
    const char *value = limit_variable(env, "MAXQUOTA");
    bool wants = false;

    if (value && words_parse_bool(value, &wants) != 0)
        return malformed(why, "MAXQUOTA", value, "yes or no");
    return wants;
}

/* 1 and *out, 0 if it is not set, -EINVAL. */
static int read_limit(const struct question *q, const char *name, int64_t *out)
{
    const char *value = limit_variable(q->env, name);

    if (!value)
        return 0;
    if (num_parse(value, 0, INT64_MAX, out) != 0)
        return malformed(q->why, name, value, "a whole number");
    return 1;
}

/* The load of the last minute in hundredths, as proc(5) has it: `0.20 0.18 ...`; -EIO. */
static int64_t read_load(void)
{
    FILE *f = fopen("/proc/loadavg", "re");
    char line[128] = "";
    int64_t load;

    if (f && !fgets(line, sizeof line, f))
        line[0] = '\0';
    if (f)
        fclose(f);
    line[strcspn(line, " ")] = '\0';
    return num_parse_millionths(line, INT64_MAX, &load) == 0 ? load / 10000 : -EIO;
}

/* 1 if it is reached, 0, -errno. */
static int load_reached(const struct question *q)
{
    int64_t limit, load;
    int rc = read_limit(q, "MAXLOAD", &limit);

    if (rc <= 0)
        return rc;
    load = read_load();
    if (load < 0)
        snprintf(q->why, LIMIT_WHY_LEN, "MAXLOAD: /proc/loadavg cannot be read");
    return load < 0 ? (int)load : load >= limit;
}

static int crowd_reached(const struct question *q, unsigned len, int64_t limit)
{
    int64_t count = limit > 0 ? q->count(q->context, q->address, len) : 0;

    if (count < 0)
        snprintf(q->why, LIMIT_WHY_LEN, "connections: %s", strerror((int)-count));
    return count < 0 ? (int)count : count >= limit;
}

static int number_reached(const struct question *q, const char *name, unsigned len)
{
    int64_t limit;
    int rc = read_limit(q, name, &limit);

    return rc <= 0 ? rc : crowd_reached(q, len, limit);
}

/* One `PREFIX:N` of MAXCONNNET; 0 where its networks are larger than an address of this family. */
static int net_reached(const struct question *q, const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);
    size_t left = colon ? (size_t)(colon - text) : len;
    int64_t bits, limit;

    if (!colon || num_parse_n(text, left, 0, 128, &bits) != 0 ||
        num_parse_n(colon + 1, len - left - 1, 0, INT64_MAX, &limit) != 0)
        return malformed(q->why, "MAXCONNNET", text, "PREFIX:N, such as 24:10");
    return bits > addr_bits(q->address) ? 0 : crowd_reached(q, (unsigned)bits, limit);
}

static int nets_reached(const struct question *q)
{
    const char *text = limit_variable(q->env, "MAXCONNNET");
    int rc = 0, reached = 0;
    size_t len;

    if (!text)
        return 0;
    if (!text[strspn(text, " ")])
        return malformed(q->why, "MAXCONNNET", text, "PREFIX:N, such as 24:10");
    /* All of it is looked at: a limit that is malformed refuses, whatever stands before it. */
    for (text += strspn(text, " "); *text && rc >= 0; text += len + strspn(text + len, " ")) {
        len = strcspn(text, " ");
        rc = net_reached(q, text, len);
        reached = reached || rc > 0;
    }
    return rc < 0 ? rc : reached;
}

const char *limit_reached(const struct variables *env, const struct addr *a, limit_count *count,
                          void *context, char why[LIMIT_WHY_LEN])
{
    const struct question q = {env, a, count, context, why};
    const unsigned bits = a->family == AF_INET ? NET_BITS_V4 : NET_BITS_V6;
    const struct {
        const char *mark;
        int reached;
    } found[] = {
        {"LOAD:", load_reached(&q)},
        {"MAXCONNIP:", number_reached(&q, "MAXCONNIP", addr_bits(a))},
        {"MAXCONNC:", number_reached(&q, "MAXCONNC", bits)},
        {"MAXCONNNET:", nets_reached(&q)},
    };
    const char *mark = "";

    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        if (found[i].reached < 0)
            return NULL;
        if (found[i].reached && !*mark)
            mark = found[i].mark;
    }
    return mark;
}
