/* Copies of the database: whole, of one moment, private, and never half of one. */
#include "store_backup.h"
#include "database.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char target[128], part[160];

/* More than one piece of it. */
static void fill(struct database *d)
{
    database_write(d, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                      " WHERE i < 20000) INSERT INTO tcptab SELECT 'user' || i, i FROM n");
}

static const char *mode_of(const char *path)
{
    static char text[32];
    struct stat st;

    if (lstat(path, &st) != 0)
        return "none";
    snprintf(text, sizeof text, "%06o", (unsigned)st.st_mode);
    return text;
}

static unsigned files_of(const struct database *d)
{
    DIR *entries = opendir(d->folder);
    unsigned n = 0;

    while (entries && readdir(entries))
        n++;
    if (entries)
        closedir(entries);
    return n;
}

static const char *read_copy(const char *sql)
{
    sqlite3 *copy;
    const char *text;

    if (sqlite3_open_v2(target, &copy, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        database_fail(target, sqlite3_errmsg(copy));
    text = database_read_of(copy, sql);
    sqlite3_close(copy);
    return text;
}

struct watcher {
    struct database *d; /* somebody pays between the pieces; NULL: nobody */
    unsigned calls, end_at;
    int64_t done, pages;
    bool back; /* it has gone backwards */
};

static bool watch(void *context, int64_t done, int64_t pages)
{
    struct watcher *w = context;

    w->back = w->back || done < w->done || (w->calls && pages != w->pages);
    w->done = done;
    w->pages = pages;
    if (w->d)
        database_write(w->d, "UPDATE tcptab SET quota = quota + 1 WHERE name = 'user1'");
    return ++w->calls != w->end_at;
}

static void test_copy(struct tap *t)
{
    struct watcher w = {0};
    struct store *reader;
    struct database d;
    unsigned files;

    database_make(&d);
    fill(&d);
    snprintf(target, sizeof target, "%s/copy", d.folder);
    snprintf(part, sizeof part, "%s.part", target);
    if (store_open(&reader, d.path, STORE_READER) != 0)
        database_fail(d.path, store_error(reader));
    w.d = &d;
    files = files_of(&d);
    umask(0);
    tap_is(t, store_backup(reader, target, watch, &w), 0, "a copy, while somebody writes");
    umask(022);
    tap_note("%s", store_error(reader));
    tap_ok(t, w.calls > 2, "it was made in pieces");
    tap_ok(t, !w.back && w.done == w.pages && w.pages > 0, "each was told once");
    tap_text(t, mode_of(target), "100600", "it is private");
    tap_is(t, files_of(&d), files + 1, "it is one file");
    tap_text(t, read_copy("PRAGMA quick_check"), "ok", "it is sound");
    tap_text(t, read_copy("SELECT sum(quota), count(*) FROM tcptab"), "200010000|20000",
             "it is of the moment when it began");
    tap_text(t, read_copy(DATABASE_AUDIT), "", "the audit is right in it");
    tap_text(t, read_copy("PRAGMA user_version"), "3", "it has the version");
    tap_text(t, read_copy("PRAGMA application_id"), "1952673905", "and says whose it is");
    tap_is(t, files_of(&d), files + 1, "reading it makes no files beside it");
    tap_is(t, store_backup(reader, target, NULL, NULL), -EEXIST, "what is there stays");
    tap_text(t, read_copy("SELECT count(*) FROM tcptab"), "20000", "as it was");
    tap_is(t, store_version(reader) >= 0, 1, "the store goes on");
    store_close(reader);
    tap_is(t, store_open(&reader, target, STORE_CREATE), 0, "the copy can be worked with");
    store_close(reader);
    database_remove(&d);
}

static void test_failures(struct tap *t)
{
    struct rlimit limit, small;
    struct watcher w = {.end_at = 1};
    struct database d;
    unsigned files;
    char missing[160];
    int fd;

    database_make(&d);
    fill(&d);
    snprintf(target, sizeof target, "%s/copy", d.folder);
    snprintf(part, sizeof part, "%s.part", target);
    snprintf(missing, sizeof missing, "%s/none/copy", d.folder);
    files = files_of(&d);
    tap_is(t, store_backup(d.store, target, watch, &w), -ECANCELED, "it is broken off");
    tap_is(t, files_of(&d), files, "and nothing is left of it");
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    small.rlim_cur = 100000;
    setrlimit(RLIMIT_FSIZE, &small);
    tap_ok(t, store_backup(d.store, target, NULL, NULL) < 0, "there is no room for it");
    setrlimit(RLIMIT_FSIZE, &limit);
    tap_note("%s", store_error(d.store));
    tap_is(t, files_of(&d), files, "and nothing is left of it");
    tap_is(t, store_backup(d.store, missing, NULL, NULL), -ENOENT, "a folder that is not there");
    tap_is(t, symlink("elsewhere", target), 0, "a link that leads nowhere");
    tap_is(t, store_backup(d.store, target, NULL, NULL), -EEXIST, "is not followed");
    unlink(target);
    tap_is(t, symlink("elsewhere", part), 0, "nor one in its way");
    tap_ok(t, store_backup(d.store, target, NULL, NULL) < 0, "it is told");
    tap_text(t, mode_of(part), "120777", "and stays");
    unlink(part);
    fd = open(part, O_CREAT | O_RDWR, 0644);
    tap_is(t, flock(fd, LOCK_EX | LOCK_NB), 0, "somebody else is at it");
    tap_is(t, store_backup(d.store, target, NULL, NULL), -EBUSY, "and is left alone");
    close(fd);
    tap_is(t, store_backup(d.store, target, NULL, NULL), 0, "what one that was killed has left");
    tap_text(t, mode_of(part), "none", "goes");
    tap_text(t, read_copy("SELECT count(*) FROM tcptab"), "20000", "and the copy is whole");
    database_write(&d, "UPDATE tcptab SET quota = 0");
    database_remove(&d);
}

int main(void)
{
    struct tap t = {0};

    test_copy(&t);
    test_failures(&t);
    return tap_done(&t);
}
