#include "caller.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool has_name(const char *list, const char *name)
{
    while (*list) {
        if (strcmp(list, name) == 0)
            return true;
        list += strlen(list) + 1;
    }
    return false;
}

/* A list of users and `@unixgroups`. */
static bool is_listed(const struct name_list *list, const char *user, const char *others,
                      const char *groups)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *name = list->names[i];

        if (name[0] == '@' ? has_name(groups, name + 1)
                           : strcmp(name, user) == 0 || has_name(others, name))
            return true;
    }
    return false;
}

void caller_judge(struct caller *caller, const struct conf *conf, const char *others,
                  const char *groups)
{
    caller->is_root = caller->uid == 0;
    caller->is_admin =
        caller->is_root || is_listed(&conf->admins, caller->name.text, others, groups);
    caller->is_operator =
        caller->is_admin || is_listed(&conf->operators, caller->name.text, others, groups);
    caller->is_spared =
        caller->is_operator || is_listed(&conf->never_kill, caller->name.text, others, groups);
}

bool caller_sees(const struct caller *caller, const struct user_name *user)
{
    return caller->is_admin || strcmp(caller->name.text, user->text) == 0;
}

int user_name_make(struct user_name *out, const char *text)
{
    size_t len = strlen(text);

    if (len < 1 || len > USER_BYTES)
        return -EINVAL;
    *out = (struct user_name){0};
    memcpy(out->text, text, len);
    return 0;
}
