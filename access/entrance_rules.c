#include "entrance_rules.h"

#include "clock.h"
#include "log.h"
#include "store_policy.h"
#include "store_read.h"
#include "text_file.h"
#include "trouble.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TEXT_MAX (64 << 20) /* bytes */
#define WRITING_MS 100      /* since the last write */

struct entrance_rules {
    const struct entrance_setup *setup;
    struct rulebook *book;
    struct live_store *database;
    int64_t opening, version; /* of the database, at the last look */
    int64_t rules, lists;     /* generations that the book is of */
    struct stat stamp;        /* of the text */
    bool missing;
    struct trouble trouble;
};

struct fault_place {
    const char *path;
};

static void tell_fault(void *context, size_t line, const char *what)
{
    log_err("%s:%zu: %s", ((const struct fault_place *)context)->path, line, what);
}

static void tell_strange(void *context, const struct store_rule *row)
{
    char net[LOG_VALUE_LEN], group[LOG_VALUE_LEN];

    log_warning("%s: tcpserver_scope: net %s, hostgroup %s: no such group, or no address, network "
                "or range: the row holds for nobody",
                ((const struct fault_place *)context)->path, log_value(row->net, net),
                log_value(row->hostgroup, group));
}

static bool has_changed(const struct stat *a, const struct stat *b)
{
    return a->st_ino != b->st_ino || a->st_dev != b->st_dev || a->st_size != b->st_size ||
           a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec ||
           a->st_ctim.tv_sec != b->st_ctim.tv_sec || a->st_ctim.tv_nsec != b->st_ctim.tv_nsec;
}

/* Whoever writes over it may not be done: half a text may let in whom the whole one denies. One
 * that takes its place by rename(2) is whole. */
static bool is_being_written(const struct stat *now, const struct stat *before)
{
    int64_t written = now->st_mtim.tv_sec * NS_PER_S + now->st_mtim.tv_nsec;
    int64_t age = wall_now().ns - written;

    return now->st_ino == before->st_ino && now->st_dev == before->st_dev && age >= 0 &&
           age < WRITING_MS * NS_PER_MS;
}

static const char *text_error(int err)
{
    return err == -EBADMSG
               ? "is a compiled .cdb or no text at all: the rules are taken as the text "
                 "that it was made from"
               : text_file_strerror(err);
}

/* A text with faults does not take the place of rules that hold; one that is gone does. */
static int follow_text(struct entrance_rules *r)
{
    struct fault_place place = {r->setup->text};
    struct rulebook *book = NULL;
    struct stat now;
    char *text;
    int err;

    if (r->book && stat(r->setup->text, &now) == 0 &&
        (!has_changed(&now, &r->stamp) || is_being_written(&now, &r->stamp)))
        return 0;
    err = text_file_read(r->setup->text, TEXT_MAX, &text, &r->stamp);
    r->missing = err == -ENOENT;
    if (err) {
        trouble_begin(&r->trouble, "%s: %s", r->setup->text, text_error(err));
    } else {
        trouble_end(&r->trouble, r->setup->text);
        /* A full disk, or an editor, leaves one; and no rule lets everybody in. */
        if (r->book && !*text) {
            tell_fault(&place, 1, "the text is empty");
            err = -EINVAL;
        } else {
            err = rulebook_read_text(&book, text, tell_fault, &place);
        }
        if (err && r->book)
            log_err("%s: the rules of before hold on", r->setup->text);
    }
    free(text);
    if (err != -EINVAL) {
        rulebook_free(r->book);
        r->book = book;
    }
    return err;
}

static int read_store(struct entrance_rules *r, struct store *s)
{
    struct fault_place place = {r->setup->database};
    struct rulebook *book = NULL;
    int64_t rules, lists;
    int err = store_snapshot(s);

    rules = err ? err : store_generation(s, STORE_RULES);
    lists = rules < 0 ? rules : store_generation(s, STORE_LISTS);
    if (lists < 0)
        err = (int)lists;
    if (!err && (!r->book || rules != r->rules || lists != r->lists)) {
        err = rulebook_read_store(&book, s, r->setup->service, tell_strange, &place);
        if (!err) {
            rulebook_free(r->book);
            r->book = book;
            r->rules = rules;
            r->lists = lists;
        }
    }
    store_stop(s);
    return err;
}

/* Rules that cannot be read any more do not hold on: nobody knows what they say by now. */
static int follow_store(struct entrance_rules *r)
{
    const char *why = "";
    struct store *s = live_store_now(r->database, &why);
    int64_t version = s ? store_version(s) : -EIO, opening = live_store_openings(r->database);
    int err = version < 0 ? (int)version : 0;

    if (!err && r->book && opening == r->opening && version == r->version)
        return 0;
    /* The generations of another database say nothing. */
    if (opening != r->opening)
        r->rules = -1;
    if (!err)
        err = read_store(r, s);
    r->missing = live_store_is_missing(r->database);
    if (err) {
        trouble_begin(&r->trouble, "%s: %s", r->setup->database, s ? store_error(s) : why);
        rulebook_free(r->book);
        r->book = NULL;
        if (s)
            live_store_give_up(r->database);
        return err;
    }
    trouble_end(&r->trouble, r->setup->database);
    r->version = version;
    r->opening = opening;
    return 0;
}

static int follow(struct entrance_rules *r)
{
    return r->setup->source == ENTRANCE_TEXT ? follow_text(r) : follow_store(r);
}

int entrance_rules_open(struct entrance_rules **out, const struct entrance_setup *setup,
                        struct live_store *database)
{
    struct entrance_rules *r = calloc(1, sizeof *r);
    bool text = setup->source == ENTRANCE_TEXT;
    int err;

    if (!r)
        return -ENOMEM;
    r->setup = setup;
    r->database = database;
    err = follow(r);
    /* Faults of a text are the administrator's to mend now; the rest may come right. */
    if (err != -ENOMEM && (!text || (err != -EINVAL && err != -EBADMSG)))
        err = 0;
    if (err)
        entrance_rules_close(r);
    else
        *out = r;
    return err;
}

void entrance_rules_close(struct entrance_rules *r)
{
    if (!r)
        return;
    rulebook_free(r->book);
    free(r);
}

const struct rulebook *entrance_rules_now(struct entrance_rules *r, bool *missing)
{
    follow(r);
    *missing = !r->book && r->missing;
    return r->book;
}
