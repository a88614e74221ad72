/*
 * list: short lists of names and of networks, as configuration keys hold them.
 *
 * A list owns its memory; its _free() gives it back and leaves it empty. Nothing blocks.
 */
#ifndef TCPQUOTA_LIST_H
#define TCPQUOTA_LIST_H

#include "addr.h"

#include <stdbool.h>
#include <stddef.h>

struct name_list {
    char **names;
    size_t count;
};

struct prefix_list {
    struct prefix *prefixes;
    size_t count;
};

/* Adds a copy of `name`. 0 or -ENOMEM. */
int name_list_add(struct name_list *list, const char *name);
/* Byte for byte. */
bool name_list_has(const struct name_list *list, const char *name);
void name_list_free(struct name_list *list);

/* 0 or -ENOMEM. */
int prefix_list_add(struct prefix_list *list, const struct prefix *p);
/* Whether one of them holds `a`. */
bool prefix_list_contains(const struct prefix_list *list, const struct addr *a);
/* Whether one of them has an address in common with `p`. */
bool prefix_list_overlaps(const struct prefix_list *list, const struct prefix *p);
void prefix_list_free(struct prefix_list *list);

#endif
