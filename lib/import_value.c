#include "import_value.h"

#include "num.h"

#include <errno.h>
#include <string.h>

struct dump_text import_trim(struct dump_text text)
{
    while (text.len && text.bytes[text.len - 1] == ' ')
        text.len--;
    return text;
}

int import_number(const struct dump_text *text, int64_t min, int64_t max, int64_t *out,
                  bool *rounded)
{
    const char *point = text->len ? memchr(text->bytes, '.', text->len) : NULL;
    size_t whole_len = point ? (size_t)(point - text->bytes) : text->len;
    bool part = false;
    int64_t whole;
    int err = num_parse_n(text->bytes, whole_len, INT64_MIN + 1, INT64_MAX, &whole);

    if (err)
        return err;
    if (point && whole_len + 1 == text->len)
        return -EINVAL;
    for (size_t i = whole_len + 1; i < text->len; i++) {
        if (text->bytes[i] < '0' || text->bytes[i] > '9')
            return -EINVAL;
        part = part || text->bytes[i] != '0';
    }
    if (part && text->bytes[0] == '-')
        whole--;
    if (whole < min || whole > max)
        return -ERANGE;
    *rounded = part;
    *out = whole;
    return 0;
}

/* The forms of a time: a letter stands for a digit of year, month, day, hour, minute, second. */
static const char *const forms[] = {"DD/MM-YY hh:mm", "YYYYMMDDhhmmss", "YYYYMMDD hhmm",
                                    "YYYY-MM-DD hh:mm:ss"};

static bool read_form(const char *form, const char *text, struct tm *tm)
{
    int *const fields[] = {&tm->tm_year, &tm->tm_mon, &tm->tm_mday,
                           &tm->tm_hour, &tm->tm_min, &tm->tm_sec};
    static const char letters[] = "YMDhms";

    *tm = (struct tm){.tm_isdst = -1};
    if (strlen(text) != strlen(form))
        return false;
    for (size_t i = 0; form[i]; i++) {
        const char *letter = strchr(letters, form[i]);

        if (!letter) {
            if (text[i] != form[i])
                return false;
            continue;
        }
        if (text[i] < '0' || text[i] > '9')
            return false;
        *fields[letter - letters] = *fields[letter - letters] * 10 + (text[i] - '0');
    }
    if (!strstr(form, "YYYY"))
        tm->tm_year += tm->tm_year < 70 ? 2000 : 1900;
    tm->tm_year -= 1900;
    tm->tm_mon -= 1;
    return true;
}

int import_time(const char *text, char out[WALL_UTC_LEN])
{
    struct wall at;
    struct tm tm;

    if (wall_parse_utc(text, &at) == 0) {
        wall_format_utc(at, out);
        return 0;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct tm back;
        time_t t;

        if (!read_form(forms[i], text, &tm))
            continue;
        back = tm;
        t = mktime(&back);
        /* 31 April would be carried over into May; a time that summer time left out is moved. */
        if (tm.tm_year < 70 || tm.tm_mon != back.tm_mon || tm.tm_mday != back.tm_mday ||
            tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59)
            return -EINVAL;
        if (__builtin_mul_overflow((int64_t)t, NS_PER_S, &at.ns))
            return -EINVAL;
        wall_format_utc(at, out);
        return 0;
    }
    return -EINVAL;
}
