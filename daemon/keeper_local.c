/*
 * Users on the gateway itself: whose process holds a socket; whose connections are rejected, cut
 * off, whose processes ended; what they are told. Whom it may be done to is for the keeper's own
 * configuration to say, and for the system's user database, asked anew each time.
 */
#include "keeper_state.h"

#include "amount.h"
#include "caller.h"
#include "disconnect.h"
#include "holders.h"
#include "log.h"
#include "namer.h"
#include "terminals.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_PATIENCE_S 2 /* for all names of an ask */
#define NAMES_REST_S 10   /* after that was too short: others have to be served meanwhile */
#define NOTICE_BYTES 4096 /* of NOQUOTAFILE */

static const char *const unnamed = "has a name that cannot be looked up at the moment";

static struct mono name_patience(void)
{
    return mono_add(mono_now(), span_seconds(NAME_PATIENCE_S));
}

/* Not later than `until`. */
static const char *refusal(struct keeper *k, uid_t uid, struct mono until, struct user_name *name)
{
    struct namer_answer answer;
    struct caller caller = {.uid = uid};
    struct mono now = mono_now();

    if (uid == 0 || (int64_t)uid < k->conf->min_uid || (int64_t)uid > k->conf->max_uid)
        return "is not between MIN_UID and MAX_UID";
    if (uid == k->setup.uid)
        return "is the user of tcpquotad";
    if (now.ns < k->names_again.ns)
        return unnamed;
    if (namer_find(k->namer, uid, mono_since(now, until), &answer) != 0) {
        k->names_again = mono_add(until, span_seconds(NAMES_REST_S));
        return unnamed;
    }
    if (answer.failed)
        return unnamed;
    if (!answer.found)
        return "has no name: it might be anybody's";
    *name = caller.name = answer.name;
    caller_judge(&caller, k->conf, answer.others, answer.groups);
    if (conf_is_free_user(k->conf, name->text))
        return "is in USERS";
    return caller.is_spared ? "is in ADMINS, OPERATORS or NEVER_KILL" : NULL;
}

/* 0; -EACCES, logged; -EAGAIN, which the worker tells. */
static int check_user(struct keeper *k, uint64_t uid, struct mono until, struct user_name *name)
{
    const char *why = uid > UINT32_MAX ? "is no uid" : refusal(k, (uid_t)uid, until, name);

    if (!why || why == unnamed)
        return why ? -EAGAIN : 0;
    log_warning("spare uid=%llu it %s", (unsigned long long)uid, why);
    return -EACCES;
}

/* How many, or -errno. */
static int find_holders(struct keeper *k, const struct holders_terms *terms, struct holder *out)
{
    uid_t crowded = 0;
    int n = holders_find(terms, k->numbers.list, k->numbers.count, out, &crowded);

    if (crowded)
        trouble_begin(&k->crowded, "uid=%lu has too many descriptors to look at them all",
                      (unsigned long)crowded);
    else if (k->numbers.count)
        trouble_end(&k->crowded, "descriptors: all are looked at");
    return n;
}

static int serve_holders(struct keeper *k, struct wire_message *m)
{
    struct holders_terms terms = {.uid_min = (uid_t)k->conf->min_uid,
                                  .uid_max = (uid_t)k->conf->max_uid,
                                  .ftp_only = (m->option & WIRE_FTP) || !k->conf->check_remote};
    int err = keeper_receive_numbers(k, m, true), n = -ENOMEM;
    struct holder *found;

    if (err)
        return err;
    found = calloc(k->numbers.count + 1, sizeof *found);
    if (found)
        n = find_holders(k, &terms, found);
    memset(m, 0, sizeof *m);
    m->kind = WIRE_HELD;
    for (int i = 0; i < n && !err; i += (int)m->count) {
        m->count = (uint32_t)(n - i < WIRE_HOLDERS_HELD ? n - i : WIRE_HOLDERS_HELD);
        memcpy(m->held, found + i, m->count * sizeof *found);
        err = keeper_answer(k, m);
    }
    free(found);
    return err ? err : keeper_answer_result(k, n < 0 ? n : 0);
}

static bool is_blocked(const struct keeper *k, uint64_t uid)
{
    for (size_t i = 0; i < k->blocked_count; i++) {
        if (k->blocked[i] == uid)
            return true;
    }
    return false;
}

static int serve_block(struct keeper *k, struct wire_message *m)
{
    int err = keeper_receive_numbers(k, m, true), result = 0;
    struct mono until = name_patience();
    uint32_t *next;
    size_t kept = 0;

    if (err)
        return err;
    next = calloc(k->numbers.count + 1, sizeof *next);
    if (!next)
        return keeper_answer_result(k, -ENOMEM);
    if (k->numbers.count > GATE_UIDS_MAX) {
        free(next);
        return keeper_answer_result(k, -E2BIG);
    }
    for (size_t i = 0; i < k->numbers.count; i++) {
        struct user_name name;

        err = k->conf->enforce_local == ENFORCE_CLOSE
                  ? check_user(k, k->numbers.list[i], until, &name)
                  : -EAGAIN;
        /* Who they are is only not known at the moment. */
        if (!err || (err == -EAGAIN && is_blocked(k, k->numbers.list[i])))
            next[kept++] = (uint32_t)k->numbers.list[i];
        if (err)
            result = err;
    }
    free(k->blocked);
    k->blocked = next;
    k->blocked_count = kept;
    /* What they have can be cut nonetheless. */
    if (!result && kept && !k->has_owners)
        result = -EOPNOTSUPP;
    return keeper_answer_result(k, result);
}

/* Of the sockets that the worker names those that are this user's indeed. How many ended, or
 * -errno. */
