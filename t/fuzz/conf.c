/* Any text as a configuration: what the scan finds has its place in the text. */
#include "conf_scan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void fault(void *context, unsigned line, const char *key, const char *what)
{
    unsigned *last = context;

    if (line == 0 || !key || !what || !*what)
        abort();
    *last = line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct conf_scan scan;
    unsigned lines = 1, last = 0, before = 0;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    if (conf_scan_text(&scan, text, fault, &last) != 0)
        abort();
    if (last > lines)
        abort();
    for (size_t i = 0; i < scan.count; i++) {
        if (scan.entries[i].line <= before || scan.entries[i].line > lines)
            abort();
        before = scan.entries[i].line;
    }
    conf_scan_free(&scan);
    free(text);
    return 0;
}
