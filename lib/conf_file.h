/*
 * conf_file: the configuration as a file: who may have written it, its text, and a copy of that.
 * Used by conf.c alone.
 */
#ifndef TCPQUOTA_CONF_FILE_H
#define TCPQUOTA_CONF_FILE_H

#include <stddef.h>

/* The file, if it is one that nobody but root and we can write: a descriptor, the caller's; -EPERM
 * if others can, -EINVAL if it is no regular file, -errno. */
int conf_file_open(const char *path);
/* All that stands behind `fd`, with a NUL behind it; the caller frees it. 0, -EFBIG, -errno. */
int conf_file_read(int fd, char **text, size_t *len);
/* A file in memory that holds the text, `flags` as in memfd_create(2). A descriptor or -errno. */
int conf_file_image(const char *text, size_t len, unsigned flags);

#endif
