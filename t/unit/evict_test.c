/* Ends processes of users that nobody has, and no others. */
#include "evict_world.h"

#include <errno.h>
#include <pthread.h>
#include <sys/capability.h>
#include <sys/resource.h>

static void stop(void *context)
{
    (void)context;
    raise(SIGSTOP);
}

static bool is_stopped(pid_t pid)
{
    return process_state(pid) == 'T';
}

static void test_arguments(struct tap *t)
{
    struct evict *e = evict_new();
    struct mono at = {7}, now = {NS_PER_S};

    tap_ok(t, !evict_next(e, &at) && at.ns == 7, "nothing is due");
    evict_step(e, now);
    tap_is(t, evict_begin(e, 0, "root", span_seconds(5), now), -EPERM, "root is not evicted");
    tap_is(t, evict_begin(e, (uid_t)-1, "nobody", span_seconds(5), now), -EINVAL, "nor no uid");
    tap_is(t, evict_begin(e, ALICE, "alice", (struct span){-1}, now), -EINVAL, "a grace below 0");
    tap_ok(t, !evict_next(e, &at) && !evict_is_going_on(e, ALICE), "still nothing is due");
    tap_is(t, evict_begin(e, ALICE, "alice", span_seconds(5), now), 0, "begins");
    tap_ok(t, evict_next(e, &at), "something is due");
    tap_is(t, at.ns, now.ns, "at once");
    tap_ok(t, evict_is_going_on(e, ALICE) && !evict_is_going_on(e, ABOVE), "for her alone");
    tap_is(t, evict_begin(e, ALICE, "alice", span_seconds(0), now), 0, "a second time");
    strangers_require(ftruncate(log_file, 0) == 0, "the log");
    while (evict_next(e, &at) && at.ns < now.ns + NS_PER_S)
        evict_step(e, at);
    tap_ok(t, !evict_is_going_on(e, ALICE) && !evict_next(e, &at), "nobody there: it is over");
    tap_is(t, lines(NULL, NULL), 0, "nobody there: nothing to tell");
    evict_free(e);
    evict_free(NULL);
}

/* Those who have to live while alice's processes end. */
static void test_bystanders(struct tap *t)
{
    pid_t below = strangers_start(strangers_all(BELOW), NULL, NULL);
    pid_t above = strangers_start(strangers_all(ABOVE), NULL, NULL);
    pid_t saved = strangers_start((struct uids){0, 0, ALICE}, NULL, NULL);
    pid_t acts = strangers_start((struct uids){0, ALICE, 0}, NULL, NULL);
    pid_t runs = strangers_start((struct uids){ABOVE, ALICE, ALICE}, NULL, NULL);
    pid_t hers = strangers_start(strangers_all(ALICE), NULL, NULL);
    struct world w = begin(ALICE, 5000);
    char line[64];

    tap_is(t, strangers_fate(hers), -1, "before the first step she lives");
    step_until_so(&w, is_dead, hers, 4000);
    tap_ok(t, strangers_await(is_dead, hers), "after it her process ends");
    tap_is(t, strangers_fate(hers), SIGTERM, "asked to");
    tap_ok(t, finish(&w) < 5000, "it is over before the grace is");
    tap_is(t, strangers_fate(below), -1, "the uid below lives");
    tap_is(t, strangers_fate(above), -1, "the uid above lives");
    tap_is(t, strangers_fate(saved), -1, "root who could become her lives");
    tap_is(t, strangers_fate(acts), -1, "root who acts for her lives");
    tap_is(t, strangers_fate(runs), -1, "somebody who runs what is setuid to her lives");
    tap_is(t, lines(signal_line(line, hers, "evict_test.t", "TERM"), "notice evict user=alice "), 1,
           "logged");
    is_last(t, "processes=1 killed=0", "bystanders");
    tap_is(t, lines(NULL, NULL), 2, "and nothing else is");
    for (int i = 0; i < 6; i++)
        strangers_end((pid_t[]){below, above, saved, acts, runs, hers}[i]);
}

