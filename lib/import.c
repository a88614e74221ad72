#include "import.h"

#include "amount.h"
#include "caller.h"
#include "dump.h"
#include "import_value.h"
#include "store_change.h"
#include "store_import.h"
#include "utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_LEN 256 /* of what is no name, with its NUL */

struct import {
    struct store *store;
    const struct dump_row *row;
    struct import_counts *counts;
    import_report *report;
    void *context;
    unsigned faults;
    bool failed;             /* the store has, and not the text */
    char database[TEXT_LEN]; /* of the rows so far; empty: not said */
};

static void tell(struct import *im, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void tell(struct import *im, size_t line, const char *format, ...)
{
    char text[512];
    va_list args;

    if (im->faults++ >= IMPORT_FAULTS_MAX)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    im->report(im->context, line, text);
}

/* Not a fault of the text: the store failed. Returns `err`. */
static int told(struct import *im, int err)
{
    if (err) {
        tell(im, 0, "the database: %s", store_error(im->store));
        im->failed = true;
    }
    return err;
}

/* NULL if there is no such column: told. */
static const struct dump_value *value_of(struct import *im, const char *column)
{
    const struct dump_value *value = dump_row_value(im->row, column);

    if (!value)
        tell(im, im->row->line, "%.*s has no column `%s'", (int)im->row->table.len,
             im->row->table.bytes, column);
    return value;
}

/* What is wrong is told, and it is false. */
static bool get_text(struct import *im, const char *column, char *out, size_t size)
{
    const struct dump_value *value = value_of(im, column);
    struct dump_text text;

    if (!value)
        return false;
    text = import_trim(value->text);
    if (utf8_from_old(text.bytes, text.len, out, size) == 0 && !utf8_has_controls(out))
        return true;
    tell(im, im->row->line, "`%s' is longer than %zu bytes or has control characters", column,
         size - 1);
    return false;
}

static bool get_name(struct import *im, struct user_name *out)
{
    char text[USER_BYTES + 1];

    if (!get_text(im, "name", text, sizeof text))
        return false;
    if (user_name_make(out, text) == 0)
        return true;
    tell(im, im->row->line, "`name' is empty");
    return false;
}

static bool get_number(struct import *im, const char *column, int64_t min, int64_t max,
                       int64_t *out, bool *rounded)
{
    const struct dump_value *value = value_of(im, column);
    struct dump_text text;
    int err;

    if (!value)
        return false;
    *out = 0;
    *rounded = false;
    if (value->null && min <= 0)
        return true;
    text = import_trim(value->text);
    err = import_number(&text, min, max, out, rounded);
    if (err)
        tell(im, im->row->line, "`%s' is %s", column,
             err == -ERANGE ? "out of range" : "no number");
    return !err;
}

static bool get_time(struct import *im, char out[WALL_UTC_LEN])
{
    char text[TEXT_LEN];

    if (!get_text(im, "when", text, sizeof text))
        return false;
    if (import_time(text, out) == 0)
        return true;
    tell(im, im->row->line, "`when' is no time");
    return false;
}

/* Nothing kept the old tables from having a row twice, and both were updated alike. */
static int add_balance(struct import *im)
{
    struct store_user there;
    struct user_name user;
    int64_t quota;
    bool rounded;
    int rc;

    if (!get_name(im, &user) || !get_number(im, "quota", AMOUNT_MIN, AMOUNT_MAX, &quota, &rounded))
        return 0;
    rc = store_find_user(im->store, &user, &there);
    if (rc < 0)
        return told(im, rc);
    if (there.has_quota && there.quota != quota)
        tell(im, im->row->line, "%s has another balance already", user.text);
    if (there.has_quota) {
        im->counts->repeated++;
        return 0;
    }
    im->counts->balances++;
    im->counts->rounded += rounded;
    return told(im, store_set(im->store, &user, quota));
}

static int add_allowed(struct import *im)
{
    struct user_name user;
    int rc;

    if (!get_name(im, &user))
        return 0;
    rc = store_allow(im->store, &user);
    if (rc < 0)
        return told(im, rc);
    if (rc)
        im->counts->allowed++;
    else
        im->counts->repeated++;
    return 0;
}

static int add_period(struct import *im)
{
    int err = im->counts->periods ? 0 : store_clear_periods(im->store);
    char period[TEXT_LEN];
    int64_t id, quota;
    bool rounded;

    if (err)
        return told(im, err);
    if (!get_number(im, "id", 0, AMOUNT_MAX, &id, &rounded) ||
        !get_text(im, "period", period, sizeof period) ||
        !get_number(im, "quota", AMOUNT_MIN, AMOUNT_MAX, &quota, &rounded))
        return 0;
    im->counts->periods++;
    err = store_put_period(im->store, id, period, quota);
    if (err != -EEXIST)
        return told(im, err);
    tell(im, im->row->line, "the period %lld is there already", (long long)id);
    return 0;
}

static int add_line(struct import *im, int64_t *count,
                    int (*put)(struct store *s, const char *when, const char *user,
                               const char *text))
{
    char when[WALL_UTC_LEN], user[TEXT_LEN], action[TEXT_LEN];

    if (!get_time(im, when) || !get_text(im, "user", user, sizeof user) ||
        !get_text(im, "action", action, sizeof action))
        return 0;
    ++*count;
    return told(im, put(im->store, when, user, action));
}

static int add_openfw(struct import *im)
{
    return add_line(im, &im->counts->openfw, store_put_openfw);
}

static int add_log(struct import *im)
{
    return add_line(im, &im->counts->log, store_put_log);
}

static int count_masq(struct import *im)
{
    im->counts->masq++;
    return 0;
}

static const struct {
    const char *table;
    int (*add)(struct import *im);
} tables[] = {
    {"tcptab", add_balance},        {"allowed", add_allowed}, {"periodtab", add_period},
    {"logging_openfw", add_openfw}, {"logging", add_log},     {"masq", count_masq},
};

/* A dump of a whole server may hold two of them. */
static bool is_of_one_database(struct import *im)
{
    const struct dump_text *name = &im->row->database;

    if (!name->len)
        return true;
    if (!im->database[0])
        snprintf(im->database, sizeof im->database, "%.*s", (int)name->len, name->bytes);
    if (dump_text_is(name, im->database))
        return true;
    tell(im, im->row->line, "%.*s is in another database than the rows before it",
         (int)im->row->table.len, im->row->table.bytes);
    return false;
}

static int on_row(void *context, const struct dump_row *row)
{
    struct import *im = context;

    im->row = row;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (dump_text_is(&row->table, tables[i].table))
            return is_of_one_database(im) ? tables[i].add(im) : 0;
    }
    im->counts->others++;
    return 0;
}

