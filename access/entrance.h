/*
 * entrance: who comes in. One set of rules and of limits for all that tcpquota-server(8) does:
 * rules from the database or from a text, limits as the variables of a rule, quota as the rows of
 * masq. What changes there holds for the next question.
 *
 * Questions block on the disk, never on another process's lock. What goes wrong is logged here, and
 * refuses.
 */
#ifndef TCPQUOTA_ENTRANCE_H
#define TCPQUOTA_ENTRANCE_H

#include "addr.h"
#include "conf.h"
#include "live_store.h"
#include "variables.h"

#include <stdbool.h>

enum entrance_source { ENTRANCE_FREE, ENTRANCE_TEXT, ENTRANCE_DATABASE };

struct entrance_setup {
    enum entrance_source source;
    const char *text;                /* its path */
    const char *database;            /* its path, for rules and for quota; NULL: there is none */
    const char *service;             /* whose rules count */
    const struct variables *presets; /* limits for all rules; or NULL */
    bool allow_missing;              /* without a text or a database everybody comes in */
    const struct conf *conf;         /* for quota; NULL: MAXQUOTA refuses. Has to live as long */
};

struct entrance;

/* Reads the rules. 0; -EINVAL after faults of the text were logged; -ENOMEM. What cannot be read is
 * no error here: it refuses, and may be mended. */
int entrance_open(struct entrance **out, const struct entrance_setup *setup);
void entrance_close(struct entrance *e);

/* Somebody at the door; `host` and `info` as in rulebook.h. */
struct visitor {
    struct addr address;
    const char *host, *info;
    bool may_wait; /* these are not known yet, and will be */
};

enum entrance_verdict {
    ENTRANCE_IN,
    ENTRANCE_WAIT,      /* who may wait for his name: rules ask for it */
    ENTRANCE_DENIED,    /* a rule says so, or is malformed */
    ENTRANCE_LIMITED,   /* a limit does */
    ENTRANCE_UNREADABLE /* the rules are not known */
};

struct entrance_answer {
    enum entrance_verdict verdict;
    const char *mark;     /* of a limit: `LOAD:` ...; else "" */
    struct variables env; /* of the rule; variables_free() */
    const char *message;  /* DIEMSG of who is limited, or NULL; as long as env, or for ever */
    bool quota;           /* lets in as long as the host is open */
};

void entrance_ask(struct entrance *e, const struct visitor *v, struct entrance_answer *out);

/* One that was let in has come; or goes. 0 or -ENOMEM. */
int entrance_enter(struct entrance *e, const struct addr *a);
void entrance_leave(struct entrance *e, const struct addr *a);

/* Whether somebody who was let in for quota may stay. */
bool entrance_may_stay(struct entrance *e, const struct addr *a);
/* A number that changes when it has to be asked again; it looks at the database. */
int64_t entrance_quota_version(struct entrance *e);
/* The database, for what else is there; NULL: there is none. */
struct live_store *entrance_database(struct entrance *e);

#endif
