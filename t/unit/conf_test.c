/* The configuration: what loads, with which values, and what each fault is told as. */
#include "conf.h"
#include "tap.h"

#include <errno.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define NET "LOCALNET=10.0.0.0/8\n"
#define TOLD_MAX 32

struct told {
    struct {
        bool fault;
        char key[80], text[600];
    } lines[TOLD_MAX];
    unsigned count, faults, warnings;
};

static char folder[] = "/tmp/tcpquota-conf-XXXXXX";
static char path[64];

static void note_line(void *context, bool fault, const char *key, const char *text)
{
    struct told *told = context;

    told->faults += fault;
    told->warnings += !fault;
    if (told->count == TOLD_MAX)
        return;
    told->lines[told->count].fault = fault;
    snprintf(told->lines[told->count].key, sizeof told->lines->key, "%s", key);
    snprintf(told->lines[told->count++].text, sizeof told->lines->text, "%s", text);
}

static int load(struct conf *conf, const char *text, const char *program, struct told *told)
{
    FILE *f = fopen(path, "w");

    *told = (struct told){.count = 0};
    *conf = (struct conf){.period = -77};
    if (!f || fputs(text, f) < 0 || fclose(f) != 0 || chmod(path, 0600) != 0)
        exit(1);
    return conf_load(conf, path, program, note_line, told);
}

/* Loads a file that has to be good, and lets nobody use it if it is not. */
static bool load_good(struct tap *t, struct conf *conf, const char *text, const char *program,
                      const char *what)
{
    struct told told;
    bool ok = tap_is(t, load(conf, text, program, &told), 0, "%s: loads", what);

    for (unsigned i = 0; i < told.count && !ok; i++)
        tap_note("%s", told.lines[i].text);
    return ok;
}

/* Whether one line told has this key and, if `line` is not 0, names file and line. */
static bool was_told(const struct told *told, bool fault, unsigned line, const char *key)
{
    char place[100];

    snprintf(place, sizeof place, line ? "%s:%u: " : "%s:", path, line);
    for (unsigned i = 0; i < told->count; i++) {
        if (told->lines[i].fault == fault && strcmp(told->lines[i].key, key) == 0 &&
            strncmp(told->lines[i].text, place, strlen(place)) == 0 &&
            strstr(told->lines[i].text, key))
            return true;
    }
    return false;
}

static void tap_told(struct tap *t, const struct told *told, bool fault, unsigned line,
                     const char *key, const char *what)
{
    if (tap_ok(t, was_told(told, fault, line, key), "%s: told as line %u, key `%s'", what, line,
               key))
        return;
    for (unsigned i = 0; i < told->count; i++)
        tap_note("got %s `%s' %s", told->lines[i].fault ? "fault" : "warning", told->lines[i].key,
                 told->lines[i].text);
}

