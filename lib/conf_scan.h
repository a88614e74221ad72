/*
 * conf_scan: where in the file each key stands. iniparser loses line numbers, lets the last of
 * two equal keys win in silence and gives the whole file up at the first bad line, so this scan
 * finds the lines first and blanks the bad ones.
 */
#ifndef TCPQUOTA_CONF_SCAN_H
#define TCPQUOTA_CONF_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct conf_entry {
    char *section; /* lower case, "" before the first bracket */
    char *key;     /* lower case */
    unsigned line; /* the first one, from 1 */
};

struct conf_scan {
    struct conf_entry *entries;
    size_t count;
};

/* A fault of the file's form: `key` is "" where there is none. */
typedef void conf_scan_fault(void *context, unsigned line, const char *key, const char *what);

/*
 * Scans `text`, a NUL-terminated file image, and overwrites the lines that iniparser could not
 * read with blanks. 0 or -ENOMEM; conf_scan_free() in both cases.
 */
int conf_scan_text(struct conf_scan *scan, char *text, conf_scan_fault *fault, void *context);
void conf_scan_free(struct conf_scan *scan);

#endif
