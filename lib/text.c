#include "text.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOMAIN "tcpquota"

static const struct {
    const char *word, *code;
} languages[] = {
    [LANGUAGE_ENGLISH] = {"english", "en"},
    [LANGUAGE_SVENSKA] = {"svenska", "sv"},
};

static bool has_catalogue(const char *folder, const char *code)
{
    char path[PATH_MAX + 64];

    snprintf(path, sizeof path, "%s/%s/LC_MESSAGES/" DOMAIN ".mo", folder, code);
    return access(path, R_OK) == 0;
}

/* The folder of the catalogues. The file itself is looked for, and not the folder alone: beside the
 * programs of /usr/bin there is one called locale(1). */
static void find_catalogues(const char *code)
{
    static const char *const places[] = {"locale", "../share/locale"};
    char path[PATH_MAX], folder[PATH_MAX + 32];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    char *slash;

    path[n > 0 ? n : 0] = '\0';
    slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
    for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++) {
        snprintf(folder, sizeof folder, "%s/%s", path, places[i]);
        if (has_catalogue(folder, code)) {
            bindtextdomain(DOMAIN, folder);
            return;
        }
    }
    bindtextdomain(DOMAIN, LOCALEDIR);
}

void text_set_language(enum conf_language language)
{
    /* The locale is for characters; in the one called C nothing is ever translated, and which
     * others this machine has is not known. Times and numbers stay those of C. */
    setlocale(LC_CTYPE, "C.UTF-8");
    setlocale(LC_MESSAGES, "C.UTF-8");
    setenv("LANGUAGE", languages[language].code, 1);
    find_catalogues(languages[language].code);
    bind_textdomain_codeset(DOMAIN, "UTF-8");
    textdomain(DOMAIN);
}

const char *text_language_word(enum conf_language language)
{
    return languages[language].word;
}

/* The bytes of the control character that begins there, 0 if none does: those of ASCII, and in
 * UTF-8 those from U+0080 to U+009F. */
static size_t control_at(const char *text, size_t n)
{
    unsigned char c = (unsigned char)text[0], next = n > 1 ? (unsigned char)text[1] : 0;

    if (c < 0x20 || c == 0x7f)
        return 1;
    return c == 0xc2 && next >= 0x80 && next < 0xa0 ? 2 : 0;
}

/* The bytes of the character of UTF-8 that begins there; of what is none, one. */
static size_t character_at(const char *text, size_t n)
{
    unsigned char c = (unsigned char)text[0];
    size_t wanted = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1, i = 1;

    while (i < wanted && i < n && ((unsigned char)text[i] & 0xc0) == 0x80)
        i++;
    return i;
}

struct room {
    char *out;
    size_t size, len;
    bool full; /* something has been cut off: nothing goes behind it */
};

static void put(struct room *r, const char *text, size_t n)
{
    for (size_t i = 0; i < n && !r->full;) {
        size_t control = control_at(text + i, n - i);
        size_t taken = control ? control : character_at(text + i, n - i);
        size_t given = control ? 1 : taken;

        if (given >= r->size - r->len) {
            r->full = true;
            return;
        }
        memcpy(r->out + r->len, control ? "?" : text + i, given);
        r->len += given;
        i += taken;
    }
}

static void put_fact(struct room *r, const json_t *fact)
{
    char number[24] = "?";

    if (json_is_string(fact)) {
        put(r, json_string_value(fact), json_string_length(fact));
        return;
    }
    if (json_is_integer(fact))
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(fact));
    put(r, number, strlen(number));
}

const char *text_fill(const char *sentence, const json_t *facts, char *out, size_t size)
{
    struct room r = {.out = out, .size = size};
    char name[32];

    while (*sentence) {
        size_t plain = strcspn(sentence, "{"), word;

        put(&r, sentence, plain);
        sentence += plain;
        if (!*sentence)
            break;
        word = strcspn(sentence + 1, "}");
        snprintf(name, sizeof name, "%.*s", (int)word, sentence + 1);
        put_fact(&r, json_object_get(facts, name));
        sentence += 1 + word + (sentence[1 + word] == '}');
    }
    out[r.len] = '\0';
    return out;
}

const char *text_error(int number)
{
    static const struct {
        int number;
        const char *sentence;
    } errors[] = {
        {ENOENT, N_("No such file or directory")},
        {ECONNREFUSED, N_("Connection refused")},
        {EACCES, N_("Permission denied")},
        {ETIMEDOUT, N_("Connection timed out")},
        {EPIPE, N_("Broken pipe")},
        {ECONNRESET, N_("Connection reset by peer")},
        {EPROTO, N_("Protocol error")},
    };

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (errors[i].number == number)
            return _(errors[i].sentence);
    }
    return strerror(number);
}

/* The facts with those translated that are sentences of the daemon; a new reference, or NULL. */
static json_t *translate_facts(const json_t *line)
{
    static const char *const keys[] = {"detail", "terminal"};
    json_t *facts = json_copy((json_t *)line);

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *said = json_string_value(json_object_get(line, keys[i]));

        if (said && *said) /* the translation of "" is the heading of the catalogue */
            json_object_set_new(facts, keys[i], json_string(_(said)));
    }
    return facts;
}

const char *text_why(const json_t *line, char out[TEXT_LEN])
{
    const char *word = json_string_value(json_object_get(line, "why"));
    enum reason why = word ? reason_parse(word) : REASON_COUNT;
    json_t *facts = translate_facts(line);

    text_fill(why == REASON_COUNT ? "{why}" : _(reason_sentence(why)), facts, out, TEXT_LEN);
    json_decref(facts);
    return out;
}