/* Each is the only fault of its file. Line 0: the fault has none. */
static const struct {
    const char *what, *text;
    unsigned line;
    const char *key;
} faults[] = {
    {"unknown key", NET "PERIOD=5\nPEROID=5\n", 3, "PEROID"},
    {"key given twice", NET "TICS=5\n\nTICS=5\n", 4, "TICS"},
    {"key given twice, other case", NET "TICS=5\ntics=6\n", 3, "TICS"},
    {"override given twice", NET "tcpquotad.TICS=5\nTCPQUOTAD.tics=6\n", 3, "TCPQUOTAD.TICS"},
    {"bad boolean", NET "SHARED_LINE=maybe\n", 2, "SHARED_LINE"},
    {"empty boolean", NET "SHARED_LINE=\n", 2, "SHARED_LINE"},
    {"number too small", NET "PERIOD=0\n", 2, "PERIOD"},
    {"number too large", NET "HIGH_START=25\n", 2, "HIGH_START"},
    {"number past 64 bits", NET "MIN_QUOTA=99999999999999999999\n", 2, "MIN_QUOTA"},
    {"number with letters", NET "TICS=12abc\n", 2, "TICS"},
    {"number in base 16", NET "TICS=0x10\n", 2, "TICS"},
    {"number with a point", NET "HIGH_RATE=1.5\n", 2, "HIGH_RATE"},
    {"no number", NET "TICS=\n", 2, "TICS"},
    {"money with a comma", NET "RATE_QUOTA=0,1\n", 2, "RATE_QUOTA"},
    {"money below 0", NET "RATE_QUOTA=-0.1\n", 2, "RATE_QUOTA"},
    {"bad word", NET "CLOSED_ACTION=deny\n", 2, "CLOSED_ACTION"},
    {"bad days", NET "FW_DAYS=monday\n", 2, "FW_DAYS"},
    {"bad network", "# a remark\nLOCALNET=10.0.0.0/8 room1\n", 2, "LOCALNET"},
    {"network too long", "LOCALNET=10.0.0.0/33\n", 1, "LOCALNET"},
    {"bits past the length", "LOCALNET=10.0.0.1/8\n", 1, "LOCALNET"},
    {"empty LOCALNET", "LOCALNET=\n", 1, "LOCALNET"},
    {"no LOCALNET", "PERIOD=5\n", 0, "LOCALNET"},
    {"bad address", NET "LOC_ADDR=here\n", 2, "LOC_ADDR"},
    {"relative path", NET "DATABASE=tcpquota.db\n", 2, "DATABASE"},
    {"interface's name too long", NET "WAN_IF=eth0123456789012\n", 2, "WAN_IF"},
    {"plus in the middle of a name", NET "WAN_IF=pp+p\n", 2, "WAN_IF"},
    {"seconds that are none", NET "WARN_AT=600 soon\n", 2, "WARN_AT"},
    {"line without =", NET "\nPERIOD\n", 3, ""},
    {"line without a key", NET "=5\n", 2, ""},
    {"section without its bracket", NET "[auth\n", 2, ""},
    {"unknown section", NET "[elsewhere]\nPORT=5\n", 3, "PORT"},
    {"server without a name", NET "[server:]\nPORT=5\n", 3, "PORT"},
    {"key of the main part in a section", NET "[elsewhere]\nPERIOD=5\n", 3, "PERIOD"},
    {"group named without line", NET "GROUPS=ROOM1 ROOM2\nROOM1=pc1\n", 2, "ROOM2"},
    {"line of a group that is not named", NET "GROUPS=ROOM1\nROOM1=pc1\nROOM2=pc2\n", 4, "ROOM2"},
    {"bad value for another program", NET "openfw.PERIOD=often\n", 2, "OPENFW.PERIOD"},
    {"unknown key for a program", NET "tcpquotad.PEROID=5\n", 2, "TCPQUOTAD.PEROID"},
    {"unknown program", NET "tcpquotaz.PERIOD=5\n", 2, "TCPQUOTAZ.PERIOD"},
    {"key of an old program unknown", NET "tcp_masq_openfw.PEROID=5\n", 2,
     "TCP_MASQ_OPENFW.PEROID"},
    {"uids the wrong way round", NET "MIN_UID=2000\nMAX_UID=1999\n", 2, "MIN_UID"},
    {"line after a continued one", NET "USERS=free \\\n admin\nTICS=x\n", 4, "TICS"},
};

static void test_faults(struct tap *t)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct conf conf;
        struct told told;

        tap_is(t, load(&conf, faults[i].text, "tcpquotad", &told), -EINVAL, "%s: does not load",
               faults[i].what);
        tap_is(t, conf.period, -77, "%s: nothing is set", faults[i].what);
        tap_is(t, told.faults, 1, "%s: faults told", faults[i].what);
        tap_told(t, &told, true, faults[i].line, faults[i].key, faults[i].what);
    }
}

