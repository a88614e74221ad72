/*
 * identity_facts: what is recorded of logins, in one form for utmp and logind, and what follows
 * from it; identity*.c and their test alone include it. The readers make facts, the decision is
 * values in, value out.
 */
#ifndef TCPQUOTA_IDENTITY_FACTS_H
#define TCPQUOTA_IDENTITY_FACTS_H

#include "identity.h"

#include <stddef.h>
#include <utmp.h>

/* A user has so many records at most that are looked at; with more, only the terminal or the
 * caller's own session chooses. Logind's come first and take half of them. */
#define IDENTITY_FACTS 128
#define IDENTITY_SESSIONS (IDENTITY_FACTS / 2)

struct identity_fact {
    enum identity_result kind; /* of this record alone: FROM, CONSOLE, NAME, SERVICE, ANOTHERS */
    bool sure;                 /* ANOTHERS: written by sshd or login, not by whom it may concern */
    bool of_caller;            /* the session that the caller's process is in */
    struct addr host;          /* FROM */
    char terminal[IDENTITY_TERMINAL_LEN];
    char session[IDENTITY_SESSION_LEN];
    struct process leader;
};

struct identity_facts {
    struct identity_fact list[IDENTITY_FACTS];
    size_t count;
    bool more; /* than there was room for */
};

/* What logind says of a session: text as it stands there, "" where it says nothing. */
struct identity_session {
    bool remote;
    const char *class, *service, *state, *seat, *remote_host;
};

/* `pts/3` for it and for `/dev/pts/3`; "" for what no record can have: longer than UT_LINESIZE,
 * blanks, control and 8-bit characters, `..`, a path that begins elsewhere. */
void identity_terminal(const char *claimed, char out[IDENTITY_TERMINAL_LEN]);

/* One session's kind, and the host if that is FROM. IDENTITY_NONE for one that does not count:
 * it is closing, or no user's (a greeter's, a manager's). `of_caller` ones that are no user's,
 * cron's, are of another service instead. */
enum identity_result identity_judge_session(const struct identity_session *s, bool of_caller,
                                            struct addr *host);
/* One record's of the caller's own, from what it says and from the name of the program that wrote
 * it: FROM, CONSOLE, NAME or SERVICE. */
enum identity_result identity_judge_record(const struct utmp *u, const char *program,
                                           struct addr *host);

/* The answer. `terminal` as identity_terminal() made it. Facts of one leader become one another's:
 * the list is changed. */
void identity_decide(struct identity_facts *facts, const char *terminal, struct identity *out);

/* Both add to `facts`, which is 0 at first. 0 or -errno. */
int identity_read_logind(const struct identity_caller *caller, struct identity_facts *facts);
int identity_read_utmp(const char *path, const struct identity_caller *caller, const char *terminal,
                       struct identity_facts *facts);

#endif
