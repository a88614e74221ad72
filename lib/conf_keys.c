#include "conf_keys.h"

#include "num.h"
#include "words.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum form {
    BOOL,
    INT,
    MILLIONTHS,
    WORD,
    TEXT,
    PATH,
    LOG,
    NAMES,
    COMMAND,
    INTS,
    INTERFACES,
    NETS,
    ADDRESS,
    DAYS,
    FLAGS,
    PORTS
};

struct conf_key {
    const char *name;
    enum form form;
    size_t offset;            /* of the member in struct conf */
    const char *value;        /* default; NULL: has to be set */
    int64_t min, max;         /* of numbers */
    const char *const *words; /* of WORD, in the order of its enum; of FLAGS, in that of its bits;
                               * NULL at the end */
    const char *section;      /* NULL: none */
};

static const char *const protocols[] = {"ethernet", "ppp", "isdn", NULL};
static const char *const closed_actions[] = {"reject", "drop", NULL};
static const char *const on_exits[] = {"clean", "keep", NULL};
static const char *const enforces[] = {"kill", "close", "log", NULL};
static const char *const languages[] = {"english", "svenska", NULL};

static const char *const hooks[] = {"input", "forward", NULL};
static const char *const fails[] = {"closed", "open", NULL};
static const char *const searches[] = {"default", "oldest-first", "newest-first", "stateful", NULL};

#define AT(member) offsetof(struct conf, member)
#define POINTS_MAX INT64_C(1000000000000)

