#include "change.h"

#include "amount.h"
#include "store_change.h"
#include "text.h"
#include "utf8.h"
#include "worth.h"

#include <errno.h>
#include <string.h>

struct change {
    const struct change_kind *kind;
    struct store *store;
    const struct conf *conf;
    struct user_name user;
    json_int_t points;
    const char *reason, *period; /* or NULL */
    struct store_user before;    /* the user; zeros for one who is not known */
    bool known;                  /* has a balance, or is allowed or in USERS */
};

struct change_kind {
    const char *command;
    json_int_t least; /* of points, if it has any */
    bool has_points, needs_reason;
    /* Changes the rows: why it cannot be done is in *why. 0 or -errno. */
    int (*run)(struct change *c, enum reason *why);
};

static int run_allow(struct change *c, enum reason *why)
{
    int rc = store_allow(c->store, &c->user);

    if (!rc)
        *why = REASON_ALREADY;
    return rc < 0 ? rc : store_make_balance(c->store, &c->user);
}

static int run_deny(struct change *c, enum reason *why)
{
    int rc = store_deny(c->store, &c->user);

    if (!rc)
        *why = c->known ? REASON_NO : REASON_NO_USER;
    return rc < 0 ? rc : 0;
}

/* Who is new is let in: who pays wants to use it. What was charged before, or while a user was
 * being deleted, makes nobody known. */
static int run_add(struct change *c, enum reason *why)
{
    int rc = c->before.allowed ? 0 : 1;

    (void)why;
    if (rc && c->before.has_quota)
        rc = store_is_charged_only(c->store, &c->before);
    if (rc > 0)
        rc = store_allow(c->store, &c->user);
    return rc < 0 ? rc : store_add(c->store, &c->user, c->points);
}

/* A name that nobody knows is misspelt, not somebody who owes. */
static int run_take(struct change *c, enum reason *why)
{
    if (c->known)
        return store_add(c->store, &c->user, -c->points);
    *why = REASON_NO_USER;
    return 0;
}

static int run_set(struct change *c, enum reason *why)
{
    (void)why;
    return store_set(c->store, &c->user, c->points);
}

/* The balance goes last: the last line of the log is the one that says 0. */
static int run_delete(struct change *c, enum reason *why)
{
    int denied = store_deny(c->store, &c->user), gone;

    if (denied < 0)
        return denied;
    gone = store_forget(c->store, &c->user);
    if (!denied && !gone)
        *why = REASON_NO_USER;
    return gone < 0 ? gone : 0;
}

static const struct change_kind kinds[] = {
    {"allow", 0, false, false, run_allow},     {"deny", 0, false, true, run_deny},
    {"add", 1, true, false, run_add},          {"take", 1, true, true, run_take},
    {"set", AMOUNT_MIN, true, false, run_set}, {"delete", 0, false, true, run_delete},
    {"period-new", 0, false, false, NULL},
};

static const struct change_kind *find_kind(const char *command)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].command, command) == 0)
            return &kinds[i];
    }
    return NULL;
}

bool change_knows(const char *command)
{
    return find_kind(command) != NULL;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " ")] == '\0';
}

/* What is wrong with the request, or NULL. */
static const char *find_fault(const struct change *c)
{
    if (c->kind->has_points && (c->points < c->kind->least || c->points > AMOUNT_MAX))
        return N_("points out of range");
    if (c->reason && (strlen(c->reason) > CHANGE_REASON_BYTES || utf8_has_controls(c->reason)))
        return N_("a reason is at most 200 bytes, without control characters");
    if (c->period && (strlen(c->period) > CHANGE_PERIOD_BYTES || utf8_has_controls(c->period) ||
                      is_blank(c->period)))
        return N_("a period is at most 64 bytes, without control characters");
    return NULL;
}