static void test_term_proof(struct tap *t)
{
    pid_t hers = strangers_start_prepared(strangers_all(ALICE), live_on, NULL);
    struct world w = begin(ALICE, 5000);
    char line[64];

    step_until(&w, after(&w, 4999));
    tap_is(t, strangers_fate(hers), -1, "proof: lives through the grace");
    strangers_await(is_asked, hers);
    tap_is(t, shared->asked, 1, "proof: asked once in 25 walks");
    tap_is(t, evict_begin(w.e, ALICE, "alice", span_seconds(1000), w.now), 0, "proof: again");
    tap_ok(t, finish(&w) < 5000, "proof: a second begin changes nothing");
    tap_is(t, strangers_fate(hers), SIGKILL, "proof: killed after the grace");
    tap_is(t, lines(signal_line(line, hers, "evict_test.t", "TERM"), NULL), 1, "proof: TERM");
    tap_is(t, lines(signal_line(line, hers, "evict_test.t", "KILL"), NULL), 1, "proof: KILL");
    is_last(t, "processes=1 killed=1", "proof");
    strangers_end(hers);

    hers = strangers_start_prepared(strangers_all(ALICE), live_on, NULL);
    w = begin(ALICE, 0);
    tap_ok(t, finish(&w) < 5000, "grace 0: over at once");
    tap_is(t, strangers_fate(hers), SIGKILL, "grace 0: killed");
    tap_is(t, shared->asked, 0, "grace 0: not asked");
    is_last(t, "processes=1 killed=1", "grace 0");
    strangers_end(hers);
}

static void test_late(struct tap *t)
{
    pid_t hers = strangers_start(strangers_all(ALICE), NULL, NULL);
    struct world w = begin(ALICE, 5000);

    w.now = after(&w, 60000);
    evict_step(w.e, w.now);
    strangers_await(is_dead, hers);
    finish(&w);
    tap_ok(t, strangers_fate(hers) == SIGTERM || lines("signal=TERM", NULL) == 1,
           "steps that come a minute late ask first");
    tap_is(t, lines("given up", NULL), 0, "and do not give up");
    strangers_end(hers);
}

static void test_stopped(struct tap *t)
{
    pid_t hers = strangers_start(strangers_all(ALICE), stop, NULL);
    struct world w = begin(ALICE, 5000);

    tap_ok(t, strangers_await(is_stopped, hers), "stopped: it is");
    step_until_so(&w, is_dead, hers, 4000);
    tap_ok(t, strangers_await(is_dead, hers), "stopped: hears it");
    tap_is(t, strangers_fate(hers), SIGTERM, "stopped: and ends");
    finish(&w);
    strangers_end(hers);
}

static void *sleep_on(void *context)
{
    (void)context;
    for (;;)
        pause();
    return NULL;
}

/* The first thread ends, the others go on: /proc shows it as one that is dead. */
static void lose_first_thread(void *context)
{
    pthread_t thread;

    (void)context;
    signal(SIGTERM, SIG_IGN);
    if (pthread_create(&thread, NULL, sleep_on, NULL) == 0)
        pthread_exit(NULL);
}

static bool is_zombie(pid_t pid)
{
    return process_state(pid) == 'Z';
}

static void test_zombies(struct tap *t)
{
    pid_t dead = strangers_start(strangers_all(ALICE), NULL, NULL), hers;
    struct world w;

    kill(dead, SIGKILL);
    tap_ok(t, strangers_await(is_zombie, dead), "dead: not waited for");
    w = begin(ALICE, 5000);
    tap_ok(t, finish(&w) < 1000, "dead: keeps nothing going");
    tap_is(t, lines("evicted", NULL), 0, "dead: nothing to tell");
    strangers_end(dead);

    hers = strangers_start(strangers_all(ALICE), lose_first_thread, NULL);
    tap_ok(t, strangers_await(is_zombie, hers), "threads: the first has ended");
    w = begin(ALICE, 1000);
    finish(&w);
    tap_is(t, strangers_fate(hers), SIGKILL, "threads: the others are ended");
    is_last(t, "processes=1 killed=1", "threads");
    strangers_end(hers);
}