static const struct conf_key keys[] = {
    {"PROTOCOL", WORD, AT(protocol), "ethernet", 0, 0, protocols, NULL},
    {"WAN_IF", INTERFACES, AT(wan_if), "", 0, 0, NULL, NULL},
    {"LOCALNET", NETS, AT(localnet), NULL, 0, 0, NULL, NULL},
    {"LOC_ADDR", ADDRESS, AT(loc_addr), "dynamic", 0, 0, NULL, NULL},
    {"REM_ADDR", ADDRESS, AT(rem_addr), "", 0, 0, NULL, NULL},
    {"DATABASE", PATH, AT(database), "/var/lib/tcpquota/tcpquota.db", 0, 0, NULL, NULL},
    {"SOCKET", PATH, AT(socket), "/run/tcpquota/ctl", 0, 0, NULL, NULL},
    {"LOGFILE", LOG, AT(logfile), "/var/log/tcpquotad.log", 0, 0, NULL, NULL},
    {"PIDFILE", PATH, AT(pidfile), "/run/tcpquotad.pid", 0, 0, NULL, NULL},
    {"PERIOD", INT, AT(period), "5", 1, 86400, NULL, NULL},
    {"TICS", INT, AT(tics), "10", 1, 1000000, NULL, NULL},
    {"CHECK_MASQ", BOOL, AT(check_masq), "yes", 0, 0, NULL, NULL},
    {"CHECK_LOCAL", BOOL, AT(check_local), "yes", 0, 0, NULL, NULL},
    {"CHECK_REMOTE", BOOL, AT(check_remote), "yes", 0, 0, NULL, NULL},
    {"CHECK_FTP", BOOL, AT(check_ftp), "yes", 0, 0, NULL, NULL},
    {"MIN_UID", INT, AT(min_uid), "1000", 0, UINT32_MAX - 1, NULL, NULL},
    {"MAX_UID", INT, AT(max_uid), "60000", 0, UINT32_MAX - 1, NULL, NULL},
    {"MIN_QUOTA", INT, AT(min_quota), "0", -POINTS_MAX, POINTS_MAX, NULL, NULL},
    {"HIGH_START", INT, AT(high_start), "8", 0, 24, NULL, NULL},
    {"HIGH_STOP", INT, AT(high_stop), "18", 0, 24, NULL, NULL},
    {"HIGH_RATE", INT, AT(high_rate), "1", 0, 1000000, NULL, NULL},
    {"LOW_RATE", INT, AT(low_rate), "1", 0, 1000000, NULL, NULL},
    {"RATE_QUOTA", MILLIONTHS, AT(rate_quota), "0.1", 0, INT64_C(1000000000000), NULL, NULL},
    {"MONEY_VALUE", TEXT, AT(money_value), "SEK", 0, 0, NULL, NULL},
    {"SHARED_LINE", BOOL, AT(shared_line), "no", 0, 0, NULL, NULL},
    {"ACTIVE_WINDOW", INT, AT(active_window), "180", 1, 86400, NULL, NULL},
    {"USERS", NAMES, AT(users), "free admin", 0, 0, NULL, NULL},
    {"FW_START", INT, AT(fw_start), "0", 0, 24, NULL, NULL},
    {"FW_STOP", INT, AT(fw_stop), "24", 0, 24, NULL, NULL},
    {"FW_DAYS", DAYS, AT(fw_days), "all", 0, 0, NULL, NULL},
    {"GROUPS", NAMES, AT(group_names), "", 0, 0, NULL, NULL},
    {"OPERATORS", NAMES, AT(operators), "", 0, 0, NULL, NULL},
    {"ADMINS", NAMES, AT(admins), "", 0, 0, NULL, NULL},
    {"CLOSED_ACTION", WORD, AT(closed_action), "reject", 0, 0, closed_actions, NULL},
    {"BIND_MAC", BOOL, AT(bind_mac), "no", 0, 0, NULL, NULL},
    {"LEASE", INT, AT(lease), "60", 0, 86400, NULL, NULL},
    {"ON_EXIT", WORD, AT(on_exit), "clean", 0, 0, on_exits, NULL},
    {"RESTART", BOOL, AT(restart), "no", 0, 0, NULL, NULL},
    {"ENFORCE_LOCAL", WORD, AT(enforce_local), "kill", 0, 0, enforces, NULL},
    {"KILL_GRACE", INT, AT(kill_grace), "5", 0, 3600, NULL, NULL},
    {"NEVER_KILL", NAMES, AT(never_kill), "", 0, 0, NULL, NULL},
    {"WARN_AT", INTS, AT(warn_at), "600 60", 0, POINTS_MAX, NULL, NULL},
    {"NOQUOTAFILE", TEXT, AT(noquotafile), "", 0, 0, NULL, NULL},
    {"LANGUAGE", WORD, AT(language), "english", 0, 0, languages, NULL},
    {"VERIFY", INT, AT(verify), "500", 1, 86400, NULL, NULL},
    {"VERIFY_CMD", COMMAND, AT(verify_cmd), "", 0, 0, NULL, NULL},
    {"authoritative", BOOL, AT(auth.authoritative), "yes", 0, 0, NULL, "auth"},
    {"logging", BOOL, AT(auth.logging), "no", 0, 0, NULL, "auth"},
    {"keep-state", BOOL, AT(auth.keep_state), "yes", 0, 0, NULL, "auth"},
    {"return-reset", BOOL, AT(auth.return_reset), "no", 0, 0, NULL, "auth"},
    {"host-group", TEXT, AT(auth.host_group), "", 0, 0, NULL, "auth"},
    {"sql", TEXT, AT(auth.sql), "", 0, 0, NULL, "auth"},
    {"quota", BOOL, AT(auth.quota), "no", 0, 0, NULL, "auth"},
    {"hook", FLAGS, AT(auth.hooks), "input", 0, 0, hooks, "auth"},
    {"ports", PORTS, AT(auth.ports), "", 0, 0, NULL, "auth"},
    {"interface", INTERFACES, AT(auth.interfaces), "", 0, 0, NULL, "auth"},
    {"fail", WORD, AT(auth.fail), "closed", 0, 0, fails, "auth"},
    {"queue", INT, AT(auth.queue), "1998", 0, UINT16_MAX, NULL, "auth"},
    {"logfile", LOG, AT(auth.logfile), "/var/log/tcpquota-authd.log", 0, 0, NULL, "auth"},
    {"pidfile", PATH, AT(auth.pidfile), "/run/tcpquota-authd.pid", 0, 0, NULL, "auth"},
    {"enabled", BOOL, AT(cache.enabled), "no", 0, 0, NULL, "cache"},
    {"size", INT, AT(cache.size), "256", 1, 1048576, NULL, "cache"},
    {"ttl", INT, AT(cache.ttl), "600", 1, 86400, NULL, "cache"},
    {"honor-ip-port", BOOL, AT(cache.honor_port), "yes", 0, 0, NULL, "cache"},
    {"search", WORD, AT(cache.search), "default", 0, 0, searches, "cache"},
    {"adaptive", BOOL, AT(cache.adaptive), "no", 0, 0, NULL, "cache"},
    {"grow-by", INT, AT(cache.grow_by), "64", 1, 1048576, NULL, "cache"},
    {"critical-fraction", MILLIONTHS, AT(cache.critical), "0.10", 0, 1000000, NULL, "cache"},
    {"kernel", BOOL, AT(cache.kernel), "no", 0, 0, NULL, "cache"},
};

const struct conf_key *conf_key_at(size_t n)
{
    return n < sizeof keys / sizeof *keys ? &keys[n] : NULL;
}

