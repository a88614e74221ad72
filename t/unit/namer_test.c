/*
 * Names of uids: what the process that knows them answers, and what becomes of whoever waits for an
 * answer that does not come.
 */
#include "namer.h"
#include "tap.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_S 30 /* for what has to come */

/* Users and groups that this test alone knows, in place of the C library's. */
#define USER_OF(groups) (31000000u + (groups))   /* in so many groups */
#define LONG_OF(groups) USER_OF(2000 + (groups)) /* ... of names of 100 bytes */
#define LONG 4000u
#define GROUPS 10000u
#define DEADLY 31900010u /* whoever asks ends: with 0; the next one, with 1 */
#define GID(n) (31000000u + (n))
#define BROKEN GID(3000)   /* cannot be looked up */
#define NAMELESS GID(3001) /* there is none */

static const struct {
    uid_t uid;
    gid_t first;
} odd[] = {{31900000, BROKEN}, {31900001, NAMELESS}};

struct passwd *getpwuid(uid_t uid)
{
    static struct passwd user;
    static char text[4096];
    struct passwd *found = NULL;

    if (uid == DEADLY || uid == DEADLY + 1)
        _exit((int)(uid - DEADLY));
    if (uid < USER_OF(0)) {
        errno = getpwuid_r(uid, &user, text, sizeof text, &found);
        return found;
    }
    snprintf(text, sizeof text, "%lu", (unsigned long)uid);
    user = (struct passwd){.pw_name = text, .pw_uid = uid, .pw_gid = GID(0)};
    if (uid >= LONG_OF(0) && uid < USER_OF(GROUPS))
        user.pw_gid = GID(LONG);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        user.pw_gid = uid == odd[i].uid ? odd[i].first : user.pw_gid;
    return &user;
}

int getgrouplist(const char *user, gid_t first, gid_t *gids, int *room)
{
    unsigned long uid = strtoul(user, NULL, 10);
    int count = uid >= USER_OF(0) && uid < USER_OF(GROUPS) ? (int)(uid - USER_OF(0)) : 1;

    count -= first == GID(LONG) ? 2000 : 0;
    for (int i = 0; i < count && i < *room; i++)
        gids[i] = first + (gid_t)i;
    if (count > *room)
        return -1;
    *room = count;
    return count;
}

struct group *getgrgid(gid_t gid)
{
    static struct group group;
    static char text[4096];
    struct group *found = NULL;

    if (gid < GID(0)) {
        errno = getgrgid_r(gid, &group, text, sizeof text, &found);
        return found;
    }
    if (gid == BROKEN || gid == NAMELESS) {
        errno = gid == BROKEN ? EIO : 0;
        return NULL;
    }
    snprintf(text, sizeof text, "%0*lu",
             gid >= GID(LONG) ? 99
             : gid < GID(400) ? 20
                              : 10,
             (unsigned long)gid);
    group = (struct group){.gr_name = text, .gr_gid = gid};
    return &group;
}

static bool has_group(const char *groups, const char *name)
{
    for (; *groups; groups += strlen(groups) + 1) {
        if (strcmp(groups, name) == 0)
            return true;
    }
    return false;
}

/* The first uid from here on that nobody has. */
static uid_t nobodys_uid(void)
{
    uid_t uid = 23001;

    while (getpwuid(uid))
        uid++;
    return uid;
}

static void test_found(struct tap *t, int fd)
{
    struct namer_answer a;
    struct group *g = getgrgid(0);
    char group[64];

    snprintf(group, sizeof group, "%s", g ? g->gr_name : "");
    memset(&a, 'x', sizeof a);
    tap_is(t, namer_find(fd, 0, span_seconds(PATIENCE_S), &a), 0, "root: an answer");
    tap_is(t, a.uid, 0, "root: to what was asked");
    tap_ok(t, a.found && !a.failed, "root: found");
    tap_text(t, a.name.text, getpwuid(0)->pw_name, "root: the name");
    tap_ok(t, has_group(a.groups, group), "root: its group %s is there", group);
    tap_ok(t, !has_group(a.groups, "tcpquota-no-such-group"), "root: another is not");
}

