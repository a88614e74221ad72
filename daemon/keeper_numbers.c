/* The numbers of an ask: inodes, uids, seconds. */
#include "keeper_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int take_numbers(struct keeper_numbers *n, const struct wire_message *m, bool ascending)
{
    size_t count = n->count + m->count;

    if (count > n->room) {
        uint64_t *list = realloc(n->list, count * 2 * sizeof *list);

        if (!list)
            return -ENOMEM;
        n->list = list;
        n->room = count * 2;
    }
    if (m->count)
        memcpy(n->list + n->count, m->numbers, m->count * sizeof *n->list);
    for (size_t i = n->count; i < count; i++) {
        if (ascending && i && n->list[i - 1] >= n->list[i])
            return -EPROTO;
    }
    n->count = count;
    return 0;
}

int keeper_receive_numbers(struct keeper *k, struct wire_message *m, bool ascending)
{
    uint32_t kind = m->kind, option = m->option;
    struct mono until = mono_add(mono_now(), span_seconds(KEEPER_PATIENCE_S));
    struct keeper_numbers *n = &k->numbers;

    n->count = 0;
    for (;;) {
        int err;

        if (m->kind != kind || m->option != option || m->count > WIRE_NUMBERS ||
            (m->more && m->count != WIRE_NUMBERS) || n->count + m->count > WIRE_NUMBERS_MAX)
            return -EPROTO;
        err = take_numbers(n, m, ascending);
        if (err || !m->more)
            return err;
        err = keeper_receive_more(k, m, until);
        if (err)
            return err;
    }
}
