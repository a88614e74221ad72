/*
 * The keeper believes nothing: which hosts it refuses, and what it makes of messages that a worker
 * in other hands could send. In a network namespace of its own.
 */
#include "keeper_world.h"
#include "log.h"
#include "wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static struct addr address(const char *text)
{
    struct addr a = {0};

    if (addr_parse(text, &a) != 0)
        tap_note("the test itself is wrong: %s is no address", text);
    return a;
}

static void test_refusals(struct tap *t)
{
    static const struct {
        const char *host;
        const char *refusal; /* NULL: let in */
    } cases[] = {
        {"10.99.0.2", NULL},
        {"10.99.255.255", NULL},
        {"fd99::2", NULL},
        {"10.99.0.1", "is the gateway itself"},
        {"fd99::1", "is the gateway itself"},
        {"10.100.0.2", "is not in LOCALNET"},
        {"0.0.0.0", "is not in LOCALNET"},
        {"fd9a::2", "is not in LOCALNET"},
        {"::", "is not in LOCALNET"},
        {"172.16.0.9", NULL}, /* it had entries of ours */
    };
    struct addr own[] = {address("10.99.0.1"), address("fd99::1")}, extra = address("172.16.0.9");
    struct topology topology = {.own = own, .own_count = 2};
    struct prefix net = {.len = 0};
    struct addr odd = address("10.99.0.2");

    prefix_parse("10.99.0.0/16", &net);
    prefix_list_add(&topology.v4.localnet, &net);
    prefix_parse("fd99::/64", &net);
    prefix_list_add(&topology.v6.localnet, &net);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct addr host = address(cases[i].host);
        const char *got = keeper_refusal(&topology, &extra, 1, &host);

        tap_text(t, got ? got : "", cases[i].refusal ? cases[i].refusal : "", "%s", cases[i].host);
    }
    tap_text(t, keeper_refusal(&topology, NULL, 0, &extra), "is not in LOCALNET",
             "a host without entries of ours");
    odd.bytes[9] = 1;
    tap_text(t, keeper_refusal(&topology, NULL, 0, &odd), "is no address in its proper form",
             "IPv4 with bytes behind it");
    odd = (struct addr){.family = AF_INET6, .bytes = {[10] = 0xff, [11] = 0xff, [12] = 10}};
    tap_text(t, keeper_refusal(&topology, NULL, 0, &odd), "is no address in its proper form",
             "IPv4 dressed up as IPv6");
    odd.family = 77;
    tap_text(t, keeper_refusal(&topology, NULL, 0, &odd), "is no address", "no family at all");
    prefix_list_free(&topology.v4.localnet);
    prefix_list_free(&topology.v6.localnet);
}

static struct wire_message gate_with(const char *host)
{
    struct wire_message m = {.kind = WIRE_GATE, .count = 1};

    m.hosts[0] = address(host);
    return m;
}

static unsigned open_descriptors(void)
{
    DIR *fds = opendir("/proc/self/fd");
    unsigned count = 0;

    while (fds && readdir(fds))
        count++;
    if (fds)
        closedir(fds);
    return count;
}

