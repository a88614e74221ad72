/* Rules as a text, and the variables in them. */
#include "tcprules.h"
#include "variables.h"

#include <stdlib.h>
#include <string.h>

static int take(void *context, const struct tcprule *rule)
{
    struct variables v = {0};
    const char *fault;

    (void)context;
    for (int escapes = 0; escapes < 2; escapes++) {
        variables_add_text(&v, rule->rule.env, escapes, &fault);
        variables_set(&v, "A", "x");
        if (strcmp(variables_get(&v, "A"), "x") != 0)
            abort();
        variables_free(&v);
    }
    return 0;
}

static void tell(void *context, size_t line, const char *what)
{
    (void)context;
    if (line == 0 || !*what)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    tcprules_read(text, take, tell, NULL);
    free(text);
    return 0;
}
