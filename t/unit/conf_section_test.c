/* [auth] and [cache]: values, defaults, faults with their lines; and ports. */
#include "conf.h"
#include "tap.h"

#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/tcpquota-conf-XXXXXX";
static char last[600];

static void note_line(void *context, bool fault, const char *key, const char *text)
{
    (void)context;
    (void)fault;
    (void)key;
    snprintf(last, sizeof last, "%s", text);
}

static int load(struct conf *conf, const char *text)
{
    FILE *f = fopen(path, "w");

    last[0] = '\0';
    if (!f || fprintf(f, "LOCALNET=10.0.0.0/8\n%s", text) < 0 || fclose(f) != 0 ||
        chmod(path, 0600) != 0)
        exit(1);
    return conf_load(conf, path, "tcpquota-authd", note_line, NULL);
}

static void test_values(struct tap *t)
{
    struct conf conf;

    if (!tap_is(t, load(&conf, ""), 0, "without sections"))
        return;
    tap_is(t, conf.auth.authoritative && conf.auth.keep_state, true, "authoritative, keep-state");
    tap_is(t, conf.auth.logging || conf.auth.return_reset || conf.auth.quota, false,
           "not the rest");
    tap_is(t, conf.auth.hooks, HOOK_INPUT, "hook");
    tap_is(t, conf.auth.fail, FAIL_CLOSED, "fail");
    tap_text(t, conf.auth.sql, "", "sql");
    tap_is(t, conf.cache.enabled || conf.cache.adaptive || conf.cache.kernel, false, "no cache");
    tap_is(t, conf.cache.size, 256, "size");
    tap_is(t, conf.cache.ttl, 600, "ttl");
    tap_is(t, conf.cache.honor_port, true, "honor-ip-port");
    tap_is(t, conf.cache.search, SEARCH_DEFAULT, "search");
    tap_is(t, conf.cache.grow_by, 64, "grow-by");
    tap_is(t, conf.cache.critical, 100000, "critical-fraction");
    conf_free(&conf);
    if (!tap_is(t,
                load(&conf, "[AUTH]\nPorts=80 udp/5000-5010 TCP/7\nhook=Input FORWARD\nfail=open\n"
                            "sql=\"SELECT 1; SELECT 2\"\nhost-group=lab rats\n"
                            "[cache]\nsize=08\ncritical-fraction=0.25\nsearch=Newest-First\n"),
                0, "with them"))
        return;
    tap_is(t, (int)conf.auth.ports.count, 3, "ports");
    tap_is(t, conf.auth.ports.ranges[1].last, 5010, "ports: a range");
    tap_is(t, conf.auth.ports.ranges[2].protocol, IPPROTO_TCP, "ports: a protocol");
    tap_is(t, conf.auth.hooks, HOOK_INPUT | HOOK_FORWARD, "two hooks");
    tap_is(t, conf.auth.fail, FAIL_OPEN, "fail=open");
    tap_text(t, conf.auth.sql, "SELECT 1; SELECT 2", "sql in quotes");
    tap_text(t, conf.auth.host_group, "lab rats", "host-group");
    tap_is(t, conf.cache.size, 8, "08 is eight");
    tap_is(t, conf.cache.critical, 250000, "a quarter");
    tap_is(t, conf.cache.search, SEARCH_NEWEST, "search");
    conf_free(&conf);
}

static void test_faults(struct tap *t)
{
    static const struct {
        const char *text, *told;
    } cases[] = {
        {"[auth]\nPORT=1\n", ":3: PORT: no such key in [auth]"},
        {"[cache]\nhook=input\n", ":3: HOOK: no such key in [cache]"},
        {"[other]\nsize=1\n", ":3: SIZE: stands in a section that nobody knows"},
        {"size=1\n", ":2: SIZE: no such key"},
        {"[cache]\nsize=0\n", ":3: SIZE: 0 is not from 1 to 1048576"},
        {"[cache]\nsize=12 lines\n", ":3: SIZE: `12 lines' is no whole number"},
        {"[cache]\ncritical-fraction=1.5\n", ":3: CRITICAL-FRACTION: 1.5 is not from 0 to 1"},
        {"[cache]\nsize=1\nsize=2\n", ":4: SIZE: given twice"},
        {"[auth]\nhook=\n", ":3: HOOK: names nothing"},
        {"[auth]\nhook=input output\n", ":3: HOOK: `output' is none of: input forward"},
        {"[auth]\nports=80 90-80\n", ":3: PORTS: `90-80' is no port"},
        {"[auth]\nports=sctp/80\n", ":3: PORTS: `sctp/80' is no port"},
        {"[auth]\nports=65536\n", ":3: PORTS: `65536' is no port"},
        {"[auth]\nports=80-\n", ":3: PORTS: `80-' is no port"},
        {"[auth]\nlogfile=authd.log\n", ":3: LOGFILE: `authd.log' is no absolute path"},
        {"[auth]\nfail=half\n", ":3: FAIL: `half' is none of: closed open"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct conf conf;
        bool loads = load(&conf, cases[i].text) == 0;

        tap_is(t, loads, false, "%s: does not load", cases[i].told);
        if (loads)
            conf_free(&conf);
        if (!tap_ok(t, strstr(last, cases[i].told) != NULL, "%s: is told", cases[i].told))
            tap_note("%s", last);
    }
}

int main(void)
{
    struct tap t = {0};
    int fd = mkstemp(path);

    if (fd < 0)
        return 1;
    close(fd);
    test_values(&t);
    test_faults(&t);
    unlink(path);
    return tap_done(&t);
}