/* Lines of 1022 bytes are read, longer ones are not; the rest is checked all the same. */
static void test_long_lines(struct tap *t)
{
    static const struct {
        int bytes;
        bool good;
    } cases[] = {{1021, true}, {1022, true}, {1023, false}, {1024, false}, {3000, false}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[4096];
        struct conf conf;
        struct told told;
        int n = snprintf(text, sizeof text, NET "NOQUOTAFILE=/%0*d\nTICS=7\n",
                         cases[i].bytes - (int)strlen("NOQUOTAFILE=/"), 0);
        int result = load(&conf, text, "tcpquotad", &told);

        if (n < 0 || (size_t)n >= sizeof text)
            exit(1);
        tap_is(t, result, cases[i].good ? 0 : -EINVAL, "a line of %d bytes", cases[i].bytes);
        if (!cases[i].good)
            tap_told(t, &told, true, 2, "", "a line too long");
        else if (result == 0)
            tap_is(t, (int64_t)strlen(conf.noquotafile), cases[i].bytes - 12, "its value is whole");
        if (result == 0)
            tap_is(t, conf.tics, 7, "and so is the next line");
        if (result == 0)
            conf_free(&conf);
    }
}

static void test_all_at_once(struct tap *t)
{
    struct conf conf;
    struct told told;
    char nul[] = NET "TICS=5?\n";
    FILE *f;

    tap_is(t, load(&conf, "PERIOD=x\nPEROID=5\nTICS=5\nTICS=5\nnonsense\nHIGH_STOP=99\n"
                          "[elsewhere]\na=1\n", "tcpquotad", &told), -EINVAL,
           "seven faults: does not load");
    tap_is(t, told.faults, 7, "all are told at once");
    tap_told(t, &told, true, 1, "PERIOD", "first");
    tap_told(t, &told, true, 2, "PEROID", "second");
    tap_told(t, &told, true, 4, "TICS", "third");
    tap_told(t, &told, true, 5, "", "fourth");
    tap_told(t, &told, true, 6, "HIGH_STOP", "fifth");
    tap_told(t, &told, true, 8, "A", "sixth");
    tap_told(t, &told, true, 0, "LOCALNET", "seventh");
    f = fopen(path, "w");
    if (!f)
        exit(1);
    *strchr(nul, '?') = '\0';
    fwrite(nul, 1, sizeof nul - 1, f);
    fclose(f);
    told = (struct told){.count = 0};
    tap_is(t, conf_load(&conf, path, "tcpquotad", note_line, &told), -EINVAL, "a NUL in a value");
    tap_told(t, &told, true, 2, "TICS", "a NUL in a value");
}

static void test_files(struct tap *t)
{
    static const struct {
        mode_t mode;
        int result;
    } cases[] = {{0600, 0}, {0644, 0}, {0640, 0}, {0664, -EPERM}, {0620, -EPERM}, {0602, -EPERM}};
    struct conf conf;
    struct told told;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int result = load(&conf, NET, "tcpquotad", &told);

        if (result == 0)
            conf_free(&conf);
        if (chmod(path, cases[i].mode) != 0)
            exit(1);
        told = (struct told){.count = 0};
        result = conf_load(&conf, path, "tcpquotad", note_line, &told);
        tap_is(t, result, cases[i].result, "a file of mode %04o", (unsigned)cases[i].mode);
        tap_is(t, told.faults, cases[i].result != 0, "faults told of mode %04o",
               (unsigned)cases[i].mode);
        if (result == 0)
            conf_free(&conf);
    }
    unlink(path);
    told = (struct told){.count = 0};
    tap_is(t, conf_load(&conf, path, "tcpquotad", note_line, &told), -ENOENT, "no file");
    tap_told(t, &told, true, 0, "", "no file");
    tap_is(t, conf_load(&conf, folder, "tcpquotad", note_line, &told), -EINVAL, "a folder");
    if (symlink("/dev/zero", path) != 0)
        exit(1);
    tap_ok(t, conf_load(&conf, path, "tcpquotad", note_line, &told) < 0, "a device is refused");
    unlink(path);
}

