/* What was typed. By hand, because an amount may begin with a `-` and the arguments of some
 * commands are another program's. */
#include "tcpquota.h"

#include <string.h>
#include <sysexits.h>

struct option_kind {
    const char *name;
    unsigned command; /* OPTION_..., 0: every command takes it */
    size_t value;     /* where its value goes in struct arguments, if it has one */
    size_t flag;      /* or which flag it sets */
};

#define VALUE(name, command, member)                                                               \
    {                                                                                              \
        name, command, offsetof(struct arguments, member), 0                                       \
    }
#define FLAG(name, command, member)                                                                \
    {                                                                                              \
        name, command, 0, offsetof(struct arguments, member)                                       \
    }

static const struct option_kind options[] = {
    VALUE("config", 0, config),
    FLAG("json", OPTION_JSON, json),
    FLAG("help", 0, help),
    FLAG("version", 0, version),
    VALUE("reason", OPTION_REASON, reason),
    FLAG("new", OPTION_NEW, fresh),
    FLAG("yes", OPTION_YES, yes),
    VALUE("from", OPTION_SPAN, from),
    VALUE("to", OPTION_SPAN, to),
    VALUE("by", OPTION_SPAN, by),
    VALUE("before", OPTION_BEFORE, before),
    VALUE("service", OPTION_SERVICE, service),
};

int arguments_fail(const char *word, const char *why)
{
    char clean[TEXT_LEN];

    show_clean(word, clean, sizeof clean);
    fprintf(stderr, "tcpquota: %s: %s\n", clean, why);
    return EX_USAGE;
}

static const struct option_kind *find_option(const char *word)
{
    static const struct option_kind *const shorts[] = {&options[0], &options[2], &options[3]};
    size_t len = strcspn(word, "=");

    if (strncmp(word, "--", 2) == 0) {
        for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
            if (strlen(options[i].name) == len - 2 &&
                strncmp(options[i].name, word + 2, len - 2) == 0)
                return &options[i];
        }
        return NULL;
    }
    for (size_t i = 0; i < sizeof shorts / sizeof *shorts; i++) {
        if (word[1] == "chV"[i] && (word[2] == '\0' || i == 0))
            return shorts[i];
    }
    return NULL;
}

/* The value in the word itself, `--by=day` and `-cFILE`, or NULL. */
static const char *value_within(const char *word)
{
    const char *equals = strchr(word, '=');

    if (word[1] != '-')
        return word[2] ? word + 2 : NULL;
    return equals ? equals + 1 : NULL;
}

/* The option at argv[*at], and its value behind it. */
static int take_option(struct arguments *a, char **argv, int *at, unsigned *used)
{
    const char *word = argv[*at], *value = value_within(word);
    const struct option_kind *o = find_option(word);

    if (!o || (value && !o->value))
        return arguments_fail(word, _("not understood, see tcpquota --help"));
    *used |= o->command;
    if (o->flag) {
        *(bool *)((char *)a + o->flag) = true;
        return 0;
    }
    if (!value)
        value = argv[++*at];
    if (!value)
        return arguments_fail(word, _("its value is missing"));
    *(const char **)((char *)a + o->value) = value;
    return 0;
}

/* An option, and not an amount such as -300, nor a lone dash. */
static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && !(word[1] >= '0' && word[1] <= '9');
}

static int take_word(struct arguments *a, const char *word)
{
    if (a->command) {
        if (a->count == WORDS_MAX)
            return arguments_fail(word, _("not understood, see tcpquota --help"));
        a->words[a->count++] = word;
        return 0;
    }
    a->command = *word ? command_find(word) : NULL;
    return a->command ? 0 : arguments_fail(word, _("no such command, see tcpquota --help"));
}

static const char *name_of(unsigned option)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (options[i].command & option)
            return options[i].name;
    }
    return "";
}

/* As of a variable that was never set. */
static bool has_empty_word(const struct arguments *a)
{
    for (size_t i = 0; i < a->count; i++) {
        if (!*a->words[i])
            return true;
    }
    return false;
}

/* Whether the command takes what there is. */
static int judge(const struct arguments *a, unsigned used)
{
    const struct command *c = a->command;
    unsigned wrong = used & ~c->options;
    char text[TEXT_LEN], option[16];

    if (wrong) {
        snprintf(option, sizeof option, "--%s", name_of(wrong & -wrong));
        return arguments_fail(option, _("this command has no such option"));
    }
    if (a->count > c->most)
        return arguments_fail(a->words[c->most], _("not understood, see tcpquota --help"));
    if (a->count < c->least || has_empty_word(a)) {
        snprintf(text, sizeof text, _("something is missing: tcpquota %s %s"), c->name, c->form);
        return arguments_fail(c->name, text);
    }
    return 0;
}

int arguments_parse(struct arguments *a, int argc, char **argv)
{
    bool words_only = false;
    unsigned used = 0;
    int err = 0;

    for (int i = 1; i < argc && !err; i++) {
        if (a->command && a->command->hands_on) {
            a->rest = argv + i;
            break;
        }
        if (!words_only && strcmp(argv[i], "--") == 0)
            words_only = true;
        else if (!words_only && is_option(argv[i]))
            err = take_option(a, argv, &i, &used);
        else
            err = take_word(a, argv[i]);
    }
    if (err || a->help || a->version)
        return err;
    if (!a->command)
        a->command = command_find("");
    return judge(a, used);
}
