/* Sentences: what is filled in, what of it may not reach a terminal, and where they are cut. */
#include "tap.h"
#include "text.h"
#include "utf8.h"

#include <errno.h>

static const struct {
    const char *sentence, *user, *expected;
} cases[] = {
    {"", "alice", ""},
    {"nothing to fill", "alice", "nothing to fill"},
    {"{user} is here", "alice", "alice is here"},
    {"{user}", "", ""},
    {"{nobody} is here", "alice", "? is here"},
    {"{} is here", "alice", "? is here"},
    {"{user", "alice", "alice"},
    {"{", "alice", "?"},
    {"} {user}}", "alice", "} alice}"},
    {"{{user}}", "alice", "?}"},
    {"{a name that is longer than any other and is nobody's}", "alice", "?"},
    {"{user} {user}", "a b", "a b a b"},
    {"{user}", "{count}", "{count}"}, /* what is filled in is not filled again */
    {"{user}", "%s%n", "%s%n"},
    /* numbers */
    {"{count} of them", "", "3 of them"},
    {"{least}", "", "-9223372036854775808"},
    {"{most}", "", "9223372036854775807"},
    /* what is neither a text nor a whole number */
    {"{part} {truth} {none} {list}", "", "? ? ? ?"},
    /* UTF-8, and what a terminal would obey */
    {"{user}", "åäö €", "åäö €"},
    {"{user}", "𐍈", "𐍈"},
    {"är {user} här?", "åsa", "är åsa här?"},
    {"{user}", "a\033[2Jb\n\x7f", "a?[2Jb??"},
    {"{user}", "a\xc2\x9b" /* CSI */ "2Jb\xc2\x80\xc2\x9f", "a?2Jb??"},
    {"{user}", "\xc2\xa0", "\xc2\xa0"},
    {"a\tb {user}", "{user}", "a?b {user}"},
};

static void check_filling(struct tap *t)
{
    char out[TEXT_LEN];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *facts = json_pack("{s:s, s:i, s:I, s:I, s:f, s:b, s:n, s:[]}", "user",
                                  cases[i].user, "count", 3, "least", (json_int_t)INT64_MIN, "most",
                                  (json_int_t)INT64_MAX, "part", 0.5, "truth", 1, "none", "list");

        tap_text(t, text_fill(cases[i].sentence, facts, out, sizeof out), cases[i].expected,
                 "filled: `%s', case %zu", cases[i].sentence, i);
        json_decref(facts);
    }
    tap_text(t, text_fill("{user} and no facts", NULL, out, sizeof out), "? and no facts",
             "without facts");
}

static const struct {
    const char *sentence, *user;
    size_t size;
    const char *expected;
} cuts[] = {
    {"longer than that", "", 6, "longe"},
    {"short", "", 6, "short"},
    {"shorts", "", 6, "short"},
    {"a", "", 1, ""},
    {"{user}", "alice", 3, "al"},
    {"a{user}b", "lic", 5, "alic"},
    {"ååå", "", 5, "åå"},
    {"ååå", "", 6, "åå"}, /* the third has room for its first byte alone */
    {"ååå", "", 7, "ååå"},
    {"a€", "", 4, "a"},
    {"a€", "", 5, "a€"},
    {"{user}x", "€", 3, ""}, /* nothing goes behind what was cut off */
    {"{user} x", "a𐍈", 5, "a"},
    {"\x01\x02\x03", "", 3, "??"},
    {"{user}", "\xc2\x9b\xc2\x9b\xc2\x9b", 3, "??"}, /* one `?` each */
};

static void check_cutting(struct tap *t)
{
    char out[16];

    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        json_t *facts = json_pack("{s:s}", "user", cuts[i].user);

        memset(out, '#', sizeof out);
        text_fill(cuts[i].sentence, facts, out, cuts[i].size);
        tap_text(t, out, cuts[i].expected, "cut at %zu, case %zu", cuts[i].size, i);
        tap_is(t, out[cuts[i].size], '#', "nothing is written past that");
        json_decref(facts);
    }
}

/* Wherever it is cut, it is UTF-8. */
static void check_every_cut(struct tap *t)
{
    static const char name[] = "åäö€𐍈x";
    json_t *facts = json_pack("{s:s}", "user", name);
    char out[64];
    size_t wrong = 0, longest = 0;

    for (size_t size = 1; size <= sizeof out; size++) {
        text_fill("är {user} där, {user}? 𐍈𐍈", facts, out, size);
        wrong += strlen(out) >= size || !utf8_is_valid(out, strlen(out));
        longest = strlen(out) > longest ? strlen(out) : longest;
    }
    tap_is(t, (int64_t)wrong, 0, "in the middle of no character");
    tap_is(t, (int64_t)longest, 49, "the whole has room in the end");
    json_decref(facts);
}

static void check_long(struct tap *t)
{
    char name[2 * TEXT_LEN], out[TEXT_LEN];
    json_t *line;

    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    line = json_pack("{s:s, s:s}", "why", "no-quota", "user", name);
    text_why(line, out);
    tap_is(t, (int64_t)strlen(out), TEXT_LEN - 1, "a name that is too long for its sentence");
    json_decref(line);
}

static const struct {
    const char *line, *expected;
} whys[] = {
    {"{\"why\": \"no-quota\", \"user\": \"alice\"}", "alice has no quota left"},
    {"{\"why\": \"no-quota\"}", "? has no quota left"},
    {"{\"why\": \"nonsense\"}", "nonsense"}, /* of a daemon that is newer */
    {"{\"why\": \"\\u001b[2J\"}", "?[2J"},
    {"{\"why\": 3}", "3"},
    {"{}", "?"},
    {"[]", "?"},
    {"{\"why\": \"database\", \"detail\": \"\"}", "the database cannot be used: "},
    {"{\"why\": \"database\", \"detail\": 7}", "the database cannot be used: 7"},
    {"{\"why\": \"request\", \"detail\": \"no such name\"}",
     "tcpquotad does not understand the request: no such name"},
};

static void check_whys(struct tap *t)
{
    char out[TEXT_LEN];

    for (size_t i = 0; i < sizeof whys / sizeof *whys; i++) {
        json_t *line = json_loads(whys[i].line, 0, NULL);

        tap_text(t, text_why(line, out), whys[i].expected, "why: %s", whys[i].line);
        json_decref(line);
    }
    tap_text(t, text_why(NULL, out), "?", "why: nothing at all");
}

int main(void)
{
    struct tap t = {0};

    check_filling(&t);
    check_cutting(&t);
    check_every_cut(&t);
    check_long(&t);
    check_whys(&t);
    tap_text(&t, text_error(ECONNREFUSED), strerror(ECONNREFUSED), "an error of the way there");
    tap_text(&t, text_error(ENOSPC), strerror(ENOSPC), "another one");
    return tap_done(&t);
}
