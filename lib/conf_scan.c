#include "conf_scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* iniparser 4.1's ASCIILINESZ, its NUL and line end taken off. */
#define LINE_MAX_BYTES 1022

struct cursor {
    struct conf_scan *scan;
    conf_scan_fault *fault;
    void *context;
    const char *section; /* of the bracket last read; in the entry that holds it, or "" */
    char *section_copy;
};

static char *lower_copy(const char *from, size_t len)
{
    char *copy;

    while (len > 0 && isspace((unsigned char)from[len - 1]))
        len--;
    while (len > 0 && isspace((unsigned char)*from)) {
        from++;
        len--;
    }
    copy = strndup(from, len);
    for (char *p = copy; p && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

static int add_entry(struct cursor *at, const char *key, size_t len, unsigned line)
{
    struct conf_scan *scan = at->scan;
    struct conf_entry *entries = realloc(scan->entries, (scan->count + 1) * sizeof *entries);
    struct conf_entry *entry;

    if (!entries)
        return -ENOMEM;
    scan->entries = entries;
    entry = &entries[scan->count++];
    entry->section = strdup(at->section);
    entry->key = lower_copy(key, len);
    entry->line = line;
    if (!entry->section || !entry->key)
        return -ENOMEM;
    for (size_t i = 0; i + 1 < scan->count; i++) {
        if (strcmp(entries[i].key, entry->key) == 0 &&
            strcmp(entries[i].section, entry->section) == 0) {
            at->fault(at->context, line, entry->key, "given twice");
            break;
        }
    }
    return 0;
}

static int open_section(struct cursor *at, const char *name, size_t len)
{
    free(at->section_copy);
    at->section_copy = lower_copy(name, len);
    if (!at->section_copy)
        return -ENOMEM;
    at->section = at->section_copy;
    return 0;
}

/* `text` is one logical line, `len` bytes. Blanks it if iniparser could not read it. */
static int scan_line(struct cursor *at, char *text, size_t len, unsigned line)
{
    char *begin = text, *end = text + len, *mark;
    const char *what;

    while (begin < end && isspace((unsigned char)*begin))
        begin++;
    if (begin == end || *begin == '#' || *begin == ';')
        return 0;
    if (len > LINE_MAX_BYTES) {
        what = "line is longer than 1022 bytes";
    } else if (*begin == '[') {
        mark = memchr(begin, ']', (size_t)(end - begin));
        if (mark)
            return open_section(at, begin + 1, (size_t)(mark - begin - 1));
        what = "section without closing bracket";
    } else {
        mark = memchr(begin, '=', (size_t)(end - begin));
        if (mark && mark > begin)
            return add_entry(at, begin, (size_t)(mark - begin), line);
        what = "not of the form KEY=value";
    }
    at->fault(at->context, line, "", what);
    /* Line ends, not blanks: iniparser gives up at a line that is too long, even a blank one. */
    memset(text, '\n', len);
    return 0;
}

/* A backslash as the last thing on a line joins the next one to it. */
static bool is_continued(const char *begin, const char *end)
{
    while (end > begin && isspace((unsigned char)end[-1]))
        end--;
    return end > begin && end[-1] == '\\';
}

int conf_scan_text(struct conf_scan *scan, char *text, conf_scan_fault *fault, void *context)
{
    struct cursor at = {.scan = scan, .fault = fault, .context = context, .section = ""};
    unsigned line = 1;
    int err = 0;

    *scan = (struct conf_scan){0};
    while (*text && !err) {
        char *end = text + strcspn(text, "\n"), *part = text;
        unsigned first = line++;

        while (*end && is_continued(part, end)) {
            part = end + 1;
            end = part + strcspn(part, "\n");
            line++;
        }
        err = scan_line(&at, text, (size_t)(end - text), first);
        text = *end ? end + 1 : end;
    }
    free(at.section_copy);
    return err;
}

void conf_scan_free(struct conf_scan *scan)
{
    for (size_t i = 0; i < scan->count; i++) {
        free(scan->entries[i].section);
        free(scan->entries[i].key);
    }
    free(scan->entries);
    *scan = (struct conf_scan){0};
}
