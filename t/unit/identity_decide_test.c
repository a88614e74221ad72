/* From where a caller is logged in: what follows from records made up here. */
#include "identity_facts.h"
#include "tap.h"

#include <arpa/inet.h>

#define MANY_FACTS 4

/* The start of a leader is its number, too: the higher, the younger. */
struct made {
    enum identity_result kind; /* IDENTITY_NONE ends a list */
    const char *terminal, *host;
    pid_t leader;
    bool of_caller, sure;
};

static const struct decision {
    const char *what, *terminal;
    struct made facts[MANY_FACTS + 1];
    enum identity_result result;
    const char *host;
    pid_t leader;
    bool more;
} decisions[] = {
#define END {.kind = IDENTITY_NONE}
#define FROM(line, address, pid) {IDENTITY_FROM, line, address, pid, false, true}
#define OURS(line, address, pid) {IDENTITY_FROM, line, address, pid, true, true}
#define LIKE(result, line, pid) {result, line, "-", pid, false, true}
#define CRON {IDENTITY_SERVICE, "", "-", 9, true, true}
#define SU {IDENTITY_ANOTHERS, "", "-", 0, true, true}
#define ANOTHER(line, sure) {IDENTITY_ANOTHERS, line, "-", 0, false, sure}
    {"nothing is recorded", "pts/3", {END}, IDENTITY_NONE, "-", 0, false},
    {"a terminal, one session", "pts/3", {FROM("pts/3", "10.0.0.2", 5), END}, IDENTITY_FROM,
     "10.0.0.2", 5, false},
    {"the terminal chooses, the first", "pts/3",
     {FROM("pts/3", "10.0.0.2", 5), FROM("pts/4", "10.0.0.9", 6), END}, IDENTITY_FROM, "10.0.0.2",
     5, false},
    {"the terminal chooses, the second", "pts/4",
     {FROM("pts/3", "10.0.0.2", 5), FROM("pts/4", "10.0.0.9", 6), END}, IDENTITY_FROM, "10.0.0.9",
     6, false},
    {"the terminal comes before the process's session", "pts/4",
     {OURS("pts/3", "10.0.0.2", 5), FROM("pts/4", "10.0.0.9", 6), END}, IDENTITY_FROM, "10.0.0.9",
     6, false},
    {"part of a terminal's name is another's", "pts/1",
     {FROM("pts/10", "10.0.0.2", 5), FROM("pts/4", "10.0.0.9", 6), END}, IDENTITY_MANY, "-", 0,
     false},
    {"no terminal: the process's session", "",
     {OURS("pts/3", "10.0.0.2", 5), FROM("pts/4", "10.0.0.9", 6), END}, IDENTITY_FROM, "10.0.0.2",
     5, false},
    {"a terminal recorded nowhere: the process's session", "pts/7",
     {OURS("pts/3", "10.0.0.2", 5), FROM("pts/4", "10.0.0.9", 6), END}, IDENTITY_FROM, "10.0.0.2",
     5, false},
    {"no terminal, a session without one is not that of it", "",
     {FROM("", "10.0.0.2", 5), FROM("", "10.0.0.9", 6), END}, IDENTITY_MANY, "-", 0, false},
    {"one host, two sessions: the younger", "",
     {FROM("pts/3", "10.0.0.2", 5), FROM("pts/4", "10.0.0.2", 6), END}, IDENTITY_FROM, "10.0.0.2",
     6, false},
    {"one host, two sessions, in the other order", "",
     {FROM("pts/4", "10.0.0.2", 6), FROM("pts/3", "10.0.0.2", 5), END}, IDENTITY_FROM, "10.0.0.2",
     6, false},
    {"two hosts", "", {FROM("pts/3", "10.0.0.2", 5), FROM("pts/4", "10.0.0.9", 6), END},
     IDENTITY_MANY, "-", 0, false},
    {"two hosts, the third session is from the first", "",
     {FROM("pts/3", "10.0.0.2", 5), FROM("pts/4", "10.0.0.9", 6), FROM("pts/5", "10.0.0.2", 7),
      END}, IDENTITY_MANY, "-", 0, false},
    {"IPv4 and IPv6", "", {FROM("pts/3", "10.0.0.2", 5), FROM("pts/4", "fd00::2", 6), END},
     IDENTITY_MANY, "-", 0, false},
    {"a host and the console", "", {FROM("pts/3", "10.0.0.2", 5), LIKE(IDENTITY_CONSOLE, "tty1", 6),
     END}, IDENTITY_FROM, "10.0.0.2", 5, false},
    {"at the console's terminal", "tty1", {FROM("pts/3", "10.0.0.2", 5),
     LIKE(IDENTITY_CONSOLE, "tty1", 6), END}, IDENTITY_CONSOLE, "-", 6, false},
    {"the console alone", "", {LIKE(IDENTITY_CONSOLE, "tty1", 6), END}, IDENTITY_CONSOLE, "-", 6,
     false},
    {"a name alone", "", {LIKE(IDENTITY_NAME, "pts/3", 6), END}, IDENTITY_NAME, "-", 6, false},
    {"a name and the console", "", {LIKE(IDENTITY_CONSOLE, "tty1", 7),
     LIKE(IDENTITY_NAME, "pts/3", 6), END}, IDENTITY_NAME, "-", 6, false},
    {"a name, which may be any host, and a host", "", {LIKE(IDENTITY_NAME, "pts/3", 6),
     FROM("pts/4", "10.0.0.2", 5), END}, IDENTITY_MANY, "-", 0, false},
    {"a name and an address of one leader", "", {LIKE(IDENTITY_NAME, "", 5),
     FROM("pts/4", "10.0.0.2", 5), END}, IDENTITY_FROM, "10.0.0.2", 5, false},
    {"the process's session has a name, utmp its address", "pts/9",
     {{IDENTITY_NAME, "", "-", 5, true, true}, FROM("pts/4", "10.0.0.2", 5),
      FROM("pts/5", "10.0.0.9", 6), END}, IDENTITY_FROM, "10.0.0.2", 5, false},
    {"what one takes for the console the other has from a host", "pts/4",
     {LIKE(IDENTITY_CONSOLE, "pts/4", 5), FROM("", "10.0.0.2", 5), END}, IDENTITY_FROM, "10.0.0.2",
     5, false},
    {"leaders that are not known are not one", "pts/3",
     {LIKE(IDENTITY_NAME, "pts/3", 0), FROM("pts/4", "10.0.0.2", 0), END}, IDENTITY_NAME, "-", 0,
     false},
    {"two addresses at one terminal", "pts/3",
     {FROM("pts/3", "10.0.0.2", 5), FROM("pts/3", "10.0.0.9", 6), END}, IDENTITY_MANY, "-", 0,
     false},
    {"another service's alone", "", {LIKE(IDENTITY_SERVICE, "", 6), END}, IDENTITY_SERVICE, "-", 6,
     false},
    {"another service's and a host", "", {LIKE(IDENTITY_SERVICE, "", 6),
     FROM("pts/3", "10.0.0.2", 5), END}, IDENTITY_FROM, "10.0.0.2", 5, false},
    {"from within another service's", "", {CRON, FROM("pts/3", "10.0.0.2", 5), END},
     IDENTITY_SERVICE, "-", 9, false},
    {"from within another service's, at one's own terminal", "pts/3",
     {CRON, FROM("pts/3", "10.0.0.2", 5), END}, IDENTITY_FROM, "10.0.0.2", 5, false},
    {"su: the terminal is another's", "pts/3", {ANOTHER("pts/3", true),
     FROM("pts/4", "10.0.0.2", 5), END}, IDENTITY_ANOTHERS, "-", 0, false},
    {"su: and the session has the caller's", "pts/3", {ANOTHER("pts/3", true),
     OURS("pts/4", "10.0.0.2", 5), END}, IDENTITY_ANOTHERS, "-", 0, false},
    {"su: even with an own record of it", "pts/3", {ANOTHER("pts/3", true),
     FROM("pts/3", "10.0.0.2", 5), END}, IDENTITY_ANOTHERS, "-", 0, false},
    {"su in tmux: its record is nobody's word, but against nothing", "pts/3",
     {ANOTHER("pts/3", false), OURS("pts/4", "10.0.0.2", 5), END}, IDENTITY_ANOTHERS, "-", 0,
     false},
    {"a record that anybody may write, against sshd's", "pts/3", {ANOTHER("pts/3", false),
     FROM("pts/3", "10.0.0.2", 5), END}, IDENTITY_FROM, "10.0.0.2", 5, false},
    {"another's terminal is no matter at one's own", "pts/4", {ANOTHER("pts/3", true),
     FROM("pts/4", "10.0.0.2", 5), END}, IDENTITY_FROM, "10.0.0.2", 5, false},
    {"su: the process is in another's session", "pts/9", {SU, FROM("pts/4", "10.0.0.2", 5), END},
     IDENTITY_ANOTHERS, "-", 0, false},
    {"su, but the terminal is one's own", "pts/4", {SU, FROM("pts/4", "10.0.0.2", 5), END},
     IDENTITY_FROM, "10.0.0.2", 5, false},
    {"more than were read: nobody knows from how many hosts", "",
     {FROM("pts/3", "10.0.0.2", 5), END}, IDENTITY_MANY, "-", 0, true},
    {"more than were read, the terminal decides", "pts/3", {FROM("pts/3", "10.0.0.2", 5), END},
     IDENTITY_FROM, "10.0.0.2", 5, true},
    {"more than were read, the session decides", "", {OURS("pts/3", "10.0.0.2", 5), END},
     IDENTITY_FROM, "10.0.0.2", 5, true},
};