/* What is no ask at all: whoever sends it is not served any more. */
static void test_broken(struct tap *t)
{
    static const struct {
        const char *what;
        struct wire_message first, second; /* kind 0: there is no second */
        size_t len;
    } cases[] = {
        {"a short message", {.kind = WIRE_GATE}, {.kind = 0}, 8},
        {"an empty one", {.kind = WIRE_GATE}, {.kind = 0}, 1},
        {"no kind", {.kind = 0}, {.kind = 0}, sizeof(struct wire_message)},
        {"a kind that is an answer's",
         {.kind = WIRE_DONE},
         {.kind = 0},
         sizeof(struct wire_message)},
        {"a kind beyond all", {.kind = UINT32_MAX}, {.kind = 0}, sizeof(struct wire_message)},
        {"more hosts than fit",
         {.kind = WIRE_GATE, .count = WIRE_HOSTS + 1},
         {.kind = 0},
         sizeof(struct wire_message)},
        {"more places than fit",
         {.kind = WIRE_GATE, .option = WIRE_PLACED, .count = WIRE_PLACES + 1},
         {.kind = 0},
         sizeof(struct wire_message)},
        {"far more",
         {.kind = WIRE_FLOWS, .count = UINT32_MAX},
         {.kind = 0},
         sizeof(struct wire_message)},
        {"a list that goes on though there is room",
         {.kind = WIRE_GATE, .count = 1, .more = 1},
         {.kind = 0},
         sizeof(struct wire_message)},
        {"an endless list of nothing",
         {.kind = WIRE_GATE, .more = 1},
         {.kind = WIRE_GATE, .more = 1},
         sizeof(struct wire_message)},
        {"another ask amid a list",
         {.kind = WIRE_GATE, .count = WIRE_HOSTS, .more = 1},
         {.kind = WIRE_CLEAN},
         sizeof(struct wire_message)},
        {"another option amid a list",
         {.kind = WIRE_FLOWS, .count = WIRE_HOSTS, .more = 1},
         {.kind = WIRE_FLOWS, .option = FLOW_RAISE},
         sizeof(struct wire_message)},
        {"an unknown way to end flows",
         {.kind = WIRE_FLOWS, .option = FLOW_RAISE + 1},
         {.kind = 0},
         sizeof(struct wire_message)},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int ours;
        struct keeper *k = keeper_make("", &ours);

        keeper_put(ours, &cases[i].first, cases[i].len);
        if (cases[i].second.kind)
            keeper_put(ours, &cases[i].second, sizeof cases[i].second);
        tap_is(t, keeper_serve(k), -EPROTO, "%s", cases[i].what);
        close(ours);
        keeper_close(k);
    }
}

/* A list without end: another process sends, ours counts. */
static void test_flood(struct tap *t)
{
    struct wire_message m = {.kind = WIRE_GATE, .count = WIRE_HOSTS, .more = 1};
    int ours;
    struct keeper *k = keeper_make("", &ours);
    pid_t pid = fork();

    if (pid == 0) {
        close(k->socket);
        for (int i = 0; i < WIRE_HOSTS_MAX / WIRE_HOSTS + 2; i++) {
            if (send(ours, &m, sizeof m, MSG_NOSIGNAL) < 0)
                break;
        }
        _exit(0);
    }
    close(ours);
    wire_wait(k->socket, false, 10);
    tap_is(t, keeper_serve(k), -EPROTO, "more hosts than the keeper takes");
    tap_ok(t, k->asked.room <= WIRE_HOSTS_MAX * 2, "and its memory stays bounded: %zu",
           k->asked.room);
    keeper_close(k);
    waitpid(pid, NULL, 0);
}

/* Well-formed asks for what is not to be had. */
static void test_refused(struct tap *t)
{
    static const char *const hosts[] = {"8.8.8.8", "127.0.0.1", "10.100.0.1", "fd99::2"};

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct wire_message m = gate_with(hosts[i]);
        int ours;
        struct keeper *k = keeper_make("", &ours);

        keeper_put(ours, &m, sizeof m);
        tap_is(t, keeper_serve(k), 0, "%s: the ask is one", hosts[i]);
        tap_is(t, wire_receive(ours, &m, NULL, 0), 0, "%s: it is answered", hosts[i]);
        tap_is(t, m.result, -EACCES, "%s: no", hosts[i]);
        tap_ok(t, strstr(m.outcome.error, hosts[i]) != NULL, "%s: by name: %s", hosts[i],
               m.outcome.error);
        m = gate_with(hosts[i]);
        m.kind = WIRE_FLOWS;
        keeper_put(ours, &m, sizeof m);
        keeper_serve(k);
        wire_receive(ours, &m, NULL, 0);
        tap_is(t, m.result, 0, "%s: no flow of it is touched", hosts[i]);
        tap_is(t, (int64_t)k->asked.count, 0, "%s: nor looked for", hosts[i]);
        close(ours);
        keeper_close(k);
    }
}

/* BIND_MAC: whom the worker asks for without an Ethernet address is not let out, whatever the
 * worker's configuration may be. */
