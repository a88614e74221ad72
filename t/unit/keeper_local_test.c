/*
 * The keeper and users on the gateway: lists of numbers that are none, and whom it refuses to have
 * blocked, cut off, evicted or spoken to. In a network namespace of its own; nobody is signalled.
 */
#include "keeper_world.h"
#include "log.h"
#include "namer.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#define USUAL                                                                                      \
    "MIN_UID=23001\nMAX_UID=23010\nUSERS=free admin "                                              \
    "fred\nADMINS=anna\nOPERATORS=@teachers\nNEVER_KILL=carol\n"
#define KILL USUAL "ENFORCE_LOCAL=kill\n"
#define CLOSE USUAL "ENFORCE_LOCAL=close\n"
#define ALICE 23001
#define BOB 23002
#define CAROL 23003 /* in NEVER_KILL */
#define ANNA 23004  /* in ADMINS */
#define TESS 23005  /* in a group of OPERATORS */
#define SELF 23006  /* tcpquotad's own */
#define FRED 23009  /* in USERS */
#define NAMELESS 23007
#define UNKNOWN 23008 /* whose name cannot be looked up */
#define LAST 23010

/* What the process that knows names says of these. */
static const struct {
    uid_t uid;
    const char *name, *group; /* no name: there is no such user */
    bool failed;
} people[] = {
    {0, "root", "root", false},
    {1, "low", "low", false},
    {23000, "below", "users", false},
    {23011, "above", "users", false},
    {ALICE, "alice", "users", false},
    {BOB, "bob", "users", false},
    {CAROL, "carol", "users", false},
    {FRED, "fred", "users", false},
    {ANNA, "anna", "users", false},
    {TESS, "tess", "teachers", false},
    {SELF, "tcpquota", "tcpquota", false},
    {NAMELESS, NULL, NULL, false},
    {UNKNOWN, NULL, NULL, true},
    {23009, "dave", "users", false},
    {LAST, "last", "users", false},
};
#define PEOPLE (sizeof people / sizeof *people)

struct world {
    struct keeper *k;
    int ours, names;
};

static struct world make(const char *lines)
{
    struct world w = {.k = NULL};
    int ends[2];

    w.k = keeper_make(lines, &w.ours);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        exit(1);
    w.k->namer = ends[0];
    w.names = ends[1];
    w.k->has_owners = true;
    w.k->setup.uid = SELF;
    return w;
}

static void end(struct world *w)
{
    close(w->ours);
    close(w->names);
    keeper_close(w->k);
}

/* Before it is asked for: the keeper takes what fits. */
static void name_them(const struct world *w, const uint64_t *uids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < PEOPLE; n++) {
            struct namer_answer a = {.uid = people[n].uid, .found = people[n].name != NULL};

            if (people[n].uid != (uint32_t)uids[i])
                continue;
            snprintf(a.name.text, sizeof a.name.text, "%s", a.found ? people[n].name : "");
            snprintf(a.groups, sizeof a.groups, "%s", a.found ? people[n].group : "");
            a.failed = people[n].failed;
            if (send(w->names, &a, sizeof a, MSG_NOSIGNAL) != sizeof a)
                tap_note("the test itself is wrong: %s", strerror(errno));
        }
    }
}

/* What is left over is for nobody. */
static void forget_names(const struct world *w)
{
    struct namer_answer a;
    uint32_t asked;

    while (namer_hear(w->k->namer, &a) == 0)
        continue;
    while (recv(w->names, &asked, sizeof asked, MSG_DONTWAIT) > 0)
        continue;
}

static struct wire_message ask_with(enum wire_kind kind, uint32_t option, const uint64_t *numbers,
                                    uint32_t count)
{
    struct wire_message m = {.kind = kind, .option = option, .count = count};

    for (uint32_t i = 0; i < count; i++)
        m.numbers[i] = numbers[i];
    return m;
}

/* The result of a well-formed ask; what is none is -EPROTO. */
static int ask(struct world *w, enum wire_kind kind, uint32_t option, const uint64_t *numbers,
               uint32_t count)
{
    struct wire_message m = ask_with(kind, option, numbers, count);
    uint64_t uid = option;
    int err;

    if (kind == WIRE_BLOCK)
        name_them(w, numbers, count);
    else
        name_them(w, &uid, 1);
    keeper_put(w->ours, &m, sizeof m);
    err = keeper_serve(w->k);
    if (!err)
        err = wire_receive(w->ours, &m, NULL, 0);
    forget_names(w);
    return err ? err : m.result;
}

