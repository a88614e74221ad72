/* What follows from what is recorded. Pure: no file is read here. */
#include "identity_facts.h"

#include <netinet/in.h>
#include <string.h>

static bool is_loopback(const struct addr *a)
{
    struct addr loopback = addr_make(AF_INET6, &in6addr_loopback);

    return a->family == AF_INET ? a->bytes[0] == 127 : addr_equal(a, &loopback);
}

static enum identity_result from_or_console(const struct addr *a, struct addr *host)
{
    if (is_loopback(a))
        return IDENTITY_CONSOLE;
    *host = *a;
    return IDENTITY_FROM;
}

/* "remote" is what login is called in PAM when it was given a host. */
static bool is_login_service(const char *service)
{
    return strcmp(service, "sshd") == 0 || strcmp(service, "login") == 0 ||
           strcmp(service, "remote") == 0;
}

/* Classes of users are "user", and since systemd 256 "user-early", "user-light" ... */
enum identity_result identity_judge_session(const struct identity_session *s, bool of_caller,
                                            struct addr *host)
{
    bool login = is_login_service(s->service);
    struct addr a;

    if (strcmp(s->state, "closing") == 0)
        return IDENTITY_NONE;
    if (strncmp(s->class, "user", 4) != 0)
        return of_caller ? IDENTITY_SERVICE : IDENTITY_NONE;
    if (!s->remote)
        return login || s->seat[0] ? IDENTITY_CONSOLE : IDENTITY_SERVICE;
    if (!login)
        return IDENTITY_SERVICE;
    return addr_parse(s->remote_host, &a) == 0 ? from_or_console(&a, host) : IDENTITY_NAME;
}

/* utmp(5): the address in network order, IPv4 in the first word alone. False if there is none. */
static bool recorded_address(const struct utmp *u, struct addr *out)
{
    static const int32_t none[4] = {0};

    if (memcmp(u->ut_addr_v6, none, sizeof none) == 0)
        return false;
    if (memcmp(u->ut_addr_v6 + 1, none, 3 * sizeof *none) == 0)
        *out = addr_make(AF_INET, u->ut_addr_v6);
    else
        *out = addr_make(AF_INET6, u->ut_addr_v6);
    return true;
}

/* ut_host has no NUL if it is full. */
static bool spells_address(const struct utmp *u, const struct addr *a)
{
    char text[UT_HOSTSIZE + 1];
    struct addr spelt;

    memcpy(text, u->ut_host, UT_HOSTSIZE);
    text[UT_HOSTSIZE] = '\0';
    return addr_parse(text, &spelt) == 0 && addr_equal(&spelt, a);
}

/* What ut_host says of a session on a display of this machine: ":0". */
static bool is_local(const struct utmp *u)
{
    return u->ut_host[0] == '\0' || u->ut_host[0] == ':';
}

enum identity_result identity_judge_record(const struct utmp *u, const char *program,
                                           struct addr *host)
{
    bool sshd = strcmp(program, "sshd") == 0 || strcmp(program, "sshd-session") == 0;
    struct addr a;

    if (!recorded_address(u, &a))
        return is_local(u)                             ? IDENTITY_CONSOLE
               : sshd || strcmp(program, "login") == 0 ? IDENTITY_NAME
                                                       : IDENTITY_SERVICE;
    if (sshd || (strcmp(program, "login") == 0 && spells_address(u, &a)))
        return from_or_console(&a, host);
    return strcmp(program, "login") == 0 ? IDENTITY_NAME : IDENTITY_SERVICE;
}

static bool same_process(const struct process *a, const struct process *b)
{
    return a->pid > 0 && a->pid == b->pid && a->start == b->start;
}

/* utmp and logind tell of the same session: what one lacks the other may have, an address where
 * the other has a name (sshd with UseDNS) or takes it for this machine's own, a terminal, a name.
 * A connection with several sessions (ControlMaster) has one address for all of them. */
