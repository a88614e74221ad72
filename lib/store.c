#include "store_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PIECE_PAGES 64 /* of a copy, between two reports */

struct store {
    sqlite3 *db;
    dev_t device; /* of the file that is open */
    ino_t inode;
    int marker; /* the .made file, locked; -1 if it is not ours */
    int shm;    /* the -shm file, for store_is_write_locked(); -1 until it is there */
    char path[PATH_MAX];
    char error[256];
    sqlite3_stmt *statements[SQL_COUNT];
    sqlite3_stmt *own; /* the administrator's question, or NULL */
    struct mono own_ends;
};

#define STORE_STATEMENT_TEXT(id, sql) sql,
static const char *const statement_texts[] = {STORE_STATEMENTS(STORE_STATEMENT_TEXT)};

static int error_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return 0;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_CONSTRAINT:
        return -EEXIST;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EBADMSG;
    default:
        return -EIO;
    }
}

/* Remembers the words for `rc` and returns its errno. */
static int failed(struct store *s, int rc)
{
    snprintf(s->error, sizeof s->error, "%s", s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc));
    return error_of(rc);
}

int sql_failed_because(struct store *s, int err, const char *what)
{
    snprintf(s->error, sizeof s->error, "%s", what);
    return err;
}

const char *store_error(const struct store *s)
{
    return s && s->error[0] ? s->error : "out of memory";
}

static int prepare(struct store *s, enum sql id)
{
    int rc;

    if (s->statements[id])
        return 0;
    rc = sqlite3_prepare_v3(s->db, statement_texts[id], -1, SQLITE_PREPARE_PERSISTENT,
                            &s->statements[id], NULL);
    return rc == SQLITE_OK ? 0 : failed(s, rc);
}

void sql_bind_int(struct store *s, enum sql id, int n, int64_t value)
{
    if (prepare(s, id) == 0)
        sqlite3_bind_int64(s->statements[id], n, value);
}

void sql_bind_text(struct store *s, enum sql id, int n, const char *value)
{
    if (prepare(s, id) == 0)
        sqlite3_bind_text(s->statements[id], n, value, -1, SQLITE_STATIC);
}

int sql_step(struct store *s, enum sql id)
{
    int rc, err = prepare(s, id);

    if (err)
        return err;
    rc = sqlite3_step(s->statements[id]);
    if (rc == SQLITE_ROW)
        return 1;
    err = rc == SQLITE_DONE ? 0 : failed(s, rc);
    sqlite3_reset(s->statements[id]);
    return err;
}

void sql_reset(struct store *s, enum sql id)
{
    sqlite3_reset(s->statements[id]);
}

int64_t sql_int(struct store *s, enum sql id, int column)
{
    return sqlite3_column_int64(s->statements[id], column);
}

const char *sql_text(struct store *s, enum sql id, int column)
{
    const unsigned char *text = sqlite3_column_text(s->statements[id], column);

    return text ? (const char *)text : "";
}

bool sql_is_null(struct store *s, enum sql id, int column)
{
    return sqlite3_column_type(s->statements[id], column) == SQLITE_NULL;
}

int sql_run(struct store *s, enum sql id)
{
    int rc = sql_step(s, id);

    if (rc > 0)
        sql_reset(s, id);
    return rc < 0 ? rc : 0;
}

int sql_changes(struct store *s)
{
    return sqlite3_changes(s->db);
}

int sql_own_prepare(struct store *s, const char *sql, const char *const *names)
{
    const char *tail = "";
    int rc;

    sqlite3_finalize(s->own);
    s->own = NULL;
    rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->own, &tail);

    if (rc != SQLITE_OK) {
        failed(s, rc);
        return -EINVAL;
    }
    if (!s->own || tail[strspn(tail, " \t\r\n;")])
        return sql_failed_because(s, -EINVAL, "it has to be one statement");
    if (!sqlite3_stmt_readonly(s->own) || sqlite3_column_count(s->own) == 0)
        return sql_failed_because(s, -EINVAL, "it has to be a question, and to change nothing");
    for (int i = 1; i <= sqlite3_bind_parameter_count(s->own); i++) {
        const char *name = sqlite3_bind_parameter_name(s->own, i);
        bool known = false;

        for (size_t k = 0; name && names[k]; k++)
            known = known || strcmp(name, names[k]) == 0;
        if (!known)
            return sql_failed_because(s, -EINVAL, "it has a parameter that nobody knows");
    }
    return 0;
}

void sql_own_bind_int(struct store *s, const char *name, int64_t value)
{
    int n = sqlite3_bind_parameter_index(s->own, name);

    if (n > 0)
        sqlite3_bind_int64(s->own, n, value);
}

void sql_own_bind_text(struct store *s, const char *name, const char *value)
{
    int n = sqlite3_bind_parameter_index(s->own, name);

    if (n > 0)
        sqlite3_bind_text(s->own, n, value, -1, SQLITE_STATIC);
}