static void test_decisions(struct tap *t)
{
    static struct identity_facts facts;

    for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++) {
        const struct decision *d = &decisions[i];
        char host[ADDR_TEXT_LEN];
        struct identity got;

        facts = (struct identity_facts){.more = d->more};
        for (const struct made *m = d->facts; m->kind != IDENTITY_NONE; m++) {
            struct identity_fact *f = &facts.list[facts.count++];

            *f = (struct identity_fact){.kind = m->kind, .sure = m->sure,
                                        .of_caller = m->of_caller,
                                        .leader = {.pid = m->leader, .start = m->leader}};
            snprintf(f->terminal, sizeof f->terminal, "%s", m->terminal);
            if (m->kind == IDENTITY_FROM && addr_parse(m->host, &f->host) != 0)
                exit(1);
        }
        identity_decide(&facts, d->terminal, &got);
        tap_text(t, identity_word(got.result), identity_word(d->result), "%s: result", d->what);
        tap_text(t, addr_format(&got.host, host), d->host, "%s: host", d->what);
        tap_is(t, got.leader.pid, d->leader, "%s: leader", d->what);
    }
}

static const struct {
    const char *what;
    struct identity_session session; /* remote, class, service, state, seat, host */
    bool of_caller;
    enum identity_result kind;
    const char *host;
} sessions[] = {
    {"ssh", {true, "user", "sshd", "active", "", "10.0.0.2"}, false, IDENTITY_FROM, "10.0.0.2"},
    {"ssh, IPv6", {true, "user", "sshd", "online", "", "fd00::2"}, false, IDENTITY_FROM, "fd00::2"},
    {"ssh, mapped", {true, "user", "sshd", "active", "", "::ffff:10.0.0.2"}, false, IDENTITY_FROM,
     "10.0.0.2"},
    {"ssh with UseDNS", {true, "user", "sshd", "active", "", "pc1.example.org"}, false,
     IDENTITY_NAME, "-"},
    {"a name that begins with a number", {true, "user", "sshd", "active", "", "10.0.0.2.evil.org"},
     false, IDENTITY_NAME, "-"},
    {"no host", {true, "user", "sshd", "active", "", ""}, false, IDENTITY_NAME, "-"},
    {"ssh from loopback", {true, "user", "sshd", "active", "", "127.0.0.1"}, false,
     IDENTITY_CONSOLE, "-"},
    {"ssh from loopback, IPv6", {true, "user", "sshd", "active", "", "::1"}, false,
     IDENTITY_CONSOLE, "-"},
    {"telnet", {true, "user", "remote", "active", "", "10.0.0.2"}, false, IDENTITY_FROM,
     "10.0.0.2"},
    {"login", {false, "user", "login", "active", "seat0", ""}, false, IDENTITY_CONSOLE, "-"},
    {"login at a serial line", {false, "user", "login", "active", "", ""}, false, IDENTITY_CONSOLE,
     "-"},
    {"a desktop", {false, "user", "gdm-password", "active", "seat0", ""}, false, IDENTITY_CONSOLE,
     "-"},
    {"xrdp", {false, "user", "xrdp-sesman", "active", "", ""}, false, IDENTITY_SERVICE, "-"},
    {"a remote desktop", {true, "user", "xdm", "active", "", "10.0.0.2"}, false, IDENTITY_SERVICE,
     "-"},
    {"logged out, something goes on running", {true, "user", "sshd", "closing", "", "10.0.0.2"},
     true, IDENTITY_NONE, "-"},
    {"a greeter", {false, "greeter", "gdm-launch-environment", "active", "seat0", ""}, false,
     IDENTITY_NONE, "-"},
    {"a manager", {false, "manager", "systemd-user", "active", "", ""}, false, IDENTITY_NONE, "-"},
    {"cron elsewhere", {false, "background", "cron", "active", "", ""}, false, IDENTITY_NONE, "-"},
    {"called by cron", {false, "background", "cron", "active", "", ""}, true, IDENTITY_SERVICE,
     "-"},
    {"no class", {true, "", "sshd", "active", "", "10.0.0.2"}, false, IDENTITY_NONE, "-"},
    {"no service", {true, "user", "", "active", "", "10.0.0.2"}, false, IDENTITY_SERVICE, "-"},
};