static void on_unfit(void *context, const struct dump_error *error)
{
    tell(context, error->line, "%s", error->text);
}

/* Within the transaction. */
static int read_all(struct import *im, char *text, size_t len)
{
    struct dump_error error;
    int rc = store_is_empty(im->store);

    if (rc < 0)
        return told(im, rc);
    if (!rc) {
        tell(im, 0, "there are users in the database already");
        return -ENOTEMPTY;
    }
    rc = dump_read(text, len, on_row, on_unfit, im, &error);
    if (im->failed)
        return rc;
    if (rc)
        tell(im, error.line, "%s", error.text);
    else if (!im->faults && !im->counts->balances && !im->counts->allowed)
        tell(im, 0, "there are no rows of tcptab or allowed in it");
    if (rc && rc != -EBADMSG)
        return rc;
    return im->faults ? -EINVAL : 0;
}

int import_text(struct store *store, char *text, size_t len, const char *by, import_report *report,
                void *context, struct import_counts *counts)
{
    struct import im = {.store = store, .counts = counts, .report = report, .context = context};
    int err;

    *counts = (struct import_counts){0};
    err = told(&im, store_begin_as(store, by, "import", NULL));
    if (!err)
        err = read_all(&im, text, len);
    if (!err)
        err = told(&im, store_commit(store));
    store_rollback(store);
    if (err)
        *counts = (struct import_counts){0};
    return err;
}

/* All of the file, to be freed. */
static int read_file(int fd, char **text, size_t *len)
{
    size_t room = 65536;
    ssize_t n = 1;

    *len = 0;
    *text = malloc(room);
    while (*text && (n = read(fd, *text + *len, room - *len)) > 0) {
        *len += (size_t)n;
        if (*len > IMPORT_FILE_MAX)
            return -EFBIG;
        if (*len == room) {
            char *bigger = realloc(*text, room * 2);

            if (!bigger)
                return -ENOMEM;
            *text = bigger;
            room *= 2;
        }
    }
    if (!*text)
        return -ENOMEM;
    return n < 0 ? -errno : 0;
}

int import_file(struct store *store, const char *path, const char *by, import_report *report,
                void *context, struct import_counts *counts)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), err;
    char *text = NULL;
    size_t len = 0;

    *counts = (struct import_counts){0};
    err = fd < 0 ? -errno : read_file(fd, &text, &len);
    if (fd >= 0)
        close(fd);
    if (err)
        report(context, 0, strerror(-err));
    else
        err = import_text(store, text, len, by, report, context, counts);
    free(text);
    return err;
}
