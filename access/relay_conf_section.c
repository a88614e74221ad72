/* [relay:NAME] of tcpquota.cf(5). */
#include "relay_conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct section {
    struct relay_conf *conf;
    const char *path;
    const struct conf_door_line *line;
    relay_fault *fault;
    void *context;
};

static void complain(const struct section *s, const char *what)
{
    char text[512], key[64];
    size_t n = 0;

    for (; s->line->key[n] && n < sizeof key - 1; n++)
        key[n] = s->line->key[n];
    key[n] = '\0';
    snprintf(text, sizeof text, "%s:%u: [%.40s] %s: %s", s->path, s->line->line, s->line->section,
             key, what);
    s->fault(s->context, text);
}

/* Cuts `[fd99::1]:25`, `10.0.0.1:25`, `*:25` or `25` into its two parts. 0 or -EINVAL. */
static int cut_place(char *text, char **address, char **port)
{
    char *colon = strrchr(text, ':');
    size_t len;

    *address = NULL;
    *port = colon ? colon + 1 : text;
    if (!colon)
        return 0;
    *colon = '\0';
    len = strlen(text);
    if (text[0] == '[' && len > 2 && text[len - 1] == ']') {
        text[len - 1] = '\0';
        text++;
    } else if (strchr(text, ':')) {
        return -EINVAL;
    }
    if (strcmp(text, "*") != 0)
        *address = text;
    return 0;
}

static int read_place(char *text, struct endpoint *out, const char **what)
{
    char *address, *port;
    int err = cut_place(text, &address, &port);

    *what = "ADDRESS:PORT; one of IPv6 stands in brackets";
    if (!err && address)
        err = relay_conf_set_address(&out->address, address, what);
    return err ? err : relay_conf_set_port(&out->port, port, what);
}

/* One of `listen`: PLACE[,tls][,sctp][,backlog=N]. */
static int read_listen(struct relay_conf *c, char *text, const char **what)
{
    struct relay_listen l = {.backlog = 128};
    char *option, *rest = text, *place = strsep(&rest, ",");
    int64_t backlog = 128;
    int err = read_place(place, &l.at, what);

    while (!err && (option = strsep(&rest, ","))) {
        if (strcasecmp(option, "tls") == 0) {
            l.tls = true;
        } else if (strcasecmp(option, "sctp") == 0) {
            l.at.sctp = true;
        } else if (strncasecmp(option, "backlog=", 8) == 0) {
            err = relay_conf_set_number(&backlog, option + 8, 1, INT32_MAX, what);
        } else {
            *what = "PLACE[,tls][,sctp][,backlog=N]";
            err = -EINVAL;
        }
    }
    l.backlog = (int)backlog;
    return err ? err : relay_conf_add_listen(c, &l);
}

/* One of `remote`: PLACE[,weight=N][,sctp]. */
static int read_remote(struct relay_conf *c, char *text, const char **what)
{
    struct relay_remote r = {.weight = 1};
    char *option, *rest = text, *place = strsep(&rest, ",");
    int64_t weight = 1;
    int err = read_place(place, &r.to, what);

    if (!err && !r.to.address.family) {
        *what = "ADDRESS:PORT";
        err = -EINVAL;
    }
    while (!err && (option = strsep(&rest, ","))) {
        if (strcasecmp(option, "sctp") == 0) {
            r.to.sctp = true;
        } else if (strncasecmp(option, "weight=", 7) == 0) {
            err = relay_conf_set_number(&weight, option + 7, 1, 1000, what);
        } else {
            *what = "PLACE[,weight=N][,sctp]";
            err = -EINVAL;
        }
    }
    r.weight = (uint32_t)weight;
    return err ? err : relay_conf_add_remote(c, &r);
}

static int read_list(struct relay_conf *c, const char *value,
                     int (*read)(struct relay_conf *, char *, const char **), const char **what)
{
    char *copy = strdup(value), *rest = copy, *one;
    int err = copy ? 0 : -ENOMEM;

    while (!err && (one = strsep(&rest, " \t"))) {
        if (*one)
            err = read(c, one, what);
    }
    free(copy);
    return err;
}

static int set_listens(struct relay_conf *c, const char *value, const char **what)
{
    return read_list(c, value, read_listen, what);
}

static int set_remotes(struct relay_conf *c, const char *value, const char **what)
{
    return read_list(c, value, read_remote, what);
}