/* One message each. Of a count that is larger than the list here no number is filled in. */
static const struct {
    const char *what;
    enum wire_kind kind;
    uint32_t option, count;
    uint64_t numbers[3];
} broken[] = {
    {"inodes that descend", WIRE_HOLDERS, 0, 2, {5, 4}},
    {"inodes that descend at the end", WIRE_HOLDERS, 0, 3, {4, 9, 8}},
    {"an inode twice", WIRE_HOLDERS, 0, 2, {4, 4}},
    {"holders: more than fit", WIRE_HOLDERS, 0, WIRE_NUMBERS + 1, {0}},
    {"holders: far more", WIRE_HOLDERS, 0, UINT32_MAX, {0}},
    {"uids to block that descend", WIRE_BLOCK, 0, 2, {BOB, ALICE}},
    {"a uid to block twice", WIRE_BLOCK, 0, 2, {BOB, BOB}},
    {"block: more than fit", WIRE_BLOCK, 0, WIRE_NUMBERS + 1, {0}},
    {"inodes to cut that descend", WIRE_CUT, ALICE, 2, {5, 4}},
    {"evict without a reason", WIRE_EVICT, ALICE, 0, {0}},
    {"evict with two", WIRE_EVICT, ALICE, 2, {WIRE_NO_QUOTA, WIRE_NO_QUOTA}},
    {"evict for what is no reason", WIRE_EVICT, ALICE, 1, {WIRE_QUOTA_ENDS}},
    {"evict for a reason that there is none", WIRE_EVICT, ALICE, 1, {3}},
    {"evict for one far beyond", WIRE_EVICT, ALICE, 1, {UINT64_MAX}},
    {"evict: more than fit", WIRE_EVICT, ALICE, WIRE_NUMBERS + 1, {0}},
    {"evict root without a reason", WIRE_EVICT, 0, 0, {0}},
    {"tell nothing", WIRE_TELL, ALICE, 0, {0}},
    {"tell without seconds", WIRE_TELL, ALICE, 1, {WIRE_NO_QUOTA}},
    {"tell with too much", WIRE_TELL, ALICE, 3, {WIRE_NO_QUOTA, 1, 1}},
    {"tell what is no news", WIRE_TELL, ALICE, 2, {WIRE_QUOTA_ENDS + 1, 1}},
    {"tell of more seconds than there are",
     WIRE_TELL,
     ALICE,
     2,
     {WIRE_QUOTA_ENDS, (uint64_t)INT64_MAX + 1}},
    {"tell of the most of all", WIRE_TELL, ALICE, 2, {WIRE_QUOTA_ENDS, UINT64_MAX}},
};

static void test_broken(struct tap *t)
{
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct world w = make(KILL);
        uint32_t fits = broken[i].count > 3 ? 0 : broken[i].count;
        struct wire_message m = ask_with(broken[i].kind, broken[i].option, broken[i].numbers, fits);

        m.count = broken[i].count;
        keeper_put(w.ours, &m, sizeof m);
        tap_is(t, keeper_serve(w.k), -EPROTO, "%s", broken[i].what);
        tap_is(t, wire_receive(w.ours, &m, NULL, 0), -EAGAIN, "%s: no answer", broken[i].what);
        tap_ok(t, !evict_is_going_on(w.k->evict, ALICE) && !evict_is_going_on(w.k->evict, 0),
               "%s: nobody is evicted", broken[i].what);
        end(&w);
    }
}

/* A full message, as of a list that goes on: `from`, `from` + 1 ... */
static struct wire_message long_list(enum wire_kind kind, uint64_t from)
{
    struct wire_message m = {.kind = kind, .count = WIRE_NUMBERS, .more = 1};

    for (uint64_t i = 0; i < WIRE_NUMBERS; i++)
        m.numbers[i] = from + i;
    return m;
}