static int cut(struct keeper *k, uid_t uid)
{
    struct holders_terms terms = {.uid_min = uid, .uid_max = uid};
    struct holder *held = calloc(k->numbers.count + 1, sizeof *held);
    int n = held ? find_holders(k, &terms, held) : -ENOMEM;

    for (int i = 0; i < n; i++)
        k->numbers.list[i] = held[i].inode;
    free(held);
    if (n >= 0)
        n = keeper_read_network(k) < 0
                ? -EIO
                : disconnect_user(&k->topology, uid, k->numbers.list, (size_t)n);
    return n;
}

static int serve_cut(struct keeper *k, struct wire_message *m)
{
    uint32_t uid = m->option;
    int err = keeper_receive_numbers(k, m, true);
    struct user_name name;

    if (err)
        return err;
    err = k->conf->enforce_local == ENFORCE_KILL ? check_user(k, uid, name_patience(), &name)
          : is_blocked(k, uid)                   ? 0
                                                 : -EAGAIN;
    return keeper_answer_result(k, err ? err : cut(k, uid));
}

/* What NOQUOTAFILE says, or nothing: it is the administrator's, and read anew each time. */
static void read_notice(const struct keeper *k, char out[NOTICE_BYTES + 1])
{
    struct stat info;
    ssize_t n = -1;
    int fd;

    *out = '\0';
    if (!*k->conf->noquotafile)
        return;
    fd = open(k->conf->noquotafile, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        n = read(fd, out, NOTICE_BYTES);
    else if (fd >= 0)
        errno = EINVAL;
    if (n < 0)
        log_err("NOQUOTAFILE=%s cannot be read: %s", k->conf->noquotafile, strerror(errno));
    out[n > 0 ? n : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

static const char *sentence_of(const struct keeper *k, enum wire_news news)
{
    if (news == WIRE_QUOTA_ENDS)
        return _("at this rate your quota lasts for {left} more.");
    if (k->conf->enforce_local == ENFORCE_CLOSE)
        return news == WIRE_NO_QUOTA
                   ? _("your quota is used up. Your connections from this machine to the outside "
                       "are closed until there is quota again.")
                   : _("you are not allowed to use the link. Your connections from this machine to "
                       "the outside are closed.");
    return news == WIRE_NO_QUOTA
               ? _("your quota is used up. Your programs on this machine are ended; what has not "
                   "ended in {grace} seconds is killed.")
               : _("you are not allowed to use the link. Your programs on this machine are ended; "
                   "what has not ended in {grace} seconds is killed.");
}

/* That a terminal takes nothing is nobody's fault, and no reason to go on in another way. */
static void tell(struct keeper *k, uid_t uid, enum wire_news news, int64_t seconds)
{
    char left[AMOUNT_TIME_LEN], filled[TEXT_LEN], text[NOTICE_BYTES + TEXT_LEN];
    char notice[NOTICE_BYTES + 1];
    json_t *facts = json_pack("{s:s, s:I}", "left", amount_format_time(seconds, left), "grace",
                              (json_int_t)k->conf->kill_grace);
    int n;

    text_fill(sentence_of(k, news), facts, filled, sizeof filled);
    json_decref(facts);
    read_notice(k, notice);
    if (news != WIRE_QUOTA_ENDS && *notice)
        snprintf(text, sizeof text, "\n%s\n", notice);
    else
        snprintf(text, sizeof text, "\ntcpquota: %s\n", filled);
    n = terminals_tell("/dev", uid, text);
    if (n < 0)
        log_debug("terminals of uid=%lu: %s", (unsigned long)uid, strerror(-n));
}

static int serve_evict(struct keeper *k, struct wire_message *m)
{
    uint32_t uid = m->option;
    int err = keeper_receive_numbers(k, m, false);
    struct user_name name;

    if (err)
        return err;
    if (k->numbers.count != 1 || k->numbers.list[0] > WIRE_NOT_ALLOWED)
        return -EPROTO;
    if (evict_is_going_on(k->evict, uid))
        return keeper_answer_result(k, 0);
    err = k->conf->enforce_local == ENFORCE_KILL ? check_user(k, uid, name_patience(), &name)
                                                 : -EAGAIN;
    if (!err) {
        tell(k, uid, (enum wire_news)k->numbers.list[0], 0);
        err = evict_begin(k->evict, uid, name.text, span_seconds(k->conf->kill_grace), mono_now());
    }
    return keeper_answer_result(k, err);
}

static int serve_tell(struct keeper *k, struct wire_message *m)
{
    uint32_t uid = m->option;
    int err = keeper_receive_numbers(k, m, false);
    struct user_name name;

    if (err)
        return err;
    if (k->numbers.count != 2 || k->numbers.list[0] > WIRE_QUOTA_ENDS ||
        k->numbers.list[1] > INT64_MAX)
        return -EPROTO;
    err = check_user(k, uid, name_patience(), &name);
    if (!err)
        tell(k, uid, (enum wire_news)k->numbers.list[0], (int64_t)k->numbers.list[1]);
    return keeper_answer_result(k, err);
}

int keeper_serve_local(struct keeper *k, struct wire_message *m)
{
    switch (m->kind) {
    case WIRE_HOLDERS:
        return serve_holders(k, m);
    case WIRE_BLOCK:
        return serve_block(k, m);
    case WIRE_CUT:
        return serve_cut(k, m);
    case WIRE_EVICT:
        return serve_evict(k, m);
    case WIRE_PARDON:
        evict_call_off(k->evict, m->option, mono_now());
        return keeper_answer_result(k, 0);
    case WIRE_TELL:
        return serve_tell(k, m);
    default:
        return -EPROTO;
    }
}
