/* Asks the daemon. */
#include "question.h"

#include "worth.h"

#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

static bool is_plain_yes(const json_t *line)
{
    const char *why = json_string_value(json_object_get(line, "why"));

    return !why || reason_parse(why) == REASON_OK;
}

int ask_hear(const struct listener *l, const json_t *line, char why[TEXT_LEN])
{
    json_t *row = json_object_get(line, "row");
    const json_t *total = json_object_get(line, "total");
    int code = link_end_of(line);

    if (row && l->row)
        l->row(l->context, row);
    if (total && l->total)
        l->total(l->context, total);
    if (code < 0)
        return -1;
    why[0] = '\0';
    if (code != 0 || !is_plain_yes(line))
        text_why(line, why);
    return code;
}

static int lost(int err, char why[TEXT_LEN])
{
    program_why_lost(err, why);
    return EX_UNAVAILABLE;
}

/* The lines, up to the end. */
static int hear(const struct program *p, struct link *link, const struct listener *l,
                char why[TEXT_LEN])
{
    json_t *line;
    int code;

    do {
        int rc = program_wait(p, link);

        if (!rc)
            rc = link_next(link, &line);
        if (rc <= 0)
            return lost(rc, why);
        worth_again(line, &p->conf); /* how it is shown is ours to say */
        code = ask_hear(l, line, why);
        json_decref(line);
    } while (code < 0);
    return code;
}

/* Nobody listens there: root may do without. */
static bool is_alone(int err)
{
    return (err == -ECONNREFUSED || err == -ENOENT) && geteuid() == 0;
}

int ask(const struct program *p, json_t *request, const struct listener *l, char why[TEXT_LEN])
{
    struct link link = {.fd = -1};
    int err = link_open(&link, p->conf.socket), code;

    why[0] = '\0';
    if (is_alone(err) && local_answers(request)) {
        code = local_ask(p, request, l, why);
        json_decref(request);
    } else if (err) {
        code = lost(err, why);
        json_decref(request);
    } else {
        err = link_send(&link, request);
        code = err ? lost(err, why) : hear(p, &link, l, why);
    }
    link_close(&link);
    return code;
}