/* What comes second makes it none. */
static void test_broken_later(struct tap *t)
{
    static const struct {
        const char *what;
        enum wire_kind kind;
        uint32_t option, count;
        uint64_t first;
        int err;
    } cases[] = {
        {"goes on", WIRE_HOLDERS, 0, 1, WIRE_NUMBERS + 1, 0},
        {"ends with nothing", WIRE_HOLDERS, 0, 0, 0, 0},
        {"has its last twice", WIRE_HOLDERS, 0, 1, WIRE_NUMBERS, -EPROTO},
        {"begins again", WIRE_HOLDERS, 0, 1, 1, -EPROTO},
        {"gets another option", WIRE_HOLDERS, WIRE_FTP, 1, WIRE_NUMBERS + 1, -EPROTO},
        {"gets an ask of its own kind in between", WIRE_BLOCK, 0, 1, WIRE_NUMBERS + 1, -EPROTO},
        {"gets another ask in between", WIRE_CLEAN, 0, 0, 0, -EPROTO},
        {"gets an answer in between", WIRE_DONE, 0, 0, 0, -EPROTO},
        {"goes on with more than fit", WIRE_HOLDERS, 0, WIRE_NUMBERS + 1, WIRE_NUMBERS + 1,
         -EPROTO},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w = make(KILL);
        struct wire_message m = long_list(WIRE_HOLDERS, 1);

        keeper_put(w.ours, &m, sizeof m);
        m = (struct wire_message){
            .kind = cases[i].kind, .option = cases[i].option, .count = cases[i].count};
        m.numbers[0] = cases[i].first;
        keeper_put(w.ours, &m, sizeof m);
        tap_is(t, keeper_serve(w.k), cases[i].err, "a list that %s", cases[i].what);
        if (cases[i].err == 0)
            tap_is(t, (int64_t)w.k->numbers.count, WIRE_NUMBERS + cases[i].count,
                   "a list that %s: all of it", cases[i].what);
        end(&w);
    }
}

static void test_lies(struct tap *t)
{
    struct world w = make(KILL);
    struct wire_message m = ask_with(WIRE_HOLDERS, 0, (const uint64_t[]){1}, 1);

    m.more = 1;
    keeper_put(w.ours, &m, sizeof m);
    tap_is(t, keeper_serve(w.k), -EPROTO, "a list that goes on though there is room");
    m.count = 0;
    keeper_put(w.ours, &m, sizeof m);
    tap_is(t, keeper_serve(w.k), -EPROTO, "nothing, that goes on");
    end(&w);
}

/* A list without end: another process sends. */
static void test_flood(struct tap *t)
{
    struct world w = make(KILL);
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        close(w.k->socket);
        for (uint64_t i = 0; i < WIRE_NUMBERS_MAX / WIRE_NUMBERS + 2; i++) {
            struct wire_message m = long_list(WIRE_HOLDERS, 1 + i * WIRE_NUMBERS);

            if (send(w.ours, &m, sizeof m, MSG_NOSIGNAL) < 0)
                break;
        }
        _exit(0);
    }
    close(w.ours);
    wire_wait(w.k->socket, false, 10);
    tap_is(t, keeper_serve(w.k), -EPROTO, "more inodes than the keeper takes");
    tap_ok(t, w.k->numbers.room <= WIRE_NUMBERS_MAX * 2, "and its memory stays bounded: %zu",
           w.k->numbers.room);
    w.ours = -1;
    end(&w);
    waitpid(pid, NULL, 0);
}

/* Whom the worker may have evicted and spoken to, and whom not. */
static const struct {
    const char *what;
    uint32_t uid;
    int result;
} users[] = {
    {"a user", ALICE, 0},
    {"another", LAST, 0},
    {"root", 0, -EACCES},
    {"no uid at all", UINT32_MAX, -EACCES},
    {"a service", 1, -EACCES},
    {"a uid below MIN_UID", 23000, -EACCES},
    {"a uid above MAX_UID", 23011, -EACCES},
    {"in NEVER_KILL", CAROL, -EACCES},
    {"in USERS", FRED, -EACCES},
    {"in ADMINS", ANNA, -EACCES},
    {"in a group of OPERATORS", TESS, -EACCES},
    {"tcpquotad's own", SELF, -EACCES},
    {"a uid without a name", NAMELESS, -EACCES},
    {"a uid whose name cannot be looked up", UNKNOWN, -EAGAIN},
};
#define USERS (sizeof users / sizeof *users)

static void test_users(struct tap *t)
{
    static const uint64_t why[] = {WIRE_NO_QUOTA}, news[] = {WIRE_QUOTA_ENDS, INT64_MAX};

    for (size_t i = 0; i < USERS; i++) {
        struct world w = make(KILL);
        uint32_t uid = users[i].uid;

        tap_is(t, ask(&w, WIRE_TELL, uid, news, 2), users[i].result, "tell %s", users[i].what);
        tap_ok(t, !evict_is_going_on(w.k->evict, uid), "tell %s: is no more", users[i].what);
        tap_is(t, ask(&w, WIRE_EVICT, uid, why, 1), users[i].result, "evict %s", users[i].what);
        tap_is(t, evict_is_going_on(w.k->evict, uid), users[i].result == 0, "evict %s: goes on",
               users[i].what);
        end(&w);
    }
}

