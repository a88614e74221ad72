#include "conf.h"

#include "conf_file.h"
#include "conf_keys.h"
#include "conf_scan.h"
#include "num.h"

#include <errno.h>
#include <fcntl.h>
#include <iniparser/iniparser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#define PERIOD_MAX 10 /* a reset connection stays 10 seconds in the kernel's table */

struct loader {
    struct conf conf;
    const char *path, *program;
    conf_report *report;
    void *context;
    unsigned faults;
    struct conf_scan scan;
    dictionary *dict;
};

static void tell(struct loader *l, bool fault, unsigned line, const char *key, const char *what)
{
    char text[512], name[72], *p;

    snprintf(name, sizeof name, "%.64s", key);
    for (p = name; *p; p++)
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
    if (line)
        snprintf(text, sizeof text, "%s:%u: %s%s%s", l->path, line, name, *name ? ": " : "", what);
    else
        snprintf(text, sizeof text, "%s: %s%s%s", l->path, name, *name ? ": " : "", what);
    l->faults += fault;
    l->report(l->context, fault, name, text);
}

static void scan_fault(void *context, unsigned line, const char *key, const char *what)
{
    tell(context, true, line, key, what);
}

static int quiet(const char *format, ...)
{
    (void)format;
    return 0;
}

/* iniparser reads files by name only: it gets the checked image, not the file once more. */
static int parse_image(struct loader *l, const char *text, size_t len)
{
    char name[40];
    int fd = conf_file_image(text, len, 0), err = fd < 0 ? fd : 0;

    if (!err) {
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        iniparser_set_error_callback(quiet);
        l->dict = iniparser_load(name);
        err = l->dict ? 0 : -EINVAL;
    }
    if (fd >= 0)
        close(fd);
    return err;
}

static const char *value_of(struct loader *l, const struct conf_entry *e)
{
    char name[1200];

    snprintf(name, sizeof name, "%s:%s", e->section, e->key);
    return iniparser_getstring(l->dict, name, "");
}

/* `section` is "" for what stands before the first bracket. */
static const struct conf_entry *find_entry(struct loader *l, const char *section, const char *key)
{
    for (size_t i = 0; i < l->scan.count; i++) {
        const struct conf_entry *e = &l->scan.entries[i];

        if (strcmp(e->section, section) == 0 && strcasecmp(e->key, key) == 0)
            return e;
    }
    return NULL;
}

/* The programs that `program.KEY=` may name; old names with what they are called now. */
static const struct {
    const char *name, *now;
} programs[] = {
    {"tcpquotad", "tcpquotad"},
    {"openhost", "openhost"},
    {"openfw", "openfw"},
    {"tcpquota", "tcpquota"},
    {"tcpquota-authd", "tcpquota-authd"},
    {"tcpquota-server", "tcpquota-server"},
    {"tcpserver", "tcpquota-server"},
    {"tcprelay", "tcpquota-server"},
    {"tcp_masq_openhost", "openhost"},
    {"tcp_masq_openfw", "openfw"},
    {"tcpquotatop", "tcpquota"},
    {"topmasq", "tcpquota"},
    {"topnet", "tcpquota"},
    {"addtcpquota", "tcpquota"},
    {"chktcpquota", "tcpquota"},
    {"tcpquotaadmin", "tcpquota"},
    {"tcpperiod", "tcpquota"},
};

/* `program.KEY` for a program that exists: its present name, and *key is set to KEY. */
static const char *split_program(const char *name, const char **key)
{
    const char *dot = strchr(name, '.');

    for (size_t i = 0; dot && i < sizeof programs / sizeof *programs; i++) {
        size_t len = strlen(programs[i].name);

        if (len == (size_t)(dot - name) && strncasecmp(programs[i].name, name, len) == 0) {
            *key = dot + 1;
            return programs[i].now;
        }
    }
    return NULL;
}

/* The group as GROUPS spells it, or NULL. */
static const char *find_group(struct loader *l, const char *key)
{
    for (size_t i = 0; i < l->conf.group_names.count; i++) {
        if (strcasecmp(l->conf.group_names.names[i], key) == 0)
            return l->conf.group_names.names[i];
    }
    return NULL;
}

static int set_value(struct loader *l, const struct conf_key *key, struct conf *into,
                     const struct conf_entry *e, const char *value)
{
    char why[CONF_WHY_LEN];
    int err = conf_key_set(key, into, value, why);

    if (err == -EINVAL)
        tell(l, true, e ? e->line : 0, e ? e->key : conf_key_name(key), why);
    return err == -ENOMEM ? err : 0;
}

/* Every key: its default, then the plain line, then the lines for this program. */
static int apply_keys(struct loader *l)
{
    const struct conf_key *key;
    char why[CONF_WHY_LEN];

    for (size_t n = 0; (key = conf_key_at(n)); n++) {
        const struct conf_entry *e = find_entry(l, conf_key_section(key), conf_key_name(key));
        int err = 0;

        if (conf_key_default(key))
            err = conf_key_set(key, &l->conf, conf_key_default(key), why);
        if (!err && e)
            err = set_value(l, key, &l->conf, e, value_of(l, e));
        if (err)
            return err;
    }
    return 0;
}

