#include "server_spawn.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int set_port(struct variables *v, const char *name, uint16_t port)
{
    char text[8];

    snprintf(text, sizeof text, "%u", (unsigned)port);
    return variables_set(v, name, text);
}

static int set_address(struct variables *v, const char *name, const struct addr *a)
{
    char text[ADDR_TEXT_LEN];

    return variables_set(v, name, addr_format(a, text));
}

/* What every program gets; what is not known is not set, whoever had set it for us. */
static int describe(struct variables *v, const struct server_ends *ends)
{
    int err = variables_set(v, "PROTO", "TCP");

    if (!err)
        err = set_address(v, "TCPLOCALIP", &ends->local);
    if (!err)
        err = set_port(v, "TCPLOCALPORT", ends->local_port);
    if (!err)
        err = variables_set(v, "TCPLOCALHOST", ends->local_name);
    if (!err)
        err = set_address(v, "TCPREMOTEIP", &ends->remote);
    if (!err)
        err = set_port(v, "TCPREMOTEPORT", ends->remote_port);
    if (!err)
        err = variables_set(v, "TCPREMOTEHOST", ends->remote_name);
    if (!err)
        err = variables_set(v, "TCPREMOTEINFO", ends->remote_info);
    return err;
}

static bool is_ours(const char *variable)
{
    static const char *const names[] = {
        "PROTO=",       "TCPLOCALIP=",    "TCPLOCALPORT=",  "TCPLOCALHOST=",
        "TCPREMOTEIP=", "TCPREMOTEPORT=", "TCPREMOTEHOST=", "TCPREMOTEINFO="};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    }
    return false;
}

static bool is_set(const struct variables *v, const char *variable)
{
    char name[256];
    size_t len = strcspn(variable, "=");

    if (len >= sizeof name)
        return false;
    memcpy(name, variable, len);
    name[len] = '\0';
    return variables_get(v, name);
}

/* Our environment less what is set anew, and that: pointers alone, the caller's to free(). */
static char **merge(const struct variables *v)
{
    size_t count = 0, kept = 0;
    char **all;

    while (environ && environ[count])
        count++;
    all = calloc(count + v->count + 1, sizeof *all);
    for (size_t i = 0; all && i < count; i++) {
        if (!is_ours(environ[i]) && !is_set(v, environ[i]))
            all[kept++] = environ[i];
    }
    for (size_t i = 0; all && i < v->count; i++)
        all[kept++] = v->list[i];
    return all;
}

static int add_all(struct variables *v, const struct variables *env)
{
    const char *fault;
    int err = 0;

    for (size_t i = 0; i < env->count && !err; i++)
        err = variables_add_text(v, env->list[i], false, &fault);
    return err;
}

/* The positive errno of posix_spawn(3). */
static int start(char *const *command, int fd, char *const *environment, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t set;
    int err = posix_spawn_file_actions_init(&actions);

    if (err)
        return err;
    err = posix_spawnattr_init(&attributes);
    if (err) {
        posix_spawn_file_actions_destroy(&actions);
        return err;
    }
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&attributes, &set);
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes, &set);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    err = posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
    if (!err)
        err = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    if (!err)
        err = posix_spawnp(pid, command[0], &actions, &attributes, command, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return err;
}

int server_spawn(char *const *command, int fd, const struct server_ends *ends,
                 const struct variables *env, pid_t *pid)
{
    struct variables all = {0};
    char **environment = NULL;
    int err = describe(&all, ends);

    if (!err)
        err = add_all(&all, env);
    if (!err) {
        environment = merge(&all);
        err = environment ? -start(command, fd, environment, pid) : -ENOMEM;
    }
    free(environment);
    variables_free(&all);
    return err;
}
