/*
 * Any bytes as a line of a table of sockets, which table being told by the first: no read out of
 * bounds, no half-made entry; and what is taken for a connected socket's line is one by the state.
 */
#include "socket_table.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct socket_entry entry, before;
    enum socket_table_kind kind;
    int result;

    if (size == 0)
        return 0;
    kind = (enum socket_table_kind)(data[0] % SOCKET_TABLES);
    memset(&entry, 0x5a, sizeof entry);
    before = entry;
    result = socket_table_parse_line(kind, (const char *)data + 1, size - 1, &entry);
    if (result != 1) {
        if (result > 0 || memcmp(&entry, &before, sizeof entry) != 0)
            abort();
        return 0;
    }
    if (!entry.local.family || !entry.remote.family || !memmem(data, size, " 01 ", 4) ||
        entry.protocol != (kind < SOCKET_TABLE_UDP ? IPPROTO_TCP : IPPROTO_UDP))
        abort();
    return 0;
}
