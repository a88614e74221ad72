/* Any bytes as a line of the connection table: no read out of bounds, no half-made flow. */
#include "conntrack.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct flow flow, before;

    memset(&flow, 0x5a, sizeof flow);
    before = flow;
    if (conntrack_parse_line((const char *)data, size, &flow) != 0) {
        if (memcmp(&flow, &before, sizeof flow) != 0)
            abort();
        return 0;
    }
    if (flow.tcp_state >= FLOW_TCP_STATES || (flow.left < 0) != flow.offloaded ||
        !flow.source.family || !flow.reply_source.family)
        abort();
    return 0;
}
