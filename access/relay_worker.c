#include "relay_worker.h"

#include "acceptor.h"
#include "backends.h"
#include "entrance_watch.h"
#include "farewell.h"
#include "log.h"
#include "relay_check.h"
#include "relay_session.h"
#include "relay_table.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sysexits.h>
#include <unistd.h>

#define OTHER_DESCRIPTORS 64 /* the database, who is seen off, checks ... */

struct worker {
    const struct relay_worker_setup *setup;
    struct event_base *base;
    struct event *term, *master;
    struct acceptor *acceptor;
    struct entrance *entrance;
    struct entrance_watch *watch; /* or NULL */
    struct farewells *farewells;
    struct backends backends;
    struct relay_table *table;
    struct relay_checks *checks;
    struct relay_sessions *sessions;
    int64_t places; /* for sessions */
    int64_t accepted, since_rebalance;
    bool draining;
};

/* What the configuration says, as far as there are descriptors for it, two each. */
static int64_t capacity(const struct relay_conf *c)
{
    int64_t places = c->users_max * c->servers_max, possible;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT32_MAX)
        return places;
    possible = ((int64_t)limit.rlim_cur - OTHER_DESCRIPTORS) / 2;
    if (possible >= places)
        return places;
    possible = possible > 0 ? possible : 1;
    log_warning("users max times servers max is %" PRId64 ", and there are descriptors for %" PRId64
                " connections",
                places, possible);
    return possible;
}

static bool has_room(void *context)
{
    const struct worker *w = context;

    return (int64_t)relay_sessions_count(w->sessions) < w->places;
}

static void check_end(struct worker *w)
{
    if (w->draining && relay_sessions_count(w->sessions) == 0 && farewells_count(w->farewells) == 0)
        event_base_loopbreak(w->base);
}

static void on_farewells_over(void *context)
{
    check_end(context);
}

/* The master has these, too: they are closed when the kernel has been told that they are not waited
 * for any more, or it would go on telling us of them. */
static void close_sockets(evutil_socket_t fd, short what, void *context)
{
    struct worker *w = context;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < w->setup->socket_count; i++)
        close(w->setup->sockets[i].fd);
    check_end(w);
}

static void stop_accepting(struct worker *w)
{
    static const struct timeval soon = {.tv_usec = 0};

    w->draining = true;
    acceptor_end(w->acceptor);
    event_base_once(w->base, -1, EV_TIMEOUT, close_sockets, w, &soon);
}

static void say(struct worker *w, char what)
{
    if (write(w->setup->master, &what, 1) != 1)
        log_err("the master: %s", strerror(errno));
}

static void on_ended(void *context, const struct addr *client, bool quota)
{
    struct worker *w = context;

    entrance_leave(w->entrance, client);
    if (quota)
        entrance_watch_count(w->watch, -1);
    acceptor_go_on(w->acceptor);
    check_end(w);
}

static bool may_stay(void *context, const struct addr *client)
{
    return entrance_may_stay(((struct worker *)context)->entrance, client);
}

static void on_changed(void *context)
{
    struct worker *w = context;

    relay_sessions_sift(w->sessions, may_stay, w);
}

static void refuse(struct worker *w, int fd, const struct endpoint *client,
                   const struct entrance_answer *answer)
{
    char from[ENDPOINT_TEXT_LEN];

    log_info("%s: denied%s%s", endpoint_format(client, from), *answer->mark ? ", " : "",
             answer->mark);
    if (answer->verdict == ENTRANCE_LIMITED)
        farewells_say(w->farewells, fd, answer->message);
    else
        close(fd);
}

/* Counts, and what follows from the count. */
static void count(struct worker *w)
{
    const struct relay_conf *c = w->setup->conf;

    w->accepted++;
    if (c->rebalance && ++w->since_rebalance >= c->rebalance) {
        w->since_rebalance = 0;
        backends_rebalance(&w->backends);
    }
    if (c->retire && w->accepted == c->retire) {
        log_info("retires after %lld connections", (long long)w->accepted);
        say(w, RELAY_RETIRES);
    }
}

static void let_in(struct worker *w, int fd, const struct endpoint *client, bool tls, bool quota)
{
    /* Who cannot be watched is not let in. */
    if ((quota && !w->watch) || entrance_enter(w->entrance, &client->address) != 0) {
        close(fd);
        return;
    }
    if (quota)
        entrance_watch_count(w->watch, 1);
    count(w);
    if (relay_session_begin(w->sessions, fd, client, tls, quota) != 0)
        on_ended(w, &client->address, quota);
}

/* Somebody has come. */
static void meet(void *context, size_t socket, int fd, const struct endpoint *client)
{
    struct worker *w = context;
    const struct visitor visitor = {.address = client->address};
    bool tls = w->setup->sockets[socket].tls;
    struct entrance_answer answer;

    entrance_ask(w->entrance, &visitor, &answer);
    relay_table_refresh(w->table, &w->backends);
    /* A message in the clear would be none where TLS is spoken. */
    if (tls)
        answer.message = NULL;
    if (answer.verdict == ENTRANCE_IN)
        let_in(w, fd, client, tls, answer.quota);
    else
        refuse(w, fd, client, &answer);
    variables_free(&answer.env);
}

