/*
 * Terminals of users that nobody has: pseudo-terminals of an instance of its own, and the same
 * ones bound to the names of other lines.
 */
#include "strangers.h"
#include "terminals.h"

#include <errno.h>
#include <sys/capability.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>

#define ALICE (STRANGER + 1)
#define BOB (STRANGER + 2)
#define DEV STRANGERS_FOLDER "/dev"
#define LINES STRANGERS_FOLDER "/lines"

struct terminal {
    int master, slave;
    char path[64];
};

static struct terminal open_terminal(uid_t owner, mode_t mode)
{
    struct terminal x = {.master = open(DEV "/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)};
    struct termios raw;
    int number = -1, unlock = 0;

    strangers_require(x.master >= 0 && ioctl(x.master, TIOCGPTN, &number) == 0, "ptmx");
    strangers_require(ioctl(x.master, TIOCSPTLCK, &unlock) == 0, "unlock");
    snprintf(x.path, sizeof x.path, DEV "/pts/%d", number);
    x.slave = open(x.path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    strangers_require(x.slave >= 0 && tcgetattr(x.slave, &raw) == 0, x.path);
    cfmakeraw(&raw);
    strangers_require(tcsetattr(x.slave, TCSANOW, &raw) == 0, "raw mode");
    strangers_require(chown(x.path, owner, 5) == 0 && chmod(x.path, mode) == 0, "chown");
    fcntl(x.master, F_SETFL, O_NONBLOCK);
    return x;
}

static void close_terminal(struct terminal *x)
{
    close(x->slave);
    close(x->master);
}

/* What has arrived, until nothing more does: not before it is as much as is expected, as the kernel
 * moves it on when it comes to it; 5 s at most. */
static const char *shown(const struct terminal *x, const char *expected)
{
    static char text[4096];
    size_t len = 0;

    for (int empty = 0, waited = 0; empty < 5 && waited < 1250;) {
        ssize_t n = read(x->master, text + len, sizeof text - 1 - len);

        if (n > 0) {
            len += (size_t)n;
            continue;
        }
        empty += len >= strlen(expected);
        waited++;
        usleep(4000);
    }
    text[len] = '\0';
    return text;
}

static void test_texts(struct tap *t)
{
    static const struct {
        const char *text, *shown, *what;
    } cases[] = {
        {"Your quota is used up.\n", "Your quota is used up.\r\n", "a line"},
        {"\na\n\nb", "\r\na\r\n\r\nb", "empty lines, none at the end"},
        {"a\r\nb\rc", "a\r\nb?c", "line ends of another kind"},
        {"a\tb", "a\tb", "a tab"},
        {"\033[31mred\007\b\177\001", "?[31mred????", "controls"},
        {"\xc2\x9b"
         "31m",
         "??31m", "controls behind U+0080"},
        {"Kvoten \xc3\xa4r slut \xe2\x82\xac \xf0\x9f\x98\x80",
         "Kvoten \xc3\xa4r slut \xe2\x82\xac \xf0\x9f\x98\x80", "UTF-8"},
        {"\xe4 \xc3( \xe2\x82", "? ?( ??", "no UTF-8"},
        {"\xc0\x8a \xed\xa0\x80 \xf5\x80\x80\x80", "?? ??? ????", "what looks like UTF-8"},
    };
    struct terminal x = open_terminal(ALICE, 0620);

    tap_text(t, shown(&x, ""), "", "nothing yet");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tap_is(t, terminals_tell(DEV, ALICE, cases[i].text), 1, "%s: told", cases[i].what);
        tap_text(t, shown(&x, cases[i].shown), cases[i].shown, "%s: shown", cases[i].what);
    }
    tap_is(t, terminals_tell(DEV, ALICE, ""), 0, "no text tells nobody");
    tap_is(t, geteuid(), 0, "the user's rights are given back");
    tap_is(t, setfsuid((uid_t)-1), 0, "those for files, too");
    close_terminal(&x);
}

static void test_owners(struct tap *t)
{
    struct terminal one = open_terminal(ALICE, 0620), two = open_terminal(ALICE, 0600);
    struct terminal bobs = open_terminal(BOB, 0666), roots = open_terminal(0, 0666);

    tap_is(t, terminals_tell(DEV, STRANGER, "x"), 0, "who has none is told nothing");
    tap_is(t, terminals_tell(DEV, ALICE, "x"), 2, "each of hers is told");
    tap_text(t, shown(&one, "x"), "x", "the first");
    tap_text(t, shown(&two, "x"), "x", "the one that takes no messages");
    tap_text(t, shown(&bobs, ""), "", "not another's, whoever may write there");
    tap_text(t, shown(&roots, ""), "", "nor root's");
    tap_is(t, terminals_tell("/nowhere", ALICE, "x"), -ENOENT, "no folder");
    strangers_require(chmod(one.path, 0) == 0 && chmod(two.path, 0) == 0, "chmod");
    tap_is(t, terminals_tell(DEV, ALICE, "x"), -EACCES, "those that she may not write to herself");
    strangers_require(chmod(one.path, 0200) == 0, "chmod");
    tap_is(t, terminals_tell(DEV, ALICE, "x"), 1, "one of both");
    close_terminal(&one);
    close_terminal(&two);
    close_terminal(&bobs);
    close_terminal(&roots);
}

/* Ctrl-S, and a screen that nobody reads any more. */
static void test_stopped(struct tap *t)
{
    struct terminal stopped = open_terminal(ALICE, 0620), other = open_terminal(ALICE, 0620);
    int told = 1, tries = 0;
    size_t size = 1 << 20;
    char *large = malloc(size + 1);

    strangers_require(large != NULL, "malloc");
    memset(large, 'x', size);
    large[size] = '\0';
    strangers_require(tcflow(stopped.slave, TCOOFF) == 0, "tcflow");
    alarm(30); /* if it waited, it would wait for ever */
    tap_is(t, terminals_tell(DEV, ALICE, "hello"), 1, "a stopped one is left out");
    tap_text(t, shown(&other, "hello"), "hello", "the other one is told");
    strangers_require(tcflow(stopped.slave, TCOON) == 0, "tcflow");
    tap_text(t, shown(&stopped, ""), "", "nothing comes later");
    tap_is(t, terminals_tell(DEV, ALICE, large), 2, "more than they take");
    while (told > 0 && tries++ < 1000) {
        usleep(2000); /* the kernel makes room by moving it on */
        told = terminals_tell(DEV, ALICE, large);
    }
    tap_is(t, told, 0, "full in the end, and still not waited for");
    alarm(0);
    free(large);
    close_terminal(&stopped);
    close_terminal(&other);
}

static void touch(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    strangers_require(fd >= 0, path);
    close(fd);
}

static void test_names(struct tap *t)
{
    static const struct {
        const char *name;
        int told;
    } cases[] = {{"tty7", 1},  {"tty63", 1}, {"ttyS3", 1},    {"ttyS", 0},
                 {"tty", 0},   {"tty7x", 0}, {"tty-1", 0},    {"pts7", 0},
                 {"hello", 0}, {"pts/x", 0}, {"console-x", 0}};
    struct terminal x = open_terminal(ALICE, 0620);

    strangers_require(mkdir(LINES, 0755) == 0, LINES);
    tap_is(t, terminals_tell(LINES, ALICE, "x"), 0, "an empty folder");
    strangers_require(mkdir(LINES "/pts", 0755) == 0, LINES);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[64];

        snprintf(path, sizeof path, LINES "/%s", cases[i].name);
        touch(path);
        strangers_require(mount(x.path, path, NULL, MS_BIND, NULL) == 0, path);
        tap_is(t, terminals_tell(LINES, ALICE, "x"), cases[i].told, "%s: told", cases[i].name);
        tap_text(t, shown(&x, cases[i].told ? "x" : ""), cases[i].told ? "x" : "", "%s: shown",
                 cases[i].name);
        strangers_require(umount2(path, MNT_DETACH) == 0 && unlink(path) == 0, path);
    }
    touch(LINES "/tty1");
    strangers_require(mknod(LINES "/tty2", S_IFCHR | 0600, makedev(1, 3)) == 0, "mknod");
    strangers_require(mkfifo(LINES "/tty3", 0600) == 0 && mkdir(LINES "/tty4", 0700) == 0,
                      "mkfifo");
    touch(LINES "/elsewhere");
    strangers_require(mount(x.path, LINES "/elsewhere", NULL, MS_BIND, NULL) == 0, "bind");
    strangers_require(symlink("elsewhere", LINES "/tty5") == 0, "symlink");
    for (int i = 1; i <= 5; i++) {
        char path[64];

        snprintf(path, sizeof path, LINES "/tty%d", i);
        strangers_require(lchown(path, ALICE, 0) == 0, path);
    }
    tap_is(t, terminals_tell(LINES, ALICE, "x"), 0,
           "no file, no /dev/null, no pipe, no folder, no link");
    close_terminal(&x);
}

/* With nothing but the right to take a user's rights. */
static void test_rights(struct tap *t)
{
    static const cap_value_t enough[] = {CAP_SETUID};
    struct terminal x = open_terminal(ALICE, 0600);

    for (int count = 0; count < 2; count++) {
        int status = -1;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
            cap_t caps = cap_init();

            if (!caps ||
                (count && (cap_set_flag(caps, CAP_PERMITTED, 1, enough, CAP_SET) != 0 ||
                           cap_set_flag(caps, CAP_EFFECTIVE, 1, enough, CAP_SET) != 0)) ||
                cap_set_proc(caps) != 0)
                _exit(2);
            cap_free(caps);
            _exit(terminals_tell(DEV, ALICE, "x") == (count ? 1 : -EPERM) ? 0 : 1);
        }
        waitpid(pid, &status, 0);
        tap_is(t, WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0, "with %d capabilities: %s",
               count, count ? "told" : "said so");
        tap_text(t, shown(&x, count ? "x" : ""), count ? "x" : "", "with %d capabilities: shown",
                 count);
    }
    close_terminal(&x);
}

int main(void)
{
    struct tap t = {0};

    strangers_begin();
    strangers_mount();
    strangers_require(mkdir(DEV, 0755) == 0 && mkdir(DEV "/pts", 0755) == 0, DEV);
    strangers_require(mount("devpts", DEV "/pts", "devpts", 0, "newinstance,ptmxmode=0600") == 0,
                      "devpts");
    test_texts(&t);
    test_owners(&t);
    test_stopped(&t);
    test_rights(&t);
    test_names(&t);
    return tap_done(&t);
}