static void test_places(struct tap *t)
{
    static const struct {
        const char *what;
        uint32_t option;
        uint8_t first, second; /* bytes of the link-layer addresses */
        const char *hosts[2];
        bool bind_mac;
        int result;
    } cases[] = {
        {"bound, with places", WIRE_PLACED, 6, 6, {"10.99.0.2", "10.99.0.3"}, true, 0},
        {"bound, without places", 0, 6, 6, {"10.99.0.2", "10.99.0.3"}, true, -EACCES},
        {"bound, one not known", WIRE_PLACED, 6, 0, {"10.99.0.2", "10.99.0.3"}, true, -EACCES},
        {"bound, one not of Ethernet", WIRE_PLACED, 20, 6, {"10.99.0.2", "10.99.0.3"}, true,
         -EACCES},
        {"bound, out of any bounds", WIRE_PLACED, 6, 255, {"10.99.0.2", "10.99.0.3"}, true,
         -EACCES},
        {"free, with places", WIRE_PLACED, 6, 6, {"10.99.0.2", "10.99.0.3"}, false, 0},
        {"free, with places not known", WIRE_PLACED, 0, 0, {"10.99.0.2", "10.99.0.3"}, false, 0},
        {"free, not ours all the same", WIRE_PLACED, 6, 6, {"10.99.0.2", "11.0.0.1"}, false,
         -EACCES},
        {"bound, not in LOCALNET", WIRE_PLACED, 6, 6, {"10.99.0.2", "10.100.0.3"}, true, -EACCES},
        {"out of order", WIRE_PLACED, 6, 6, {"10.99.0.3", "10.99.0.2"}, true, -EPROTO},
        {"twice", WIRE_PLACED, 6, 6, {"10.99.0.2", "10.99.0.2"}, false, -EPROTO},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire_message m = {.kind = WIRE_GATE, .option = cases[i].option, .count = 2};
        struct gate_report r = {0};
        int ours, result;
        struct keeper *k = keeper_make("", &ours);

        k->conf->bind_mac = cases[i].bind_mac;
        for (size_t n = 0; n < 2; n++) {
            struct addr host = address(cases[i].hosts[n]);

            if (cases[i].option & WIRE_PLACED)
                m.places[n] = (struct wire_place){host, {n ? cases[i].second : cases[i].first, {2}}};
            else
                m.hosts[n] = host;
        }
        result = keeper_receive_hosts(k, &m);
        if (!result)
            result = keeper_check_hosts(k, true, &r) > 0 ? -EACCES : 0;
        tap_is(t, result, cases[i].result, "%s", cases[i].what);
        if (result == 0)
            tap_is(t, (int64_t)k->asked.count, 2, "%s: both", cases[i].what);
        close(ours);
        keeper_close(k);
    }
}

static void test_leave(struct tap *t)
{
    struct wire_message m = {.kind = WIRE_LEAVE, .option = 1000000};
    int ours;
    struct keeper *k = keeper_make("", &ours);

    keeper_put(ours, &m, sizeof m);
    tap_is(t, keeper_serve(k), 0, "a leave");
    tap_is(t, k->left, true, "is one");
    tap_is(t, k->code, EX_SOFTWARE, "but not with any exit code");
    close(ours);
    tap_is(t, keeper_serve(k), -EPIPE, "then the other end is gone");
    keeper_close(k);
}

/* Descriptors that come along are not taken: they would fill the keeper's table. */
static void test_descriptors(struct tap *t)
{
    struct wire_message m = {.kind = WIRE_READY};
    int ours, null = open("/dev/null", O_RDONLY), fds[2] = {null, null};
    struct keeper *k = keeper_make("", &ours);
    unsigned before = open_descriptors();

    for (int i = 0; i < 20; i++) {
        wire_send(ours, &m, fds, 2, 1);
        keeper_serve(k);
    }
    tap_is(t, open_descriptors(), before, "descriptors from the worker are not kept");
    close(null);
    close(ours);
    keeper_close(k);
}

int main(void)
{
    struct tap t = {0};

    test_refusals(&t);
    if (getuid() != 0 || unshare(CLONE_NEWNET) != 0) {
        tap_note("needs root for what follows");
        return tap_done(&t);
    }
    log_set_level(LOG_LEVEL_ERR);
    test_broken(&t);
    test_flood(&t);
    test_refused(&t);
    test_places(&t);
    test_leave(&t);
    test_descriptors(&t);
    return tap_done(&t);
}
