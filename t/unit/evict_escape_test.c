/* Ends processes that do not want to: they change uids, or start others and end. */
#include "evict_world.h"

#include <poll.h>

static void leave(int number)
{
    (void)number;
    if (setresuid(0, 0, 0) != 0 || setresuid(ABOVE, ABOVE, ABOVE) != 0)
        _exit(1);
    shared->asked++;
}

static void leave_when_asked(void *context)
{
    (void)context;
    shared->asked = 0;
    signal(SIGTERM, leave);
}

static void come_when_told(void *context)
{
    char c;

    if (read(*(int *)context, &c, 1) == 1)
        strangers_become(strangers_all(ALICE));
    shared->beats++;
}

static bool has_come(pid_t pid)
{
    struct process p;

    return process_read(pid, &p) == 0 && p.uid == ALICE;
}

static void change_to_and_fro(void *context)
{
    (void)context;
    for (;;) {
        if (setresuid(ALICE, ALICE, 0) != 0)
            _exit(1);
        usleep(1000);
        if (setresuid(0, 0, 0) != 0)
            _exit(1);
        usleep(1000);
    }
}

static void test_changes(struct tap *t)
{
    pid_t pid = strangers_start_prepared((struct uids){ALICE, ALICE, 0}, leave_when_asked, NULL);
    pid_t keeps;
    struct world w = begin(ALICE, 1000);
    int ends[2];

    step_until_so(&w, is_asked, pid, 900);
    tap_ok(t, strangers_await(is_asked, pid), "leaves: asked, becomes another's");
    finish(&w);
    tap_is(t, strangers_fate(pid), -1, "leaves: is not killed");
    is_last(t, "processes=1 killed=0", "leaves");
    strangers_end(pid);

    strangers_require(pipe2(ends, O_CLOEXEC) == 0, "pipe");
    keeps = strangers_start_prepared(strangers_all(ALICE), live_on, NULL);
    pid = strangers_start((struct uids){0, 0, 0}, come_when_told, &ends[0]);
    w = begin(ALICE, 5000);
    step_until(&w, after(&w, 1000));
    tap_is(t, strangers_fate(pid), -1, "comes: root's lives");
    tap_is(t, write(ends[1], "", 1), 1, "comes: told to");
    tap_ok(t, strangers_await(has_come, pid), "comes: is hers now");
    step_until_so(&w, is_dead, pid, 3000);
    tap_ok(t, strangers_await(is_dead, pid), "comes: is met within the grace");
    tap_is(t, strangers_fate(pid), SIGTERM, "comes: asked");
    finish(&w);
    tap_is(t, strangers_fate(keeps), SIGKILL, "comes: the other one is killed");
    strangers_end(pid);
    strangers_end(keeps);
    close(ends[0]);
    close(ends[1]);
}

/* Met as root's it is root's: an eviction may be over without it, but not all can be. And none
 * leaves it stopped, as which it would be root's for ever. */
static void test_to_and_fro(struct tap *t)
{
    for (int i = 0; i < 20; i++) {
        pid_t pid = strangers_start((struct uids){0, 0, 0}, change_to_and_fro, NULL);

        for (int tries = 0; strangers_fate(pid) < 0 && tries < 200; tries++) {
            struct world w = begin(ALICE, 0);

            finish(&w);
        }
        tap_is(t, strangers_fate(pid), SIGKILL, "to and fro %d: met as hers in the end", i);
        strangers_end(pid);
    }
}

/* Ends with the test, whatever becomes of the eviction. */
static bool is_test_over(void)
{
    struct pollfd end = {.fd = shared->alive[0], .events = POLLIN};

    return poll(&end, 1, 0) != 0;
}

/* Each starts the next one and ends. */
static void fly(void *context)
{
    (void)context;
    signal(SIGTERM, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 1000000; i++) {
        pid_t pid = is_test_over() ? 1 : fork();

        if (pid != 0)
            _exit(0);
        shared->beats++;
    }
    _exit(0);
}

/* 200 that live for some ms, and new ones for those that have ended. */
static void swarm(void *context)
{
    (void)context;
    signal(SIGTERM, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    for (int n = 0; !is_test_over();) {
        pid_t pid = n < 200 ? fork() : 0;

        if (n < 200 && pid == 0) {
            usleep((useconds_t)(getpid() % 20) * 1000);
            _exit(0);
        }
        n += n < 200 && pid > 0;
        while (waitpid(-1, NULL, WNOHANG) > 0)
            n--;
        shared->beats++;
    }
    _exit(0);
}

/* Takes in whom their parents leave, so that the dead do not pile up where process 1 is slow. */
static pid_t start_swarm(stranger_life *life)
{
    int ends[2];
    char done;
    pid_t pid;

    strangers_require(pipe2(ends, O_CLOEXEC) == 0, "pipe");
    fflush(stdout);
    pid = fork();
    strangers_require(pid >= 0, "fork");
    if (pid == 0) {
        signal(SIGCHLD, SIG_IGN);
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
            _exit(1);
        close(shared->alive[1]);
        strangers_start(strangers_all(ALICE), life, NULL);
        if (write(ends[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    strangers_require(read(ends[0], &done, 1) == 1, "a swarm did not begin");
    close(ends[0]);
    return pid;
}

static bool has_gone_on(pid_t pid)
{
    (void)pid;
    return shared->beats >= 10;
}

static bool is_beating(pid_t pid)
{
    int before = shared->beats;

    (void)pid;
    usleep(50000);
    return shared->beats != before;
}

/* Caught every time: one that is missed by a walk may be missed by the next one, too. */
static void test_comets(struct tap *t)
{
    for (int i = 0; i < 20; i++) {
        pid_t pid = start_swarm(fly);
        struct world w;

        usleep(20000);
        w = begin(ALICE, 0);
        finish(&w);
        tap_ok(t, !is_beating(pid), "comet %d: has ended", i);
        tap_is(t, lines("given up", NULL), 0, "comet %d: not given up", i);
        strangers_end(pid);
    }
}

static void test_swarms(struct tap *t)
{
    static const struct {
        stranger_life *life;
        int64_t grace_ms;
        const char *what;
    } cases[] = {{fly, 0, "comet, grace 0"},
                 {fly, 1000, "comet"},
                 {swarm, 0, "swarm, grace 0"},
                 {swarm, 1000, "swarm"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pid_t bystander = strangers_start(strangers_all(ABOVE), NULL, NULL), pid;
        struct world w;

        shared->beats = 0;
        pid = start_swarm(cases[i].life);
        tap_ok(t, strangers_await(has_gone_on, pid), "%s: it goes on and on", cases[i].what);
        w = begin(ALICE, cases[i].grace_ms);
        tap_note("%s: over after %" PRId64 " ms of its clock", cases[i].what, finish(&w));
        tap_ok(t, !is_beating(pid), "%s: has ended", cases[i].what);
        tap_is(t, strangers_count(ALICE, ALICE + 1), 0, "%s: none is left", cases[i].what);
        strangers_end(pid);
        tap_is(t, lines("given up", NULL), 0, "%s: not given up", cases[i].what);
        tap_is(t, strangers_fate(bystander), -1, "%s: the bystander lives", cases[i].what);
        strangers_end(bystander);
    }
}

int main(void)
{
    struct tap t = {0};

    world_begin();
    test_changes(&t);
    test_to_and_fro(&t);
    test_swarms(&t);
    test_comets(&t);
    return tap_done(&t);
}
