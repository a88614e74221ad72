#include "ports.h"

#include "num.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int port_range_parse(const char *text, struct port_range *out)
{
    struct port_range range = {0};
    const char *dash;
    int64_t first, last;

    if (strncasecmp(text, "tcp/", 4) == 0)
        range.protocol = IPPROTO_TCP;
    else if (strncasecmp(text, "udp/", 4) == 0)
        range.protocol = IPPROTO_UDP;
    text += range.protocol ? 4 : 0;
    dash = strchr(text, '-');
    if (num_parse_n(text, dash ? (size_t)(dash - text) : strlen(text), 0, UINT16_MAX, &first) != 0)
        return -EINVAL;
    last = first;
    if (dash && num_parse(dash + 1, first, UINT16_MAX, &last) != 0)
        return -EINVAL;
    range.first = (uint16_t)first;
    range.last = (uint16_t)last;
    *out = range;
    return 0;
}

int port_list_add(struct port_list *list, const struct port_range *range)
{
    struct port_range *more = realloc(list->ranges, (list->count + 1) * sizeof *more);

    if (!more)
        return -ENOMEM;
    list->ranges = more;
    more[list->count++] = *range;
    return 0;
}

void port_list_free(struct port_list *list)
{
    free(list->ranges);
    *list = (struct port_list){0};
}
