/* Whether all is in order: what tcpquotad --check says, and whether the daemon answers. */
#include "tcpquota.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* tcpquotad stands beside this program, or in the sbin beside its bin. 0 or -ENOENT. */
static int find_daemon(char *out, size_t size)
{
    static const char *const places[] = {"tcpquotad", "../sbin/tcpquotad"};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash;

    self[n > 0 ? n : 0] = '\0';
    slash = strrchr(self, '/');
    if (!slash)
        return -ENOENT;
    *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int len = snprintf(out, size, "%s/%s", self, places[i]);

        if (len > 0 && (size_t)len < size && access(out, X_OK) == 0)
            return 0;
    }
    return -ENOENT;
}

/* Runs it, its lines on our stderr. The exit code. */
static int run_check(const struct tcpquota *t)
{
    char path[PATH_MAX + 32];
    int status;
    pid_t pid;

    if (find_daemon(path, sizeof path) != 0)
        return program_fail(&t->program, EX_OSERR, "tcpquotad", strerror(ENOENT));
    pid = fork();
    if (pid == 0) {
        execl(path, "tcpquotad", "--check", "--config", t->program.conf_path, (char *)NULL);
        _exit(EX_OSERR);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            pid = -1;
    }
    if (pid < 0)
        return program_fail(&t->program, EX_OSERR, path, strerror(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : EX_OSERR;
}

/* {"end": 0, "version": ...} */
static int ping(const struct tcpquota *t)
{
    struct link link = {.fd = -1};
    json_t *line = NULL;
    int code = program_connect(&t->program, &link), rc;

    if (!code) {
        rc = link_send(&link, json_pack("{s:s}", "command", "ping"));
        if (!rc)
            rc = program_wait(&t->program, &link);
        if (!rc)
            rc = link_next(&link, &line);
        code = rc > 0 ? program_tell_end(&t->program, line) : program_lost(&t->program, rc);
    }
    if (!code)
        show_line(_("the daemon answers: tcpquotad {version}"), line);
    json_decref(line);
    link_close(&link);
    return code;
}

int check_run(struct tcpquota *t)
{
    int code, alive;

    fflush(stdout);
    code = run_check(t);
    if (code == EX_NOPERM)
        puts(_("configuration, database and firewall: not looked at"));
    else
        puts(code ? _("configuration, database and firewall: not in order")
                  : _("configuration, database and firewall: in order"));
    alive = ping(t);
    return code ? code : alive;
}
