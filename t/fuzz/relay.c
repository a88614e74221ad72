/* A relay's configuration in the form of tcprelay. */
#include "relay_conf.h"

#include <stdlib.h>
#include <string.h>

static void tell(void *context, const char *text)
{
    if (!*text)
        abort();
    ++*(int *)context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct relay_conf c;
    int faults = 0, err;

    if (!text || relay_conf_init(&c, "fuzz") != 0)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    err = relay_conf_read_text(&c, text, "file", "spawnd", NULL, tell, &faults);
    /* What is wrong is told, and nothing else is. */
    if ((err != 0) != (faults > 0))
        abort();
    relay_conf_free(&c);
    free(text);
    return 0;
}