static void on_term(evutil_socket_t number, short what, void *context)
{
    (void)number;
    (void)what;
    event_base_loopbreak(((struct worker *)context)->base);
}

/* The master says nothing: this is its end, or that of our time. */
static void on_master(evutil_socket_t fd, short what, void *context)
{
    struct worker *w = context;
    char byte;

    (void)what;
    if (recv(fd, &byte, 1, MSG_DONTWAIT) != 0)
        return;
    event_del(w->master);
    stop_accepting(w);
}

#define MECHANISM_SELECT 16

/* select(2) knows no descriptor above that: none is opened, and who comes then waits. */
static void limit_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > FD_SETSIZE) {
        limit.rlim_cur = FD_SETSIZE;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* epoll, poll or select, as IO_POLL_MECHANISM has it. */
static struct event_base *new_base(int64_t mechanism)
{
    static const struct {
        int64_t number;
        const char *name;
    } methods[] = {{4, "epoll"}, {8, "poll"}, {16, "select"}};
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (!config)
        return NULL;
    if (mechanism == MECHANISM_SELECT)
        limit_descriptors();
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (mechanism && methods[i].number != mechanism)
            event_config_avoid_method(config, methods[i].name);
    }
    /* What is waited for on a socket changes several times between two calls of epoll_wait(2): the
     * kernel is told once. That is not safe for sockets with a second descriptor, as those have
     * that listen: see close_sockets(). */
    event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static int open_parts(struct worker *w)
{
    const struct relay_worker_setup *setup = w->setup;
    const struct relay_sessions_setup sessions = {.base = w->base,
                                                  .conf = setup->conf,
                                                  .backends = &w->backends,
                                                  .tls = setup->tls,
                                                  .ended = on_ended,
                                                  .context = w};
    int err = entrance_open(&w->entrance, setup->entrance);

    if (!err && setup->entrance->database)
        err = entrance_watch_new(&w->watch, w->base, w->entrance, setup->entrance->database,
                                 on_changed, w);
    if (!err)
        err = farewells_new(&w->farewells, w->base);
    if (!err)
        err = relay_table_new(&w->table, setup->conf, entrance_database(w->entrance));
    if (!err)
        err = relay_sessions_new(&w->sessions, &sessions);
    if (err)
        return log_fail(EX_OSERR, "start", strerror(-err));
    farewells_tell(w->farewells, on_farewells_over, w);
    relay_table_refresh(w->table, &w->backends);
    err = relay_checks_new(&w->checks, w->base, setup->conf, &w->backends);
    return err ? log_fail(EX_OSERR, "start", strerror(-err)) : 0;
}

static int open_events(struct worker *w)
{
    const struct acceptor_setup acceptor = {
        .base = w->base, .has_room = has_room, .take = meet, .context = w};
    int err = acceptor_new(&w->acceptor, &acceptor);

    for (size_t i = 0; i < w->setup->socket_count && !err; i++) {
        const struct relay_socket *s = &w->setup->sockets[i];

        if (!s->at.sctp)
            endpoint_tune(s->fd); /* those that are accepted inherit it */
        err = acceptor_add(w->acceptor, s->fd);
    }
    w->term = evsignal_new(w->base, SIGTERM, on_term, w);
    w->master = event_new(w->base, w->setup->master, EV_READ | EV_PERSIST, on_master, w);
    if (err || !w->term || !w->master || event_add(w->term, NULL) != 0 ||
        event_add(w->master, NULL) != 0)
        return log_fail(EX_OSERR, "events", strerror(ENOMEM));
    w->places = capacity(w->setup->conf);
    acceptor_go_on(w->acceptor);
    return 0;
}

static void free_event(struct event *e)
{
    if (e)
        event_free(e);
}

static void close_all(struct worker *w)
{
    relay_checks_free(w->checks);
    if (w->acceptor)
        acceptor_end(w->acceptor); /* what ends now is no reason to accept */
    relay_sessions_free(w->sessions);
    relay_table_free(w->table);
    backends_free(&w->backends);
    farewells_free(w->farewells);
    entrance_watch_free(w->watch);
    entrance_close(w->entrance);
    acceptor_free(w->acceptor);
    free_event(w->term);
    free_event(w->master);
    if (w->base)
        event_base_free(w->base);
}

static int give_up_privilege(const struct relay_worker_setup *setup)
{
    const struct sandbox_needs needs = {.database = setup->entrance->database, .relay = true};
    char why[SANDBOX_WHY_LEN];

    if (!setup->user || sandbox_enter(setup->user, &needs, why) == 0)
        return 0;
    return log_fail(EX_OSERR, "privilege cannot be given up", why);
}

int relay_worker_run(const struct relay_worker_setup *setup)
{
    struct worker w = {.setup = setup};
    sigset_t none;
    int code;

    w.base = new_base(setup->conf->mechanism);
    code = w.base ? give_up_privilege(setup) : log_fail(EX_OSERR, "events", strerror(ENOMEM));
    if (!code)
        code = open_parts(&w);
    if (!code)
        code = open_events(&w);
    /* Those are the master's. */
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (!code) {
        say(&w, RELAY_READY);
        event_base_dispatch(w.base);
    }
    close_all(&w);
    return code;
}
