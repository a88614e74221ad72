/*
 * evict_world: an eviction in a test. The clock is the test's: it goes on to when the next step is
 * due; in between the processes get a moment of real time.
 */
#ifndef TCPQUOTA_EVICT_WORLD_H
#define TCPQUOTA_EVICT_WORLD_H

#include "evict.h"
#include "log.h"
#include "strangers.h"

#include <sys/mman.h>

#define ALICE (STRANGER + 1)
#define BELOW STRANGER /* the next uids on both sides */
#define ABOVE (STRANGER + 2)
#define SERVICE (STRANGER + 5)

static int log_file = -1; /* in memory */

/* What processes tell each other. */
static struct shared {
    volatile int asked; /* how often TERM was heard */
    volatile int beats; /* goes on while somebody lives */
    int alive[2];       /* a pipe that is closed when the test has ended */
} * shared;

struct world {
    struct evict *e;
    struct mono now;
};

static inline struct world begin(uid_t uid, int64_t grace_ms)
{
    struct world w = {.e = evict_new(), .now = {INT64_C(1000000) * NS_PER_S}};

    strangers_require(w.e != NULL && ftruncate(log_file, 0) == 0, "a new eviction");
    strangers_require(evict_begin(w.e, uid, "alice", span_ms(grace_ms), w.now) == 0, "begin");
    return w;
}

/* Steps until it is over or the clock is at `end`. */
static inline void step_until(struct world *w, struct mono end)
{
    struct mono at;

    while (evict_next(w->e, &at) && at.ns <= end.ns) {
        if (at.ns > w->now.ns)
            w->now = at;
        evict_step(w->e, w->now);
        usleep(2000);
    }
}

/* Steps until it is so, or the clock is that much further: a walk may take several steps. */
static inline void step_until_so(struct world *w, bool (*is_so)(pid_t), pid_t pid, int64_t ms)
{
    struct mono end = mono_add(w->now, span_ms(ms)), at;

    while (evict_next(w->e, &at) && at.ns <= end.ns && !is_so(pid))
        step_until(w, at);
}

static inline struct mono after(const struct world *w, int64_t ms)
{
    return mono_add(w->now, span_ms(ms));
}

/* To its end, and what it took on the test's clock, in ms. */
static inline int64_t finish(struct world *w)
{
    struct mono start = w->now;

    step_until(w, after(w, 60000));
    evict_free(w->e);
    w->e = NULL;
    return mono_since(start, w->now).ns / NS_PER_MS;
}

/* How many lines of the log have all of these in them; NULL is in all. */
static inline int lines(const char *a, const char *b)
{
    FILE *file = fdopen(dup(log_file), "r");
    char line[512];
    int n = 0;

    strangers_require(file != NULL && fseek(file, 0, SEEK_SET) == 0, "the log");
    while (fgets(line, sizeof line, file))
        n += (!a || strstr(line, a)) && (!b || strstr(line, b));
    fclose(file);
    return n;
}

static inline void is_last(struct tap *t, const char *expected, const char *what)
{
    char line[64], log[2048];
    ssize_t n;

    snprintf(line, sizeof line, " %s\n", expected);
    if (tap_is(t, lines("evicted user=alice", line), 1, "%s: the log ends with %s", what, expected))
        return;
    n = pread(log_file, log, sizeof log, 0);
    tap_note("log: %.*s", n > 0 ? (int)n : 0, log);
}

static inline const char *signal_line(char out[64], pid_t pid, const char *name,
                                      const char *signal_name)
{
    snprintf(out, 64, "pid=%ld name=%s signal=%s\n", (long)pid, name, signal_name);
    return out;
}

static inline void note_asked(int number)
{
    (void)number;
    shared->asked++;
}

static inline void live_on(void *context)
{
    (void)context;
    shared->asked = 0;
    signal(SIGTERM, note_asked);
}

static inline bool is_dead(pid_t pid)
{
    return strangers_fate(pid) >= 0;
}

static inline bool is_asked(pid_t pid)
{
    (void)pid;
    return shared->asked > 0;
}

/* Steps for so long of the clock, or until it has ended, and waits until it has: the clock goes on
 * more quickly than a process does on a slow machine. */
static inline void step_until_dead(struct world *w, pid_t pid, int64_t ms)
{
    step_until_so(w, is_dead, pid, ms);
    strangers_await(is_dead, pid);
}

static inline void world_begin(void)
{
    char path[32];

    strangers_begin();
    log_file = memfd_create("log", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", log_file);
    strangers_require(log_file >= 0 && log_to_file(path, "evict") == 0, "a log");
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    strangers_require(shared != MAP_FAILED && pipe2(shared->alive, O_CLOEXEC) == 0, "mmap");
}

#endif