static const struct {
    const char *what, *text, *program;
    int64_t period, warnings;
} overrides[] = {
    {"plain", NET "PERIOD=7\n", "tcpquotad", 7, 0},
    {"for us, after", NET "PERIOD=7\ntcpquotad.PERIOD=3\n", "tcpquotad", 3, 0},
    {"for us, before", NET "tcpquotad.PERIOD=3\nPERIOD=7\n", "tcpquotad", 3, 0},
    {"for us alone", "tcpquotad.PERIOD=3\n" NET, "tcpquotad", 3, 0},
    {"for another", NET "PERIOD=7\nopenhost.PERIOD=3\n", "tcpquotad", 7, 0},
    {"each has its own", NET "openhost.PERIOD=9\ntcpquotad.PERIOD=3\n", "openhost", 9, 0},
    {"in capitals", NET "TCPQUOTAD.PERIOD=3\n", "tcpquotad", 3, 0},
    {"openhost's old name", NET "PERIOD=7\ntcp_masq_openhost.PERIOD=9\n", "openhost", 9, 0},
    {"openhost's old name, not for us", NET "tcp_masq_openhost.PERIOD=9\n", "tcpquotad", 5, 0},
    {"openfw's old name", NET "tcp_masq_openfw.PERIOD=8\n", "openfw", 8, 0},
    {"too long", NET "PERIOD=30\n", "tcpquotad", 10, 1},
    {"exactly ten", NET "PERIOD=10\n", "tcpquotad", 10, 0},
    {"eleven", NET "PERIOD=11\n", "tcpquotad", 10, 1},
    {"too long for another", NET "openhost.PERIOD=30\n", "tcpquotad", 5, 0},
    {"eight with a zero", NET "PERIOD=08\n", "tcpquotad", 8, 0},
    {"blanks", NET "  PERIOD  =   6  \n", "tcpquotad", 6, 0},
    {"small letters", NET "period=6\n", "tcpquotad", 6, 0},
    {"quotes", NET "PERIOD=\"6\"\n", "tcpquotad", 6, 0},
    {"single quotes", NET "PERIOD='6'\n", "tcpquotad", 6, 0},
    {"a remark behind it", NET "PERIOD=6 # seconds\n", "tcpquotad", 6, 0},
    {"a remark with a semicolon", NET "PERIOD=6 ; seconds\n", "tcpquotad", 6, 0},
    {"in a remark only", NET "#PERIOD=6\n", "tcpquotad", 5, 0},
    {"line ends of DOS", "LOCALNET=10.0.0.0/8\r\nPERIOD=6\r\n", "tcpquotad", 6, 0},
    {"last line without end", NET "PERIOD=6", "tcpquotad", 6, 0},
};

static void test_overrides(struct tap *t)
{
    struct conf conf;
    struct told told;

    for (size_t i = 0; i < sizeof overrides / sizeof *overrides; i++) {
        int result = load(&conf, overrides[i].text, overrides[i].program, &told);

        if (!tap_is(t, result, 0, "%s: loads", overrides[i].what)) {
            tap_note("%s", told.lines[0].text);
            continue;
        }
        tap_is(t, conf.period, overrides[i].period, "%s: PERIOD", overrides[i].what);
        tap_is(t, told.warnings, overrides[i].warnings, "%s: warnings", overrides[i].what);
        conf_free(&conf);
    }
    if (load(&conf, NET "PERIOD=30\n", "tcpquotad", &told) == 0)
        conf_free(&conf);
    tap_told(t, &told, false, 2, "PERIOD", "a period too long");
    if (load(&conf, NET "PERIOD=3\ntcpquotad.PERIOD=30\n", "tcpquotad", &told) == 0)
        conf_free(&conf);
    if (!tap_ok(t, told.warnings == 1 && strstr(told.lines[0].text, ":3: "),
                "a period of ours too long is told with its own line"))
        tap_note("got %s, expected line 3", told.lines[0].text);
    if (load_good(t, &conf, "tcp_masq_openhost.LOCALNET=10.0.0.0/8\n"
                            "tcp_masq_openhost.MAX_UID=4000\n", "openhost", "old names alone")) {
        tap_is(t, conf.max_uid, 4000, "MAX_UID by the old name");
        conf_free(&conf);
    }
}