static int set_local(struct relay_conf *c, const char *value, const char **what)
{
    return relay_conf_set_address(&c->local, value, what);
}

static int set_proxy(struct relay_conf *c, const char *value, const char **what)
{
    return relay_conf_set_bool(&c->proxy, value, what);
}

static int set_background(struct relay_conf *c, const char *value, const char **what)
{
    return relay_conf_set_bool(&c->background, value, what);
}

static int set_ident(struct relay_conf *c, const char *value, const char **what)
{
    return relay_conf_set_syslog(c, "ident", value, what);
}

static int set_level(struct relay_conf *c, const char *value, const char **what)
{
    return relay_conf_set_syslog(c, "level", value, what);
}

static int set_facility(struct relay_conf *c, const char *value, const char **what)
{
    return relay_conf_set_syslog(c, "facility", value, what);
}

static const struct {
    const char *key;
    int (*set)(struct relay_conf *c, const char *value, const char **what);
} keys[] = {
    {"listen", set_listens},       {"remote", set_remotes},           {"local-address", set_local},
    {"proxy-protocol", set_proxy}, {"background", set_background},    {"syslog-ident", set_ident},
    {"syslog-level", set_level},   {"syslog-facility", set_facility},
};

#define NUMBER(key, member, min)                                                                   \
    {                                                                                              \
        key, offsetof(struct relay_conf, member), min                                              \
    }
static const struct {
    const char *key;
    size_t member;
    int64_t min;
} numbers[] = {
    NUMBER("users-min", users_min, 0),     NUMBER("users-max", users_max, 1),
    NUMBER("servers-min", servers_min, 0), NUMBER("servers-max", servers_max, 1),
    NUMBER("rebalance", rebalance, 0),     NUMBER("retire", retire, 0),
    NUMBER("idle-timeout", idle_s, 0),     NUMBER("connect-timeout", connect_s, 1),
    NUMBER("check-interval", check_s, 0),
};

#define TEXT(key, member)                                                                          \
    {                                                                                              \
        key, offsetof(struct relay_conf, member)                                                   \
    }
static const struct {
    const char *key;
    size_t member;
} texts[] = {
    TEXT("tls-certfile", cert), TEXT("tls-keyfile", key), TEXT("tls-passphrase", pass),
    TEXT("pidfile", pidfile),   TEXT("service", service),
};

/* 0, -EINVAL, -ENOMEM; -ENOENT: nobody knows the key. */
static int set(struct relay_conf *c, const char *key, const char *value, const char **what)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(keys[i].key, key) == 0)
            return keys[i].set(c, value, what);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(numbers[i].key, key) == 0)
            return relay_conf_set_number((int64_t *)(void *)((char *)c + numbers[i].member), value,
                                         numbers[i].min, INT32_MAX, what);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(texts[i].key, key) == 0)
            return relay_conf_set_text((char **)(void *)((char *)c + texts[i].member), value);
    }
    return -ENOENT;
}

/* 0, -EINVAL, told, or -ENOMEM. */
static int read_line(const struct section *s)
{
    const char *what = "";
    char text[256];
    int err = set(s->conf, s->line->key, s->line->value, &what);

    if (err == -ENOENT) {
        complain(s, "no such key in [relay:NAME]");
        return -EINVAL;
    }
    if (err == -EINVAL) {
        snprintf(text, sizeof text, "`%.60s' is not %s", s->line->value, what);
        complain(s, text);
    }
    return err;
}

int relay_conf_read_section(struct relay_conf *c, const struct conf *conf, const char *name,
                            const char *path, relay_fault *fault, void *context)
{
    struct section s = {.conf = c, .path = path, .fault = fault, .context = context};
    char section[96], text[512];
    bool found = false;
    int err = relay_conf_set_text(&c->service, name), first = 0;

    snprintf(section, sizeof section, "relay:%s", name);
    for (size_t i = 0; i < conf->door_count && err != -ENOMEM; i++) {
        s.line = &conf->doors[i];
        if (strcasecmp(s.line->section, section) != 0)
            continue;
        found = true;
        err = read_line(&s);
        first = first ? first : err;
    }
    if (found || err == -ENOMEM)
        return err == -ENOMEM ? err : first;
    snprintf(text, sizeof text, "%s: there is no section [relay:%.64s]", path, name);
    fault(context, text);
    return -ENOENT;
}
