#include "verdict.h"

static const struct {
    const char *reason;
    enum cause cause;
} verdicts[VERDICTS] = {
    [VERDICT_MAY] = {"may be open", CAUSE_ADMIN},
    [VERDICT_NO_ADDRESS] = {"host is no address", CAUSE_ADMIN},
    [VERDICT_NOT_LOCAL] = {"host is not in LOCALNET", CAUSE_ADMIN},
    [VERDICT_OWN] = {"host is the gateway itself", CAUSE_ADMIN},
    [VERDICT_HELD] = {"host is held by another user", CAUSE_ADMIN},
    [VERDICT_DENIED] = {"user is not allowed", CAUSE_DENIED},
    [VERDICT_QUOTA] = {"quota is used up", CAUSE_QUOTA},
    [VERDICT_HOURS] = {"outside the hours of free use", CAUSE_HOURS},
    [VERDICT_UNTIL] = {"its time is over", CAUSE_HOURS},
};

enum verdict verdict_of(const struct verdict_case *c)
{
    if (!c->is_address)
        return VERDICT_NO_ADDRESS;
    if (c->is_own)
        return VERDICT_OWN;
    if (!c->is_local)
        return VERDICT_NOT_LOCAL;
    if (c->is_held)
        return VERDICT_HELD;
    if (!c->allowed && !c->free_user)
        return VERDICT_DENIED;
    if (c->balance <= c->min_quota && !c->free_user && !c->free_row)
        return VERDICT_QUOTA;
    if (c->free_row && !hours_contain(&c->fw_hours, c->now))
        return VERDICT_HOURS;
    if (c->until.ns != 0 && c->until.ns <= c->now.ns)
        return VERDICT_UNTIL;
    return VERDICT_MAY;
}

const char *verdict_reason(enum verdict v)
{
    return verdicts[v].reason;
}

enum cause verdict_cause(enum verdict v)
{
    return verdicts[v].cause;
}