/* In the manner of the old package; nothing of it may stop the new daemon. */
static const char *const old_file =
    "# tcpquota of a school\n"
    "PROTOCOL=isdn\n"
    "LOC_ADDR=192.0.2.187\n"
    "REM_ADDR=192.0.2.3\n"
    "LOCALNET=42.42.0.0 192.168.0.0\n"
    "SERVER=localhost:4333\n"
    "SQL_USERNAME=\n"
    "SQL_PASSWORD=secret\n"
    "ENGINE=mSQL\n"
    "CHECK_LOCAL=1\nCHECK_REMOTE=1\nCHECK_FTP=0\nCHECK_MASQ=1\n"
    "GROUPS=LAB LIBRARY\n"
    "LAB=oak elm birch\n"
    "LIBRARY=10.99.0.9\n"
    "USERS=free admin rc564 monitor\n"
    "LANGUAGE=svenska\n"
    "MONEY_VALUE=SEK\n"
    "LOGFILE=/var/log/tcpquotad.log\n"
    "PIDFILE=/var/run/tcpquotad.pid\n"
    "NOQUOTAFILE=/etc/msgs/no-tcp-allowed\n"
    "MIN_QUOTA=0\n"
    "RATE_QUOTA=0.1\n"
    "MIN_UID=500\n"
    "tcpquotad.PERIOD=5\n"
    "tcp_masq_openhost.PERIOD=30\n"
    "VERIFY=500\n"
    "TICS=10\n"
    "HIGH_START=08\nHIGH_STOP=18\nHIGH_RATE=4\nLOW_RATE=2\n";

static void tap_names(struct tap *t, const struct name_list *list, const char *expected,
                      const char *what)
{
    char got[256] = "";

    for (size_t i = 0; i < list->count; i++) {
        size_t len = strlen(got);

        snprintf(got + len, sizeof got - len, "%s%s", i ? " " : "", list->names[i]);
    }
    tap_text(t, got, expected, "%s", what);
}

static void tap_nets(struct tap *t, const struct conf *conf, const char *expected, const char *what)
{
    char got[256] = "", one[PREFIX_TEXT_LEN];

    for (size_t i = 0; i < conf->localnet.count; i++) {
        size_t len = strlen(got);

        snprintf(got + len, sizeof got - len, "%s%s", i ? " " : "",
                 prefix_format(&conf->localnet.prefixes[i], one));
    }
    tap_text(t, got, expected, "%s", what);
}

