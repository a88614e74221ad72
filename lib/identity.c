#include "identity.h"

#include "identity_facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UTMP "/run/utmp"

void identity_terminal(const char *claimed, char out[IDENTITY_TERMINAL_LEN])
{
    size_t len;

    out[0] = '\0';
    if (strncmp(claimed, "/dev/", 5) == 0)
        claimed += 5;
    len = strnlen(claimed, IDENTITY_TERMINAL_LEN);
    if (len == IDENTITY_TERMINAL_LEN || claimed[0] == '/' || strstr(claimed, ".."))
        return;
    for (size_t i = 0; i < len; i++) {
        if (claimed[i] <= ' ' || claimed[i] > '~')
            return;
    }
    memcpy(out, claimed, len + 1);
}

int identity_find(const struct identity_paths *paths, const struct identity_caller *caller,
                  struct identity *out)
{
    const char *utmp = paths && paths->utmp ? paths->utmp : UTMP;
    struct identity_facts *facts = calloc(1, sizeof *facts);
    char terminal[IDENTITY_TERMINAL_LEN];
    int err = 0;

    if (!facts)
        return -ENOMEM;
    identity_terminal(caller->terminal, terminal);
    if (!paths || !paths->without_logind)
        err = identity_read_logind(caller, facts);
    if (!err)
        err = identity_read_utmp(utmp, caller, terminal, facts);
    /* What logind has told is enough where there is no utmp at all, too. */
    if (err == -EACCES && facts->count)
        err = 0;
    if (!err)
        identity_decide(facts, terminal, out);
    free(facts);
    return err;
}

bool identity_lives(const struct identity *identity)
{
    return process_lives(&identity->leader);
}

const char *identity_word(enum identity_result result)
{
    static const char *const words[] = {
        [IDENTITY_FROM] = "from", [IDENTITY_CONSOLE] = "console", [IDENTITY_ANOTHERS] = "anothers",
        [IDENTITY_NONE] = "none", [IDENTITY_NAME] = "name",       [IDENTITY_SERVICE] = "service",
        [IDENTITY_MANY] = "many",
    };

    return words[result];
}
