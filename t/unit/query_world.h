/*
 * query_world: what the tests of queries share: a database in a folder of its own, filled through
 * the sqlite3 shell, a gateway made up, and a run of one query in this process. A program has one
 * struct world; world_free() removes the folder.
 */
#ifndef TCPQUOTA_QUERY_WORLD_H
#define TCPQUOTA_QUERY_WORLD_H

#include "query_parts.h"
#include "store.h"
#include "tap.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORLD_NOW                                                                                  \
    INT64_C(1795258800000000000) /* Saturday 2026-11-21 11:00:00Z, noon in Stockholm */

extern char **environ;

struct world {
    char folder[64], path[96];
    struct store *keeper; /* of the daemon; holds the database */
    struct conf conf;
    struct topology topology;
    struct addr own[1];
    bool is_alone; /* no daemon runs: nobody knows who is charged */
};

/* One run of a query. */
struct run {
    struct answer answer;
    char *lines;        /* "" terminated */
    size_t steps, most; /* the most rows of one step */
    double slowest_ms;  /* of this thread's processor time */
};

/* As the administrator's shell: 0, or the exit code of sqlite3. */
static inline int world_sql(const struct world *w, const char *sql)
{
    const char *argv[] = {"sqlite3", "-bail", w->path, sql, NULL};
    int status = -1;
    pid_t pid;

    if (posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ) == 0)
        waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline bool world_make(struct world *w)
{
    struct prefix net;

    *w = (struct world){.folder = "/tmp/query.XXXXXX",
                        .conf = {.rate_quota = 100000,
                                 .money_value = "SEK",
                                 .high_rate = 4,
                                 .low_rate = 2,
                                 .high_hours = {8, 18, HOURS_MON_FRI},
                                 .fw_hours = {0, 24, HOURS_ALL_DAYS}}};
    if (!mkdtemp(w->folder))
        return false;
    snprintf(w->path, sizeof w->path, "%s/quota.db", w->folder);
    addr_parse("10.99.0.1", &w->own[0]);
    w->topology = (struct topology){.own = w->own, .own_count = 1, .channels = 1};
    prefix_parse("10.99.0.0/16", &net);
    prefix_list_add(&w->topology.v4.localnet, &net);
    prefix_parse("fd99::/64", &net);
    prefix_list_add(&w->topology.v6.localnet, &net);
    name_list_add(&w->conf.users, "free");
    tap_zone("Europe/Stockholm");
    return store_open(&w->keeper, w->path, STORE_CREATE) == 0;
}

static inline void world_free(struct world *w)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".made"};
    char path[128];

    store_close(w->keeper);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(path, sizeof path, "%s%s", w->path, ends[i]);
        unlink(path);
    }
    rmdir(w->folder);
    prefix_list_free(&w->topology.v4.localnet);
    prefix_list_free(&w->topology.v6.localnet);
    name_list_free(&w->conf.users);
}

static inline double world_cpu_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* Alice pays for two machines, everybody else for one. */
static inline struct pace world_pace(void *context, const struct user_name *user)
{
    (void)context;
    return (struct pace){strcmp(user->text, "alice") == 0 ? 2 : 1, 1};
}

/* Alice has five connections on the gateway itself, bob none, everybody else one. */
static inline int64_t world_local_use(void *context, const struct user_name *user)
{
    (void)context;
    return strcmp(user->text, "alice") == 0 ? 5 : strcmp(user->text, "bob") != 0;
}

static inline size_t world_rows(const char *text, size_t len)
{
    size_t rows = 0;

    for (const char *at = text; at && (at = memmem(at, len - (size_t)(at - text), "{\"row\"", 6));)
        rows++, at++;
    return rows;
}

/* Takes the packets that wait, as who sends them does; the rows in them. */
static inline size_t world_take(struct answer *answer, FILE *out)
{
    const char *text;
    size_t len, rows = 0;

    while (answer_waiting(answer) && (len = answer_packet(answer, &text)) > 0) {
        rows += world_rows(text, len);
        fwrite(text, 1, len, out);
        answer_take(answer, len);
    }
    return rows;
}

/* Runs the query for `caller`; with `failing` the answer has been failed before its second step. */
static inline struct run world_ask(struct world *w, const char *caller, json_t *object,
                                   bool failing)
{
    struct query_terms terms = {.conf = &w->conf,
                                .topology = &w->topology,
                                .caller = {.uid = 1000,
                                           .is_operator = strcmp(caller, "olga") == 0,
                                           .is_admin = strcmp(caller, "adam") == 0},
                                .now = {WORLD_NOW},
                                .pace_of = world_pace,
                                .local_use_of = world_local_use};
    const char *command = json_string_value(json_object_get(object, "command"));
    struct run run = {0};
    size_t len = 0;
    FILE *out = open_memstream(&run.lines, &len);
    struct store *reader = NULL;
    struct query *q;
    bool more;

    if (w->is_alone) {
        terms.pace_of = NULL;
        terms.local_use_of = NULL;
    }
    terms.caller.is_operator |= terms.caller.is_admin;
    user_name_make(&terms.caller.name, caller);
    if (!command || store_open(&reader, w->path, STORE_READER) != 0)
        tap_note("the test itself is wrong: %s", reader ? store_error(reader) : "a request");
    q = query_new(reader, &terms, command ? command : "", object, &run.answer);
    do {
        double begun = world_cpu_ms(), taken;
        size_t rows;

        run.answer.failed |= failing && run.steps == 1;
        more = query_step(q, &run.answer);
        taken = world_cpu_ms() - begun;
        rows = world_take(&run.answer, out);
        run.slowest_ms = taken > run.slowest_ms ? taken : run.slowest_ms;
        run.most = rows > run.most ? rows : run.most;
        run.steps++;
    } while (more);
    fclose(out);
    query_free(q);
    store_close(reader);
    return run;
}

static inline struct run world_run(struct world *w, const char *caller, const char *request,
                                   bool failing)
{
    json_t *object = json_loads(request, 0, NULL);
    struct run run = world_ask(w, caller, object, failing);

    json_decref(object);
    return run;
}

static inline void run_free(struct run *run)
{
    answer_free(&run->answer);
    free(run->lines);
}

#endif
