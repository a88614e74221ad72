/* What is UTF-8, what a terminal would obey, and what becomes of old texts. */
#include "tap.h"
#include "utf8.h"

#include <errno.h>

static const struct {
    const char *text;
    bool valid, controls;
    const char *becomes;
} cases[] = {
    {"", true, false, ""},
    {"anna", true, false, "anna"},
    {"bj\xf6rn", false, false, "bj\xc3\xb6rn"},
    {"bj\xc3\xb6rn", true, false, "bj\xc3\xb6rn"},
    {"\xc3\xb6\xf6", false, false, "\xc3\x83\xc2\xb6\xc3\xb6"},
    {"\xe2\x82\xac", true, false, "\xe2\x82\xac"},
    {"\xf0\x9f\x98\x80", true, false, "\xf0\x9f\x98\x80"},
    {"\xc3", false, false, "\xc3\x83"},
    {"\xc0\xaf", false, false, "\xc3\x80\xc2\xaf"},
    {"\xe0\x9f\xbf", false, false, "\xc3\xa0\xc2\x9f\xc2\xbf"},
    {"\xed\xa0\x80", false, false, "\xc3\xad\xc2\xa0\xc2\x80"},
    {"\xf0\x8f\xbf\xbf", false, false, "\xc3\xb0\xc2\x8f\xc2\xbf\xc2\xbf"},
    {"\xf4\x90\x80\x80", false, false, "\xc3\xb4\xc2\x90\xc2\x80\xc2\x80"},
    {"\xf5\x80\x80\x80", false, false, "\xc3\xb5\xc2\x80\xc2\x80\xc2\x80"},
    {"\x80", false, false, "\xc2\x80"},
    {"a\nb", true, true, "a\nb"},
    {"a\x7f", true, true, "a\x7f"},
    {"\xc2\x9b", true, true, "\xc2\x9b"},
    {"\xc2\xa0", true, false, "\xc2\xa0"},
    {"\xff", false, false, "\xc3\xbf"},
};

int main(void)
{
    struct tap t = {0};
    char out[64];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i].text;

        tap_is(&t, utf8_is_valid(text, strlen(text)), cases[i].valid, "%zu: is it UTF-8", i);
        tap_is(&t, utf8_has_controls(text), cases[i].controls, "%zu: controls", i);
        tap_is(&t, utf8_from_old(text, strlen(text), out, sizeof out), 0, "%zu: is read", i);
        tap_text(&t, out, cases[i].becomes, "%zu: becomes", i);
        tap_ok(&t, utf8_is_valid(out, strlen(out)), "%zu: which is UTF-8", i);
    }
    tap_is(&t, utf8_from_old("a\0b", 3, out, sizeof out), -EINVAL, "a NUL");
    tap_is(&t, utf8_from_old("abcd", 4, out, 5), 0, "what just fits");
    tap_is(&t, utf8_from_old("abcd", 4, out, 4), -ERANGE, "what does not");
    tap_is(&t, utf8_from_old("\xf6\xf6", 2, out, 5), 0, "what just fits, once it is UTF-8");
    tap_is(&t, utf8_from_old("\xf6\xf6", 2, out, 4), -ERANGE, "what does not");
    return tap_done(&t);
}
