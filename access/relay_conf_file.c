/* The form of tcprelay: https://github.com/MarcJHuber/event-driven-servers, doc/tcprelay.txt and
 * doc/spawnd.txt say what stands in it. */
#include "relay_conf.h"
#include "relay_parse.h"
#include "text_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_MAX (1 << 20) /* bytes */

static void read_listen(struct relay_parser *p)
{
    struct relay_listen l = {.backlog = 128};
    struct addr bare;
    int64_t backlog = 128;

    if (!parse_begin_braces(p))
        return;
    while (!parse_at_end(p) && !parse_is_mark(p, "}")) {
        if (parse_take_word(p, "address")) {
            parse_take_address(p, &l.at.address);
        } else if (parse_take_word(p, "port")) {
            parse_take_port(p, &l.at.port);
        } else if (parse_take_word(p, "protocol")) {
            parse_take_protocol(p, &l.at.sctp);
        } else if (parse_take_word(p, "tls") || parse_take_word(p, "ssl")) {
            parse_take_bool(p, &l.tls);
        } else if (parse_take_word(p, "backlog")) {
            parse_take_number(p, &backlog, 1);
        } else if (addr_parse(parse_word(p), &bare) == 0) {
            l.at.address = bare;
            p->at++;
        } else {
            parse_give_section_up(p, "address, port, protocol, tls or backlog");
        }
    }
    l.backlog = (int)backlog;
    if (l.at.port == 0 && !p->err)
        parse_complain(p, "a listen without a port");
    parse_end_braces(p);
    if (relay_conf_add_listen(p->conf, &l) != 0)
        p->err = -ENOMEM;
}

static void read_remote(struct relay_parser *p)
{
    struct relay_remote r = {.weight = 1};
    int64_t weight = 1;

    if (!parse_begin_braces(p))
        return;
    while (!parse_at_end(p) && !parse_is_mark(p, "}")) {
        if (parse_take_word(p, "address"))
            parse_take_address(p, &r.to.address);
        else if (parse_take_word(p, "port"))
            parse_take_port(p, &r.to.port);
        else if (parse_take_word(p, "protocol"))
            parse_take_protocol(p, &r.to.sctp);
        else if (parse_take_word(p, "weight"))
            parse_take_number(p, &weight, 0);
        else
            parse_give_section_up(p, "address, port, protocol or weight");
    }
    if ((!r.to.address.family || !r.to.port) && !p->err)
        parse_complain(p, "a remote needs an address and a port");
    parse_end_braces(p);
    r.weight = weight < 1 ? 1 : (uint32_t)weight; /* as tcprelay takes it */
    if (relay_conf_add_remote(p->conf, &r) != 0)
        p->err = -ENOMEM;
}

/* `users min = 5`; `instances` is the newer name of `servers`. */
static void read_bounds(struct relay_parser *p, int64_t *min, int64_t *max)
{
    if (parse_take_word(p, "min"))
        parse_take_number(p, min, 0);
    else if (parse_take_word(p, "max"))
        parse_take_number(p, max, 1);
    else
        parse_give_section_up(p, "min or max");
}

/* Those of tcprelay itself are what we are. */
static void read_exec(struct relay_parser *p)
{
    const char *path = parse_value(p), *slash = strrchr(path, '/');

    if (strcmp(slash ? slash + 1 : path, "tcprelay") != 0)
        parse_done(p, -EINVAL, "tcprelay: other programs are not started");
}

static void read_spawn(struct relay_parser *p)
{
    struct relay_conf *c = p->conf;

    if (!parse_begin_braces(p))
        return;
    while (!parse_at_end(p) && !parse_is_mark(p, "}")) {
        if (parse_take_word(p, "users"))
            read_bounds(p, &c->users_min, &c->users_max);
        else if (parse_take_word(p, "servers") || parse_take_word(p, "instances"))
            read_bounds(p, &c->servers_min, &c->servers_max);
        else if (parse_take_word(p, "exec"))
            read_exec(p);
        else if (parse_take_word(p, "id"))
            parse_take_text(p, &p->child);
        else
            parse_give_section_up(p, "users, servers, id or exec");
    }
    parse_end_braces(p);
}

static void read_syslog(struct relay_parser *p)
{
    const char *which = p->at < p->words.count ? p->words.list[p->at++].text : "", *what = "";
    int err = relay_conf_set_syslog(p->conf, which, parse_value(p), &what);

    parse_done(p, err, what);
}

static void read_tls(struct relay_parser *p)
{
    struct relay_conf *c = p->conf;

    if (parse_take_word(p, "cert") || parse_take_word(p, "certfile") ||
        parse_take_word(p, "cert-file"))
        parse_take_text(p, &c->cert);
    else if (parse_take_word(p, "key") || parse_take_word(p, "keyfile") ||
             parse_take_word(p, "key-file"))
        parse_take_text(p, &c->key);
    else if (parse_take_word(p, "passphrase"))
        parse_take_text(p, &c->pass);
    else
        parse_give_section_up(p, "certfile, keyfile or passphrase");
}