/* A configuration that has no lower end has one for root all the same. */
static void test_root(struct tap *t)
{
    static const uint64_t why[] = {WIRE_NO_QUOTA};
    struct world w = make("MIN_UID=0\nMAX_UID=23010\nENFORCE_LOCAL=kill\n");

    tap_is(t, ask(&w, WIRE_EVICT, 1, why, 1), 0, "MIN_UID=0: the first uid is evicted");
    tap_is(t, ask(&w, WIRE_EVICT, 0, why, 1), -EACCES, "MIN_UID=0: root is not");
    end(&w);
    w = make("MIN_UID=0\nMAX_UID=23010\nENFORCE_LOCAL=close\n");
    tap_is(t, ask(&w, WIRE_BLOCK, 0, (const uint64_t[]){0, 1}, 2), -EACCES, "MIN_UID=0: block");
    tap_is(t, (int64_t)w.k->blocked_count, 1, "MIN_UID=0: one is blocked");
    tap_is(t, w.k->blocked_count ? w.k->blocked[0] : 0, 1, "MIN_UID=0: and that is not root");
    end(&w);
}

/* With close nobody is evicted, with kill nobody is blocked, with log neither. */
static void test_modes(struct tap *t)
{
    static const uint64_t why[] = {WIRE_NOT_ALLOWED}, uids[] = {ALICE};
    static const struct {
        const char *what, *lines;
        int evict, block;
    } cases[] = {
        {"kill", KILL, 0, -EAGAIN},
        {"close", CLOSE, -EAGAIN, 0},
        {"log", USUAL "ENFORCE_LOCAL=log\n", -EAGAIN, -EAGAIN},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w = make(cases[i].lines);

        tap_is(t, ask(&w, WIRE_BLOCK, 0, uids, 1), cases[i].block, "%s: block", cases[i].what);
        tap_is(t, (int64_t)w.k->blocked_count, cases[i].block == 0, "%s: blocked", cases[i].what);
        tap_is(t, ask(&w, WIRE_BLOCK, 0, NULL, 0), 0, "%s: block nobody", cases[i].what);
        tap_is(t, (int64_t)w.k->blocked_count, 0, "%s: nobody is blocked", cases[i].what);
        tap_is(t, ask(&w, WIRE_EVICT, ALICE, why, 1), cases[i].evict, "%s: evict", cases[i].what);
        tap_is(t, evict_is_going_on(w.k->evict, ALICE), cases[i].evict == 0, "%s: evicted",
               cases[i].what);
        tap_is(t, ask(&w, WIRE_PARDON, BOB, NULL, 0), 0, "%s: pardon one who is not",
               cases[i].what);
        end(&w);
    }
}

static void is_blocked(struct tap *t, const struct keeper *k, const char *expected,
                       const char *what)
{
    char got[128] = "";

    for (size_t i = 0; i < k->blocked_count; i++) {
        size_t len = strlen(got);

        snprintf(got + len, sizeof got - len, "%s%u", i ? " " : "", k->blocked[i]);
    }
    tap_text(t, got, expected, "%s: blocked", what);
}

