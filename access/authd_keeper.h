/*
 * authd_keeper: the process with privilege. It owns the firewall entries and the kernel's sets, and
 * starts the two that work without: the one that answers, and the one that records.
 *
 * Where one of them dies it is started again; meanwhile the kernel itself does what fail= says.
 */
#ifndef TCPQUOTA_AUTHD_KEEPER_H
#define TCPQUOTA_AUTHD_KEEPER_H

#include "conf.h"
#include "sandbox.h"

#include <stdbool.h>

struct authd_keeper_setup {
    struct conf *conf; /* the keeper's from authd_keeper_run() on */
    const char *conf_path;
    const char *database;
    const char *fifo;
    struct sandbox user;
    int fifo_fd;  /* -1: there is no cache */
    bool to_file; /* the log is a file and moves with it */
    int ready_fd; /* of whoever is told below: not for other processes */
    /* Told once, when connections are asked for. */
    void (*ready)(void *context);
    void *context;
};

/* Serves until a signal ends it, and removes all entries. Signals have to be blocked. An exit code.
 */
int authd_keeper_run(const struct authd_keeper_setup *setup);
/* Removes entries and sets that are there. An exit code. */
int authd_keeper_clean(void);

#endif
