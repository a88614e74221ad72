/*
 * Preloaded: a kernel that lacks what is named in MISSING, of: xtables, v6 (that of IPv6 alone),
 * recent, mac, owner, tcp, set, NFQUEUE, MARK, conntrack, landlock; or one that refuses what is named
 * there, of: become (another user), landlock_add, seccomp, no_new_privs.
 */
#include <netinet/in.h> /* before the kernel's own */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CONNTRACK "/proc/net/nf_conntrack"

static int lacks(const char *what)
{
    const char *list = getenv("MISSING");

    return list && strstr(list, what);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    int (*real)(int, int, int, void *, socklen_t *) =
        (int (*)(int, int, int, void *, socklen_t *))dlsym(RTLD_NEXT, "getsockopt");
    int netfilter = (level == IPPROTO_IP && name >= IPT_BASE_CTL && name <= IPT_SO_GET_MAX) ||
                    (level == IPPROTO_IPV6 && name >= IP6T_BASE_CTL && name <= IP6T_SO_GET_MAX);
    int revision = (level == IPPROTO_IP && (name == IPT_SO_GET_REVISION_MATCH ||
                                            name == IPT_SO_GET_REVISION_TARGET)) ||
                   (level == IPPROTO_IPV6 && (name == IP6T_SO_GET_REVISION_MATCH ||
                                              name == IP6T_SO_GET_REVISION_TARGET));

    if ((netfilter && lacks("xtables")) || (netfilter && level == IPPROTO_IPV6 && lacks("v6")) ||
        (revision && lacks(((struct xt_get_revision *)value)->name))) {
        errno = revision ? ENOENT : ENOPROTOOPT;
        return -1;
    }
    return real(fd, level, name, value, len);
}

long syscall(long number, ...)
{
    long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    va_list args;
    long a[6];

    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    if (number == SYS_landlock_create_ruleset && lacks("landlock") && !lacks("landlock_")) {
        errno = ENOSYS;
        return -1;
    }
    if ((number == SYS_landlock_add_rule && lacks("landlock_add")) ||
        (number == SYS_seccomp && a[0] == SECCOMP_SET_MODE_FILTER && lacks("seccomp"))) {
        errno = EPERM;
        return -1;
    }
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int setresuid(uid_t r, uid_t e, uid_t s)
{
    int (*real)(uid_t, uid_t, uid_t) = (int (*)(uid_t, uid_t, uid_t))dlsym(RTLD_NEXT, "setresuid");

    errno = EPERM;
    return lacks("become") ? -1 : real(r, e, s);
}

int prctl(int option, ...)
{
    int (*real)(int, ...) = (int (*)(int, ...))dlsym(RTLD_NEXT, "prctl");
    va_list args;
    unsigned long a[4];

    va_start(args, option);
    for (int i = 0; i < 4; i++)
        a[i] = va_arg(args, unsigned long);
    va_end(args);
    if ((option == PR_SET_NO_NEW_PRIVS && lacks("no_new_privs")) ||
        (option == PR_SET_SECCOMP && lacks("seccomp"))) {
        errno = EPERM;
        return -1;
    }
    return real(option, a[0], a[1], a[2], a[3]);
}

int access(const char *path, int mode)
{
    int (*real)(const char *, int) = (int (*)(const char *, int))dlsym(RTLD_NEXT, "access");

    if (strcmp(path, CONNTRACK) == 0 && lacks("conntrack")) {
        errno = ENOENT;
        return -1;
    }
    return real(path, mode);
}

int open(const char *path, int flags, ...)
{
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    va_list args;
    int mode;

    va_start(args, flags);
    mode = flags & O_CREAT ? va_arg(args, int) : 0;
    va_end(args);
    if (strcmp(path, CONNTRACK) == 0 && lacks("conntrack")) {
        errno = ENOENT;
        return -1;
    }
    return real(path, flags, mode);
}
