#include "server_door.h"

#include "acceptor.h"
#include "endpoint.h"
#include "entrance_watch.h"
#include "farewell.h"
#include "log.h"
#include "server_log.h"
#include "server_lookup.h"
#include "server_visits.h"

#include <errno.h>
#include <event2/event.h>
#include <grp.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define DENIED (100 << 8) /* as of wait(2): exit codes of tcpserver(1) for who is refused */
#define DROPPED (111 << 8)

struct door {
    const struct server_door_setup *setup;
    const struct server_options *options;
    struct server_log log;
    struct event_base *base;
    int sockets[ENDPOINT_SOCKETS];
    struct acceptor *acceptor;
    struct event *child, *term;
    struct entrance *entrance;
    struct entrance_watch *watch; /* NULL without a database that has masq */
    struct server_lookups *lookups;
    struct farewells *farewells;
    struct server_visits *visits;
    bool ending;
};

static void check_end(struct door *d)
{
    if (d->ending && server_visits_pending(d->visits) == 0 && farewells_count(d->farewells) == 0)
        event_base_loopbreak(d->base);
}

static bool has_room(void *context)
{
    const struct door *d = context;

    return (int64_t)server_visits_count(d->visits) < d->options->limit;
}

static void log_count(struct door *d)
{
    server_log_status(&d->log, (int64_t)server_visits_count(d->visits), d->options->limit);
}

/* He is not let in. The pid of who never had a program is ours. */
static void refuse(struct door *d, const struct server_ends *ends, int fd,
                   const struct entrance_answer *answer)
{
    bool denied = answer->verdict != ENTRANCE_UNREADABLE;

    server_log_pid(&d->log, getpid(), &ends->remote);
    server_log_verdict(&d->log, denied ? "deny" : "drop", getpid(), ends, answer->mark);
    server_log_end(&d->log, getpid(), denied ? DENIED : DROPPED);
    if (answer->verdict == ENTRANCE_LIMITED)
        farewells_say(d->farewells, fd, answer->message);
    else
        close(fd);
}

static void leave(struct door *d, struct server_visit *v)
{
    if (v->answer.quota)
        entrance_watch_count(d->watch, -1);
    entrance_leave(d->entrance, &v->ends.remote);
    server_visits_remove(d->visits, v);
    log_count(d);
    acceptor_go_on(d->acceptor);
    check_end(d);
}

static void start(struct door *d, struct server_visit *v)
{
    int err;

    /* His host was closed while names were looked up. */
    if (v->fd < 0) {
        leave(d, v);
        return;
    }
    err = server_visit_start(v, d->options->command);
    if (err) {
        log_err("%s: %s", d->options->command[0], strerror(-err));
        leave(d, v);
        return;
    }
    server_log_pid(&d->log, v->pid, &v->ends.remote);
    server_log_verdict(&d->log, "ok", v->pid, &v->ends, "");
}

static void ask(struct door *d, const struct server_ends *ends, bool may_wait,
                struct entrance_answer *out)
{
    const struct visitor visitor = {ends->remote, ends->remote_name, ends->remote_info, may_wait};

    entrance_ask(d->entrance, &visitor, out);
    /* Nobody would see that the host is closed. */
    if (out->verdict == ENTRANCE_IN && out->quota && !d->watch) {
        out->verdict = ENTRANCE_LIMITED;
        out->mark = "MAXQUOTA:";
    }
}

/* The rules are asked once names are known. He himself does not count for his own limits. */
static void ask_late(struct door *d, struct server_visit *v)
{
    entrance_leave(d->entrance, &v->ends.remote);
    ask(d, &v->ends, false, &v->answer);
    if (entrance_enter(d->entrance, &v->ends.remote) != 0)
        v->answer.verdict = ENTRANCE_DENIED;
    v->answer.quota = v->answer.quota && v->answer.verdict == ENTRANCE_IN;
    if (v->answer.quota)
        entrance_watch_count(d->watch, 1);
}

/* What was asked for is known, or will not be. */
static void on_known(void *context, struct server_found *found)
{
    struct server_visit *v = context;
    struct door *d = v->owner;

    server_visit_take(v, found);
    if (v->answer.verdict == ENTRANCE_WAIT)
        ask_late(d, v);
    if (v->answer.verdict == ENTRANCE_IN) {
        start(d, v);
        return;
    }
    refuse(d, &v->ends, server_visit_release(v), &v->answer);
    leave(d, v);
}

