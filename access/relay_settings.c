#include "relay_settings.h"

#include "log.h"
#include "num.h"
#include "presets.h"
#include "settings.h"
#include "tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static void tell(void *context, const char *text)
{
    (void)context;
    log_failure("%s", text);
}

/* A file of tcprelay needs none, unless it is named. */
static int load_conf(struct relay_settings *s, const struct relay_options *o)
{
    const char *path = o->config ? o->config : CONF_PATH;

    if (!o->config && o->file)
        return 0;
    s->conf = settings_read(path, SETTINGS_SERVER);
    return s->conf ? 0 : EX_CONFIG;
}

static int read_relay(struct relay_settings *s, const struct relay_options *o)
{
    const char *path = o->file ? o->file : o->config ? o->config : CONF_PATH;
    int err = relay_conf_init(&s->relay, o->program);

    if (!err && o->file)
        err = relay_conf_read_file(&s->relay, o->file, o->id, o->child, tell, NULL);
    else if (!err)
        err = relay_conf_read_section(&s->relay, s->conf, o->name, path, tell, NULL);
    if (!err)
        err = relay_conf_check(&s->relay, path, s->conf, tell, NULL);
    if (!err && o->service)
        err = relay_conf_set_text(&s->relay.service, o->service);
    if (err == -ENOMEM)
        return log_fail(EX_OSERR, path, strerror(ENOMEM));
    return err ? EX_CONFIG : 0;
}

static int read_presets(struct relay_settings *s, const struct relay_options *o)
{
    const char *path = o->config ? o->config : CONF_PATH;
    int err = s->conf ? presets_read(&s->presets, s->conf, s->relay.service, path) : 0;

    return err == -ENOMEM ? log_fail(EX_OSERR, path, strerror(ENOMEM)) : err ? EX_CONFIG : 0;
}

/* As the library of tcprelay numbers them; those of other systems are named. */
static int read_mechanism(struct relay_conf *c)
{
    const char *text = getenv("IO_POLL_MECHANISM");

    if (!text)
        return 0;
    if (num_parse(text, 1, 32, &c->mechanism) == 0) {
        switch (c->mechanism) {
        case 4:
        case 8:
        case 16:
            return 0;
        case 1:
            return log_fail(EX_CONFIG, "IO_POLL_MECHANISM=1",
                            "is kqueue, which Linux does not have");
        case 2:
            return log_fail(EX_CONFIG, "IO_POLL_MECHANISM=2",
                            "is /dev/poll, which Linux does not have");
        case 32:
            return log_fail(EX_CONFIG, "IO_POLL_MECHANISM=32",
                            "is port, which Linux does not have");
        }
    }
    return log_fail(EX_CONFIG, "IO_POLL_MECHANISM", "is none of 4 (epoll), 8 (poll), 16 (select)");
}

static int open_tls(struct relay_settings *s)
{
    struct relay_conf *c = &s->relay;
    char why[TLS_WHY_LEN] = "";
    int err;

    if (!c->cert)
        return 0;
    err = tls_open(&s->tls, c->cert, c->key, c->pass, why);
    /* Nobody needs it any more. */
    if (c->pass)
        explicit_bzero(c->pass, strlen(c->pass));
    if (err == -EINVAL)
        log_failure("%s", why);
    return err == -EINVAL ? EX_CONFIG : err ? log_fail(EX_OSERR, c->cert, strerror(-err)) : 0;
}

int relay_settings_load(struct relay_settings *out, const struct relay_options *options)
{
    int code;

    *out = (struct relay_settings){.conf = NULL};
    code = load_conf(out, options);
    if (!code)
        code = read_relay(out, options);
    if (!code)
        code = read_presets(out, options);
    if (!code)
        code = read_mechanism(&out->relay);
    if (!code)
        code = open_tls(out);
    if (code) {
        relay_settings_free(out);
        return code;
    }
    return 0;
}

struct entrance_setup relay_settings_entrance(const struct relay_settings *s)
{
    return (struct entrance_setup){.source = s->conf ? ENTRANCE_DATABASE : ENTRANCE_FREE,
                                   .database = s->conf ? s->conf->database : NULL,
                                   .service = s->relay.service,
                                   .presets = &s->presets,
                                   .conf = s->conf};
}

void relay_settings_free(struct relay_settings *s)
{
    tls_close(s->tls);
    relay_conf_free(&s->relay);
    variables_free(&s->presets);
    settings_free(s->conf);
    *s = (struct relay_settings){.conf = NULL};
}
