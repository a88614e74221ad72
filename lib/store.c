#include "store_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define APPLICATION_ID 0x74637071 /* "tcpq", in the header of the file */
#define OPEN_PATIENCE_MS 5000     /* for another program's lock, while starting */

struct store {
    sqlite3 *db;
    dev_t device; /* of the file that is open */
    ino_t inode;
    int marker; /* the .made file, locked; -1 if it is not ours */
    int shm;    /* the -shm file, for store_is_write_locked(); -1 until it is there */
    char path[PATH_MAX];
    char error[256];
    sqlite3_stmt *statements[SQL_COUNT];
};

#define STORE_STATEMENT_TEXT(id, sql) sql,
static const char *const statement_texts[] = {STORE_STATEMENTS(STORE_STATEMENT_TEXT)};

int sql_error_of(int rc)
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
    return sql_error_of(rc);
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

struct sqlite3 *sql_handle(struct store *s)
{
    return s->db;
}

int sql_changes(struct store *s)
{
    return sqlite3_changes(s->db);
}

static int run_script(struct store *s, const char *sql)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : failed(s, rc);
}

/* The single integer that `sql` gives. */
static int query_int(struct store *s, const char *sql, int64_t *out)
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

/* Told in words of ours: SQLite only says that it cannot open the file. */
static int check_folder(struct store *s, enum store_mode mode)
{
    char copy[PATH_MAX], why[64];

    snprintf(copy, sizeof copy, "%s", s->path);
    if (access(dirname(copy), W_OK | X_OK) == 0)
        return 0;
    if (errno == ENOENT && mode != STORE_CREATE)
        return sql_failed_because(s, -ENOENT, "it is not there yet");
    snprintf(why, sizeof why, "its folder cannot be written by uid %ld: %s", (long)geteuid(),
             strerror(errno));
    return sql_failed_because(s, -EACCES, why);
}

/*
 * A marker beside the database remembers that it was made. Without the marker a lost database
 * would be replaced by an empty one, and every balance with it.
 */
static int check_marker(struct store *s, enum store_mode mode)
{
    char marker[PATH_MAX + 8];
    struct stat st;
    bool there = stat(s->path, &st) == 0;
    int fd;

    snprintf(marker, sizeof marker, "%s.made", s->path);
    if ((!there || st.st_size == 0) && access(marker, F_OK) == 0)
        return sql_failed_because(s, -ENODATA,
                                  "it is gone, but its marker file (.made) is there: "
                                  "restore it, or remove the marker to begin anew");
    if (mode != STORE_CREATE)
        return there ? 0 : sql_failed_because(s, -ENOENT, "it is not there yet");
    if (!there) {
        fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
            return sql_failed_because(s, -errno, "it cannot be made");
        close(fd);
    }
    return 0;
}

/* Once the tables are there. The marker is locked for as long as the store is open: two daemons on
 * one database would charge everybody twice. */
static int hold_marker(struct store *s)
{
    char marker[PATH_MAX + 8];

    snprintf(marker, sizeof marker, "%s.made", s->path);
    s->marker = open(marker, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (s->marker < 0)
        return sql_failed_because(s, -errno, "its marker file (.made) cannot be made");
    /* The worker of a keeper that was killed may still be ending its sessions. */
    for (int i = 0; flock(s->marker, LOCK_EX | LOCK_NB) != 0 && i < OPEN_PATIENCE_MS / 10; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10 * NS_PER_MS}, NULL);
    if (flock(s->marker, LOCK_EX | LOCK_NB) != 0)
        return sql_failed_because(s, -EBUSY, "another tcpquotad works with it");
    return 0;
}

static int migrate(struct store *s, int64_t version)
{
    char sql[64];

    for (const struct store_migration *m = store_migrations; m->version; m++) {
        int err;

        if (m->version <= version)
            continue;
        err = run_script(s, "BEGIN IMMEDIATE");
        if (!err)
            err = run_script(s, m->sql);
        snprintf(sql, sizeof sql, "PRAGMA user_version = %d", m->version);
        if (!err)
            err = run_script(s, sql);
        snprintf(sql, sizeof sql, "PRAGMA application_id = %d", APPLICATION_ID);
        if (!err)
            err = run_script(s, sql);
        if (!err)
            err = run_script(s, "COMMIT");
        if (err) {
            sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
            return err;
        }
    }
    return 0;
}

static int check_version(struct store *s, enum store_mode mode)
{
    int64_t version = 0, objects = 0, ours = 0, newest = 0;
    int err = query_int(s, "PRAGMA user_version", &version);

    if (!err)
        err = query_int(s, "SELECT count(*) FROM sqlite_schema", &objects);
    if (!err)
        err = query_int(s, "PRAGMA application_id", &ours);
    if (err)
        return err;
    for (const struct store_migration *m = store_migrations; m->version; m++)
        newest = m->version;
    if (objects > 0 && ours != APPLICATION_ID)
        return sql_failed_because(s, -EBADMSG, "it is a database of something else");
    if (version > newest)
        return sql_failed_because(s, -EBADMSG, "it was made by a newer tcpquota");
    if (mode == STORE_SHARE && version < newest)
        return sql_failed_because(s, -EBADMSG,
                                  "it is an older one, tcpquotad has to be started first");
    return mode == STORE_CREATE ? migrate(s, version) : 0;
}

static int configure(struct store *s, enum store_mode mode)
{
    int64_t broken = 0;
    int err;

    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, mode == STORE_READER ? 0 : OPEN_PATIENCE_MS);
    err = check_version(s, mode);
    if (err || mode != STORE_CREATE) {
        sqlite3_busy_timeout(s->db, mode == STORE_SHARE ? OPEN_PATIENCE_MS : 0);
        return err;
    }
    if (sqlite3_db_readonly(s->db, "main") == 1)
        return sql_failed_because(s, -EROFS, "it is read-only");
    err = run_script(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                        "PRAGMA cache_size = -1000; PRAGMA temp_store = MEMORY");
    if (!err) /* takes and gives back the write lock: shows here whether we may write */
        err = run_script(s, "BEGIN IMMEDIATE; DELETE FROM actor; COMMIT");
    if (!err)
        err = query_int(s, "SELECT count(*) FROM pragma_quick_check(1) WHERE quick_check <> 'ok'",
                        &broken);
    if (!err && broken)
        err = sql_failed_because(s, -EBADMSG, "it is damaged (PRAGMA quick_check says how)");
    if (!err)
        err = hold_marker(s);
    sqlite3_busy_timeout(s->db, 0);
    return err;
}

int store_open(struct store **out, const char *path, enum store_mode mode)
{
    struct store *s = calloc(1, sizeof *s);
    bool reading = mode == STORE_READ || mode == STORE_READER;
    int rc, err, flags = reading ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;

    *out = s;
    if (!s)
        return -ENOMEM;
    s->shm = s->marker = -1;
    if (strlen(path) >= sizeof s->path)
        return sql_failed_because(s, -ENAMETOOLONG, "its path is too long");
    snprintf(s->path, sizeof s->path, "%s", path);
    err = check_folder(s, mode);
    if (!err)
        err = check_marker(s, mode);
    if (err)
        return err;
    rc = sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    err = rc == SQLITE_OK ? configure(s, mode) : failed(s, rc);
    if (!err) {
        char shm[PATH_MAX + 8];
        struct stat st;

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

    return stat(s->path, &st) != 0 || st.st_dev != s->device || st.st_ino != s->inode;
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