static void test_old_file(struct tap *t)
{
    static const char *const lost[] = {"SERVER", "SQL_USERNAME", "SQL_PASSWORD", "ENGINE"};
    struct conf conf;
    struct told told;
    int result = load(&conf, old_file, "tcpquotad", &told);

    tap_is(t, told.faults, 0, "an old file: faults");
    tap_is(t, told.warnings, 4, "an old file: warnings");
    for (unsigned i = 0; i < 4; i++)
        tap_told(t, &told, false, 6 + i, lost[i], "an old file");
    if (!tap_is(t, result, 0, "an old file loads")) {
        tap_note("%s", told.lines[0].text);
        return;
    }
    tap_nets(t, &conf, "42.42.0.0/16 192.168.0.0/16", "old: LOCALNET");
    tap_is(t, conf.protocol, PROTOCOL_ISDN, "old: PROTOCOL");
    tap_is(t, conf.period, 5, "old: PERIOD");
    tap_is(t, conf.high_hours.start, 8, "old: HIGH_START=08");
    tap_is(t, conf.high_rate, 4, "old: HIGH_RATE");
    tap_is(t, conf.low_rate, 2, "old: LOW_RATE");
    tap_is(t, conf.rate_quota, 100000, "old: RATE_QUOTA");
    tap_is(t, conf.min_uid, 500, "old: MIN_UID");
    tap_is(t, conf.check_ftp, false, "old: CHECK_FTP=0");
    tap_is(t, conf.check_masq, true, "old: CHECK_MASQ=1");
    tap_is(t, conf.language, LANGUAGE_SVENSKA, "old: LANGUAGE");
    tap_is(t, conf_is_free_user(&conf, "rc564"), true, "old: rc564 is free");
    tap_is(t, conf_is_free_user(&conf, "rc56"), false, "old: rc56 is not, it is no pattern");
    tap_is(t, conf_is_free_user(&conf, "Free"), false, "old: nor is Free");
    if (tap_is(t, (int64_t)conf.group_count, 2, "old: groups")) {
        tap_is(t, strcasecmp(conf.groups[0].name, "LAB"), 0, "old: the first group's name");
        tap_names(t, &conf.groups[0].hosts, "oak elm birch", "old: its hosts");
        tap_names(t, &conf.groups[1].hosts, "10.99.0.9", "old: hosts of the second");
    }
    conf_free(&conf);
}