static void read_spawnd(struct relay_parser *p)
{
    struct relay_conf *c = p->conf;
    bool alone; /* there is one process of the kind anyway */

    while (!parse_at_end(p) && !parse_is_mark(p, "}")) {
        if (parse_take_word(p, "listen"))
            read_listen(p);
        else if (parse_take_word(p, "spawn"))
            read_spawn(p);
        else if (parse_take_word(p, "background"))
            parse_take_bool(p, &c->background);
        else if (parse_take_word(p, "pidfile"))
            parse_take_text(p, &c->pidfile);
        else if (parse_take_words(p, "single", "process"))
            parse_take_bool(p, &alone);
        else if (parse_take_word(p, "syslog"))
            read_syslog(p);
        else
            parse_give_section_up(p, "listen, spawn, background, pidfile or syslog");
    }
}

static void read_relay(struct relay_parser *p)
{
    struct relay_conf *c = p->conf;

    while (!parse_at_end(p) && !parse_is_mark(p, "}")) {
        if (parse_take_word(p, "remote"))
            read_remote(p);
        else if (parse_take_words(p, "local", "address"))
            parse_take_address(p, &c->local);
        else if (parse_take_word(p, "rebalance"))
            parse_take_number(p, &c->rebalance, 0);
        else if (parse_take_words(p, "retire", "limit") || parse_take_word(p, "retire"))
            parse_take_number(p, &c->retire, 0);
        else if (parse_take_words(p, "idle", "timeout"))
            parse_take_number(p, &c->idle_s, 0);
        else if (parse_take_words(p, "connect", "timeout"))
            parse_take_number(p, &c->connect_s, 1);
        else if (parse_take_words(p, "check", "interval"))
            parse_take_number(p, &c->check_s, 0);
        else if (parse_take_words(p, "proxy", "protocol"))
            parse_take_bool(p, &c->proxy);
        else if (parse_take_word(p, "tls") || parse_take_word(p, "ssl"))
            read_tls(p);
        else if (parse_take_word(p, "syslog"))
            read_syslog(p);
        else
            parse_give_section_up(p,
                                  "remote, local address, rebalance, retire, idle timeout, tls or "
                                  "syslog");
    }
}

/* `setenv NAME = VALUE`: for us, and for what OpenSSL and the C library read. */
static void read_setenv(struct relay_parser *p)
{
    const char *name = parse_value(p);

    if (*name && setenv(name, parse_value(p), 1) != 0)
        p->err = -ENOMEM;
}

static void pass_setenv(struct relay_parser *p)
{
    parse_value(p);
    parse_value(p);
}

/* One walk through the file: the section of this name is read, others are passed over. Whether it
 * was there. */
static bool walk(struct relay_parser *p, const char *id, void (*read)(struct relay_parser *),
                 bool first)
{
    bool found = false;

    for (p->at = 0; !parse_at_end(p);) {
        if (parse_take_word(p, "setenv")) {
            if (first)
                read_setenv(p);
            else
                pass_setenv(p);
        } else if (parse_take_word(p, "id")) {
            bool ours = strcmp(parse_value(p), id) == 0;

            if (!parse_is_mark(p, "{")) {
                parse_unexpected(p, "{");
                return true;
            }
            if (ours) {
                found = true;
                p->at++;
                read(p);
                parse_end_braces(p);
            } else {
                parse_skip_section(p);
            }
        } else {
            if (first && !parse_refuse(p))
                parse_unexpected(p, "id = NAME { or setenv");
            return true;
        }
    }
    return found;
}

static void lacks_section(struct relay_parser *p, const char *id)
{
    char what[128];

    snprintf(what, sizeof what, "there is no section id = %.64s", id);
    p->at = p->words.count;
    parse_complain(p, what);
}

int relay_conf_read_text(struct relay_conf *c, const char *text, const char *path, const char *id,
                         const char *child, relay_fault *fault, void *context)
{
    struct relay_parser p = {.conf = c, .path = path, .fault = fault, .context = context};
    char what[512];
    unsigned line = 1;
    int err = relay_scan(&p.words, text, &line);

    if (err == -EINVAL) {
        snprintf(what, sizeof what, "%s:%u: a quote has no end", path, line);
        fault(context, what);
    } else if (!err) {
        if (!walk(&p, id, read_spawnd, true))
            lacks_section(&p, id);
        child = child ? child : p.child ? p.child : "tcprelay";
        if (!walk(&p, child, read_relay, false))
            lacks_section(&p, child);
        err = p.err ? p.err : relay_conf_set_text(&c->service, child);
    }
    relay_words_free(&p.words);
    free(p.child);
    return err;
}

int relay_conf_read_file(struct relay_conf *c, const char *path, const char *id, const char *child,
                         relay_fault *fault, void *context)
{
    char *text = NULL, what[512];
    int err = text_file_read(path, TEXT_MAX, &text, NULL);

    if (err) {
        snprintf(what, sizeof what, "%s: %s", path, text_file_strerror(err));
        fault(context, what);
        return err == -ENOMEM ? err : -EINVAL;
    }
    err = relay_conf_read_text(c, text, path, id, child, fault, context);
    free(text);
    return err;
}