/* He takes a place, until his program has ended. */
static void enter(struct door *d, const struct server_ends *ends, int fd,
                  struct entrance_answer *answer)
{
    struct server_visit *v = server_visits_add(d->visits, d, fd, ends, answer);

    if (!v || entrance_enter(d->entrance, &ends->remote) != 0) {
        log_fail(0, "a connection", strerror(ENOMEM));
        if (v)
            server_visits_remove(d->visits, v);
        return;
    }
    if (v->answer.quota)
        entrance_watch_count(d->watch, 1);
    log_count(d);
    if (!server_lookups_are_wanted(d->lookups)) {
        start(d, v);
    } else {
        if (server_lookup(d->lookups, &v->ends, on_known, v) != 0)
            on_known(v, &(struct server_found){0});
    }
}

static void greet(struct door *d, int fd)
{
    const struct server_options *o = d->options;
    int on = 1;

    if (!o->keep_ip_options)
        setsockopt(fd, IPPROTO_IP, IP_OPTIONS, NULL, 0);
    if (o->no_delay)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (o->banner && *o->banner &&
        send(fd, o->banner, strlen(o->banner), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        log_warning("the banner: %s", strerror(errno));
}

/* Somebody has come. */
static void meet(void *context, size_t socket, int fd, const struct endpoint *remote)
{
    struct door *d = context;
    struct sockaddr_storage sa = {0};
    socklen_t len = sizeof sa;
    struct endpoint local;
    struct server_ends ends;
    struct entrance_answer answer;

    (void)socket;
    /* He may have gone already. */
    if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0) {
        close(fd);
        return;
    }
    local = endpoint_from_sockaddr(&sa);
    ends = (struct server_ends){.local = local.address,
                                .remote = remote->address,
                                .local_port = local.port,
                                .remote_port = remote->port,
                                .local_name = d->options->local_name};
    greet(d, fd);
    /* Names that are not looked up are not waited for. */
    ask(d, &ends, server_lookups_are_wanted(d->lookups), &answer);
    if (answer.verdict == ENTRANCE_IN || answer.verdict == ENTRANCE_WAIT) {
        enter(d, &ends, fd, &answer);
    } else {
        refuse(d, &ends, fd, &answer);
        variables_free(&answer.env);
    }
}

static void on_child(evutil_socket_t number, short what, void *context)
{
    struct door *d = context;
    int status;
    pid_t pid;

    (void)number;
    (void)what;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct server_visit *v = server_visits_find(d->visits, pid);

        if (!v)
            continue;
        server_log_end(&d->log, pid, status);
        leave(d, v);
    }
}

static void end_if_closed(void *context, struct server_visit *v)
{
    struct door *d = context;

    if (!v->answer.quota || entrance_may_stay(d->entrance, &v->ends.remote))
        return;
    if (server_visit_cut(v))
        log_info("pid %ld: the host is closed, its connection ends", (long)v->pid);
}

static void on_changed(void *context)
{
    struct door *d = context;

    server_visits_each(d->visits, end_if_closed, d);
}

static void close_sockets(struct door *d)
{
    for (int i = 0; i < ENDPOINT_SOCKETS; i++) {
        if (d->sockets[i] >= 0)
            close(d->sockets[i]);
        d->sockets[i] = -1;
    }
}

/* No more come. Who is being seen off is seen off, and who is here for quota is watched. */
static void on_term(evutil_socket_t number, short what, void *context)
{
    struct door *d = context;

    (void)number;
    (void)what;
    d->ending = true;
    acceptor_end(d->acceptor);
    close_sockets(d);
    check_end(d);
}

static void on_farewells_over(void *context)
{
    check_end(context);
}

static int open_sockets(struct door *d)
{
    const struct server_options *o = d->options;
    struct endpoint at = {.port = 0};
    char text[ENDPOINT_TEXT_LEN];
    int count;

    if (endpoint_resolve(o->host, &at.address) != 0)
        return log_fail(EX_NOHOST, o->host, "no such address, and no such host");
    if (endpoint_parse_port(o->port, &at.port) != 0)
        return log_fail(EX_USAGE, o->port, "no port, and no service of /etc/services");
    count = endpoint_listen(&at, (int)o->backlog, d->sockets);
    if (count < 0)
        return log_fail(EX_OSERR, endpoint_format(&at, text), strerror(-count));
    if (o->print_port) {
        printf("%u\n", (unsigned)at.port);
        fflush(stdout);
    }
    return 0;
}

