#include "authd_fixed.h"

#include <string.h>

bool authd_fixed_keep(const struct conf *was, struct conf *next)
{
    bool differ = was->auth.queue != next->auth.queue || was->auth.fail != next->auth.fail ||
                  was->cache.enabled != next->cache.enabled ||
                  strcmp(was->database, next->database) != 0;

    next->auth.queue = was->auth.queue;
    next->auth.fail = was->auth.fail;
    next->cache.enabled = was->cache.enabled;
    return differ;
}
