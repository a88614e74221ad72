/*
 * keeper_world: a keeper in a test, that has the configuration which the test gives it, and an end
 * of its socket that is the test's. What fails to be made ends the test.
 */
#ifndef TCPQUOTA_KEEPER_WORLD_H
#define TCPQUOTA_KEEPER_WORLD_H

#include "keeper_state.h"
#include "settings.h"
#include "tap.h"
#include "wire.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* With these lines in its configuration; keeper_close() and close(*ours) when it is done. */
static inline struct keeper *keeper_make(const char *lines, int *ours)
{
    char text[512], path[] = "/tmp/tcpquota-keeper.XXXXXX", why[KEEPER_WHY_LEN];
    struct keeper_setup setup = {.conf_path = path, .pidfile = -1};
    struct keeper *k = NULL;
    int fd = mkstemp(path), ends[2], snapshot;
    int len = snprintf(text, sizeof text, "LOCALNET=10.99.0.0/16\nRESTART=yes\n%s", lines);

    if (fd < 0 || len >= (int)sizeof text || write(fd, text, (size_t)len) != len)
        exit(1);
    close(fd);
    snapshot = settings_snapshot(path);
    setup.conf = settings_load(snapshot, path, SETTINGS_TCPQUOTAD, NULL);
    close(snapshot);
    unlink(path);
    if (!setup.conf || keeper_open(&k, &setup, why) != 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        exit(1);
    k->socket = ends[0];
    *ours = ends[1];
    return k;
}

static inline void keeper_put(int fd, const struct wire_message *m, size_t len)
{
    if (send(fd, m, len, MSG_NOSIGNAL) != (ssize_t)len)
        tap_note("send: %s", strerror(errno));
}

#endif
