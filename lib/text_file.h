/* text_file: a text that somebody has written, as a whole. Blocks on the disk. */
#ifndef TCPQUOTA_TEXT_FILE_H
#define TCPQUOTA_TEXT_FILE_H

#include <stddef.h>
#include <sys/stat.h>

/*
 * Reads a regular file of at most `max` bytes; *text has a NUL behind it and is the caller's to
 * free(). *stamp, unless NULL, is what the file was when it was opened. 0; -EINVAL: it is no
 * regular file; -EFBIG; -EBADMSG: it has NULs, and is no text; -errno.
 */
int text_file_read(const char *path, size_t max, char **text, struct stat *stamp);
/* The words for what it returned. */
const char *text_file_strerror(int err);

#endif