/* What is open stays open: sockets, and the database. */
static int drop_privilege(const struct server_options *o)
{
    /* The groups of who has started it are not that user's. */
    if (o->has_uid && !o->has_gid && geteuid() == 0 && setgroups(0, NULL) != 0)
        return log_fail(EX_OSERR, "groups", strerror(errno));
    if (o->has_gid && (setgroups(1, &o->gid) != 0 || setresgid(o->gid, o->gid, o->gid) != 0))
        return log_fail(EX_OSERR, "group", strerror(errno));
    if (o->has_uid && setresuid(o->uid, o->uid, o->uid) != 0)
        return log_fail(EX_OSERR, "user", strerror(errno));
    return 0;
}

static int open_entrance(struct door *d)
{
    const struct entrance_setup *setup = d->setup->entrance;
    int err = entrance_open(&d->entrance, setup);

    if (err == -EINVAL || err == -EBADMSG)
        return EX_DATAERR; /* told */
    if (!err && setup->database)
        err = entrance_watch_new(&d->watch, d->base, d->entrance, setup->database, on_changed, d);
    return err ? log_fail(EX_OSERR, "rules", strerror(-err)) : 0;
}

static int open_parts(struct door *d)
{
    const struct server_options *o = d->options;
    const struct server_lookups_setup lookups = {.base = d->base,
                                                 .remote_name = o->look_up_host,
                                                 .paranoid = o->paranoid,
                                                 .local_name = !o->local_name,
                                                 .info = o->ask_info,
                                                 .info_seconds = o->info_seconds,
                                                 .clients = o->limit};
    int err = farewells_new(&d->farewells, d->base);

    if (!err)
        err = server_visits_new(&d->visits);
    if (!err)
        err = server_lookups_new(&d->lookups, &lookups);
    if (err)
        return log_fail(EX_OSERR, "start", strerror(-err));
    farewells_tell(d->farewells, on_farewells_over, d);
    return 0;
}

static int open_events(struct door *d)
{
    const struct acceptor_setup acceptor = {
        .base = d->base, .blocking = true, .has_room = has_room, .take = meet, .context = d};
    int err = acceptor_new(&d->acceptor, &acceptor);

    for (int i = 0; i < ENDPOINT_SOCKETS && !err; i++) {
        if (d->sockets[i] >= 0)
            err = acceptor_add(d->acceptor, d->sockets[i]);
    }
    d->child = evsignal_new(d->base, SIGCHLD, on_child, d);
    d->term = evsignal_new(d->base, SIGTERM, on_term, d);
    if (err || !d->child || !d->term || event_add(d->child, NULL) != 0 ||
        event_add(d->term, NULL) != 0)
        return log_fail(EX_OSERR, "events", strerror(ENOMEM));
    acceptor_go_on(d->acceptor);
    return 0;
}

static void free_event(struct event *e)
{
    if (e)
        event_free(e);
}

static void close_all(struct door *d)
{
    server_lookups_free(d->lookups);
    farewells_free(d->farewells);
    server_visits_free(d->visits);
    entrance_watch_free(d->watch);
    entrance_close(d->entrance);
    acceptor_free(d->acceptor);
    close_sockets(d);
    free_event(d->child);
    free_event(d->term);
    if (d->base)
        event_base_free(d->base);
}

int server_door_run(const struct server_door_setup *setup)
{
    struct door d = {.setup = setup,
                     .options = setup->options,
                     .log = {setup->options->program, setup->options->verbosity},
                     .sockets = {-1, -1}};
    int code;

    d.base = event_base_new();
    code = d.base ? open_sockets(&d) : log_fail(EX_OSERR, "events", strerror(ENOMEM));
    if (!code)
        code = open_entrance(&d);
    if (!code)
        code = drop_privilege(d.options);
    if (!code)
        code = open_parts(&d);
    if (!code)
        code = open_events(&d);
    if (!code) {
        log_count(&d);
        event_base_dispatch(d.base);
    }
    close_all(&d);
    return code;
}
