/* Link-layer addresses as values. */
#include "lladdr.h"
#include "tap.h"

static const struct {
    const char *what;
    size_t len;
    uint8_t bytes[24];
    const char *text;
} cases[] = {
    {"Ethernet", 6, {0x02, 0, 0, 0, 0xab, 0x2a}, "02:00:00:00:ab:2a"},
    {"a single byte", 1, {7}, "07"},
    {"the longest", 20, {1, [19] = 0xff},
     "01:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:ff"},
    {"too long", 21, {1}, "-"},
    {"far too long", 24, {1}, "-"},
    {"all zero", 6, {0}, "-"},
    {"no byte", 0, {1}, "-"},
};

int main(void)
{
    struct tap t = {0};
    struct lladdr a = lladdr_make("\2\0\0\0\0\1", 6), b = lladdr_make("\2\0\0\0\0\2", 6),
                  same = lladdr_make("\2\0\0\0\0\1\7", 6), longer = lladdr_make("\2\0\0\0\0\1\0", 7);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lladdr got = lladdr_make(cases[i].bytes, cases[i].len);
        char text[LLADDR_TEXT_LEN];
        bool known = strcmp(cases[i].text, "-") != 0;

        tap_text(&t, lladdr_format(&got, text), cases[i].text, "%s", cases[i].what);
        tap_is(&t, got.len, known ? (int64_t)cases[i].len : 0, "%s: length", cases[i].what);
    }
    tap_ok(&t, lladdr_equal(&a, &same), "what stands behind the end does not count");
    tap_ok(&t, !lladdr_equal(&a, &b), "another address");
    tap_ok(&t, !lladdr_equal(&a, &longer), "a longer one that begins alike");
    return tap_done(&t);
}