static void test_uids(struct tap *t)
{
    static const struct {
        struct uids uids;
        const char *what;
        bool ends;
    } cases[] = {
        {{ALICE, ALICE, 0}, "hers with root saved", true},
        {{0, ALICE, 0}, "root acting as her", false},
        {{ALICE, 0, 0}, "a program setuid to root", true},
        {{ALICE, SERVICE, SERVICE}, "a program setuid to a service", true},
        {{SERVICE, ALICE, ALICE}, "a program setuid to her", false},
        {{SERVICE, SERVICE, ALICE}, "a service that could become her", false},
        {{0, 0, ALICE}, "root that could become her", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pid_t pid = strangers_start(cases[i].uids, NULL, NULL);
        struct world w = begin(ALICE, 1000);

        tap_is(t, strangers_fate(pid), -1, "%s: lives", cases[i].what);
        if (cases[i].ends)
            step_until_dead(&w, pid, 900);
        finish(&w);
        tap_is(t, strangers_fate(pid), cases[i].ends ? SIGTERM : -1, "%s: %s", cases[i].what,
               cases[i].ends ? "ends" : "lives on");
        strangers_end(pid);
    }
}

/* As her real uid is its own, too. */
static int evict_oneself(void *context)
{
    struct world w;

    (void)context;
    if (setresuid(ALICE, 0, 0) != 0)
        return 1;
    w = begin(ALICE, 200);
    finish(&w);
    return lines("evicted", NULL) == 0 ? 0 : 2;
}

/* Without the right to signal others: what does not work is said once, and has an end. */
static int evict_without_right(void *context)
{
    cap_t none = cap_init();
    struct world w = begin(ALICE, 200);
    int64_t took;

    (void)context;
    if (!none || cap_set_proc(none) != 0)
        return 1;
    cap_free(none);
    took = finish(&w);
    if (took < 10000 || took > 11000)
        return 2;
    if (lines("evict user=alice pid=", "SIGTERM: Operation not permitted") != 1)
        return 3;
    if (lines("left=1 pid=", "state=S: do not end, given up") != 1 || lines(" err ", NULL) != 2)
        return 4;
    return lines("evicted", NULL) == 0 ? 0 : 5;
}

static int run_apart(int (*run)(void *))
{
    int status = -1;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0)
        _exit(run(NULL));
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_never(struct tap *t)
{
    pid_t hers;

    tap_is(t, run_apart(evict_oneself), 0, "who evicts is not hit");
    tap_is(t, strangers_inside(strangers_all(ALICE), evict_oneself, NULL), 0,
           "process 1 is not hit, even if it is hers");
    hers = strangers_start(strangers_all(ALICE), NULL, NULL);
    tap_is(t, run_apart(evict_without_right), 0, "without the right to: logged and given up");
    tap_is(t, strangers_fate(hers), -1, "without the right to: lives");
    strangers_end(hers);
}

/* Two at a time, the second in the middle of the first. */
static void test_two(struct tap *t)
{
    pid_t a = strangers_start_prepared(strangers_all(ALICE), live_on, NULL);
    pid_t b = strangers_start_prepared(strangers_all(ABOVE), live_on, NULL);
    struct world w = begin(ALICE, 1000);

    step_until(&w, after(&w, 500));
    strangers_require(evict_begin(w.e, ABOVE, "b b\n", span_ms(2000), w.now) == 0, "begin");
    step_until(&w, after(&w, 1500));
    strangers_await(is_dead, a);
    step_until(&w, after(&w, 400));
    tap_is(t, strangers_fate(a), SIGKILL, "two: the first is over");
    tap_is(t, strangers_fate(b), -1, "two: the second has its own grace");
    tap_ok(t, !evict_is_going_on(w.e, ALICE) && evict_is_going_on(w.e, ABOVE), "two: one is left");
    finish(&w);
    tap_is(t, strangers_fate(b), SIGKILL, "two: the second is over");
    tap_is(t, lines("evicted user=alice processes=1 killed=1\n", NULL), 1, "two: the first's end");
    tap_is(t, lines("evicted user=\"b b?\" processes=1 killed=1\n", NULL), 1, "two: the second's");
    strangers_end(a);
    strangers_end(b);
}

/* Called off before anybody has been asked, and after that. */
static void test_pardon(struct tap *t)
{
    pid_t hers = strangers_start_prepared(strangers_all(ALICE), live_on, NULL);
    pid_t stopped = strangers_start(strangers_all(ALICE), stop, NULL);
    struct world w = begin(ALICE, 5000);

    tap_ok(t, strangers_await(is_stopped, stopped), "pardon: one is stopped by its user");
    evict_call_off(w.e, ALICE, w.now);
    tap_ok(t, finish(&w) < 1000, "pardon: over at once");
    tap_is(t, shared->asked, 0, "pardon: nobody is asked");
    tap_is(t, lines("evict user=alice is called off\n", NULL), 1, "pardon: the log says so");
    tap_is(t, process_state(stopped), 'T', "pardon: what its user has stopped stays so");
    strangers_end(stopped);

    w = begin(ALICE, 5000);
    step_until_so(&w, is_asked, hers, 4000);
    tap_ok(t, strangers_await(is_asked, hers), "pardon in the grace: she has been asked");
    kill(hers, SIGSTOP);
    tap_ok(t, strangers_await(is_stopped, hers), "pardon in the grace: and stops it herself");
    evict_call_off(w.e, ALICE, w.now);
    evict_call_off(w.e, ALICE, w.now);
    tap_ok(t, evict_is_going_on(w.e, ALICE), "pardon in the grace: one step is left");
    evict_step(w.e, w.now);
    step_until(&w, after(&w, 20000));
    tap_ok(t, !evict_is_going_on(w.e, ALICE), "pardon in the grace: then it is over");
    tap_is(t, strangers_fate(hers), -1, "pardon in the grace: she lives");
    tap_is(t, process_state(hers), 'T', "pardon in the grace: as she stopped it");
    tap_is(t, lines("signal=KILL", NULL), 0, "pardon in the grace: nobody is killed");
    is_last(t, "processes=1 killed=0", "pardon in the grace");

    tap_is(t, evict_begin(w.e, ALICE, "alice", span_ms(0), w.now), 0, "another one begins");
    tap_ok(t, evict_is_going_on(w.e, ALICE), "and goes on");
    finish(&w);
    tap_is(t, strangers_fate(hers), SIGKILL, "and ends her");
    strangers_end(hers);
}

/* Nobody's eviction is called off but that of this uid. */
static void test_pardon_of_others(struct tap *t)
{
    pid_t hers = strangers_start(strangers_all(ALICE), NULL, NULL);
    pid_t above = strangers_start_prepared(strangers_all(ABOVE), live_on, NULL);
    struct evict *e = evict_new();
    struct mono at = {7};
    struct world w;

    evict_call_off(e, ALICE, (struct mono){NS_PER_S});
    tap_ok(t, !evict_next(e, &at) && at.ns == 7, "pardon of nobody: nothing is due");
    evict_free(e);
    w = begin(ALICE, 1000);
    strangers_require(evict_begin(w.e, ABOVE, "above", span_ms(1000), w.now) == 0, "begin");
    evict_call_off(w.e, BELOW, w.now);
    evict_call_off(w.e, 0, w.now);
    tap_ok(t, evict_is_going_on(w.e, ALICE) && !evict_is_going_on(w.e, BELOW),
           "pardon of others: hers goes on");
    evict_call_off(w.e, ABOVE, w.now);
    step_until_dead(&w, hers, 900);
    finish(&w);
    tap_is(t, strangers_fate(hers), SIGTERM, "pardon of others: hers has gone on");
    tap_is(t, strangers_fate(above), -1, "pardon of others: the other one lives");
    tap_is(t, lines("evict user=above is called off\n", NULL), 1, "pardon of others: one is");
    tap_is(t, lines("is called off\n", NULL), 1, "pardon of others: and no other");
    strangers_end(hers);
    strangers_end(above);
}

#define CROWD 400 /* more than one step can stop */

static pid_t *start_crowd(void)
{
    static pid_t crowd[CROWD];

    for (size_t i = 0; i < CROWD; i++)
        crowd[i] = strangers_start(strangers_all(ALICE), NULL, NULL);
    return crowd;
}

static void end_crowd(const pid_t *crowd)
{
    for (size_t i = 0; i < CROWD; i++)
        strangers_end(crowd[i]);
}

static unsigned count_in(const pid_t *pids, char state)
{
    unsigned n = 0;

    for (size_t i = 0; i < CROWD; i++)
        n += process_state(pids[i]) == state;
    return n;
}

/* A signal that was sent may take its time. */
static unsigned count_in_time(const pid_t *pids, char state, unsigned expected)
{
    for (int i = 0; i < 500 && count_in(pids, state) != expected; i++)
        usleep(20000);
    return count_in(pids, state);
}

/* Steps until one of them has stopped more than the one that was. The first may have had enough to
 * do with other processes of the machine. */
static bool stops_some(struct world *w, const pid_t *pids)
{
    unsigned before = count_in(pids, 'T'), stopped = before;
    struct mono at;

    for (int step = 0; step < 20 && stopped <= before && evict_next(w->e, &at); step++) {
        w->now = at;
        evict_step(w->e, w->now);
        for (int i = 0; i < 100 && stopped <= before; i++) {
            usleep(20000);
            stopped = count_in(pids, 'T');
        }
    }
    return stopped > before;
}

/* Between the first that is stopped and the first that is killed. */
static void test_pardon_of_stopped(struct tap *t)
{
    pid_t *crowd = start_crowd(), other;
    struct world w;

    other = strangers_start(strangers_all(ABOVE), stop, NULL);
    tap_ok(t, strangers_await(is_stopped, other), "crowd: another user has stopped one");
    kill(crowd[0], SIGSTOP);
    tap_ok(t, strangers_await(is_stopped, crowd[0]), "crowd: she has stopped one of hers");
    tap_is(t, count_in(crowd, 'T'), 1, "crowd: nobody else is stopped");
    w = begin(ALICE, 0);
    tap_ok(t, stops_some(&w, crowd), "crowd: one step stops some");
    tap_is(t, count_in(crowd, 'Z'), 0, "crowd: and kills nobody");
    evict_call_off(w.e, ALICE, w.now);
    finish(&w);
    tap_is(t, count_in_time(crowd, 'T', 1), 1, "crowd: called off, one stays stopped");
    tap_is(t, process_state(crowd[0]), 'T', "crowd: which she has stopped");
    tap_is(t, count_in(crowd, 'Z'), 0, "crowd: everybody lives");
    tap_is(t, process_state(other), 'T', "crowd: but what another user stopped stays so");
    tap_is(t, lines("signal=", NULL), 0, "crowd: no signal that the log would have");
    w = begin(ALICE, 0);
    finish(&w);
    tap_is(t, count_in(crowd, 'Z'), CROWD, "crowd: a new eviction ends all of them");
    is_last(t, "processes=400 killed=400", "crowd");
    end_crowd(crowd);
    strangers_end(other);
}

/* The time for it is over in the middle of a walk that stops. */
static void test_late_stop(struct tap *t)
{
    pid_t *crowd = start_crowd();
    struct world w = begin(ALICE, 0);

    tap_ok(t, stops_some(&w, crowd), "late: one step stops some");
    w.now = after(&w, 11000);
    finish(&w);
    tap_is(t, count_in_time(crowd, 'Z', CROWD), CROWD,
           "late: who is stopped is killed all the same");
    end_crowd(crowd);
}

/* Meanwhile nothing can be opened: no walk begins. */
static void test_no_walk(struct tap *t)
{
    static const struct {
        const char *what;
        bool called_off;
        int64_t ms;
    } cases[] = {{"called off", true, 5000}, {"given up", false, 10500}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pid_t *crowd = start_crowd();
        struct rlimit limit, none;
        struct world w = begin(ALICE, 0);

        strangers_require(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
        none = (struct rlimit){0, limit.rlim_max};
        tap_ok(t, stops_some(&w, crowd), "no walk: %s: one step stops some", cases[i].what);
        if (cases[i].called_off)
            evict_call_off(w.e, ALICE, w.now);
        strangers_require(setrlimit(RLIMIT_NOFILE, &none) == 0, "setrlimit");
        step_until(&w, after(&w, cases[i].ms));
        strangers_require(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
        finish(&w);
        tap_is(t, count_in_time(crowd, 'T', 0), 0, "no walk: %s: in the end nobody is",
               cases[i].what);
        tap_is(t, lines(cases[i].what, NULL), 1, "no walk: %s: logged", cases[i].what);
        end_crowd(crowd);
    }
}

int main(void)
{
    struct tap t = {0};

    world_begin();
    test_arguments(&t);
    test_bystanders(&t);
    test_term_proof(&t);
    test_late(&t);
    test_stopped(&t);
    test_zombies(&t);
    test_uids(&t);
    test_never(&t);
    test_two(&t);
    test_pardon(&t);
    test_pardon_of_others(&t);
    test_pardon_of_stopped(&t);
    test_late_stop(&t);
    test_no_walk(&t);
    return tap_done(&t);
}