/* Keys of the old package that nothing depends on any more. */
static bool is_old_key(const char *name)
{
    static const char *const old[] = {"server", "sql_username", "sql_password", "engine"};

    for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
        if (strcasecmp(name, old[i]) == 0)
            return true;
    }
    return false;
}

/* A line for another program is checked as strictly, into a configuration nobody reads. */
static int apply_override(struct loader *l, const struct conf_entry *e, const char *program,
                          const char *name)
{
    const struct conf_key *key = conf_key_find("", name);
    struct conf other = {0};
    bool ours = strcasecmp(program, l->program) == 0;
    int err;

    if (!key) {
        if (!find_group(l, name) && !is_old_key(name))
            tell(l, true, e->line, e->key, "no such key");
        return 0;
    }
    err = set_value(l, key, ours ? &l->conf : &other, e, value_of(l, e));
    conf_keys_free(&other);
    return err;
}

static int apply_group(struct loader *l, const struct conf_entry *e)
{
    struct conf_group *groups;

    groups = realloc(l->conf.groups, (l->conf.group_count + 1) * sizeof *groups);
    if (!groups)
        return -ENOMEM;
    l->conf.groups = groups;
    groups[l->conf.group_count] = (struct conf_group){.name = strdup(find_group(l, e->key))};
    if (!groups[l->conf.group_count].name)
        return -ENOMEM;
    return conf_split(value_of(l, e), &groups[l->conf.group_count++].hosts);
}

static bool lost_its_meaning(struct loader *l, const struct conf_entry *e)
{
    if (!is_old_key(e->key))
        return false;
    if (strcasecmp(e->key, "engine") != 0 || strcasecmp(value_of(l, e), "sqlite") != 0)
        tell(l, false, e->line, e->key, "has lost its meaning, the database is SQLite");
    return true;
}

/* Sections of doors of which there may be several, each with a name: what stands in them is for
 * those doors to read. */
static bool is_named_door(const char *section)
{
    return (strncmp(section, "server:", 7) == 0 && section[7]) ||
           (strncmp(section, "relay:", 6) == 0 && section[6]);
}

static int keep_for_door(struct loader *l, const struct conf_entry *e)
{
    struct conf *c = &l->conf;
    struct conf_door_line *doors = reallocarray(c->doors, c->door_count + 1, sizeof *doors);
    struct conf_door_line *door;

    if (!doors)
        return -ENOMEM;
    c->doors = doors;
    door = &doors[c->door_count++];
    *door = (struct conf_door_line){strdup(e->section), strdup(e->key), strdup(value_of(l, e)),
                                    e->line};
    return door->section && door->key && door->value ? 0 : -ENOMEM;
}

/* The value of a key has been set with those of all keys. */
static int apply_section(struct loader *l, const struct conf_entry *e)
{
    char what[64];

    if (is_named_door(e->section))
        return keep_for_door(l, e);
    if (conf_key_find(e->section, e->key))
        return 0;
    if (!conf_key_is_section(e->section)) {
        tell(l, true, e->line, e->key, "stands in a section that nobody knows");
        return 0;
    }
    snprintf(what, sizeof what, "no such key in [%.32s]", e->section);
    tell(l, true, e->line, e->key, what);
    return 0;
}

static int apply_entry(struct loader *l, const struct conf_entry *e)
{
    const char *key, *program;

    if (*e->section)
        return apply_section(l, e);
    program = split_program(e->key, &key);
    if (program)
        return apply_override(l, e, program, key);
    if (conf_key_find("", e->key) || lost_its_meaning(l, e))
        return 0;
    if (find_group(l, e->key))
        return apply_group(l, e);
    tell(l, true, e->line, e->key, "no such key");
    return 0;
}

/* UID_MAX of login.defs(5), where a file says so. */
static void default_max_uid(struct conf *conf)
{
    FILE *f = fopen("/etc/login.defs", "re");
    char line[512], word[64];
    int64_t uid;

    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, " UID_MAX %63s", word) == 1 && num_parse(word, 0, UINT32_MAX, &uid) == 0)
            conf->max_uid = uid;
    }
    if (f)
        fclose(f);
}

/* The line that sets the key for this program, or NULL. */
static const struct conf_entry *given(struct loader *l, const char *key)
{
    const char *name, *program;

    for (size_t i = 0; i < l->scan.count; i++) {
        program = *l->scan.entries[i].section ? NULL : split_program(l->scan.entries[i].key, &name);
        if (program && strcasecmp(program, l->program) == 0 && strcasecmp(name, key) == 0)
            return &l->scan.entries[i];
    }
    return find_entry(l, "", key);
}

