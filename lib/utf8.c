#include "utf8.h"

#include <errno.h>
#include <string.h>

/* The length of the character at `c`, 0 if it is none. */
static size_t length_at(const unsigned char *c, size_t room)
{
    size_t len = c[0] < 0x80 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;

    if (c[0] >= 0x80 && (c[0] < 0xc2 || c[0] > 0xf4))
        return 0;
    if (len > room)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] >= 0xa0) ||
        (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] >= 0x90))
        return 0;
    return len;
}

bool utf8_is_valid(const char *bytes, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        n = length_at((const unsigned char *)bytes + i, len - i);
        if (n == 0)
            return false;
    }
    return true;
}

bool utf8_has_controls(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c < ' ' || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0))
            return true;
    }
    return false;
}

int utf8_from_old(const char *bytes, size_t len, char *out, size_t size)
{
    bool as_it_is = utf8_is_valid(bytes, len);
    size_t n = len;

    if (len && memchr(bytes, '\0', len))
        return -EINVAL;
    for (size_t i = 0; i < len && !as_it_is; i++)
        n += (unsigned char)bytes[i] >= 0x80;
    if (n >= size)
        return -ERANGE;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (as_it_is || c < 0x80) {
            *out++ = (char)c;
        } else {
            *out++ = (char)(0xc0 | c >> 6);
            *out++ = (char)(0x80 | (c & 0x3f));
        }
    }
    *out = '\0';
    return 0;
}
