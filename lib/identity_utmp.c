/*
 * The records of utmp(5), read by open and read: getutxent(3) has a state of its own and takes a
 * lock that any reader could hold. Instead a record that counts is read once more after its
 * process was looked at, so that no half of an older one comes in.
 */
#include "identity_facts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Records read at once, and in all: far more than terminals that a kernel makes (pty.max). */
#define CHUNK 64
#define RECORDS_MAX (1 << 17)
/* Whose processes are looked at: utempter lets a user have as many records as they like, and the
 * daemon has other things to do. */
#define LOOKS_MAX 48

struct reader {
    int fd;
    const struct identity_caller *caller;
    const char *terminal;
    struct identity_facts *facts;
    size_t looks[2]; /* of other terminals, of the one in question */
};

/* ut_user has no NUL if it is full. */
static bool is_own(const struct utmp *u, const char *user)
{
    size_t len = strlen(user);

    return len > 0 && len <= UT_NAMESIZE && strncmp(u->ut_user, user, UT_NAMESIZE) == 0;
}

static void read_line(const struct utmp *u, char out[IDENTITY_TERMINAL_LEN])
{
    char line[UT_LINESIZE + 1];

    memcpy(line, u->ut_line, UT_LINESIZE);
    line[UT_LINESIZE] = '\0';
    identity_terminal(line, out);
}

static bool is_writer(const struct process *p)
{
    return p->uid == 0 && (strcmp(p->name, "sshd") == 0 || strcmp(p->name, "sshd-session") == 0 ||
                           strcmp(p->name, "login") == 0);
}

/* A parent is older than its child: else the number has been given to another meanwhile. */
static bool find_leader(const struct process *p, struct process *out)
{
    *out = *p;
    return is_writer(p) ||
           (process_read(p->parent, out) == 0 && is_writer(out) && out->start <= p->start);
}

/* Whether the record is there still, and the same, byte for byte. */
static bool is_unchanged(const struct reader *r, const struct utmp *u, size_t index)
{
    const void *before = u;
    char now[sizeof *u];

    return pread(r->fd, now, sizeof now, (off_t)(index * sizeof now)) == (ssize_t)sizeof now &&
           memcmp(now, before, sizeof now) == 0;
}

/* False if the record does not count. Of a display manager, root's as well, there is only to be
 * learnt that the user sits here. */
static bool judge(const struct reader *r, const struct utmp *u, struct identity_fact *f)
{
    bool own = is_own(u, r->caller->user);
    struct process p;

    if (process_read(u->ut_pid, &p) != 0)
        return false;
    f->sure = (!own || p.uid == 0 || p.uid == r->caller->uid) && find_leader(&p, &f->leader);
    if (!own) {
        f->kind = IDENTITY_ANOTHERS;
        f->leader = (struct process){0};
        return true;
    }
    if (!f->sure) {
        if (p.uid != 0 || r->caller->uid == 0)
            return false;
        f->leader = p;
    }
    f->kind = identity_judge_record(u, f->leader.name, &f->host);
    return true;
}

/* What is recorded of the terminal in question has room always. */
static void add(struct reader *r, const struct identity_fact *f, bool of_terminal)
{
    struct identity_facts *facts = r->facts;

    if (facts->count < IDENTITY_FACTS) {
        facts->list[facts->count++] = *f;
        return;
    }
    facts->more = true;
    if (of_terminal)
        facts->list[IDENTITY_FACTS - 1] = *f;
}

static void look_at(struct reader *r, const struct utmp *u, size_t index)
{
    struct identity_fact f = {0};
    bool of_terminal;

    if (u->ut_type != USER_PROCESS)
        return;
    read_line(u, f.terminal);
    of_terminal = r->terminal[0] && strcmp(f.terminal, r->terminal) == 0;
    if (!of_terminal && (r->facts->more || !is_own(u, r->caller->user)))
        return;
    if (r->looks[of_terminal]++ >= LOOKS_MAX) {
        r->facts->more = true;
        return;
    }
    if (judge(r, u, &f) && is_unchanged(r, u, index))
        add(r, &f, of_terminal);
}

/* A last record that is not whole is none. */
static int read_records(struct reader *r)
{
    struct utmp records[CHUNK];

    for (size_t done = 0; done < RECORDS_MAX;) {
        ssize_t n = pread(r->fd, records, sizeof records, (off_t)(done * sizeof *records));
        size_t count;

        if (n < 0)
            return -errno;
        count = (size_t)n / sizeof *records;
        if (count == 0)
            return 0;
        for (size_t i = 0; i < count; i++)
            look_at(r, &records[i], done + i);
        done += count;
    }
    return -EFBIG;
}

int identity_read_utmp(const char *path, const struct identity_caller *caller, const char *terminal,
                       struct identity_facts *facts)
{
    struct reader r = {.caller = caller, .terminal = terminal, .facts = facts};
    int err;

    r.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (r.fd < 0)
        return errno == ENOENT ? 0 : -errno;
    err = read_records(&r);
    close(r.fd);
    return err;
}
