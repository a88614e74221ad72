/* seccomp: which system calls the worker makes. */
#include "sandbox_parts.h"

#include <errno.h>
#include <linux/netlink.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * What the loop, SQLite and the C library use, in the names of all architectures: one that this
 * machine does not have is passed over. Whatever is missing here fails with EPERM, and is told.
 */
static const int allowed[] = {
    /* files: which ones is up to Landlock and to the owner */
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(close),
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(_llseek),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(fstat),
    SCMP_SYS(stat64),
    SCMP_SYS(lstat64),
    SCMP_SYS(fstat64),
    SCMP_SYS(fstatat64),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    /* sd_pid_get_session(3) looks which kind of cgroups there are */
    SCMP_SYS(statfs),
    SCMP_SYS(statfs64),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(ftruncate),
    SCMP_SYS(ftruncate64),
    SCMP_SYS(fallocate),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(fchmod),
    SCMP_SYS(fcntl),
    SCMP_SYS(fcntl64),
    SCMP_SYS(flock),
    SCMP_SYS(memfd_create),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3),
    /* waiting, and what is waited for */
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(ppoll_time64),
    SCMP_SYS(signalfd4),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_settime64),
    SCMP_SYS(inotify_init1),
    SCMP_SYS(inotify_add_watch),
    SCMP_SYS(inotify_rm_watch),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_nanosleep_time64),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_gettime64),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(restart_syscall),
    /* sockets that are there, or that the rules below let be made */
    SCMP_SYS(bind),
    SCMP_SYS(connect),
    SCMP_SYS(getsockname),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(send),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recv),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(shutdown),
    SCMP_SYS(listen),
    SCMP_SYS(accept4),
    SCMP_SYS(chmod),
    SCMP_SYS(fchmodat),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    /* memory: nothing that could be run, see below */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(msync),
    /* the process itself */
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getuid32),
    SCMP_SYS(geteuid32),
    SCMP_SYS(getgid32),
    SCMP_SYS(getegid32),
    SCMP_SYS(getrandom),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(futex),
    SCMP_SYS(futex_time64),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigreturn),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* What a relay has beside those: select(2), where it is asked to. */
static const int polls[] = {SCMP_SYS(select), SCMP_SYS(_newselect), SCMP_SYS(pselect6),
                            SCMP_SYS(pselect6_time64)};

/* Adds a rule with one or two conditions on arguments, for a call that this machine may not have.
 */
static int allow_if(scmp_filter_ctx filter, int call, unsigned count,
                    const struct scmp_arg_cmp *conditions)
{
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, count, conditions);
}

static int allow_arguments(scmp_filter_ctx filter, const struct sandbox_needs *needs)
{
    /* A datagram is what syslog takes. */
    const struct scmp_arg_cmp local[] = {SCMP_A0(SCMP_CMP_EQ, AF_UNIX),
                                         SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM)};
    const struct scmp_arg_cmp control[] = {SCMP_A0(SCMP_CMP_EQ, AF_UNIX),
                                           SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_SEQPACKET)};
    const struct scmp_arg_cmp routes[] = {SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
                                          SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE)};
    const struct scmp_arg_cmp servers[][2] = {
        {SCMP_A0(SCMP_CMP_EQ, AF_INET), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM)},
        {SCMP_A0(SCMP_CMP_EQ, AF_INET6), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM)}};
    const struct scmp_arg_cmp data[] = {SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)};
    const struct scmp_arg_cmp itself[] = {SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid())};
    int err = allow_if(filter, SCMP_SYS(socket), 2, local);

    if (!err && !needs->net_admin && !needs->relay)
        err = allow_if(filter, SCMP_SYS(socket), 2, control);
    if (!err && !needs->net_admin && !needs->relay)
        err = allow_if(filter, SCMP_SYS(socket), 2, routes);
    for (size_t i = 0; i < 2 && needs->relay && !err; i++)
        err = allow_if(filter, SCMP_SYS(socket), 2, servers[i]);
    for (size_t i = 0; i < sizeof polls / sizeof *polls && needs->relay && !err; i++)
        err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, polls[i], 0);
    if (!err)
        err = allow_if(filter, SCMP_SYS(mmap), 1, data);
    if (!err)
        err = allow_if(filter, SCMP_SYS(mmap2), 1, data);
    if (!err)
        err = allow_if(filter, SCMP_SYS(mprotect), 1, data);
    if (!err) /* abort(3) */
        err = allow_if(filter, SCMP_SYS(tgkill), 1, itself);
    return err;
}

int sandbox_limit_calls(const struct sandbox_needs *needs)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int err = filter ? 0 : -ENOMEM;

    for (size_t i = 0; i < sizeof allowed / sizeof *allowed && !err; i++)
        err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    if (!err)
        err = allow_arguments(filter, needs);
    if (!err)
        err = seccomp_load(filter);
    seccomp_release(filter);
    return err;
}
