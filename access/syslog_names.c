#define SYSLOG_NAMES /* <syslog.h> has the tables */
#include "syslog_names.h"

#include <errno.h>
#include <stddef.h>
#include <strings.h>
#include <syslog.h>

static int find(const CODE *table, const char *name)
{
    if (strncasecmp(name, "LOG_", 4) == 0)
        name += 4;
    for (; table->c_name; table++) {
        if (strcasecmp(table->c_name, name) == 0)
            return table->c_val;
    }
    return -EINVAL;
}

int syslog_level(const char *name)
{
    return find(prioritynames, name);
}

int syslog_facility(const char *name)
{
    return find(facilitynames, name);
}
