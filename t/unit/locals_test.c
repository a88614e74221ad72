/* Users on the gateway: found by uid, made when they are needed, kept while something goes on. */
#include "locals.h"
#include "tap.h"

#define MANY 10000
#define FIRST 100000 /* the uid of the first of many */

static void test_empty(struct tap *t)
{
    struct locals l;

    locals_init(&l);
    tap_ok(t, !locals_find(&l, 1000) && !locals_find(&l, 0), "nobody is there");
    locals_sweep(&l, (struct mono){100});
    tap_is(t, (int64_t)l.count, 0, "nor after a sweep");
    locals_free(&l);
}

static void test_need(struct tap *t)
{
    struct local_user *user, *other;
    struct locals l;

    locals_init(&l);
    user = locals_need(&l, 1000, (struct mono){7});
    if (!tap_ok(t, user != NULL, "a new one is made"))
        return;
    tap_is(t, user->uid, 1000, "new: the uid");
    tap_is(t, user->since.ns, 7, "new: since");
    tap_is(t, user->told, VERDICT_MAY, "new: told of no refusal");
    tap_is(t, user->warned, FORECAST_NO_WARNING, "new: nor warned");
    tap_text(t, user->user.text, "", "new: without a name");
    tap_ok(t,
           !user->is_known && !user->asked && !user->is_spared && !user->has_account &&
               !user->evicted.ns && !user->blocked && !user->found && !user->meter.running,
           "new: nothing goes on");
    user->found = 3;
    user = locals_need(&l, 1000, (struct mono){9});
    tap_is(t, (int64_t)l.count, 1, "the same is not made again");
    tap_is(t, user->since.ns, 7, "and stays as it was: since");
    tap_is(t, user->found, 3, "and what was found");
    tap_ok(t, locals_find(&l, 1000) == user, "and is found");
    tap_ok(t, !locals_find(&l, 1001), "the next uid is not");
    other = locals_need(&l, UINT32_MAX - 1, (struct mono){9});
    tap_ok(t, other && locals_find(&l, UINT32_MAX - 1) == other, "the largest uid is one, too");
    locals_free(&l);
}

/* Whatever holds one of them alone. */
static const struct {
    const char *what;
    bool running, blocked, evicted;
    uint32_t found;
    bool kept;
} cases[] = {
    {"nothing", false, false, false, 0, false},
    {"charged", true, false, false, 0, true},
    {"blocked", false, true, false, 0, true},
    {"evicted", false, false, true, 0, true},
    {"found", false, false, false, 1, true},
    {"found often", false, false, false, UINT32_MAX, true},
    {"all of it", true, true, true, 2, true},
    {"nothing, at the end", false, false, false, 0, false},
};
#define CASES (sizeof cases / sizeof *cases)

static void test_sweep(struct tap *t)
{
    struct locals l;
    size_t kept = 0;

    locals_init(&l);
    for (size_t i = 0; i < CASES; i++) {
        struct local_user *user = locals_need(&l, (uid_t)(1000 + i), (struct mono){0});

        if (!user)
            abort();
        user->meter.running = cases[i].running;
        user->blocked = cases[i].blocked;
        user->evicted.ns = cases[i].evicted ? 101 : 100; /* until then */
        user->found = cases[i].found;
        /* What of an account is known is no reason to keep one. */
        user->is_known = user->has_account = user->allowed = user->asked = true;
        user->balance = (int64_t)i;
        kept += cases[i].kept;
    }
    tap_is(t, (int64_t)l.count, CASES, "before the sweep all are there");
    locals_sweep(&l, (struct mono){100});
    tap_is(t, (int64_t)l.count, (int64_t)kept, "after it as many as shall be");
    for (size_t i = 0; i < CASES; i++) {
        const struct local_user *user = locals_find(&l, (uid_t)(1000 + i));

        tap_is(t, user != NULL, cases[i].kept, "%s: is there", cases[i].what);
        if (user)
            tap_ok(t, user->uid == 1000 + i && user->balance == (int64_t)i && user->allowed,
                   "%s: it is that one", cases[i].what);
    }
    locals_sweep(&l, (struct mono){100});
    tap_is(t, (int64_t)l.count, (int64_t)kept, "a second sweep finds nothing");
    tap_ok(t, locals_need(&l, 1000, (struct mono){5}) != NULL, "who was forgotten comes again");
    tap_is(t, locals_find(&l, 1000)->since.ns, 5, "as a new one");
    locals_free(&l);
}

static uid_t uid_of(size_t i)
{
    return (uid_t)(FIRST + i * 3); /* not in a row */
}

/* All who ought to be there are found, as themselves, and the others not. */
static size_t wrong_ones(const struct locals *l, size_t every)
{
    size_t wrong = 0;

    for (size_t i = 0; i < MANY; i++) {
        const struct local_user *user = locals_find(l, uid_of(i));

        if (i % every)
            wrong += user != NULL;
        else
            wrong += !user || user->uid != uid_of(i) || user->balance != (int64_t)i;
        wrong += locals_find(l, uid_of(i) + 1) != NULL;
    }
    return wrong;
}

static void test_many(struct tap *t)
{
    struct locals l;
    size_t made = 0;

    locals_init(&l);
    for (size_t i = 0; i < MANY; i++) {
        struct local_user *user = locals_need(&l, uid_of(i), (struct mono){(int64_t)i});

        if (!user)
            break;
        made++;
        user->balance = (int64_t)i;
        user->blocked = i % 7 == 0;
    }
    tap_is(t, (int64_t)made, MANY, "%d are made", MANY);
    tap_is(t, (int64_t)l.count, MANY, "and counted");
    tap_is(t, (int64_t)wrong_ones(&l, 1), 0, "each is found, and nobody else");
    locals_sweep(&l, (struct mono){100});
    tap_is(t, (int64_t)l.count, (MANY + 6) / 7, "a seventh is left by the sweep");
    tap_is(t, (int64_t)wrong_ones(&l, 7), 0, "each of those is found, and nobody else");
    for (size_t i = 0; i < MANY; i++) {
        struct local_user *user = locals_need(&l, uid_of(i), (struct mono){0});

        if (!user)
            abort();
        user->balance = (int64_t)i;
    }
    tap_is(t, (int64_t)l.count, MANY, "all come again");
    tap_is(t, (int64_t)wrong_ones(&l, 1), 0, "and each is found");
    for (size_t i = 0; i < l.count; i++)
        l.users[i].blocked = false;
    locals_sweep(&l, (struct mono){100});
    tap_is(t, (int64_t)l.count, 0, "with nothing going on nobody is left");
    tap_ok(t, !locals_find(&l, uid_of(0)) && !locals_find(&l, uid_of(MANY - 1)), "nor found");
    locals_free(&l);
}

int main(void)
{
    struct tap t = {0};

    test_empty(&t);
    test_need(&t);
    test_sweep(&t);
    test_many(&t);
    return tap_done(&t);
}
