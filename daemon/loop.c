#include "loop.h"

#include "log.h"
#include "network.h"
#include "settle.h"
#include "watch.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { SLOT_SIGNALS, SLOT_TIMER, SLOT_DATABASE, SLOT_NETWORK, SLOT_KEEPER, SLOT_CONTROL, SLOTS };

#define RENEWALS 3     /* of the lease while it lasts */
#define CLEAR_MS 20    /* before the end of a period */
#define TICK_MIN_MS 20 /* a deadline never makes passes follow each other faster */

struct loop {
    const struct loop_setup *setup;
    const struct conf *conf;
    struct pollfd slots[SLOTS];
    struct span period;
    struct mono next_tick, last_tick;
    struct mono renewed; /* the lease */
    struct settle look;
    bool unwritten; /* the last run left something for when the database is free */
    bool done;
    enum loop_end end;
};

static void loop_signals(sigset_t *set)
{
    const int signals[] = {SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGRTMIN};

    sigemptyset(set);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(set, signals[i]);
}

int loop_block_signals(void)
{
    sigset_t set;

    loop_signals(&set);
    /* Children are waited for, whatever the one that started us has made of that. */
    if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
        return -errno;
    /* A terminal's reader that is gone is no reason to leave the gate open behind us. */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -errno;
    return sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? 0 : -errno;
}

static int open_slots(struct loop *l)
{
    sigset_t set;

    loop_signals(&set);
    l->slots[SLOT_SIGNALS].fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    l->slots[SLOT_TIMER].fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (l->slots[SLOT_SIGNALS].fd < 0 || l->slots[SLOT_TIMER].fd < 0)
        return -errno;
    l->slots[SLOT_DATABASE].fd = watch_open(l->setup->database);
    if (l->slots[SLOT_DATABASE].fd < 0)
        return l->slots[SLOT_DATABASE].fd;
    l->slots[SLOT_NETWORK].fd = network_watch();
    l->slots[SLOT_KEEPER].fd = l->setup->keeper ? l->setup->keeper->fd : -1;
    l->slots[SLOT_CONTROL].fd = l->setup->control ? control_fd(l->setup->control) : -1;
    return l->slots[SLOT_NETWORK].fd < 0 ? l->slots[SLOT_NETWORK].fd : 0;
}

static void close_slots(struct loop *l)
{
    for (int i = 0; i < SLOTS; i++) {
        if (i != SLOT_KEEPER && i != SLOT_CONTROL && l->slots[i].fd >= 0)
            close(l->slots[i].fd);
    }
}

static void run(struct loop *l, enum pass_kind kind)
{
    l->unwritten = pass_run(l->setup->pass, kind) == -EBUSY;
    l->renewed = mono_now();
    if (kind != PASS_WAKE)
        l->last_tick = l->renewed;
    if (l->setup->control)
        control_after_run(l->setup->control, kind == PASS_TICK);
    if (l->unwritten && !l->look.on)
        settle_in(&l->look, mono_now(), SETTLE_LAST_MS);
}

/* Whether the database has another version than the one last read; if so, it is read. */
static bool look_now(struct loop *l)
{
    if (pass_is_current(l->setup->pass))
        return false;
    run(l, PASS_WAKE);
    return true;
}

static void on_look(struct loop *l)
{
    bool locked = store_is_write_locked(l->setup->store) > 0;
    struct settle was = l->look;

    l->look = (struct settle){0};
    if (l->unwritten && !locked) {
        run(l, PASS_WAKE);
        return;
    }
    if (look_now(l) || (was.last && !l->unwritten))
        return;
    settle_again(&l->look, &was, locked, mono_now());
}

static void on_database(struct loop *l)
{
    if (!watch_drain(l->slots[SLOT_DATABASE].fd, l->setup->database))
        return;
    if (!look_now(l) || store_is_write_locked(l->setup->store) > 0)
        settle_in(&l->look, mono_now(), SETTLE_FIRST_MS);
}

static void next_period(struct loop *l, struct mono now)
{
    while (l->next_tick.ns <= now.ns)
        l->next_tick = mono_add(l->next_tick, l->period);
}

static bool has_lease(const struct loop *l)
{
    return l->setup->keeper && l->conf->lease > 0;
}

/* When the lease is renewed, if no run does so before. */
static struct mono renewal(const struct loop *l)
{
    return mono_add(l->renewed, span_ms(l->conf->lease * 1000 / RENEWALS));
}

static void on_timer(struct loop *l)
{
    uint64_t expirations;
    struct mono now = mono_now(), deadline;
    bool due = pass_deadline(l->setup->pass, &deadline) && deadline.ns <= now.ns;

    if (read(l->slots[SLOT_TIMER].fd, &expirations, sizeof expirations) < 0)
        return;
    if (l->next_tick.ns <= now.ns || due) {
        if (l->next_tick.ns <= now.ns)
            log_debug("pass late_us=%" PRId64, mono_since(l->next_tick, now).ns / 1000);
        run(l, l->next_tick.ns <= now.ns ? PASS_TICK : PASS_CHARGE);
        next_period(l, now);
    } else if (has_lease(l) && renewal(l).ns <= now.ns) {
        /* A failure is told by the next pass. */
        ask_renew(l->setup->keeper, pass_is_online(l->setup->pass));
        l->renewed = now;
    }
}

