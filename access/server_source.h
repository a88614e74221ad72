/*
 * server_source: where the rules of a front door come from: -x, -m, or the database that the
 * configuration names.
 */
#ifndef TCPQUOTA_SERVER_SOURCE_H
#define TCPQUOTA_SERVER_SOURCE_H

#include "conf.h"
#include "entrance.h"
#include "server_options.h"

struct server_source {
    struct entrance_setup entrance; /* points to the rest */
    struct conf *conf;              /* or NULL: there is none */
    struct variables presets;       /* of [server:NAME] */
    char *database;                 /* the one of -m; or NULL */
};

/* 0, or an exit code, told. To be freed in both cases. */
int server_source_find(struct server_source *out, const struct server_options *options);
void server_source_free(struct server_source *s);

#endif
