/* Each reason against opening a host, which of several comes first, and the cause it ends with. */
#include "verdict.h"
#include "tap.h"

#define NOON INT64_C(1795258800000000000) /* Saturday 2026-11-21 11:00:00Z, noon in Stockholm */

/* What is different from a plain user with 100 points whose host is in order. */
enum change {
    NOTHING = 0,
    NO_ADDRESS = 1 << 0,
    NOT_LOCAL = 1 << 1,
    OWN = 1 << 2,
    HELD = 1 << 3,
    NOT_ALLOWED = 1 << 4,
    FREE_USER = 1 << 5,
    FREE_ROW = 1 << 6,
    MON_FRI = 1 << 7 /* FW_DAYS: it is a Saturday */
};

static const struct {
    const char *what;
    unsigned changes;
    int64_t balance, min_quota;
    int64_t until; /* ns after now; INT64_MIN: none */
    enum verdict verdict;
} cases[] = {
    {"a plain user", NOTHING, 100, 0, INT64_MIN, VERDICT_MAY},
    {"no address", NO_ADDRESS, 100, 0, INT64_MIN, VERDICT_NO_ADDRESS},
    {"not local", NOT_LOCAL, 100, 0, INT64_MIN, VERDICT_NOT_LOCAL},
    {"the gateway's own", OWN, 100, 0, INT64_MIN, VERDICT_OWN},
    {"held", HELD, 100, 0, INT64_MIN, VERDICT_HELD},
    {"not allowed", NOT_ALLOWED, 100, 0, INT64_MIN, VERDICT_DENIED},

    {"one point above 0", NOTHING, 1, 0, INT64_MIN, VERDICT_MAY},
    {"at 0", NOTHING, 0, 0, INT64_MIN, VERDICT_QUOTA},
    {"below 0", NOTHING, -1, 0, INT64_MIN, VERDICT_QUOTA},
    {"MIN_QUOTA 50, above", NOTHING, 51, 50, INT64_MIN, VERDICT_MAY},
    {"MIN_QUOTA 50, equal", NOTHING, 50, 50, INT64_MIN, VERDICT_QUOTA},
    {"MIN_QUOTA 50, below", NOTHING, 49, 50, INT64_MIN, VERDICT_QUOTA},
    {"credit of 60, above", NOTHING, -59, -60, INT64_MIN, VERDICT_MAY},
    {"credit of 60, equal", NOTHING, -60, -60, INT64_MIN, VERDICT_QUOTA},
    {"credit of 60, below", NOTHING, -61, -60, INT64_MIN, VERDICT_QUOTA},

    {"free user without quota", FREE_USER, -1000, 0, INT64_MIN, VERDICT_MAY},
    {"free user not in `allowed'", FREE_USER | NOT_ALLOWED, 100, 0, INT64_MIN, VERDICT_MAY},
    {"free user with neither", FREE_USER | NOT_ALLOWED, 0, 0, INT64_MIN, VERDICT_MAY},
    {"free user, host not local", FREE_USER | NOT_LOCAL, 100, 0, INT64_MIN, VERDICT_NOT_LOCAL},
    {"free user, host held", FREE_USER | HELD, 100, 0, INT64_MIN, VERDICT_HELD},
    {"free user on a Saturday, plain row", FREE_USER | MON_FRI, 0, 0, INT64_MIN, VERDICT_MAY},

    {"free row without quota", FREE_ROW, -1000, 0, INT64_MIN, VERDICT_MAY},
    {"free row, user not allowed", FREE_ROW | NOT_ALLOWED, 100, 0, INT64_MIN, VERDICT_DENIED},
    {"free row outside the hours", FREE_ROW | MON_FRI, 100, 0, INT64_MIN, VERDICT_HOURS},
    {"free row of a free user outside the hours", FREE_ROW | FREE_USER | MON_FRI, 100, 0,
     INT64_MIN, VERDICT_HOURS},
    {"plain row outside the hours", MON_FRI, 100, 0, INT64_MIN, VERDICT_MAY},

    {"until in an hour", NOTHING, 100, 0, 3600 * NS_PER_S, VERDICT_MAY},
    {"until in a moment", NOTHING, 100, 0, 1, VERDICT_MAY},
    {"until now", NOTHING, 100, 0, 0, VERDICT_UNTIL},
    {"until a moment ago", NOTHING, 100, 0, -1, VERDICT_UNTIL},
    {"until passed, free user", FREE_USER, 100, 0, -NS_PER_S, VERDICT_UNTIL},
    {"until passed, free row", FREE_ROW, 100, 0, -NS_PER_S, VERDICT_UNTIL},

    {"everything is wrong", NO_ADDRESS | NOT_LOCAL | OWN | HELD | NOT_ALLOWED | FREE_ROW | MON_FRI,
     0, 0, -1, VERDICT_NO_ADDRESS},
    {"own and held", OWN | HELD, 100, 0, INT64_MIN, VERDICT_OWN},
    {"not local and held", NOT_LOCAL | HELD, 100, 0, INT64_MIN, VERDICT_NOT_LOCAL},
    {"held and not allowed", HELD | NOT_ALLOWED, 0, 0, INT64_MIN, VERDICT_HELD},
    {"not allowed and no quota", NOT_ALLOWED, 0, 0, -1, VERDICT_DENIED},
    {"no quota and until passed", NOTHING, 0, 0, -1, VERDICT_QUOTA},
    {"outside the hours and until passed", FREE_ROW | MON_FRI, 0, 0, -1, VERDICT_HOURS},
};

static const struct {
    enum verdict verdict;
    enum cause cause;
    const char *word; /* in the reason */
} causes[] = {
    {VERDICT_NO_ADDRESS, CAUSE_ADMIN, "address"},
    {VERDICT_NOT_LOCAL, CAUSE_ADMIN, "LOCALNET"},
    {VERDICT_OWN, CAUSE_ADMIN, "gateway"},
    {VERDICT_HELD, CAUSE_ADMIN, "another user"},
    {VERDICT_DENIED, CAUSE_DENIED, "not allowed"},
    {VERDICT_QUOTA, CAUSE_QUOTA, "quota"},
    {VERDICT_HOURS, CAUSE_HOURS, "hours"},
};

int main(void)
{
    struct tap t = {0};

    tap_zone("Europe/Stockholm");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned c = cases[i].changes;
        struct verdict_case v = {
            .is_address = !(c & NO_ADDRESS),
            .is_local = !(c & NOT_LOCAL),
            .is_own = c & OWN,
            .is_held = c & HELD,
            .allowed = !(c & NOT_ALLOWED),
            .free_user = c & FREE_USER,
            .free_row = c & FREE_ROW,
            .balance = cases[i].balance,
            .min_quota = cases[i].min_quota,
            .fw_hours = {0, 24, c & MON_FRI ? HOURS_MON_FRI : HOURS_ALL_DAYS},
            .until = {cases[i].until == INT64_MIN ? 0 : NOON + cases[i].until},
            .now = {NOON},
        };

        tap_is(&t, verdict_of(&v), cases[i].verdict, "%s", cases[i].what);
    }
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        const char *reason = verdict_reason(causes[i].verdict);

        tap_is(&t, verdict_cause(causes[i].verdict), causes[i].cause, "cause of verdict %d",
               (int)causes[i].verdict);
        if (!tap_ok(&t, strstr(reason, causes[i].word) != NULL, "its reason says `%s'",
                    causes[i].word))
            tap_note("got `%s'", reason);
    }
    return tap_done(&t);
}