static void test_sessions(struct tap *t)
{
    for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++) {
        char host[ADDR_TEXT_LEN];
        struct addr got = {0};

        tap_text(t, identity_word(identity_judge_session(&sessions[i].session,
                                                         sessions[i].of_caller, &got)),
                 identity_word(sessions[i].kind), "logind, %s: kind", sessions[i].what);
        tap_text(t, addr_format(&got, host), sessions[i].host, "logind, %s: host",
                 sessions[i].what);
    }
}

static const struct {
    const char *program, *address, *host; /* ut_addr_v6, ut_host */
    enum identity_result kind;
    const char *found;
} records[] = {
    {"sshd", "10.0.0.2", "10.0.0.2", IDENTITY_FROM, "10.0.0.2"},
    {"sshd", "10.0.0.2", "pc1.example.org", IDENTITY_FROM, "10.0.0.2"},
    {"sshd", "10.0.0.2", "10.9.9.9", IDENTITY_FROM, "10.0.0.2"},
    {"sshd-session", "fd00::2", "fd00::2", IDENTITY_FROM, "fd00::2"},
    {"sshd", "::ffff:10.0.0.2", "", IDENTITY_FROM, "10.0.0.2"},
    {"sshd", "127.0.0.1", "127.0.0.1", IDENTITY_CONSOLE, "-"},
    {"sshd", "::1", "::1", IDENTITY_CONSOLE, "-"},
    {"sshd", "", "", IDENTITY_CONSOLE, "-"},
    {"sshd", "", "10.0.0.2", IDENTITY_NAME, "-"},
    {"sshd", "", "pc1.example.org", IDENTITY_NAME, "-"},
    {"login", "", "", IDENTITY_CONSOLE, "-"},
    {"login", "", ":0", IDENTITY_CONSOLE, "-"},
    {"login", "10.0.0.2", "10.0.0.2", IDENTITY_FROM, "10.0.0.2"},
    {"login", "fd00::2", "fd00:0::2", IDENTITY_FROM, "fd00::2"},
    {"login", "10.0.0.2", "pc1.example.org", IDENTITY_NAME, "-"},
    {"login", "10.0.0.2", "10.0.0.22", IDENTITY_NAME, "-"},
    {"login", "10.0.0.2", "", IDENTITY_NAME, "-"},
    {"login", "", "10.0.0.2", IDENTITY_NAME, "-"},
    {"gdm-session-wor", "", ":0", IDENTITY_CONSOLE, "-"},
    {"gdm-session-wor", "", "", IDENTITY_CONSOLE, "-"},
    {"xrdp-sesman", "10.0.0.2", "10.0.0.2", IDENTITY_SERVICE, "-"},
    {"sudo", "", "10.0.0.2", IDENTITY_SERVICE, "-"},
    {"sshd-evil", "10.0.0.2", "", IDENTITY_SERVICE, "-"},
};