static void test_numbers_of(struct tap *t, const struct conf *c)
{
    const struct {
        const char *key;
        int64_t got, expected;
    } cases[] = {
        {"PROTOCOL", c->protocol, PROTOCOL_ETHERNET}, {"PERIOD", c->period, 5},
        {"TICS", c->tics, 10}, {"CHECK_MASQ", c->check_masq, true},
        {"CHECK_LOCAL", c->check_local, true}, {"CHECK_REMOTE", c->check_remote, true},
        {"CHECK_FTP", c->check_ftp, true}, {"MIN_UID", c->min_uid, 1000},
        {"MIN_QUOTA", c->min_quota, 0}, {"HIGH_START", c->high_start, 8},
        {"HIGH_STOP", c->high_stop, 18}, {"HIGH_RATE", c->high_rate, 1},
        {"LOW_RATE", c->low_rate, 1}, {"RATE_QUOTA", c->rate_quota, 100000},
        {"SHARED_LINE", c->shared_line, false}, {"ACTIVE_WINDOW", c->active_window, 180},
        {"FW_START", c->fw_start, 0}, {"FW_STOP", c->fw_stop, 24},
        {"FW_DAYS", c->fw_days, HOURS_ALL_DAYS}, {"CLOSED_ACTION", c->closed_action, CLOSED_REJECT},
        {"BIND_MAC", c->bind_mac, false}, {"LEASE", c->lease, 60},
        {"ON_EXIT", c->on_exit, ON_EXIT_CLEAN}, {"ENFORCE_LOCAL", c->enforce_local, ENFORCE_KILL},
        {"KILL_GRACE", c->kill_grace, 5}, {"LANGUAGE", c->language, LANGUAGE_ENGLISH},
        {"VERIFY", c->verify, 500}, {"LOC_ADDR", c->loc_addr.family, 0},
        {"REM_ADDR", c->rem_addr.family, 0}, {"high days", c->high_hours.days, HOURS_MON_FRI},
        {"free hours' days", c->fw_hours.days, HOURS_ALL_DAYS},
        {"free hours' end", c->fw_hours.stop, 24},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        tap_is(t, cases[i].got, cases[i].expected, "default of %s", cases[i].key);
}

static void test_defaults(struct tap *t)
{
    struct conf conf;

    if (!load_good(t, &conf, NET, "tcpquotad", "LOCALNET alone"))
        return;
    test_numbers_of(t, &conf);
    tap_text(t, conf.database, "/var/lib/tcpquota/tcpquota.db", "default of DATABASE");
    tap_text(t, conf.socket, "/run/tcpquota/ctl", "default of SOCKET");
    tap_text(t, conf.logfile, "/var/log/tcpquotad.log", "default of LOGFILE");
    tap_text(t, conf.pidfile, "/run/tcpquotad.pid", "default of PIDFILE");
    tap_text(t, conf.money_value, "SEK", "default of MONEY_VALUE");
    tap_names(t, &conf.users, "free admin", "default of USERS");
    tap_names(t, &conf.warn_at, "600 60", "default of WARN_AT");
    tap_names(t, &conf.wan_if, "", "default of WAN_IF");
    tap_names(t, &conf.operators, "", "default of OPERATORS");
    tap_nets(t, &conf, "10.0.0.0/8", "LOCALNET");
    conf_free(&conf);
}

static void test_values(struct tap *t)
{
    struct conf conf;

    if (!load_good(t, &conf,
                   "localnet=10.1.0.0/16 10.0.0.0/8 fd00::/64 \\\n 192.168.4.0/22 10.2.3.4\n"
                   "MONEY_VALUE=\"kr # ; =\"\nUSERS=\nWAN_IF=ppp+ eth1\n"
                   "SHARED_LINE=TRUE\nBIND_MAC=Yes\nCHECK_LOCAL=No\nCHECK_FTP=false\n"
                   "CLOSED_ACTION=DROP\nLOC_ADDR=Dynamic\nREM_ADDR=192.0.2.3\n"
                   "MIN_QUOTA=-600\nFW_DAYS=mon-fri\nFW_START=22\nFW_STOP=06\n"
                   "groups=Room1\nROOM1=pc1 10.99.0.9\nENGINE=SQLite\n"
                   "[server:web]\nPORT=2\n[relay:web]\nPORT=3\n",
                   "tcpquotad", "values of many forms"))
        return;
    tap_nets(t, &conf, "10.0.0.0/8 fd00::/64 192.168.4.0/22", "none covers another");
    tap_text(t, conf.money_value, "kr # ; =", "in quotes a remark is none");
    tap_names(t, &conf.users, "", "USERS emptied");
    tap_is(t, conf_is_free_user(&conf, "free"), false, "nobody is free then");
    tap_names(t, &conf.wan_if, "ppp+ eth1", "WAN_IF");
    tap_is(t, conf.shared_line, true, "TRUE");
    tap_is(t, conf.bind_mac, true, "Yes");
    tap_is(t, conf.check_local, false, "No");
    tap_is(t, conf.closed_action, CLOSED_DROP, "DROP");
    tap_is(t, conf.loc_addr.family, 0, "Dynamic");
    tap_is(t, conf.rem_addr.bytes[3], 3, "REM_ADDR");
    tap_is(t, conf.min_quota, -600, "a negative MIN_QUOTA");
    tap_is(t, conf.fw_hours.start, 22, "FW_START");
    tap_is(t, conf.fw_hours.stop, 6, "FW_STOP");
    tap_is(t, conf.fw_hours.days, HOURS_MON_FRI, "FW_DAYS");
    if (tap_is(t, (int64_t)conf.group_count, 1, "a group, whatever the case"))
        tap_names(t, &conf.groups[0].hosts, "pc1 10.99.0.9", "its hosts");
    conf_free(&conf);
}

int main(void)
{
    struct tap t = {0};

    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/tcpquota.cf", folder);
    test_faults(&t);
    test_long_lines(&t);
    test_all_at_once(&t);
    test_overrides(&t);
    test_defaults(&t);
    test_values(&t);
    test_old_file(&t);
    test_files(&t);
    rmdir(folder);
    return tap_done(&t);
}