static int own_is_late(void *context)
{
    const struct store *s = context;

    return mono_now().ns > s->own_ends.ns;
}

int sql_own_run(struct store *s, int milliseconds, int64_t *out)
{
    int rc, found = 0;

    s->own_ends = mono_add(mono_now(), span_ms(milliseconds));
    sqlite3_progress_handler(s->db, 1000, own_is_late, s);
    rc = sqlite3_step(s->own);
    if (rc == SQLITE_ROW && sqlite3_column_type(s->own, 0) != SQLITE_NULL) {
        *out = sqlite3_column_int64(s->own, 0);
        found = 1;
    } else if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        found = failed(s, rc);
        if ((rc & 0xff) == SQLITE_INTERRUPT)
            found = -ETIME;
    }
    sqlite3_progress_handler(s->db, 0, NULL, NULL);
    sqlite3_reset(s->own);
    return found;
}

int sql_script(struct store *s, const char *sql)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : failed(s, rc);
}

int sql_number(struct store *s, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
        *out = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        int err = failed(s, rc);

        sqlite3_finalize(statement);
        return err;
    }
    sqlite3_finalize(statement);
    return 0;
}

static int configure(struct store *s, enum store_mode mode)
{
    int64_t broken = 0;
    int err;

    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, mode == STORE_READER ? 0 : OPEN_PATIENCE_MS);
    err = store_check_version(s, mode);
    if (err || mode != STORE_CREATE) {
        sqlite3_busy_timeout(s->db, mode == STORE_SHARE ? OPEN_PATIENCE_MS : 0);
        return err;
    }
    if (sqlite3_db_readonly(s->db, "main") == 1)
        return sql_failed_because(s, -EROFS, "it is read-only");
    err = sql_script(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                        "PRAGMA cache_size = -1000; PRAGMA temp_store = MEMORY");
    if (!err) /* takes and gives back the write lock: shows here whether we may write */
        err = sql_script(s, "BEGIN IMMEDIATE; DELETE FROM actor; COMMIT");
    if (!err)
        err = sql_number(s, "SELECT count(*) FROM pragma_quick_check(1) WHERE quick_check <> 'ok'",
                         &broken);
    if (!err && broken)
        err = sql_failed_because(s, -EBADMSG, "it is damaged (PRAGMA quick_check says how)");
    if (!err)
        s->marker = store_hold_marker(s, s->path);
    if (!err && s->marker < 0)
        err = s->marker;
    sqlite3_busy_timeout(s->db, 0);
    return err;
}

/* Root's shell makes the files beside the database as root's, and gives them to its owner a moment
 * later: in between we cannot open them. */
static int configure_patiently(struct store *s, enum store_mode mode)
{
    struct timespec nap = {.tv_nsec = 10 * NS_PER_MS};
    int err = configure(s, mode);

    for (int i = 0; mode != STORE_READER && i < OPEN_PATIENCE_MS / 10; i++) {
        if (!err || (sqlite3_errcode(s->db) & 0xff) != SQLITE_CANTOPEN)
            break;
        nanosleep(&nap, NULL);
        err = configure(s, mode);
    }
    return err;
}

int store_open(struct store **out, const char *path, enum store_mode mode)
{
    struct store *s = calloc(1, sizeof *s);
    bool reading = mode == STORE_READ || mode == STORE_READER;
    struct stat st;
    int rc, err, flags = reading ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;

    *out = s;
    if (!s)
        return -ENOMEM;
    s->shm = s->marker = -1;
    if (strlen(path) >= sizeof s->path)
        return sql_failed_because(s, -ENAMETOOLONG, "its path is too long");
    snprintf(s->path, sizeof s->path, "%s", path);
    err = store_check_place(s, path, mode);
    if (err)
        return err;
    /* SQLite would wait for somebody to open the other end of a FIFO. */
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return sql_failed_because(s, -EBADMSG, "it is no regular file");
    rc = sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    err = rc == SQLITE_OK ? configure_patiently(s, mode) : failed(s, rc);
    if (!err) {
        char shm[PATH_MAX + 8];

        if (stat(path, &st) == 0) {
            s->device = st.st_dev;
            s->inode = st.st_ino;
        }

        /* Not beside another store of this process: closing it would give up the locks of that one,
         * and whoever comes next would take the -shm file for nobody's and cut it. */
        snprintf(shm, sizeof shm, "%s-shm", path);
        if (mode == STORE_CREATE || mode == STORE_READ)
            s->shm = open(shm, O_RDONLY | O_CLOEXEC);
    }
    return err;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(s->statements[i]);
    sqlite3_finalize(s->own);
    sqlite3_close(s->db);
    /* Only now: closing any descriptor of a file gives up the process's locks on it. */
    if (s->shm >= 0)
        close(s->shm);
    if (s->marker >= 0)
        close(s->marker);
    free(s);
}