/* A second name for root, in this process's own view of the file. */
static void add_second(void)
{
    char path[] = "/tmp/tcpquota-passwd.XXXXXX";
    int fd = mkstemp(path);
    FILE *from = fopen("/etc/passwd", "re"), *to = fd < 0 ? NULL : fdopen(fd, "w");
    int c;

    if (!from || !to || unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        printf("Bail out! %m\n");
        exit(1);
    }
    while ((c = getc(from)) != EOF)
        putc(c, to);
    fprintf(to, "tq-second:x:0:0::/:/bin/false\ntq-third:x:1:0::/:/bin/false\n");
    fclose(from);
    if (fchmod(fd, 0644) != 0 || fclose(to) != 0 ||
        mount(path, "/etc/passwd", NULL, MS_BIND, NULL) != 0) {
        printf("Bail out! %m\n");
        exit(1);
    }
    unlink(path);
}

static void test_second(struct tap *t, int fd)
{
    struct namer_answer a;

    tap_is(t, namer_find(fd, 0, span_seconds(PATIENCE_S), &a), 0, "second name: an answer");
    tap_text(t, a.name.text, getpwuid(0)->pw_name, "second name: it is not the first");
    tap_ok(t, has_group(a.others, "tq-second"), "second name: it is there");
    tap_ok(t, !has_group(a.others, "tq-third"), "second name: another user's is not");
    tap_ok(t, !has_group(a.others, a.name.text), "second name: the first is not twice");
}

static void test_not_found(struct tap *t, int fd)
{
    uid_t uid = nobodys_uid();
    struct namer_answer a;

    memset(&a, 'x', sizeof a);
    tap_is(t, namer_find(fd, uid, span_seconds(PATIENCE_S), &a), 0, "nobody's: an answer");
    tap_is(t, a.uid, uid, "nobody's: to what was asked");
    tap_ok(t, !a.found && !a.failed, "nobody's: there is none");
    tap_text(t, a.name.text, "", "nobody's: no name");
    tap_text(t, a.groups, "", "nobody's: no group");
    tap_text(t, a.others, "", "nobody's: no other name");
}

/* Of a user whose groups are not all known nothing may be made that depends on them. */
static void test_groups(struct tap *t, int fd)
{
    static const struct {
        const char *what;
        uid_t uid;
        bool failed;
        const char *group; /* that is there */
    } cases[] = {
        {"one group", USER_OF(1), false, "00000000000031000000"},
        {"more than fit into a page", USER_OF(400), false, "00000000000031000399"},
        {"as many as are asked for", USER_OF(1024), false, "0031001023"},
        {"one more", USER_OF(1025), true, NULL},
        {"names that just fit", LONG_OF(163), false, NULL},
        {"one more than fits", LONG_OF(164), true, NULL},
        {"one that cannot be looked up", odd[0].uid, true, NULL},
        {"one that has no name", odd[1].uid, false, NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct namer_answer a;
        char name[32];

        snprintf(name, sizeof name, "%lu", (unsigned long)cases[i].uid);
        tap_is(t, namer_find(fd, cases[i].uid, span_seconds(PATIENCE_S), &a), 0, "%s: an answer",
               cases[i].what);
        tap_ok(t, a.found, "%s: found", cases[i].what);
        tap_text(t, a.name.text, name, "%s: the name", cases[i].what);
        tap_is(t, a.failed, cases[i].failed, "%s: failed", cases[i].what);
        if (cases[i].group)
            tap_ok(t, has_group(a.groups, cases[i].group), "%s: %s is there", cases[i].what,
                   cases[i].group);
    }
}

/* A library that ends the process ends no more than that. */
static void test_deadly(struct tap *t, int fd)
{
    for (uid_t i = 0; i < 2; i++) {
        struct namer_answer a;

        tap_is(t, namer_find(fd, DEADLY + i, span_ms(100), &a), -ETIMEDOUT,
               "ended with %u: no answer", i);
        tap_is(t, namer_find(fd, 0, span_seconds(PATIENCE_S), &a), 0,
               "ended with %u: the next one is answered", i);
    }
}

/* What was asked for before, and not heard, is not taken for the answer. */
static void test_order(struct tap *t, int fd)
{
    struct namer_answer a;
    uid_t uid = nobodys_uid();

    tap_is(t, namer_hear(fd, &a), -EAGAIN, "order: nothing is to be heard");
    for (int i = 0; i < 3; i++)
        tap_is(t, namer_ask(fd, uid), 0, "order: another is asked for");
    tap_is(t, namer_find(fd, 0, span_seconds(PATIENCE_S), &a), 0, "order: then root");
    tap_ok(t, a.uid == 0 && a.found, "order: it is root's answer");
    tap_is(t, namer_hear(fd, &a), -EAGAIN, "order: the others have been dropped");
}

/* The end at which the process would be. */
static int make_ends(int *theirs)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        printf("Bail out! socketpair: %m\n");
        exit(1);
    }
    *theirs = ends[1];
    return ends[0];
}

