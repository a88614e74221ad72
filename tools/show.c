/* Texts of others on a terminal, times, numbers. */
#include "show.h"

#include "clock.h"
#include "text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

/* Those that turn the direction of writing (Unicode, UAX #9): a name would rearrange its line. */
static bool turns_direction(wchar_t c)
{
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* The character at `text`: its bytes, and the columns it takes; columns < 0 if it is not to be
 * shown.
 */
static size_t next_character(const char *text, size_t len, int *columns)
{
    mbstate_t state = {0};
    wchar_t c;
    size_t n;

    if ((unsigned char)*text < 0x80) {
        *columns = *text < 0x20 || *text == 0x7f ? -1 : 1;
        return 1;
    }
    n = mbrtowc(&c, text, len, &state);
    if (n == (size_t)-1 || n == (size_t)-2 || n == 0) {
        *columns = -1;
        return 1;
    }
    *columns = turns_direction(c) ? -1 : wcwidth(c);
    return n;
}

int show_clean(const char *text, char *out, size_t size)
{
    size_t len = strlen(text), at = 0;
    int width = 0;

    while (len > 0) {
        int columns;
        size_t n = next_character(text, len, &columns), put = columns < 0 ? 1 : n;

        if (at + put >= size)
            break;
        if (columns < 0)
            out[at] = '?';
        else
            memcpy(out + at, text, n);
        at += put;
        width += columns < 0 ? 1 : columns;
        text += n;
        len -= n;
    }
    out[at] = '\0';
    return width;
}

void show_line(const char *sentence, const json_t *facts)
{
    char filled[TEXT_LEN], clean[TEXT_LEN];

    show_clean(text_fill(sentence, facts, filled, sizeof filled), clean, sizeof clean);
    puts(clean);
}

const char *show_time(const char *utc, char *out, size_t size)
{
    struct wall at;
    struct tm local;
    time_t seconds;

    if (wall_parse_utc(utc, &at) == 0) {
        seconds = wall_seconds(at);
        if (localtime_r(&seconds, &local) && strftime(out, size, "%Y-%m-%d %H:%M:%S", &local) > 0)
            return out;
    }
    snprintf(out, size, "%s", utc);
    return out;
}

const char *show_number(double number, char out[SHOW_NUMBER_LEN])
{
    size_t len;

    if (number > 0 && number < 0.005) {
        snprintf(out, SHOW_NUMBER_LEN, "<0.01");
        return out;
    }
    snprintf(out, SHOW_NUMBER_LEN, "%.2f", number);
    len = strlen(out);
    while (len > 1 && strchr(out, '.') && (out[len - 1] == '0' || out[len - 1] == '.')) {
        bool is_point = out[len - 1] == '.';

        out[--len] = '\0';
        if (is_point)
            break;
    }
    return out;
}

const char *show_open(json_int_t open)
{
    static const char *const words[] = {N_("closed"), N_("open"), N_("to be opened"),
                                        N_("to be closed")};

    return open >= 0 && open < 4 ? _(words[open]) : "?";
}
