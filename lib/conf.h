/*
 * conf: the configuration, tcpquota.cf(5), read with iniparser and checked.
 *
 * conf_load() reads the file once, finds every fault in it and tells each with file, line and
 * key; only a file without faults gives a configuration. It blocks on the file alone. The
 * configuration owns its memory; conf_free() gives it back.
 */
#ifndef TCPQUOTA_CONF_H
#define TCPQUOTA_CONF_H

#include "addr.h"
#include "hours.h"
#include "list.h"
#include "ports.h"

#include <stdbool.h>
#include <stdint.h>

#define CONF_PATH "/etc/tcpquota/tcpquota.cf"

enum conf_protocol { PROTOCOL_ETHERNET, PROTOCOL_PPP, PROTOCOL_ISDN };
enum conf_closed_action { CLOSED_REJECT, CLOSED_DROP };
enum conf_on_exit { ON_EXIT_CLEAN, ON_EXIT_KEEP };
enum conf_enforce { ENFORCE_KILL, ENFORCE_CLOSE, ENFORCE_LOG };
enum conf_language { LANGUAGE_ENGLISH, LANGUAGE_SVENSKA };

enum conf_fail { FAIL_CLOSED, FAIL_OPEN };
enum conf_search { SEARCH_DEFAULT, SEARCH_OLDEST, SEARCH_NEWEST, SEARCH_STATEFUL };
#define HOOK_INPUT 1
#define HOOK_FORWARD 2

/* [auth] and [cache], for tcpquota-authd(8). */
struct conf_auth {
    bool authoritative, logging, keep_state, return_reset, quota;
    char *host_group, *sql; /* "": none */
    int64_t hooks;          /* HOOK_INPUT, HOOK_FORWARD */
    struct port_list ports; /* none: every connection */
    struct name_list interfaces;
    int64_t fail;  /* enum conf_fail */
    int64_t queue; /* the number of the NFQUEUE */
    char *logfile, *pidfile;
};

struct conf_cache {
    bool enabled, honor_port, adaptive, kernel;
    int64_t size, grow_by; /* lines */
    int64_t ttl;           /* seconds */
    int64_t search;        /* enum conf_search */
    int64_t critical;      /* millionths of the look-ups that are misses */
};

struct conf_group {
    char *name;
    struct name_list hosts; /* names or addresses, as written */
};

/* A line of a section of a door that has a name, [relay:NAME]: for that door to read. */
struct conf_door_line {
    char *section; /* `relay:NAME', in lower case */
    char *key;     /* in lower case */
    char *value;
    unsigned line;
};

/* One member a key, named after it; units and ranges stand in tcpquota.cf(5). */
struct conf {
    int64_t protocol; /* enum conf_protocol */
    struct name_list wan_if;
    struct prefix_list localnet;    /* none covers another */
    struct addr loc_addr, rem_addr; /* family 0: dynamic, none */
    char *database, *socket, *logfile, *pidfile;
    int64_t period, tics; /* seconds, passes */
    bool check_masq, check_local, check_remote, check_ftp;
    int64_t min_uid, max_uid, min_quota;
    struct hours high_hours;
    int64_t high_start, high_stop;
    int64_t high_rate, low_rate; /* points a second */
    int64_t rate_quota;          /* millionths of money a minute */
    char *money_value;
    bool shared_line;
    int64_t active_window; /* seconds */
    struct name_list users;
    int64_t fw_start, fw_stop;
    uint8_t fw_days;
    struct hours fw_hours;
    struct name_list group_names;
    struct conf_group *groups;
    size_t group_count;
    struct name_list operators, admins, never_kill;
    int64_t closed_action; /* enum conf_closed_action */
    bool bind_mac;
    int64_t lease;         /* seconds, 0: never */
    int64_t on_exit;       /* enum conf_on_exit */
    bool restart;          /* a worker that died is started again */
    int64_t enforce_local; /* enum conf_enforce */
    int64_t kill_grace;    /* seconds */
    struct name_list warn_at;
    char *noquotafile;
    int64_t language;            /* enum conf_language */
    int64_t verify;              /* seconds */
    struct name_list verify_cmd; /* its words */
    struct conf_auth auth;
    struct conf_cache cache;
    struct conf_door_line *doors;
    size_t door_count;
};

/* Told once for each fault and each warning; `text` names file, line and key. `key` is in capitals,
 * "" where the fault is none of a key. */
typedef void conf_report(void *context, bool fault, const char *key, const char *text);

/*
 * Reads `path` as `program` (its `program.KEY=` lines win). 0; -EINVAL after faults were told;
 * -errno if the file cannot be read, -EPERM if others than root and the caller can write it
 * (both told too). *conf is set on 0 only.
 */
int conf_load(struct conf *conf, const char *path, const char *program, conf_report *report,
              void *context);
/*
 * The two halves of it, for a process that may not read the file itself: a copy of the file that
 * nobody can change, as a descriptor that the caller closes, or -errno, told; and the reading of
 * such a copy. `path` is what messages call it.
 */
int conf_snapshot(const char *path, conf_report *report, void *context);
int conf_load_snapshot(struct conf *conf, int fd, const char *path, const char *program,
                       conf_report *report, void *context);
void conf_free(struct conf *conf);
/* Whether `name` is in USERS: charged, never cut off. */
bool conf_is_free_user(const struct conf *conf, const char *name);

#endif