static void complete(struct identity_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        struct identity_fact *to = &facts->list[i];

        for (size_t k = 0; k < facts->count; k++) {
            const struct identity_fact *from = &facts->list[k];

            if (to->kind == IDENTITY_ANOTHERS || from->kind == IDENTITY_ANOTHERS ||
                !same_process(&to->leader, &from->leader))
                continue;
            if (from->kind == IDENTITY_FROM &&
                (to->kind == IDENTITY_NAME || to->kind == IDENTITY_CONSOLE)) {
                to->kind = IDENTITY_FROM;
                to->host = from->host;
            }
            if (!to->session[0])
                memcpy(to->session, from->session, sizeof to->session);
        }
    }
}

static void answer(struct identity *out, enum identity_result result,
                   const struct identity_fact *fact)
{
    *out = (struct identity){.result = result};
    if (!fact)
        return;
    if (result == IDENTITY_FROM)
        out->host = fact->host;
    out->leader = fact->leader;
    memcpy(out->terminal, fact->terminal, sizeof out->terminal);
    memcpy(out->session, fact->session, sizeof out->session);
}

/* Which facts are looked at. */
enum choice { CHOICE_ALL, CHOICE_TERMINAL, CHOICE_OF_CALLER };

static bool is_chosen(const struct identity_fact *f, enum choice choice, const char *terminal)
{
    if (choice == CHOICE_TERMINAL)
        return terminal[0] && strcmp(f->terminal, terminal) == 0;
    return choice == CHOICE_ALL || f->of_caller;
}

/* Of several sessions that say the same the youngest stands for all: it is likely to be the one
 * that the caller is in. */
static const struct identity_fact *younger(const struct identity_fact *a,
                                           const struct identity_fact *b)
{
    return !a || b->leader.start > a->leader.start ? b : a;
}

/* False if there are none of the caller's own. */
static bool choose(const struct identity_facts *facts, enum choice choice, const char *terminal,
                   struct identity *out)
{
    static const enum identity_result order[] = {IDENTITY_FROM, IDENTITY_NAME, IDENTITY_CONSOLE,
                                                 IDENTITY_SERVICE};
    const struct identity_fact *best[IDENTITY_MANY + 1] = {NULL};
    bool many = choice == CHOICE_ALL && facts->more;

    for (size_t i = 0; i < facts->count; i++) {
        const struct identity_fact *f = &facts->list[i], *known = best[f->kind];

        if (f->kind == IDENTITY_ANOTHERS || !is_chosen(f, choice, terminal))
            continue;
        if (f->kind == IDENTITY_FROM && known && !addr_equal(&known->host, &f->host))
            many = true;
        best[f->kind] = younger(known, f);
    }
    if (many || (best[IDENTITY_FROM] && best[IDENTITY_NAME])) {
        answer(out, IDENTITY_MANY, NULL);
        return true;
    }
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (best[order[i]]) {
            answer(out, order[i], best[order[i]]);
            return true;
        }
    }
    return false;
}

static bool is_anothers(const struct identity_facts *facts, enum choice choice,
                        const char *terminal, bool sure)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct identity_fact *f = &facts->list[i];

        if (f->kind == IDENTITY_ANOTHERS && (f->sure || !sure) && is_chosen(f, choice, terminal))
            return true;
    }
    return false;
}

/* A record of another's that anybody could have written does not take a terminal from whom sshd
 * or login recorded there. */
void identity_decide(struct identity_facts *facts, const char *terminal, struct identity *out)
{
    bool another, own = false;

    complete(facts);
    answer(out, IDENTITY_NONE, NULL);
    another = is_anothers(facts, CHOICE_TERMINAL, terminal, true);
    if (!another)
        own = choose(facts, CHOICE_TERMINAL, terminal, out);
    if (!another && !own)
        another = is_anothers(facts, CHOICE_TERMINAL, terminal, false) ||
                  is_anothers(facts, CHOICE_OF_CALLER, terminal, false);
    if (another)
        answer(out, IDENTITY_ANOTHERS, NULL);
    else if (!own && !choose(facts, CHOICE_OF_CALLER, terminal, out))
        choose(facts, CHOICE_ALL, terminal, out);
}