bool store_is_replaced(const struct store *s)
{
    struct stat st;

    if (stat(s->path, &st) != 0)
        return errno != EACCES;
    return st.st_dev != s->device || st.st_ino != s->inode;
}

int store_is_write_locked(const struct store *s)
{
    /* WAL_WRITE_LOCK is byte 120 of the -shm file (sqlite.org/walformat.html, "locking"). */
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 120, .l_len = 1};

    if (s->shm < 0)
        return 0;
    if (fcntl(s->shm, F_GETLK, &lock) != 0)
        return -errno;
    return lock.l_type != F_UNLCK;
}

int64_t store_version(struct store *s)
{
    int rc = sql_step(s, SQL_VERSION);
    int64_t version;

    if (rc <= 0)
        return rc < 0 ? rc : -EIO;
    version = sql_int(s, SQL_VERSION, 0);
    sql_reset(s, SQL_VERSION);
    return version;
}

/* Whoever acts in our transaction charges: the triggers of tcptab keep quiet (tcpquota-schema(5)).
 */
int store_begin(struct store *s)
{
    int err = sql_run(s, SQL_BEGIN);

    return err ? err : sql_run(s, SQL_ACT);
}

int store_begin_as(struct store *s, const char *user, const char *action, const char *reason)
{
    int err = sql_run(s, SQL_BEGIN);

    /* A row that somebody has left behind would be taken for us. */
    if (!err)
        err = sql_run(s, SQL_ACTED);
    sql_bind_text(s, SQL_ACT_AS, 1, user);
    sql_bind_text(s, SQL_ACT_AS, 2, action);
    sql_bind_text(s, SQL_ACT_AS, 3, reason);
    return err ? err : sql_run(s, SQL_ACT_AS);
}

int store_commit(struct store *s)
{
    int err = sql_run(s, SQL_ACTED);

    return err ? err : sql_run(s, SQL_COMMIT);
}

void store_rollback(struct store *s)
{
    if (s->db && !sqlite3_get_autocommit(s->db))
        sql_run(s, SQL_ROLLBACK);
}

static int failed_copy(struct store *s, sqlite3 *part, int rc)
{
    char why[192];

    snprintf(why, sizeof why, "the copy: %s", part ? sqlite3_errmsg(part) : sqlite3_errstr(rc));
    return sql_failed_because(s, error_of(rc), why);
}

static int run_on(struct store *s, sqlite3 *part, const char *sql)
{
    int rc = sqlite3_exec(part, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : failed_copy(s, part, rc);
}

static int copy_pages(struct store *s, sqlite3 *part, sql_copy_progress *progress, void *context)
{
    sqlite3_backup *b = sqlite3_backup_init(part, "main", s->db, "main");
    int rc = b ? SQLITE_OK : sqlite3_errcode(part);
    bool goes_on = true;

    while (b && rc == SQLITE_OK && goes_on) {
        rc = sqlite3_backup_step(b, PIECE_PAGES);
        if (progress && (rc == SQLITE_OK || rc == SQLITE_DONE)) {
            int64_t pages = sqlite3_backup_pagecount(b);

            goes_on = progress(context, pages - sqlite3_backup_remaining(b), pages);
        }
    }
    if (b)
        sqlite3_backup_finish(b);
    if (!goes_on)
        return sql_failed_because(s, -ECANCELED, "the copy was broken off");
    return rc == SQLITE_DONE ? 0 : failed_copy(s, part, rc);
}

static int is_sound(struct store *s, sqlite3 *part)
{
    sqlite3_stmt *check;
    bool sound;
    int rc = sqlite3_prepare_v2(part, "PRAGMA quick_check(1)", -1, &check, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(check);
    if (rc != SQLITE_ROW) {
        int err = failed_copy(s, part, rc);

        sqlite3_finalize(check);
        return err ? err : -EIO;
    }
    sound = strcmp((const char *)sqlite3_column_text(check, 0), "ok") == 0;
    sqlite3_finalize(check);
    return sound ? 0
                 : sql_failed_because(s, -EBADMSG,
                                      "the copy is damaged (PRAGMA quick_check says how)");
}

int sql_copy(struct store *s, const char *path, sql_copy_progress *progress, void *context)
{
    sqlite3 *part = NULL;
    int rc = sqlite3_open_v2(path, &part, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    int err = rc == SQLITE_OK ? 0 : failed_copy(s, part, rc);

    /* It is worth nothing before it is whole, and then it is synced as a whole. */
    if (!err)
        err = run_on(s, part, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
    if (!err)
        err = copy_pages(s, part, progress, context);
    /* Not WAL, as the database is: reading the copy shall make no files beside it. */
    if (!err)
        err = run_on(s, part, "PRAGMA journal_mode = DELETE");
    if (!err)
        err = is_sound(s, part);
    sqlite3_close(part);
    return err;
}
