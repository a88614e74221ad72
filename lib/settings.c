#include "settings.h"

#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void report(void *context, bool fault, const char *key, const char *text)
{
    bool *no_localnet = context;

    if (fault)
        log_err("%s", text);
    else
        log_warning("%s", text);
    if (fault && no_localnet && strcmp(key, "LOCALNET") == 0)
        *no_localnet = true;
}

static void keep_quiet(void *context, bool fault, const char *key, const char *text)
{
    (void)context;
    (void)fault;
    (void)key;
    (void)text;
}

static struct conf *load(int snapshot, const char *path, const char *program, conf_report *each,
                         void *context)
{
    struct conf *conf = snapshot < 0 ? NULL : calloc(1, sizeof *conf);

    if (conf && conf_load_snapshot(conf, snapshot, path, program, each, context) == 0)
        return conf;
    free(conf);
    return NULL;
}

int settings_snapshot(const char *path)
{
    return conf_snapshot(path, report, NULL);
}

struct conf *settings_load(int snapshot, const char *path, const char *program, bool *no_localnet)
{
    return load(snapshot, path, program, report, no_localnet);
}

struct conf *settings_read(const char *path, const char *program)
{
    int snapshot = settings_snapshot(path);
    struct conf *conf = settings_load(snapshot, path, program, NULL);

    if (snapshot >= 0)
        close(snapshot);
    return conf;
}

struct conf *settings_load_again(int snapshot, const char *path, const char *program)
{
    return load(snapshot, path, program, keep_quiet, NULL);
}

void settings_free(struct conf *conf)
{
    if (conf)
        conf_free(conf);
    free(conf);
}
