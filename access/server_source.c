#include "server_source.h"

#include "log.h"
#include "presets.h"
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#define LINE_MAX_LEN 4096
#define FIELDS 4 /* server|user|password|database| */

/* As tcpserver it serves without a configuration, unless it is told to use one. */
static int load_conf(struct server_source *s, const struct server_options *o)
{
    const char *path = o->config ? o->config : CONF_PATH;
    bool needed = o->config || (!o->text && !o->database && strcmp(o->program, "tcpserver") != 0);

    if (!needed && access(path, R_OK) != 0)
        return 0;
    s->conf = settings_read(path, SETTINGS_SERVER);
    return s->conf ? 0 : EX_CONFIG;
}

static bool is_local(const char *server)
{
    static const char *const names[] = {"", "localhost", "127.0.0.1", "::1"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcasecmp(server, names[i]) == 0)
            return true;
    }
    return *server == '/'; /* a socket */
}

/* The line of a file for MySQL: what it says of a database that is now ours. */
static int read_line(struct server_source *s, const char *path, char *line)
{
    char what[LINE_MAX_LEN + 64], *fields[FIELDS], *rest = line;

    line[strcspn(line, "\r\n")] = '\0';
    for (size_t i = 0; i < FIELDS; i++) {
        fields[i] = strsep(&rest, "|");
        if (!fields[i])
            return log_fail(
                EX_DATAERR, path,
                "is no SQLite database, and its line is not server|user|password|database|");
    }
    if (!is_local(fields[0])) {
        snprintf(what, sizeof what, "%s: server %s", path, fields[0]);
        return log_fail(EX_DATAERR, what, "is another machine, the database is on this one");
    }
    if (*fields[3] != '/' && !s->conf)
        return log_fail(EX_CONFIG, path,
                        "names no path, and there is no configuration with DATABASE");
    s->database = strdup(*fields[3] == '/' ? fields[3] : s->conf->database);
    return s->database ? 0 : log_fail(EX_OSERR, path, strerror(ENOMEM));
}

/* A file that is not there is a database that is not there. */
static int find_database(struct server_source *s, const char *path)
{
    static const char magic[] = "SQLite format 3"; /* with its NUL: sqlite.org/fileformat.html */
    char line[LINE_MAX_LEN];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t len = 0;

    if (fd < 0 && errno != ENOENT)
        return log_fail(EX_NOINPUT, path, strerror(errno));
    if (fd >= 0)
        len = read(fd, line, sizeof line - 1);
    if (fd >= 0)
        close(fd);
    if (len < 0)
        return log_fail(EX_NOINPUT, path, strerror(errno));
    line[len] = '\0';
    if (len > 0 && ((size_t)len < sizeof magic || memcmp(line, magic, sizeof magic) != 0))
        return read_line(s, path, line);
    s->database = realpath(path, NULL);
    if (!s->database)
        s->database = strdup(path);
    return s->database ? 0 : log_fail(EX_OSERR, path, strerror(ENOMEM));
}

static bool is_cdb(const char *path)
{
    size_t len = strlen(path);

    return len >= 4 && strcmp(path + len - 4, ".cdb") == 0;
}

static int read_presets(struct server_source *s, const struct server_options *o)
{
    const char *path = o->config ? o->config : CONF_PATH;
    int err = s->conf ? presets_read(&s->presets, s->conf, o->service, path) : 0;

    return err == -ENOMEM ? log_fail(EX_OSERR, path, strerror(ENOMEM)) : err ? EX_CONFIG : 0;
}

/* What the configuration names; as tcpserver only if that was named. */
static bool uses_database(const struct server_source *s, const struct server_options *o)
{
    return s->conf && (o->config || strcmp(o->program, "tcpserver") != 0);
}

int server_source_find(struct server_source *out, const struct server_options *options)
{
    const struct server_options *o = options;
    int code;

    *out = (struct server_source){.conf = NULL};
    if (o->text && is_cdb(o->text))
        return log_fail(EX_USAGE, o->text,
                        "is a compiled .cdb: -x takes the text that it was made from");
    code = load_conf(out, o);
    if (!code)
        code = read_presets(out, o);
    if (!code && o->database)
        code = find_database(out, o->database);
    if (code)
        return code;
    out->entrance = (struct entrance_setup){.source = ENTRANCE_FREE,
                                            .service = o->service,
                                            .allow_missing = o->allow_missing,
                                            .presets = &out->presets,
                                            .conf = out->conf};
    if (out->database)
        out->entrance.database = out->database;
    else if (out->conf)
        out->entrance.database = out->conf->database;
    if (o->text) {
        out->entrance.source = ENTRANCE_TEXT;
        out->entrance.text = o->text;
    } else if (out->database || uses_database(out, o)) {
        out->entrance.source = ENTRANCE_DATABASE;
    }
    return 0;
}

void server_source_free(struct server_source *s)
{
    settings_free(s->conf);
    free(s->database);
    variables_free(&s->presets);
}
