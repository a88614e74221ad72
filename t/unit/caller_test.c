/* Who may what: root, lists of users and of groups, and names that only look like them. */
#include "caller.h"
#include "tap.h"

#include <errno.h>

static const struct {
    const char *what;
    uid_t uid;
    const char *name;
    char groups[40]; /* each with its NUL, an empty one at the end */
    bool is_operator, is_admin, is_spared;
} cases[] = {
    {"root", 0, "root", "", true, true, true},
    {"another name of root", 0, "toor", "", true, true, true},
    {"an administrator", 1000, "anna", "", true, true, true},
    {"a teacher by name", 1001, "tess", "", true, false, true},
    {"a teacher by group", 1002, "tom", "users\0teachers\0", true, false, true},
    {"an administrator by group", 1003, "adam", "wheel\0", true, true, true},
    {"anybody", 1004, "alice", "users\0", false, false, false},
    {"a name that begins like one", 1005, "ann", "", false, false, false},
    {"a name that goes on", 1006, "annas", "", false, false, false},
    {"another case", 1007, "Anna", "", false, false, false},
    {"a group that begins like one", 1008, "bob", "teacher\0", false, false, false},
    {"a group that goes on", 1009, "bob", "teachers2\0", false, false, false},
    {"a user called like a group", 1010, "teachers", "", false, false, false},
    {"a user called like an element", 1011, "@teachers", "", false, false, false},
    {"a group called like a user", 1012, "bob", "anna\0tess\0", false, false, false},
    {"no name at all", 1013, "", "", false, false, false},
    {"spared by name", 1014, "nina", "", false, false, true},
    {"spared by group", 1015, "nils", "users\0night\0", false, false, true},
    {"spared by the first of groups", 1016, "nils", "night\0users\0", false, false, true},
    {"a name that begins like one spared", 1017, "nin", "", false, false, false},
    {"a name that goes on, spared", 1018, "ninas", "", false, false, false},
    {"another case, spared", 1019, "Nina", "", false, false, false},
    {"a group that begins like one spared", 1020, "bob", "nigh\0", false, false, false},
    {"a group that goes on, spared", 1021, "bob", "nights\0", false, false, false},
    {"a user called like a group spared", 1022, "night", "", false, false, false},
    {"a user called like an element spared", 1023, "@night", "", false, false, false},
    {"a group called like a user spared", 1024, "bob", "nina\0", false, false, false},
    {"spared, and a teacher", 1025, "nina", "teachers\0", true, false, true},
};

/* Second names of the same uid, in the same form. */
static const struct {
    const char *what;
    char others[24];
    bool is_operator, is_admin, is_spared;
} seconds[] = {
    {"spared by another name", "nino\0nina\0", false, false, true},
    {"an administrator by another name", "anna\0", true, true, true},
    {"a teacher by another name", "tess\0", true, false, true},
    {"other names that begin or go on like one", "nin\0annas\0", false, false, false},
    {"other names like a group", "night\0@night\0", false, false, false},
};

static void add(struct name_list *list, const char *name)
{
    if (name_list_add(list, name) != 0)
        abort();
}

static void check_rights(struct tap *t)
{
    struct conf conf = {0};

    add(&conf.admins, "anna");
    add(&conf.admins, "@wheel");
    add(&conf.operators, "tess");
    add(&conf.operators, "@teachers");
    add(&conf.never_kill, "nina");
    add(&conf.never_kill, "@night");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct caller caller = {.uid = cases[i].uid};

        snprintf(caller.name.text, sizeof caller.name.text, "%s", cases[i].name);
        caller_judge(&caller, &conf, "", cases[i].groups);
        tap_is(t, caller.is_operator, cases[i].is_operator, "%s: operator", cases[i].what);
        tap_is(t, caller.is_admin, cases[i].is_admin, "%s: administrator", cases[i].what);
        tap_is(t, caller.is_spared, cases[i].is_spared, "%s: spared", cases[i].what);
    }
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        struct caller caller = {.uid = 1026, .name = {"nn"}};

        caller_judge(&caller, &conf, seconds[i].others, "users\0");
        tap_is(t, caller.is_operator, seconds[i].is_operator, "%s: operator", seconds[i].what);
        tap_is(t, caller.is_admin, seconds[i].is_admin, "%s: administrator", seconds[i].what);
        tap_is(t, caller.is_spared, seconds[i].is_spared, "%s: spared", seconds[i].what);
    }
    name_list_free(&conf.admins);
    name_list_free(&conf.operators);
    name_list_free(&conf.never_kill);
}

/* A configuration that names nobody: root is protected, and nobody else. */
static void check_empty(struct tap *t)
{
    struct caller root = {.uid = 0, .name = {"root"}}, nina = {.uid = 1014, .name = {"nina"}};
    struct conf conf = {0};

    nina.is_spared = true;
    caller_judge(&root, &conf, "", "");
    caller_judge(&nina, &conf, "nina\0", "night\0");
    tap_ok(t, root.is_spared && root.is_admin, "root is spared by uid");
    tap_ok(t, !nina.is_spared, "and nobody else, whatever was judged before");
}

static void check_sight(struct tap *t)
{
    struct caller alice = {.uid = 1004, .name = {"alice"}}, anna = {.name = {"anna"}};
    struct user_name own = {"alice"}, other = {"alic"};

    anna.is_admin = true;
    tap_ok(t, caller_sees(&alice, &own), "one sees one's own");
    tap_ok(t, !caller_sees(&alice, &other), "and no other's");
    tap_ok(t, caller_sees(&anna, &own), "an administrator sees all");
}

static void check_names(struct tap *t)
{
    struct user_name name;

    tap_is(t, user_name_make(&name, ""), -EINVAL, "an empty name");
    tap_is(t, user_name_make(&name, "123456789012345678901234567890123"), -EINVAL, "33 bytes");
    tap_is(t, user_name_make(&name, "12345678901234567890123456789012"), 0, "32 bytes");
    memset(&name, 'x', sizeof name);
    tap_is(t, user_name_make(&name, "al"), 0, "two");
    tap_is(t, memcmp(&name, &(struct user_name){"al"}, sizeof name), 0, "zero behind its end");
}

int main(void)
{
    struct tap t = {0};

    check_rights(&t);
    check_empty(&t);
    check_sight(&t);
    check_names(&t);
    return tap_done(&t);
}
