#include "server_visits.h"

#include "server_spawn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct server_visits {
    TAILQ_HEAD(, server_visit) list;
    size_t count;
};

int server_visits_new(struct server_visits **out)
{
    struct server_visits *all = calloc(1, sizeof *all);

    if (!all)
        return -ENOMEM;
    TAILQ_INIT(&all->list);
    *out = all;
    return 0;
}

size_t server_visits_count(const struct server_visits *all)
{
    return all->count;
}

size_t server_visits_pending(const struct server_visits *all)
{
    const struct server_visit *v;
    size_t pending = 0;

    TAILQ_FOREACH(v, &all->list, list)
    {
        pending += v->pid == 0 || v->answer.quota;
    }
    return pending;
}

static void close_connection(struct server_visit *v)
{
    if (v->fd >= 0)
        close(v->fd);
    v->fd = -1;
}

static void free_found(struct server_found *found)
{
    free(found->local_name);
    free(found->remote_name);
    free(found->remote_info);
}

void server_visits_remove(struct server_visits *all, struct server_visit *v)
{
    TAILQ_REMOVE(&all->list, v, list);
    all->count--;
    close_connection(v);
    free_found(&v->found);
    variables_free(&v->answer.env);
    free(v);
}

void server_visits_free(struct server_visits *all)
{
    if (!all)
        return;
    while (!TAILQ_EMPTY(&all->list))
        server_visits_remove(all, TAILQ_FIRST(&all->list));
    free(all);
}

struct server_visit *server_visits_add(struct server_visits *all, void *owner, int fd,
                                       const struct server_ends *ends,
                                       struct entrance_answer *answer)
{
    struct server_visit *v = calloc(1, sizeof *v);

    if (!v) {
        close(fd);
        variables_free(&answer->env);
        return NULL;
    }
    *v = (struct server_visit){.owner = owner, .fd = fd, .ends = *ends, .answer = *answer};
    TAILQ_INSERT_TAIL(&all->list, v, list);
    all->count++;
    return v;
}

struct server_visit *server_visits_find(const struct server_visits *all, pid_t pid)
{
    struct server_visit *v;

    TAILQ_FOREACH(v, &all->list, list)
    {
        if (v->pid == pid)
            return v;
    }
    return NULL;
}

void server_visits_each(struct server_visits *all,
                        void (*each)(void *context, struct server_visit *v), void *context)
{
    struct server_visit *v, *next;

    for (v = TAILQ_FIRST(&all->list); v; v = next) {
        next = TAILQ_NEXT(v, list);
        each(context, v);
    }
}

void server_visit_take(struct server_visit *v, struct server_found *found)
{
    v->found = *found;
    *found = (struct server_found){0};
    if (v->found.local_name)
        v->ends.local_name = v->found.local_name;
    v->ends.remote_name = v->found.remote_name;
    v->ends.remote_info = v->found.remote_info;
}

int server_visit_start(struct server_visit *v, char *const *command)
{
    int err = server_spawn(command, v->fd, &v->ends, &v->answer.env, &v->pid);

    if (!err && !v->answer.quota)
        close_connection(v);
    return err;
}

int server_visit_release(struct server_visit *v)
{
    int fd = v->fd;

    v->fd = -1;
    return fd;
}

bool server_visit_cut(struct server_visit *v)
{
    if (v->fd < 0)
        return false;
    shutdown(v->fd, SHUT_RDWR);
    close_connection(v);
    return true;
}
