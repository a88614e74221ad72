#include "presets.h"

#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

static const char *const names[] = {"MAXLOAD",    "MAXCONNIP", "MAXCONNC",
                                    "MAXCONNNET", "MAXQUOTA",  "DIEMSG"};

/* 0, -ENOMEM; -ENOENT: nobody knows the key. */
static int set(struct variables *out, const struct conf_door_line *line)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcasecmp(line->key, names[i]) == 0)
            return variables_set(out, names[i], line->value);
    }
    return -ENOENT;
}

int presets_read(struct variables *out, const struct conf *conf, const char *service,
                 const char *path)
{
    char section[96];
    int err = 0, rc;

    *out = (struct variables){0};
    snprintf(section, sizeof section, "server:%s", service);
    for (size_t i = 0; i < conf->door_count && err != -ENOMEM; i++) {
        const struct conf_door_line *line = &conf->doors[i];

        if (strcasecmp(line->section, section) != 0)
            continue;
        rc = set(out, line);
        if (rc == -ENOENT)
            log_failure("%s:%u: [%s] %s: no such key in [server:NAME]", path, line->line,
                        line->section, line->key);
        if (rc)
            err = rc == -ENOENT ? -EINVAL : rc;
    }
    return err;
}
