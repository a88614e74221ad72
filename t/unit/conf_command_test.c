/* VERIFY_CMD: the words it is taken for, and what is told of one that was written for a shell. */
#include "conf.h"
#include "tap.h"

#include <sys/stat.h>
#include <unistd.h>

#define NET "LOCALNET=10.0.0.0/8\n"
#define SHELL "has characters of a shell"
#define RELATIVE "is a relative path"

struct told {
    char texts[4][600];
    unsigned faults, warnings;
};

static char path[] = "/tmp/tcpquota-conf-XXXXXX";

static void note_line(void *context, bool fault, const char *key, const char *text)
{
    struct told *told = context;

    (void)key;
    if (told->faults + told->warnings < 4)
        snprintf(told->texts[told->faults + told->warnings], sizeof told->texts[0], "%s", text);
    told->faults += fault;
    told->warnings += !fault;
}

/* None of them is a fault: a file that has loaded goes on to load. */
static const struct {
    const char *what, *line, *words; /* with a comma between words */
    const char *warnings[2];         /* what they hold; NULL: there is none */
} commands[] = {
    {"none", "VERIFY=500", "", {NULL}},
    {"nothing", "VERIFY_CMD=", "", {NULL}},
    {"blanks alone", "VERIFY_CMD=\"   \"", "", {NULL}},
    {"a path", "VERIFY_CMD=/usr/local/sbin/check", "/usr/local/sbin/check", {NULL}},
    {"a path with words",
     "VERIFY_CMD=/bin/ping -c 1  192.0.2.1",
     "/bin/ping,-c,1,192.0.2.1",
     {NULL}},
    {"in quotes", "VERIFY_CMD=\"/bin/ping -c 1 fd00::1\"", "/bin/ping,-c,1,fd00::1", {NULL}},
    {"a name", "VERIFY_CMD=ping -c 1 192.0.2.1", "ping,-c,1,192.0.2.1", {NULL}},
    {"a word longer than any name",
     "VERIFY_CMD=/bin/a /0123456789/0123456789/0123456789/0123456789/0123456789/0123456789",
     "/bin/a,/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789",
     {NULL}},
    {"a relative path", "VERIFY_CMD=bin/check now", "bin/check,now", {RELATIVE}},
    {"a slash behind the name alone", "VERIFY_CMD=check /etc", "check,/etc", {NULL}},
    {"with ;", "VERIFY_CMD=\"/bin/a; exit 3\"", "/bin/a;,exit,3", {SHELL}},
    {"with >", "VERIFY_CMD=/bin/a >/tmp/x", "/bin/a,>/tmp/x", {SHELL}},
    {"with <", "VERIFY_CMD=/bin/a <x", "/bin/a,<x", {SHELL}},
    {"with |", "VERIFY_CMD=/bin/a |b", "/bin/a,|b", {SHELL}},
    {"with &", "VERIFY_CMD=/bin/a &", "/bin/a,&", {SHELL}},
    {"with (", "VERIFY_CMD=/bin/a (b", "/bin/a,(b", {SHELL}},
    {"with )", "VERIFY_CMD=/bin/a b)", "/bin/a,b)", {SHELL}},
    {"with $", "VERIFY_CMD=/bin/a $HOME", "/bin/a,$HOME", {SHELL}},
    {"with a backtick", "VERIFY_CMD=/bin/a `b`", "/bin/a,`b`", {SHELL}},
    {"with a backslash", "VERIFY_CMD=/bin/a b\\c", "/bin/a,b\\c", {SHELL}},
    {"with single quotes", "VERIFY_CMD=/bin/a 'b c'", "/bin/a,'b,c'", {SHELL}},
    {"with double quotes", "VERIFY_CMD='/bin/a \"b c\"'", "/bin/a,\"b,c\"", {SHELL}},
    {"with *", "VERIFY_CMD=/bin/a *", "/bin/a,*", {SHELL}},
    {"with ?", "VERIFY_CMD=/bin/a b?", "/bin/a,b?", {SHELL}},
    {"many of them, told once",
     "VERIFY_CMD=\"/bin/a | b > $c & d\"",
     "/bin/a,|,b,>,$c,&,d",
     {SHELL}},
    {"both", "VERIFY_CMD=bin/a |b", "bin/a,|b", {SHELL, RELATIVE}},
    {"for the daemon alone",
     "VERIFY_CMD=/bin/a\ntcpquotad.VERIFY_CMD=/bin/b c",
     "/bin/b,c",
     {NULL}},
    {"for another", "VERIFY_CMD=/bin/a\nopenfw.VERIFY_CMD=/bin/b |c", "/bin/a", {NULL}},
};

static int load(struct conf *conf, const char *line, struct told *told)
{
    FILE *f = fopen(path, "w");

    *told = (struct told){.faults = 0};
    if (!f || fprintf(f, NET "%s\n", line) < 0 || fclose(f) != 0 || chmod(path, 0600) != 0)
        exit(1);
    return conf_load(conf, path, "tcpquotad", note_line, told);
}

static void tap_words(struct tap *t, const struct name_list *words, const char *expected,
                      const char *what)
{
    char got[512] = "";

    for (size_t i = 0; i < words->count; i++) {
        size_t len = strlen(got);

        snprintf(got + len, sizeof got - len, "%s%s", i ? "," : "", words->names[i]);
    }
    tap_text(t, got, expected, "%s: its words", what);
}

int main(void)
{
    struct tap t = {0};
    int fd = mkstemp(path);

    if (fd < 0)
        return 1;
    close(fd);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const char *what = commands[i].what;
        char place[100];
        struct conf conf;
        struct told told;
        unsigned expected = 0;

        if (!tap_is(&t, load(&conf, commands[i].line, &told), 0, "%s: loads", what)) {
            tap_note("%s", told.texts[0]);
            continue;
        }
        tap_words(&t, &conf.verify_cmd, commands[i].words, what);
        snprintf(place, sizeof place, "%s:2: VERIFY_CMD: ", path);
        for (; expected < 2 && commands[i].warnings[expected]; expected++) {
            if (!tap_ok(&t,
                        strncmp(told.texts[expected], place, strlen(place)) == 0 &&
                            strstr(told.texts[expected], commands[i].warnings[expected]),
                        "%s: told with its line", what))
                tap_note("got `%s', expected `%s%s'", told.texts[expected], place,
                         commands[i].warnings[expected]);
        }
        tap_is(&t, told.warnings, expected, "%s: warnings", what);
        conf_free(&conf);
    }
    unlink(path);
    return tap_done(&t);
}