/* False: the answer has the end. */
static bool unpack(struct change *c, json_t *request, struct answer *answer)
{
    const char *command, *user = NULL, *fault;
    json_error_t error;
    int rc;

    if (!c->kind->run)
        rc = json_unpack_ex(request, &error, JSON_STRICT, "{s:s, s?:s}", "command", &command,
                            "period", &c->period);
    else if (c->kind->has_points)
        rc = json_unpack_ex(request, &error, JSON_STRICT, "{s:s, s:s, s:I, s?:s}", "command",
                            &command, "user", &user, "points", &c->points, "reason", &c->reason);
    else
        rc = json_unpack_ex(request, &error, JSON_STRICT, "{s:s, s:s, s?:s}", "command", &command,
                            "user", &user, "reason", &c->reason);
    fault = rc == 0 ? find_fault(c) : error.text;
    if (c->reason && is_blank(c->reason))
        c->reason = NULL;
    if (fault)
        answer_end(answer, REASON_REQUEST, json_pack("{s:s}", "detail", fault));
    else if (user && (user_name_make(&c->user, user) != 0 || utf8_has_controls(user)))
        answer_end(answer, REASON_NO_NAME, json_pack("{s:o}", "user", answer_text(user)));
    else if (c->kind->needs_reason && !c->reason)
        answer_end(answer, REASON_NO_REASON, NULL);
    else
        return true;
    return false;
}

static json_t *user_row(const struct change *c, const struct store_user *now)
{
    json_t *row = json_pack("{s:o, s:I, s:b, s:b, s:I}", "name", answer_text(c->user.text), "quota",
                            (json_int_t)now->quota, "allowed", (int)now->allowed, "free",
                            (int)conf_is_free_user(c->conf, c->user.text), "delta",
                            (json_int_t)(now->quota - c->before.quota));

    return worth_add(row, c->conf, now->quota);
}

/* Within the transaction. *row is what came of it. */
static int change_user(struct change *c, enum reason *why, json_t **row)
{
    struct store_user now;
    int rc = store_find_user(c->store, &c->user, &c->before);

    if (rc < 0)
        return rc;
    c->known = rc > 0 || conf_is_free_user(c->conf, c->user.text);
    rc = c->kind->run(c, why);
    if (rc == 0 && reason_code(*why) == 0)
        rc = store_find_user(c->store, &c->user, &now);
    if (rc >= 0 && reason_code(*why) == 0)
        *row = user_row(c, &now);
    return rc < 0 ? rc : 0;
}

static int begin_period(struct change *c, json_t **row)
{
    struct store_period_begun p;
    int err = store_new_period(c->store, c->period, &p);

    if (!err)
        *row = json_pack("{s:I, s:o, s:I}", "id", (json_int_t)p.id, "period", answer_text(p.period),
                         "quota", (json_int_t)p.quota);
    return err;
}

/* The transaction has begun. Whether it was committed. */
static int carry_out(struct change *c, struct answer *answer)
{
    enum reason why = REASON_OK;
    json_t *row = NULL, *about = NULL;
    int err = c->kind->run ? change_user(c, &why, &row) : begin_period(c, &row);

    if (err == -ERANGE) {
        why = REASON_RANGE;
        err = 0;
    }
    /* A change whose answer cannot be given is not made: it would be made twice. */
    if (!err && reason_code(why) == 0 && !row)
        err = -ENOMEM;
    if (!err && reason_code(why) == 0)
        err = store_commit(c->store);
    if (err == -ENOMEM && !row) {
        why = REASON_MEMORY;
    } else if (err) {
        why = REASON_DATABASE;
        about = json_pack("{s:o}", "detail", answer_text(store_error(c->store)));
    } else if (why != REASON_OK) {
        about = json_pack("{s:o}", "user", answer_text(c->user.text));
    }
    store_rollback(c->store); /* what was not committed */
    if (!err && reason_code(why) == 0)
        answer_row(answer, row);
    else
        json_decref(row);
    answer_end(answer, why, about);
    return !err && reason_code(why) == 0;
}

int change_run(struct store *store, const struct conf *conf, const struct caller *caller,
               json_t *request, struct answer *answer)
{
    const char *command = json_string_value(json_object_get(request, "command"));
    struct change c = {.kind = find_kind(command ? command : ""), .store = store, .conf = conf};
    int err;

    if (!c.kind || !caller->is_admin) {
        answer_end(answer, c.kind ? REASON_NOT_PERMITTED : REASON_REQUEST, NULL);
        return 0;
    }
    if (!unpack(&c, request, answer))
        return 0;
    err = store_begin_as(store, caller->name.text, c.kind->command, c.reason);
    if (err == -EBUSY)
        return err;
    if (err) {
        answer_end(answer, REASON_DATABASE,
                   json_pack("{s:o}", "detail", answer_text(store_error(store))));
        store_rollback(store);
        return 0;
    }
    return carry_out(&c, answer);
}
