/* Landlock: which files the worker reaches. */
#include "sandbox.h"
#include "sandbox_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the headers of Debian 12 (linux/landlock.h). */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (UINT64_C(1) << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (UINT64_C(1) << 15)
#endif

#define READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define READ_TREE (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define KEEP_FILES                                                                                 \
    (READ_TREE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |                     \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)

/* What is read on the way: connection tracking, the time zone, uids, randomness for SQLite, who is
 * logged in from where. */
static const struct {
    const char *path;
    uint64_t access;
} read_only[] = {
    {"/proc", READ_TREE},
    {"/usr/share/zoneinfo", READ_TREE},
    {"/etc/localtime", READ_FILE},
    {"/etc/login.defs", READ_FILE},
    {"/dev/urandom", READ_FILE},
    {"/run/utmp", READ_FILE},
    {"/var/run/utmp", READ_FILE},
    {"/run/systemd/sessions", READ_TREE},
    {"/run/systemd/users", READ_TREE},
};

int sandbox_landlock_version(void)
{
    long version =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);

    return version < 0 ? -errno : (int)version;
}

/* Every right that this version knows: what no rule allows is refused. */
static uint64_t rights_of(int version)
{
    uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

    if (version >= 2)
        rights |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3)
        rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
    if (version >= 5)
        rights |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
    return rights;
}

/* A path that is not there, or cannot be reached, needs no rule. */
static int allow(int ruleset, const char *path, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access};
    int err = 0;

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return errno == ENOENT || errno == EACCES ? 0 : -errno;
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        err = -errno;
    close(rule.parent_fd);
    return err;
}

/* The control socket is made and removed here. */
#define KEEP_SOCKET (LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE)

int sandbox_limit_files(const char *path, const char *socket)
{
    struct landlock_ruleset_attr attr = {.handled_access_fs = 0};
    int version = sandbox_landlock_version(), ruleset, err;
    char folder[PATH_MAX];

    if (version < 0)
        return version == -ENOSYS || version == -EOPNOTSUPP ? 0 : version;
    attr.handled_access_fs = rights_of(version);
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0);
    if (ruleset < 0)
        return -errno;
    snprintf(folder, sizeof folder, "%s", path ? path : "");
    err = path ? allow(ruleset, dirname(folder), KEEP_FILES & attr.handled_access_fs) : 0;
    snprintf(folder, sizeof folder, "%s", socket ? socket : "");
    if (!err && socket)
        err = allow(ruleset, dirname(folder), KEEP_SOCKET);
    for (size_t i = 0; i < sizeof read_only / sizeof *read_only && !err; i++)
        err = allow(ruleset, read_only[i].path, read_only[i].access);
    if (!err && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        err = -errno;
    close(ruleset);
    return err;
}