static void put_answer(int fd, uid_t uid, const char *name, size_t len)
{
    struct namer_answer a = {.uid = uid, .found = true};

    snprintf(a.name.text, sizeof a.name.text, "%s", name);
    if (send(fd, &a, len, MSG_NOSIGNAL) != (ssize_t)len)
        tap_note("send: %m");
}

/* An answer that is late for whoever asked before. */
static void test_dropped(struct tap *t)
{
    struct namer_answer a;
    uint32_t asked = 0;
    int theirs, ours = make_ends(&theirs);

    put_answer(theirs, 1001, "bob", sizeof a);
    put_answer(theirs, 1000, "alice", sizeof a);
    put_answer(theirs, 1002, "carol", sizeof a);
    tap_is(t, namer_find(ours, 1000, span_seconds(PATIENCE_S), &a), 0, "dropped: an answer");
    tap_text(t, a.name.text, "alice", "dropped: the right one");
    tap_is(t, recv(theirs, &asked, sizeof asked, MSG_DONTWAIT), sizeof asked, "dropped: one ask");
    tap_is(t, asked, 1000, "dropped: for that one");
    tap_is(t, namer_hear(ours, &a), 0, "dropped: what came behind is still there");
    tap_text(t, a.name.text, "carol", "dropped: as it was");
    close(theirs);
    close(ours);
}

static void test_silence(struct tap *t)
{
    struct namer_answer a;
    int theirs, ours = make_ends(&theirs);

    tap_is(t, namer_find(ours, 1000, span_ms(20), &a), -ETIMEDOUT, "silence");
    tap_is(t, namer_find(ours, 1000, span_ms(0), &a), -ETIMEDOUT, "no patience at all");
    put_answer(theirs, 1001, "bob", sizeof a);
    tap_is(t, namer_find(ours, 1000, span_ms(20), &a), -ETIMEDOUT, "another answer alone");
    put_answer(theirs, 1000, "alice", sizeof a);
    tap_is(t, namer_find(ours, 1000, span_seconds(PATIENCE_S), &a), 0, "it comes after all");
    tap_text(t, a.name.text, "alice", "and is taken");
    close(theirs);
    close(ours);
}

static void test_full(struct tap *t)
{
    struct namer_answer a;
    int theirs, ours = make_ends(&theirs), asked = 0, err = 0;

    while (asked < 1000000 && (err = namer_ask(ours, 1000)) == 0)
        asked++;
    tap_is(t, err, -EAGAIN, "too much is being asked");
    tap_ok(t, asked > 0, "though not at first: %d", asked);
    tap_is(t, namer_find(ours, 1000, span_ms(20), &a), -EAGAIN, "nor can it be waited for");
    close(theirs);
    close(ours);
}

static void test_gone(struct tap *t)
{
    struct namer_answer a;
    int theirs, ours = make_ends(&theirs);

    close(theirs);
    tap_is(t, namer_ask(ours, 1000), -EPIPE, "gone: there is nobody to be asked");
    tap_is(t, namer_find(ours, 1000, span_seconds(PATIENCE_S), &a), -EPIPE, "gone: nor waited for");
    tap_is(t, namer_hear(ours, &a), -EPIPE, "gone: nor heard");
    close(ours);

    ours = make_ends(&theirs);
    put_answer(theirs, 1000, "alice", 8);
    tap_is(t, namer_find(ours, 1000, span_seconds(PATIENCE_S), &a), -EPIPE, "half an answer");
    /* It ends while it is waited for: nothing more comes, though the ask has been sent. */
    shutdown(theirs, SHUT_WR);
    tap_is(t, namer_find(ours, 1000, span_seconds(PATIENCE_S), &a), -EPIPE, "it ends");
    close(theirs);
    close(ours);
}

int main(void)
{
    struct tap t = {0};
    int fd;

    test_dropped(&t);
    test_silence(&t);
    test_full(&t);
    test_gone(&t);
    if (getuid() != 0) {
        tap_note("needs root for what follows");
        return tap_done(&t);
    }
    add_second();
    fd = namer_start(65534, 65534);
    tap_ok(&t, fd >= 0, "the process starts: %d", fd);
    if (fd >= 0) {
        test_found(&t, fd);
        test_second(&t, fd);
        test_not_found(&t, fd);
        test_groups(&t, fd);
        test_order(&t, fd);
        test_deadly(&t, fd);
        close(fd);
    }
    return tap_done(&t);
}
