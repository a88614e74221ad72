#include "list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int name_list_add(struct name_list *list, const char *name)
{
    char **names = realloc(list->names, (list->count + 1) * sizeof *names);

    if (!names)
        return -ENOMEM;
    list->names = names;
    names[list->count] = strdup(name);
    if (!names[list->count])
        return -ENOMEM;
    list->count++;
    return 0;
}

bool name_list_has(const struct name_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->names[i], name) == 0)
            return true;
    }
    return false;
}

void name_list_free(struct name_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
    *list = (struct name_list){0};
}

int prefix_list_add(struct prefix_list *list, const struct prefix *p)
{
    struct prefix *prefixes = realloc(list->prefixes, (list->count + 1) * sizeof *prefixes);

    if (!prefixes)
        return -ENOMEM;
    list->prefixes = prefixes;
    prefixes[list->count++] = *p;
    return 0;
}

bool prefix_list_contains(const struct prefix_list *list, const struct addr *a)
{
    for (size_t i = 0; i < list->count; i++) {
        if (prefix_contains(&list->prefixes[i], a))
            return true;
    }
    return false;
}

bool prefix_list_overlaps(const struct prefix_list *list, const struct prefix *p)
{
    for (size_t i = 0; i < list->count; i++) {
        if (prefix_overlaps(&list->prefixes[i], p))
            return true;
    }
    return false;
}

void prefix_list_free(struct prefix_list *list)
{
    free(list->prefixes);
    *list = (struct prefix_list){0};
}
