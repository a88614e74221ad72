/*
 * The sessions of systemd-logind, through sd-login(3), which reads files of /run/systemd. Where
 * there is no logind there are no sessions. The leader of a session is asked for by
 * sd_session_get_leader() since systemd 254 alone: here it is the line LEADER= of the session's
 * file, which has stood there since there has been logind. Without one a session does not count.
 */
#include "identity_facts.h"

#include "num.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#define SESSIONS "/run/systemd/sessions/"

/* Letters and digits are what logind makes names of. */
static bool is_session_name(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len < IDENTITY_SESSION_LEN &&
           strspn(name, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == len;
}

static int parse_leader(const char *text, pid_t *out)
{
    const char *line = strstr(text, "\nLEADER=");
    int64_t pid;

    if (!line)
        return -ENXIO;
    line += strlen("\nLEADER=");
    if (num_parse_n(line, strcspn(line, "\n"), 1, INT_MAX, &pid) != 0)
        return -ENXIO;
    *out = (pid_t)pid;
    return 0;
}

static int read_leader(const char *name, struct process *out)
{
    char path[sizeof SESSIONS + IDENTITY_SESSION_LEN], text[4096] = "\n";
    pid_t pid = 0;
    ssize_t n;
    int fd, err;

    snprintf(path, sizeof path, SESSIONS "%s", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    n = read(fd, text + 1, sizeof text - 2);
    err = n < 0 ? -errno : 0;
    close(fd);
    if (err)
        return err;
    text[1 + n] = '\0';
    err = parse_leader(text, &pid);
    return err ? err : process_read(pid, out);
}

/* Texts of a session, to be freed; one that it does not have stays NULL. */
struct texts {
    char *class, *service, *state, *seat, *remote_host, *tty;
};

static void free_texts(struct texts *t)
{
    free(t->class);
    free(t->service);
    free(t->state);
    free(t->seat);
    free(t->remote_host);
    free(t->tty);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* What a session lacks is -ENODATA, and a session that is gone -ENXIO: neither is a failure. */
static bool failed(int err)
{
    return err == -ENOMEM;
}

static int read_texts(const char *name, struct texts *t)
{
    return failed(sd_session_get_class(name, &t->class)) ||
                   failed(sd_session_get_service(name, &t->service)) ||
                   failed(sd_session_get_state(name, &t->state)) ||
                   failed(sd_session_get_seat(name, &t->seat)) ||
                   failed(sd_session_get_remote_host(name, &t->remote_host)) ||
                   failed(sd_session_get_tty(name, &t->tty))
               ? -ENOMEM
               : 0;
}

static void add_session(const struct identity_caller *caller, const char *name, bool of_caller,
                        const struct texts *t, struct identity_facts *facts)
{
    struct identity_session s = {
        .remote = sd_session_is_remote(name) > 0,
        .class = or_empty(t->class),
        .service = or_empty(t->service),
        .state = or_empty(t->state),
        .seat = or_empty(t->seat),
        .remote_host = or_empty(t->remote_host),
    };
    struct identity_fact f = {.of_caller = of_caller};

    f.kind = identity_judge_session(&s, of_caller, &f.host);
    if (f.kind == IDENTITY_NONE || read_leader(name, &f.leader) != 0 ||
        (f.leader.uid != 0 && f.leader.uid != caller->uid))
        return;
    identity_terminal(or_empty(t->tty), f.terminal);
    snprintf(f.session, sizeof f.session, "%s", name);
    facts->list[facts->count++] = f;
}

/* `of_caller`: the session that the caller's process is in, whosever it is. Of other users' only
 * that one says anything. */
static int read_session(const struct identity_caller *caller, const char *name, bool of_caller,
                        struct identity_facts *facts)
{
    struct texts t = {NULL};
    uid_t uid;
    int err;

    if (!is_session_name(name) || sd_session_get_uid(name, &uid) < 0)
        return 0;
    if (facts->count == IDENTITY_SESSIONS) {
        facts->more = true;
        return 0;
    }
    if (uid != caller->uid) {
        if (of_caller)
            facts->list[facts->count++] =
                (struct identity_fact){.kind = IDENTITY_ANOTHERS, .sure = true, .of_caller = true};
        return 0;
    }
    err = read_texts(name, &t);
    if (!err)
        add_session(caller, name, of_caller, &t, facts);
    free_texts(&t);
    return err;
}

int identity_read_logind(const struct identity_caller *caller, struct identity_facts *facts)
{
    char *own = NULL, **names = NULL;
    int err = 0, count;

    if (caller->pid > 0 && failed(sd_pid_get_session(caller->pid, &own)))
        return -ENOMEM;
    if (own)
        err = read_session(caller, own, true, facts);
    count = err ? 0 : sd_uid_get_sessions(caller->uid, 0, &names);
    if (failed(count))
        err = count;
    for (int i = 0; names && i < count; i++) {
        if (!err && (!own || strcmp(names[i], own) != 0))
            err = read_session(caller, names[i], false, facts);
        free(names[i]);
    }
    free(names);
    free(own);
    return err;
}
