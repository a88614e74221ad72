#include "trouble.h"

#include "log.h"

#include <stdarg.h>
#include <stdio.h>

void trouble_begin(struct trouble *t, const char *format, ...)
{
    char text[512];
    va_list args;

    if (t->on)
        return;
    t->on = true;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_err("%s", text);
}

void trouble_end(struct trouble *t, const char *what)
{
    if (t->on)
        log_notice("recovered %s", what);
    t->on = false;
}
