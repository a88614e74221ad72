#include "census.h"

#define DATAGRAM_WINDOW 30 /* seconds, at most */

bool census_is_use(const struct census *c, const struct flow *flow)
{
    int64_t idle, window = c->window;

    if (!flow->replied)
        return false;
    if (flow->offloaded)
        return true;
    idle = flow_idle(flow, c->timeouts);
    if (idle < 0)
        return false;
    if (flow_is_closing(flow)) {
        /* Idle time comes in whole seconds: rounding to the nearest charges nothing twice. */
        int64_t since = (c->since.ns + NS_PER_S / 2) / NS_PER_S;

        return idle <= (since < 1 ? 1 : since);
    }
    if (flow_is_datagram(flow) && window > DATAGRAM_WINDOW)
        window = DATAGRAM_WINDOW;
    return idle < window;
}

static void add_stray(struct census *c, const struct addr *host)
{
    /* Flows of one host tend to stand apart in the table, but strays are few. */
    for (size_t i = 0; i < c->stray_count; i++) {
        if (addr_equal(&c->strays[i], host))
            return;
    }
    if (c->stray_count < CENSUS_STRAYS_MAX)
        c->strays[c->stray_count++] = *host;
}

void census_add(void *census, const struct flow *flow)
{
    struct census *c = census;
    uint32_t place = index_find(c->open, &flow->source);

    if (place != INDEX_NONE) {
        if (census_is_use(c, flow) && topology_is_outside(c->topology, &flow->reply_source))
            c->counts[place]++;
    } else if (topology_is_local(c->topology, &flow->source) &&
               !topology_is_own(c->topology, &flow->source) &&
               topology_is_outside(c->topology, &flow->reply_source)) {
        add_stray(c, &flow->source);
    }
}
