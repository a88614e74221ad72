/* The same queries and changes in this process, for root where no daemon is. */
#include "question.h"
#include "change.h"
#include "network.h"
#include "query.h"
#include "reason.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 5000 /* for a database that is locked, as sqlite3 with its .timeout */
#define AGAIN_MS 20

struct local {
    const struct program *program;
    const struct listener *listener;
    const char *command;
    json_t *request;
    struct store *store;
    struct caller caller;
    struct topology topology;
    struct answer answer;
    int code; /* -1: there is no end yet */
    char *why;
};

static void fail(struct local *l, enum reason reason, const char *detail)
{
    json_t *about = json_pack("{s:s, s:s}", "why", reason_word(reason), "detail", detail);

    text_why(about, l->why);
    json_decref(about);
    l->code = reason_code(reason);
}

/* Hands on the lines that are there. */
static void deliver(struct local *l)
{
    const char *text;
    size_t len;

    while ((len = answer_packet(&l->answer, &text)) > 0) {
        for (const char *at = text, *end; at < text + len; at = end + 1) {
            json_t *line;

            end = memchr(at, '\n', (size_t)(text + len - at));
            line = json_loadb(at, (size_t)(end - at), 0, NULL);
            if (l->code < 0)
                l->code = ask_hear(l->listener, line, l->why);
            json_decref(line);
        }
        answer_take(&l->answer, len);
    }
}

/* False if patience is at an end. */
static bool wait_a_little(struct mono begun)
{
    const struct timespec pause = {.tv_nsec = AGAIN_MS * NS_PER_MS};

    if (mono_since(begun, mono_now()).ns > PATIENCE_MS * NS_PER_MS)
        return false;
    nanosleep(&pause, NULL);
    return true;
}

/* 0 or -errno, told. */
static int open_store(struct local *l, enum store_mode mode)
{
    struct mono begun = mono_now();
    int err;

    while ((err = store_open(&l->store, l->program->conf.database, mode)) == -EBUSY &&
           wait_a_little(begun))
        store_close(l->store);
    if (err == -EBUSY)
        fail(l, REASON_BUSY, "");
    else if (err)
        fail(l, REASON_DATABASE, store_error(l->store));
    return err;
}

static void run_query(struct local *l)
{
    const struct query_terms terms = {.conf = &l->program->conf,
                                      .topology = &l->topology,
                                      .caller = l->caller,
                                      .now = wall_now()};
    struct query *q;

    if (open_store(l, STORE_READER) != 0)
        return;
    q = query_new(l->store, &terms, l->command, l->request, &l->answer);
    deliver(l);
    while (q && query_step(q, &l->answer))
        deliver(l);
    deliver(l);
    query_free(q);
}

static void run_change(struct local *l)
{
    struct mono begun = mono_now();
    int err;

    if (open_store(l, STORE_SHARE) != 0)
        return;
    do {
        err = change_run(l->store, &l->program->conf, &l->caller, l->request, &l->answer);
    } while (err == -EBUSY && wait_a_little(begun));
    if (err == -EBUSY)
        fail(l, REASON_BUSY, "");
    deliver(l);
}

static void run(struct local *l)
{
    struct net_state net = {0};
    int err = network_read(&net);

    if (!err)
        err = topology_derive(&l->topology, &l->program->conf, &net);
    net_state_free(&net);
    if (err) {
        snprintf(l->why, TEXT_LEN, _("the network cannot be read: %s"), strerror(-err));
        l->code = EX_OSERR;
        return;
    }
    if (query_knows(l->command))
        run_query(l);
    else
        run_change(l);
    store_close(l->store);
    topology_free(&l->topology);
}

bool local_answers(const json_t *request)
{
    const char *command = json_string_value(json_object_get(request, "command"));

    return command && (query_knows(command) || change_knows(command));
}

int local_ask(const struct program *p, json_t *request, const struct listener *listener,
              char why[TEXT_LEN])
{
    const char *command = json_string_value(json_object_get(request, "command"));
    struct local l = {.program = p,
                      .listener = listener,
                      .command = command ? command : "",
                      .request = request,
                      .caller = {.pid = getpid()},
                      .code = -1,
                      .why = why};

    user_name_make(&l.caller.name, "root");
    caller_judge(&l.caller, &p->conf, "", "");
    run(&l);
    if (l.code < 0)
        fail(&l, REASON_MEMORY, "");
    answer_free(&l.answer);
    return l.code;
}
