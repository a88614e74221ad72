/*
 * utf8: texts that come from outside, RFC 3629. Pure.
 */
#ifndef TCPQUOTA_UTF8_H
#define TCPQUOTA_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Whether it is UTF-8 as a whole: no overlong forms, no surrogates, nothing past U+10FFFF. */
bool utf8_is_valid(const char *bytes, size_t len);
/* Whether a terminal would obey some of it: the control characters of ASCII, and those from U+0080
 * to U+009F. */
bool utf8_has_controls(const char *text);
/*
 * A text of which nobody has said how it is written: UTF-8 stays as it is, anything else is read as
 * Latin-1 (ISO 8859-1). 0; -EINVAL if there is a NUL in it; -ERANGE if it does not fit into `size`
 * with its NUL. *out only on 0.
 */
int utf8_from_old(const char *bytes, size_t len, char *out, size_t size);

#endif
