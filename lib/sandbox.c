#include "sandbox.h"

#include "sandbox_parts.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

int sandbox_find(struct sandbox *out)
{
    const struct passwd *pw;

    errno = 0;
    pw = getpwnam(SANDBOX_USER);
    if (!pw)
        return errno ? -errno : -ENOENT;
    if (pw->pw_uid == 0 || pw->pw_gid == 0)
        return -EINVAL;
    *out = (struct sandbox){pw->pw_uid, pw->pw_gid};
    return 0;
}

const char *sandbox_strerror(int err)
{
    if (err == -ENOENT)
        return "there is no such user, make it with: useradd --system tcpquota";
    return err == -EINVAL ? "it is root under another name" : strerror(-err);
}

/* Effective and permitted become just these; nothing is inherited. */
static int set_capabilities(const cap_value_t *list, int count)
{
    cap_t caps = cap_init();
    int err = caps ? 0 : -errno;

    if (!err && count > 0 &&
        (cap_set_flag(caps, CAP_PERMITTED, count, list, CAP_SET) != 0 ||
         cap_set_flag(caps, CAP_EFFECTIVE, count, list, CAP_SET) != 0))
        err = -errno;
    if (!err && cap_set_proc(caps) != 0)
        err = -errno;
    cap_free(caps);
    return err;
}

int sandbox_keep_little(bool processes)
{
    static const cap_value_t used[] = {CAP_NET_ADMIN,  CAP_NET_RAW,        CAP_KILL,
                                       CAP_SETUID,     CAP_SETGID,         CAP_SETPCAP,
                                       CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH};
    int count = sizeof used / sizeof *used;

    return set_capabilities(used, processes ? count : count - 2);
}

static const cap_value_t net_admin[] = {CAP_NET_ADMIN};

static int drop_bounding_set(void)
{
    for (cap_value_t cap = 0; cap < cap_max_bits(); cap++) {
        if (cap_drop_bound(cap) != 0)
            return -errno;
    }
    return 0;
}

static int become(const struct sandbox *s)
{
    if (setgroups(0, NULL) != 0 || setresgid(s->gid, s->gid, s->gid) != 0 ||
        setresuid(s->uid, s->uid, s->uid) != 0)
        return -errno;
    return 0;
}

static bool has_just(cap_t caps, const struct sandbox_needs *needs)
{
    cap_t wanted = cap_init();
    bool same = caps && wanted;

    if (same && needs->net_admin)
        same = cap_set_flag(wanted, CAP_PERMITTED, 1, net_admin, CAP_SET) == 0 &&
               cap_set_flag(wanted, CAP_EFFECTIVE, 1, net_admin, CAP_SET) == 0;
    same = same && cap_compare(caps, wanted) == 0;
    cap_free(wanted);
    return same;
}

/* Whether nothing else is left: asked of the kernel, not concluded from what was done. */
static bool is_bare(const struct sandbox *s, const struct sandbox_needs *needs)
{
    uid_t uid[3];
    gid_t gid[3];
    cap_t caps = cap_get_proc();
    bool bare = has_just(caps, needs);

    cap_free(caps);
    if (getresuid(&uid[0], &uid[1], &uid[2]) != 0 || getresgid(&gid[0], &gid[1], &gid[2]) != 0)
        return false;
    for (int i = 0; i < 3; i++)
        bare = bare && uid[i] == s->uid && gid[i] == s->gid;
    return bare && getgroups(0, NULL) == 0 && setuid(0) != 0 && setgid(0) != 0;
}

static int step(int err, const char *what, char why[SANDBOX_WHY_LEN])
{
    if (err)
        snprintf(why, SANDBOX_WHY_LEN, "%s: %s", what, strerror(-err));
    return err;
}

/* Becomes the user, with no capability but what is needed: becoming somebody else drops them all,
 * unless they are to be kept, and then the rest is dropped here. */
static int give_up(const struct sandbox *s, const struct sandbox_needs *needs,
                   char why[SANDBOX_WHY_LEN])
{
    int err = 0;

    if (needs->net_admin && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
        err = step(-errno, "keeping CAP_NET_ADMIN", why);
    if (!err)
        err = step(become(s), "user " SANDBOX_USER, why);
    if (!err)
        err = step(set_capabilities(net_admin, needs->net_admin), "capabilities", why);
    if (!err && needs->net_admin && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0)
        err = step(-errno, "keeping CAP_NET_ADMIN", why);
    return err ? err : step(is_bare(s, needs) ? 0 : -EPERM, "something of root is left", why);
}

int sandbox_enter(const struct sandbox *s, const struct sandbox_needs *needs,
                  char why[SANDBOX_WHY_LEN])
{
    int err = step(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : -errno, "no_new_privs", why);

    if (!err)
        err = step(drop_bounding_set(), "capability bounding set", why);
    if (!err)
        err = give_up(s, needs, why);
    if (!err)
        err = step(sandbox_limit_files(needs->database, needs->socket), "landlock", why);
    if (!err)
        err = step(sandbox_limit_calls(needs), "seccomp", why);
    return err;
}

#ifdef __SANITIZE_ADDRESS__
/* The leak checker of the sanitizers traces its own process: not from in here. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}
#endif