const struct conf_key *conf_key_find(const char *section, const char *name)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(conf_key_section(&keys[i]), section) == 0 && strcasecmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

bool conf_key_is_section(const char *section)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (keys[i].section && strcmp(keys[i].section, section) == 0)
            return true;
    }
    return false;
}

const char *conf_key_section(const struct conf_key *key)
{
    return key->section ? key->section : "";
}

const char *conf_key_name(const struct conf_key *key)
{
    return key->name;
}

const char *conf_key_default(const struct conf_key *key)
{
    return key->value;
}

int conf_split(const char *value, struct name_list *list)
{
    while (*value) {
        size_t len = strcspn(value, " \t");
        char *name;
        int err;

        if (len == 0) {
            value++;
            continue;
        }
        name = strndup(value, len);
        err = name ? name_list_add(list, name) : -ENOMEM;
        free(name);
        if (err)
            return err;
        value += len;
    }
    return 0;
}

static int set_bool(bool *member, const char *value, char *why)
{
    if (words_parse_bool(value, member) == 0)
        return 0;
    snprintf(why, CONF_WHY_LEN, "`%.60s' is neither yes nor no", value);
    return -EINVAL;
}

static int set_number(const struct conf_key *key, int64_t *member, const char *value, char *why)
{
    int err = key->form == MILLIONTHS ? num_parse_millionths(value, key->max, member)
                                      : num_parse(value, key->min, key->max, member);

    if (err == -ERANGE)
        snprintf(why, CONF_WHY_LEN, "%.60s is not from %lld to %lld", value, (long long)key->min,
                 (long long)(key->form == MILLIONTHS ? key->max / 1000000 : key->max));
    else if (err)
        snprintf(why, CONF_WHY_LEN, "`%.60s' is no %s number", value,
                 key->form == MILLIONTHS ? "decimal" : "whole");
    return err ? -EINVAL : 0;
}

static int set_word(const struct conf_key *key, int64_t *member, const char *value, char *why)
{
    int n = snprintf(why, CONF_WHY_LEN, "`%.40s' is none of:", value);

    for (size_t i = 0; key->words[i]; i++) {
        if (strcasecmp(key->words[i], value) == 0) {
            *member = (int64_t)i;
            return 0;
        }
        n += snprintf(why + n, (size_t)(CONF_WHY_LEN - n), " %s", key->words[i]);
    }
    return -EINVAL;
}

static int set_text(const struct conf_key *key, char **member, const char *value, char *why)
{
    char *copy;

    if (key->form == LOG && strcasecmp(value, "syslog") == 0)
        value = "syslog";
    else if (key->form != TEXT && value[0] != '/') {
        snprintf(why, CONF_WHY_LEN, "`%.60s' is no absolute path", value);
        return -EINVAL;
    }
    copy = strdup(value);
    if (!copy)
        return -ENOMEM;
    free(*member);
    *member = copy;
    return 0;
}

/* What is wrong with one element of a list, or NULL. */
static const char *element_fault(const struct conf_key *key, const char *name)
{
    const char *plus = strchr(name, '+');
    int64_t number;

    switch (key->form) {
    case INTS:
        return num_parse(name, key->min, key->max, &number) == 0 ? NULL : "is no whole number";
    case INTERFACES:
        if (strlen(name) >= IFNAMSIZ)
            return "is longer than an interface's name";
        return strchr(name, '/') || (plus && plus[1]) ? "is no interface's name" : NULL;
    case COMMAND:
        return NULL; /* a line is short enough */
    default:
        return strlen(name) > 64 ? "is longer than 64 bytes" : NULL;
    }
}

static int set_names(const struct conf_key *key, struct name_list *member, const char *value,
                     char *why)
{
    struct name_list list = {0};
    int err = conf_split(value, &list);

    for (size_t i = 0; i < list.count && !err; i++) {
        const char *fault = element_fault(key, list.names[i]);

        if (fault) {
            snprintf(why, CONF_WHY_LEN, "`%.60s' %s", list.names[i], fault);
            err = -EINVAL;
        }
    }
    if (err) {
        name_list_free(&list);
        return err;
    }
    name_list_free(member);
    *member = list;
    return 0;
}

/* Adds `p` unless another covers it, and takes out what it covers itself. */
static int add_net(struct prefix_list *list, const struct prefix *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (prefix_covers(&list->prefixes[i], p))
            return 0;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (!prefix_covers(p, &list->prefixes[i]))
            list->prefixes[kept++] = list->prefixes[i];
    }
    list->count = kept;
    return prefix_list_add(list, p);
}