/* One that was written for a shell loads, too: what it does is seen when it is run. */
static void check_command(struct loader *l)
{
    const struct conf_entry *e = given(l, "VERIFY_CMD");
    const struct name_list *words = &l->conf.verify_cmd;
    const char *first = words->count ? words->names[0] : "/";
    bool shell = false;

    for (size_t i = 0; i < words->count; i++)
        shell = shell || strpbrk(words->names[i], "|&;<>()$\\`\"'*?");
    if (shell)
        tell(l, false, e ? e->line : 0, "VERIFY_CMD",
             "has characters of a shell, and is run without one: they are plain words");
    if (*first != '/' && strchr(first, '/'))
        tell(l, false, e ? e->line : 0, "VERIFY_CMD", "is a relative path, it begins at /");
}

static void check_together(struct loader *l)
{
    struct conf *c = &l->conf;
    const struct conf_entry *e = given(l, "PERIOD"), *groups;

    if (!given(l, "LOCALNET"))
        tell(l, true, 0, "LOCALNET", "is required: the local networks, such as 192.168.1.0/24");
    if (!given(l, "MAX_UID"))
        default_max_uid(c);
    if (c->min_uid > c->max_uid)
        tell(l, true, given(l, "MIN_UID") ? given(l, "MIN_UID")->line : 0, "MIN_UID",
             "is above MAX_UID");
    if (c->period > PERIOD_MAX) {
        tell(l, false, e ? e->line : 0, "PERIOD", "is above 10 seconds, taken as 10");
        c->period = PERIOD_MAX;
    }
    check_command(l);
    groups = find_entry(l, "", "GROUPS");
    for (size_t i = 0; i < c->group_names.count; i++) {
        const char *name = c->group_names.names[i];

        if (conf_key_find("", name) || !find_entry(l, "", name))
            tell(l, true, groups ? groups->line : 0, name,
                 conf_key_find("", name) ? "is named in GROUPS and is the name of a key"
                                         : "is named in GROUPS and has no line");
    }
    c->high_hours = (struct hours){(int)c->high_start, (int)c->high_stop, HOURS_MON_FRI};
    c->fw_hours = (struct hours){(int)c->fw_start, (int)c->fw_stop, c->fw_days};
}

static int told(struct loader *l, int err)
{
    const char *why = err == -EPERM    ? "has to be owned by root, and writable by nobody else"
                      : err == -EINVAL ? "has to be a regular file"
                                       : strerror(-err);

    tell(l, true, 0, "", why);
    return err;
}

static int load(struct loader *l, int fd)
{
    char *text = NULL;
    size_t len = 0;
    int err = conf_file_read(fd, &text, &len);

    if (err)
        return told(l, err);
    err = conf_scan_text(&l->scan, text, scan_fault, l);
    if (!err && (err = parse_image(l, text, len)) == -EINVAL)
        tell(l, true, 0, "", "iniparser cannot read it");
    if (!err)
        err = apply_keys(l);
    for (size_t i = 0; i < l->scan.count && !err; i++)
        err = apply_entry(l, &l->scan.entries[i]);
    if (!err)
        check_together(l);
    free(text);
    return err;
}

int conf_snapshot(const char *path, conf_report *report, void *context)
{
    struct loader l = {.path = path, .report = report, .context = context};
    int file = conf_file_open(path), fd = -1, err = file < 0 ? file : 0;
    char *text = NULL;
    size_t len = 0;

    if (!err)
        err = conf_file_read(file, &text, &len);
    if (!err) {
        fd = conf_file_image(text, len, MFD_ALLOW_SEALING);
        err = fd < 0 ? fd : 0;
    }
    if (!err && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))
        err = -errno;
    free(text);
    if (file >= 0)
        close(file);
    if (!err)
        return fd;
    if (fd >= 0)
        close(fd);
    return told(&l, err);
}

int conf_load_snapshot(struct conf *conf, int fd, const char *path, const char *program,
                       conf_report *report, void *context)
{
    struct loader l = {.path = path, .program = program, .report = report, .context = context};
    int err = load(&l, fd);

    if (!err && l.faults)
        err = -EINVAL;
    if (l.dict)
        iniparser_freedict(l.dict);
    conf_scan_free(&l.scan);
    if (err)
        conf_free(&l.conf);
    else
        *conf = l.conf;
    return err;
}

int conf_load(struct conf *conf, const char *path, const char *program, conf_report *report,
              void *context)
{
    int fd = conf_snapshot(path, report, context), err;

    if (fd < 0)
        return fd;
    err = conf_load_snapshot(conf, fd, path, program, report, context);
    close(fd);
    return err;
}

void conf_free(struct conf *conf)
{
    conf_keys_free(conf);
    for (size_t i = 0; i < conf->group_count; i++) {
        free(conf->groups[i].name);
        name_list_free(&conf->groups[i].hosts);
    }
    free(conf->groups);
    for (size_t i = 0; i < conf->door_count; i++) {
        free(conf->doors[i].section);
        free(conf->doors[i].key);
        free(conf->doors[i].value);
    }
    free(conf->doors);
    *conf = (struct conf){0};
}

bool conf_is_free_user(const struct conf *conf, const char *name)
{
    return name_list_has(&conf->users, name);
}