static void test_records(struct tap *t)
{
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        struct utmp u = {.ut_type = USER_PROCESS};
        const char *address = records[i].address;
        char host[ADDR_TEXT_LEN];
        struct addr got = {0};

        if (address[0] && inet_pton(strchr(address, ':') ? AF_INET6 : AF_INET, address,
                                    u.ut_addr_v6) != 1)
            exit(1);
        memcpy(u.ut_host, records[i].host, strlen(records[i].host));
        tap_text(t, identity_word(identity_judge_record(&u, records[i].program, &got)),
                 identity_word(records[i].kind), "utmp, %s, address `%s', host `%s': kind",
                 records[i].program, address, records[i].host);
        tap_text(t, addr_format(&got, host), records[i].found, "and the address");
    }
}

static void test_terminals(struct tap *t)
{
    static const struct {
        const char *claimed, *expected;
    } cases[] = {
        {"pts/3", "pts/3"},
        {"/dev/pts/3", "pts/3"},
        {"tty1", "tty1"},
        {":0", ":0"},
        {"", ""},
        {"/dev/", ""},
        {"/pts/3", ""},
        {"/dev//dev/pts/3", ""},
        {"pts/../tty1", ""},
        {"..", ""},
        {"pts/3\n", ""},
        {"pts/3 ", ""},
        {"pts/\x1b[2J", ""},
        {"pts/\xc3\xa5", ""},
        {"pts/\x7f", ""},
        {"12345678901234567890123456789012", "12345678901234567890123456789012"},
        {"123456789012345678901234567890123", ""},
        {"/dev/12345678901234567890123456789012", "12345678901234567890123456789012"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char got[IDENTITY_TERMINAL_LEN] = "untouched";

        identity_terminal(cases[i].claimed, got);
        tap_text(t, got, cases[i].expected, "terminal %zu", i);
    }
}

int main(void)
{
    struct tap t = {0};

    test_decisions(&t);
    test_sessions(&t);
    test_records(&t);
    test_terminals(&t);
    return tap_done(&t);
}