/* The gate numbers the chains of each network in two hexadecimal digits. */
#define NETS_MAX 256

static int set_nets(struct prefix_list *member, const char *value, char *why)
{
    struct name_list words = {0};
    struct prefix_list nets = {0};
    int err = conf_split(value, &words);

    for (size_t i = 0; i < words.count && !err; i++) {
        struct prefix p;
        int bad = prefix_parse(words.names[i], &p);

        if (bad) {
            snprintf(why, CONF_WHY_LEN, "`%.60s' %s", words.names[i],
                     bad == -ERANGE ? "has bits set past its length" : "is no network");
            err = -EINVAL;
        } else {
            err = add_net(&nets, &p);
        }
    }
    if (!err && (nets.count == 0 || nets.count > NETS_MAX)) {
        snprintf(why, CONF_WHY_LEN, nets.count ? "more than %d networks" : "no network given",
                 NETS_MAX);
        err = -EINVAL;
    }
    name_list_free(&words);
    if (err) {
        prefix_list_free(&nets);
        return err;
    }
    prefix_list_free(member);
    *member = nets;
    return 0;
}

static int set_address(struct addr *member, const char *value, char *why)
{
    *member = (struct addr){0};
    if (!*value || strcasecmp(value, "dynamic") == 0 || strcasecmp(value, "none") == 0 ||
        addr_parse(value, member) == 0)
        return 0;
    snprintf(why, CONF_WHY_LEN, "`%.60s' is no address", value);
    return -EINVAL;
}

static int set_days(uint8_t *member, const char *value, char *why)
{
    if (hours_parse_days(value, member) == 0)
        return 0;
    snprintf(why, CONF_WHY_LEN, "`%.60s' is neither `all' nor days such as mon-fri", value);
    return -EINVAL;
}

static int set_flags(const struct conf_key *key, int64_t *member, const char *value, char *why)
{
    struct name_list names = {0};
    int64_t flags = 0, one;
    int err = conf_split(value, &names);

    for (size_t i = 0; i < names.count && !err; i++) {
        err = set_word(key, &one, names.names[i], why);
        if (!err)
            flags |= INT64_C(1) << one;
    }
    if (!err && names.count == 0) {
        snprintf(why, CONF_WHY_LEN, "names nothing");
        err = -EINVAL;
    }
    name_list_free(&names);
    if (!err)
        *member = flags;
    return err;
}

static int set_ports(struct port_list *member, const char *value, char *why)
{
    struct name_list words = {0};
    struct port_list ports = {0};
    int err = conf_split(value, &words);

    for (size_t i = 0; i < words.count && !err; i++) {
        struct port_range range;

        err = port_range_parse(words.names[i], &range);
        if (err)
            snprintf(why, CONF_WHY_LEN, "`%.60s' is no port, such as 80, tcp/80 or 8000-8099",
                     words.names[i]);
        else
            err = port_list_add(&ports, &range);
    }
    name_list_free(&words);
    if (err) {
        port_list_free(&ports);
        return err;
    }
    port_list_free(member);
    *member = ports;
    return 0;
}

int conf_key_set(const struct conf_key *key, struct conf *conf, const char *value,
                 char why[CONF_WHY_LEN])
{
    void *member = (char *)conf + key->offset;

    switch (key->form) {
    case BOOL:
        return set_bool(member, value, why);
    case INT:
    case MILLIONTHS:
        return set_number(key, member, value, why);
    case WORD:
        return set_word(key, member, value, why);
    case TEXT:
    case PATH:
    case LOG:
        return set_text(key, member, value, why);
    case NAMES:
    case COMMAND:
    case INTS:
    case INTERFACES:
        return set_names(key, member, value, why);
    case NETS:
        return set_nets(member, value, why);
    case ADDRESS:
        return set_address(member, value, why);
    case DAYS:
        return set_days(member, value, why);
    case FLAGS:
        return set_flags(key, member, value, why);
    case PORTS:
        return set_ports(member, value, why);
    }
    return -EINVAL;
}

void conf_keys_free(struct conf *conf)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *member = (char *)conf + keys[i].offset;

        switch (keys[i].form) {
        case TEXT:
        case PATH:
        case LOG:
            free(*(char **)(void *)member);
            break;
        case NAMES:
        case COMMAND:
        case INTS:
        case INTERFACES:
            name_list_free((struct name_list *)(void *)member);
            break;
        case NETS:
            prefix_list_free((struct prefix_list *)(void *)member);
            break;
        case PORTS:
            port_list_free((struct port_list *)(void *)member);
            break;
        default:
            break;
        }
    }
}