/* Of a list those who may be blocked are, and no others. */
static void test_block(struct tap *t)
{
    static const struct {
        const char *what;
        uint64_t uids[8];
        uint32_t count;
        int result;
        const char *blocked;
    } cases[] = {
        {"two", {ALICE, BOB}, 2, 0, "23001 23002"},
        {"with root", {0, ALICE}, 2, -EACCES, "23001"},
        {"with one below and one above", {23000, BOB, 23011}, 3, -EACCES, "23002"},
        {"with ADMINS", {ALICE, BOB, ANNA, LAST}, 4, -EACCES, "23001 23002 23010"},
        {"with whom else is spared", {CAROL, TESS, SELF, NAMELESS, LAST}, 5, -EACCES, "23010"},
        {"with somebody whose name cannot be looked up now",
         {CAROL, UNKNOWN, LAST},
         3,
         -EAGAIN,
         "23010"},
        {"with numbers that are no uids",
         {ALICE, UINT32_MAX, (uint64_t)UINT32_MAX + 1 + BOB, UINT64_MAX},
         4,
         -EACCES,
         "23001"},
        {"nobody who may be", {0, ANNA}, 2, -EACCES, ""},
        {"nobody", {0}, 0, 0, ""},
    };
    struct world w = make(CLOSE);
    uint64_t many[WIRE_NUMBERS];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tap_is(t, ask(&w, WIRE_BLOCK, 0, (const uint64_t[]){LAST}, 1), 0, "block the last");
        is_blocked(t, w.k, "23010", "the last");
        tap_is(t, ask(&w, WIRE_BLOCK, 0, cases[i].uids, cases[i].count), cases[i].result,
               "block %s", cases[i].what);
        is_blocked(t, w.k, cases[i].blocked, cases[i].what);
    }
    w.k->has_owners = false;
    tap_is(t, ask(&w, WIRE_BLOCK, 0, (const uint64_t[]){ALICE}, 1), -EOPNOTSUPP,
           "without the match `owner' new connections are not rejected");
    is_blocked(t, w.k, "23001", "without the match `owner': whose connections can be cut");
    tap_is(t, ask(&w, WIRE_BLOCK, 0, NULL, 0), 0, "nobody, without it");
    w.k->has_owners = true;
    for (size_t i = 0; i < WIRE_NUMBERS; i++)
        many[i] = 30000 + i;
    tap_is(t, ask(&w, WIRE_BLOCK, 0, many, WIRE_NUMBERS), -EACCES, "a full message of others");
    is_blocked(t, w.k, "", "a full message of others");
    end(&w);
}

/* Each answer comes in time; all of them together do not. */
static void test_slow_names(struct tap *t)
{
    static const uint64_t uids[] = {23001, 23002, 23003, 23004, 23005, 23007};
    struct world w = make(CLOSE);
    struct wire_message m = ask_with(WIRE_BLOCK, 0, uids, 6);
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        struct namer_answer a = {.found = true, .name = {"dora"}, .groups = "users"};

        close(w.k->namer);
        while (recv(w.names, &a.uid, sizeof a.uid, 0) == sizeof a.uid) {
            usleep(900000);
            send(w.names, &a, sizeof a, MSG_NOSIGNAL);
        }
        _exit(0);
    }
    keeper_put(w.ours, &m, sizeof m);
    tap_is(t, keeper_serve(w.k), 0, "slow names: served");
    tap_is(t, wire_receive(w.ours, &m, NULL, 0), 0, "slow names: answered");
    tap_is(t, m.result, -EAGAIN, "slow names: not of everybody");
    tap_ok(t, w.k->blocked_count < 4, "slow names: %zu have come", w.k->blocked_count);
    tap_ok(t, w.k->names_again.ns > mono_now().ns, "slow names: then it rests");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    end(&w);
}

static void test_cut(struct tap *t)
{
    static const uint64_t inodes[] = {1, 2};
    struct world w = make(CLOSE);

    tap_is(t, ask(&w, WIRE_CUT, ALICE, inodes, 2), -EAGAIN, "cut one who is not blocked");
    tap_is(t, ask(&w, WIRE_CUT, 0, NULL, 0), -EAGAIN, "cut root");
    tap_is(t, ask(&w, WIRE_BLOCK, 0, (const uint64_t[]){ALICE}, 1), 0, "block one");
    tap_is(t, ask(&w, WIRE_CUT, BOB, NULL, 0), -EAGAIN, "cut another");
    tap_is(t, ask(&w, WIRE_CUT, ALICE, inodes, 2), 0, "cut the one: there is nothing to be ended");
    tap_is(t, ask(&w, WIRE_BLOCK, 0, NULL, 0), 0, "block nobody any more");
    tap_is(t, ask(&w, WIRE_CUT, ALICE, NULL, 0), -EAGAIN, "then the one is not cut, either");
    end(&w);
}

int main(void)
{
    struct tap t = {0};

    if (getuid() != 0 || unshare(CLONE_NEWNET) != 0) {
        printf("1..0 # SKIP needs root: a network namespace\n");
        return 0;
    }
    log_set_level(LOG_LEVEL_ERR);
    test_broken(&t);
    test_broken_later(&t);
    test_lies(&t);
    test_flood(&t);
    test_users(&t);
    test_root(&t);
    test_modes(&t);
    test_block(&t);
    test_slow_names(&t);
    test_cut(&t);
    return tap_done(&t);
}
