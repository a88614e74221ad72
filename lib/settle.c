#include "settle.h"

void settle_in(struct settle *s, struct mono now, int64_t ms)
{
    *s = (struct settle){.on = true, .step_ms = ms, .at = mono_add(now, span_ms(ms))};
}

void settle_again(struct settle *s, const struct settle *was, bool locked, struct mono now)
{
    int64_t step = was->step_ms * 2;

    settle_in(s, now, step > SETTLE_LAST_MS ? SETTLE_LAST_MS : step);
    s->last = !locked;
}

int settle_ms(const struct settle *s, struct mono now)
{
    struct span left = mono_since(now, s->at);

    if (!s->on)
        return -1;
    return left.ns <= 0 ? 0 : (int)((left.ns + NS_PER_MS - 1) / NS_PER_MS);
}