static void on_signal(struct loop *l, uint32_t number)
{
    if (number == SIGHUP) {
        run(l, PASS_CHARGE);
        l->conf = l->setup->reload(l->setup->context);
        run(l, PASS_WAKE);
        if (l->conf->period * NS_PER_S != l->period.ns) {
            l->period = span_seconds(l->conf->period);
            l->next_tick = mono_add(mono_now(), l->period);
        }
    } else if (number == SIGUSR1 || number == SIGUSR2) {
        log_set_level(number == SIGUSR1 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
        log_notice("debug %s", number == SIGUSR1 ? "on" : "off");
    } else {
        log_notice("exit signal=%s",
                   number == (uint32_t)SIGRTMIN ? "RTMIN" : sigabbrev_np((int)number));
        l->end = number == (uint32_t)SIGRTMIN ? LOOP_KEEP : LOOP_TERM;
        l->done = true;
    }
}

static void on_signals(struct loop *l)
{
    struct signalfd_siginfo info;

    while (!l->done && read(l->slots[SLOT_SIGNALS].fd, &info, sizeof info) == sizeof info)
        on_signal(l, info.ssi_signo);
}

static void on_network(struct loop *l)
{
    if (!network_drain(l->slots[SLOT_NETWORK].fd))
        return;
    pass_network_changed(l->setup->pass);
    run(l, PASS_WAKE);
}

/* The timer stands at the end of the period, or at the deadline if that is earlier. */
static int arm_timer(struct loop *l)
{
    struct mono at = l->next_tick, deadline, soonest;
    struct itimerspec spec = {0};

    soonest = mono_add(l->last_tick, span_ms(TICK_MIN_MS));
    if (pass_deadline(l->setup->pass, &deadline)) {
        if (deadline.ns < soonest.ns)
            deadline = soonest;
        if (deadline.ns < at.ns)
            at = deadline;
    }
    if (has_lease(l) && renewal(l).ns < at.ns)
        at = renewal(l);
    spec.it_value.tv_sec = at.ns / NS_PER_S;
    spec.it_value.tv_nsec = at.ns % NS_PER_S;
    return timerfd_settime(l->slots[SLOT_TIMER].fd, TFD_TIMER_ABSTIME, &spec, NULL) == 0 ? 0
                                                                                         : -errno;
}

/* Shortly before a pass nothing is begun for users: what they order ends in writes and in changes
 * of the gate, which take their time. */
static bool is_tick_near(const struct loop *l)
{
    return mono_since(mono_now(), l->next_tick).ns < CLEAR_MS * NS_PER_MS;
}

static bool rests(const struct loop *l)
{
    return l->setup->control && (is_tick_near(l) || control_is_resting(l->setup->control));
}

static int wait_ms(const struct loop *l)
{
    int look = settle_ms(&l->look, mono_now()), control = -1;

    if (l->setup->control && !is_tick_near(l))
        control = control_wait_ms(l->setup->control);
    return look < 0 || (control >= 0 && control < look) ? control : look;
}

/* Users wait behind everything else: a pass is never late for any of them. */
static void on_control(struct loop *l)
{
    if (control_serve(l->setup->control))
        run(l, PASS_WAKE);
}

static int turn(struct loop *l)
{
    int err = arm_timer(l);

    if (err)
        return err;
    for (int i = 0; i < SLOTS; i++)
        l->slots[i].events = i == SLOT_KEEPER ? 0 : POLLIN; /* of the keeper, only its end */
    if (rests(l))
        l->slots[SLOT_CONTROL].events = 0;
    if (poll(l->slots, SLOTS, wait_ms(l)) < 0)
        return errno == EINTR ? 0 : -errno;
    if (l->slots[SLOT_SIGNALS].revents)
        on_signals(l);
    if (l->slots[SLOT_KEEPER].revents)
        l->setup->keeper->lost = true;
    if (l->done)
        return 0;
    if (l->slots[SLOT_DATABASE].revents)
        on_database(l);
    if (l->slots[SLOT_NETWORK].revents)
        on_network(l);
    if (l->slots[SLOT_TIMER].revents)
        on_timer(l);
    if (l->look.on && settle_ms(&l->look, mono_now()) == 0)
        on_look(l);
    if (l->setup->control && !rests(l) &&
        (l->slots[SLOT_CONTROL].revents || control_wait_ms(l->setup->control) >= 0))
        on_control(l);
    return 0;
}

static bool is_orphaned(const struct loop *l)
{
    return l->setup->keeper && l->setup->keeper->lost;
}

int loop_run(const struct loop_setup *setup)
{
    struct loop l = {
        .setup = setup, .conf = setup->conf, .period = span_seconds(setup->conf->period)};
    int err;

    for (int i = 0; i < SLOTS; i++)
        l.slots[i].fd = -1;
    err = open_slots(&l);
    l.next_tick = mono_add(mono_now(), l.period);
    l.last_tick = mono_now();
    /* Written between the first run and the watch: seen here, by no event. */
    if (!err)
        run(&l, PASS_WAKE);
    while (!err && !l.done && !is_orphaned(&l))
        err = turn(&l);
    close_slots(&l);
    return err ? err : is_orphaned(&l) ? LOOP_LOST : (int)l.end;
}
