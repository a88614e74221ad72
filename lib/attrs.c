#include "attrs.h"

struct level {
    const struct nlattr **table;
    uint16_t max;
};

static int sort_one(const struct nlattr *attr, void *data)
{
    const struct level *level = data;

    if (mnl_attr_get_type(attr) <= level->max)
        level->table[mnl_attr_get_type(attr)] = attr;
    return MNL_CB_OK;
}

void attrs_sort(const struct nlmsghdr *nlh, size_t header, const struct nlattr **table,
                uint16_t max)
{
    struct level level = {table, max};

    mnl_attr_parse(nlh, (unsigned)header, sort_one, &level);
}

void attrs_sort_nested(const struct nlattr *nest, const struct nlattr **table, uint16_t max)
{
    struct level level = {table, max};

    if (nest)
        mnl_attr_parse_nested(nest, sort_one, &level);
}

bool attrs_has(const struct nlattr *attr, size_t bytes)
{
    return attr && mnl_attr_get_payload_len(attr) >= bytes;
}
