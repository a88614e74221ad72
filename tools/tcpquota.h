/* tcpquota: what the parts of tcpquota(1) share; tcpquota*.c alone include it. */
#ifndef TCPQUOTA_TCPQUOTA_H
#define TCPQUOTA_TCPQUOTA_H

#include "question.h"
#include "clock.h"
#include "program.h"
#include "show.h"
#include "text.h"
#include "view.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define WORDS_MAX 4

enum {
    OPTION_REASON = 1 << 0,
    OPTION_NEW = 1 << 1,
    OPTION_YES = 1 << 2,
    OPTION_SPAN = 1 << 3, /* --from, --to, --by */
    OPTION_BEFORE = 1 << 4,
    OPTION_JSON = 1 << 5,
    OPTION_SERVICE = 1 << 6
};

struct command;

/* What was typed. Nothing here is owned. */
struct arguments {
    const struct command *command;
    const char *words[WORDS_MAX]; /* what follows the command */
    size_t count;
    char **rest; /* of a command that hands its arguments on; ends with NULL */
    const char *config;
    const char *reason, *from, *to, *by, *before, *service; /* or NULL */
    bool fresh, yes, json, help, version;
};

struct tcpquota {
    struct program program;
    struct arguments arguments;
};

/* One command. `run` returns the exit code, whatever went wrong is told. */
struct command {
    const char *name;
    const char *form; /* of its arguments, for people */
    const char *summary;
    size_t least, most; /* words */
    unsigned options;   /* that it takes */
    bool hands_on;      /* its arguments are another program's */
    int (*run)(struct tcpquota *t);
};

/* tcpquota_arguments.c */
/* Takes the command line apart. 0, or EX_USAGE, told. */
int arguments_parse(struct arguments *a, int argc, char **argv);
/* Complains of a word that was not understood. Returns EX_USAGE. */
int arguments_fail(const char *word, const char *why);

/* tcpquota_commands.c */
/* The command of that name, or NULL; the one of no name is one's own balance. */
const struct command *command_find(const char *name);
void command_print_help(void);

/* tcpquota_date.c */
/* A date as it is typed, `2026-11-21` or `2026-11-21T09:00`, local, as a time of the database. A
 * day on its own is its beginning, or with `after` its end. 0, or EX_USAGE, told. */
int date_read(const char *text, bool after, char out[WALL_UTC_LEN]);

/* The functions of the commands: run() of struct command. tcpquota_show.c */
int show_run(struct tcpquota *t);
int show_run_allowed(struct tcpquota *t);
int show_run_why(struct tcpquota *t);
/* tcpquota_list.c */
int list_run_users(struct tcpquota *t);
int list_run_hosts(struct tcpquota *t);
int list_run_log(struct tcpquota *t);
int list_run_openfw_log(struct tcpquota *t);
int list_run_sessions(struct tcpquota *t);
int list_run_usage(struct tcpquota *t);
int list_run_audit(struct tcpquota *t);
/* tcpquota_change.c */
int change_run_user(struct tcpquota *t);
int change_run_period(struct tcpquota *t);
/* tcpquota_top.c */
int top_run(struct tcpquota *t);
/* tcpquota_connections.c */
int connections_run(struct tcpquota *t);
/* tcpquota_check.c */
int check_run(struct tcpquota *t);
/* tcpquota_rules.c */
int rules_run(struct tcpquota *t);
/* tcpquota_root.c */
int root_run_backup(struct tcpquota *t);
int root_run_sql(struct tcpquota *t);
int root_run_import(struct tcpquota *t);
int root_run_prune(struct tcpquota *t);
/* Whether root runs this; told if not. */
bool root_is_here(const struct tcpquota *t);

#endif
