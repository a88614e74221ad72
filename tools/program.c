#include "program.h"

#include "show.h"
#include "utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static void report(void *context, bool fault, const char *key, const char *text)
{
    const struct program *p = context;

    (void)key;
    /* What is obsolete in the configuration is for the daemon's log. */
    if (fault)
        fprintf(stderr, "%s: %s\n", p->name, text);
}

static void ignore(void *context, bool fault, const char *key, const char *text)
{
    (void)context;
    (void)fault;
    (void)key;
    (void)text;
}

/* The file that `--config FILE`, `--config=FILE`, `-c FILE` or `-cFILE` names. */
static const char *find_conf(const char *short_form, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--config=", 9) == 0)
            return argv[i] + 9;
        if (strcmp(argv[i], "--config") == 0 || (short_form && strcmp(argv[i], short_form) == 0))
            return i + 1 < argc ? argv[i + 1] : CONF_PATH;
        if (short_form && strncmp(argv[i], short_form, strlen(short_form)) == 0)
            return argv[i] + strlen(short_form);
    }
    return CONF_PATH;
}

void program_speak(const char *name, const char *short_form, int argc, char **argv)
{
    struct conf conf;
    enum conf_language language = LANGUAGE_ENGLISH;

    if (conf_load(&conf, find_conf(short_form, argc, argv), name, ignore, NULL) == 0) {
        language = (enum conf_language)conf.language;
        conf_free(&conf);
    }
    text_set_language(language);
}

void program_keep_descriptors(void)
{
    /* The lowest that is free is taken; /dev/null for reading refuses what is written. */
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", O_RDONLY);
    }
}

int program_check_words(const char *name, int argc, char **argv)
{
    char clean[TEXT_LEN];

    for (int i = 1; i < argc; i++) {
        if (utf8_is_valid(argv[i], strlen(argv[i])))
            continue;
        show_clean(argv[i], clean, sizeof clean);
        fprintf(stderr, "%s: %s: %s\n", name, clean, _("it is not UTF-8"));
        return EX_DATAERR;
    }
    return 0;
}

int program_start(struct program *p, const char *name, const char *conf_path)
{
    p->name = name;
    p->conf_path = conf_path ? conf_path : CONF_PATH;
    if (conf_load(&p->conf, p->conf_path, name, report, p) != 0)
        return EX_CONFIG;
    text_set_language((enum conf_language)p->conf.language);
    return 0;
}

void program_end(struct program *p)
{
    conf_free(&p->conf);
}

int program_fail(const struct program *p, int code, const char *what, const char *why)
{
    char line[2 * TEXT_LEN], clean[2 * TEXT_LEN];

    /* Names of others may stand in it. */
    snprintf(line, sizeof line, "%s%s%s", what, why ? ": " : "", why ? why : "");
    show_clean(line, clean, sizeof clean);
    fprintf(stderr, "%s: %s\n", p->name, clean);
    return code;
}

int program_tell_end(const struct program *p, const json_t *line)
{
    char text[TEXT_LEN];
    int code = link_end_of(line);

    if (code != 0)
        program_fail(p, code, text_why(line, text), NULL);
    return code;
}

const char *program_why_lost(int err, char why[TEXT_LEN])
{
    json_t *line = json_pack("{s:s, s:s}", "why", reason_word(REASON_NO_ANSWER), "detail",
                             err ? text_error(-err) : _("the connection has ended"));

    text_why(line, why);
    json_decref(line);
    return why;
}

int program_lost(const struct program *p, int err)
{
    char why[TEXT_LEN];

    return program_fail(p, EX_UNAVAILABLE, program_why_lost(err, why), NULL);
}

struct waiting {
    const struct program *program;
    bool told;
};

static void tell_waiting(void *context)
{
    struct waiting *w = context;

    if (!w->told && !w->program->silent)
        fprintf(stderr, "%s: %s\n", w->program->name, _("waiting for tcpquotad ..."));
    w->told = true;
}

int program_wait(const struct program *p, const struct link *link)
{
    struct waiting w = {.program = p};

    return link_wait(link, tell_waiting, &w);
}

int program_connect(const struct program *p, struct link *link)
{
    int err = link_open(link, p->conf.socket);

    return err ? program_lost(p, err) : 0;
}

int program_refuse_option(const char *name, int option, char **argv)
{
    const char *word = argv[optind - 1];
    char letter[] = {'-', (char)optopt, '\0'};
    bool is_long = strncmp(word, "--", 2) == 0 && (!optopt || option == ':' || strchr(word, '='));

    fprintf(stderr, "%s: %s: %s\n", name, is_long ? word : letter,
            option == ':' ? _("its value is missing") : _("there is no such option"));
    return EX_USAGE;
}

int program_flush(const char *name, int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fprintf(stderr, "%s: %s: %s\n", name, _("what it prints cannot be written"), text_error(errno));
    return EX_IOERR;
}

int program_print_version(const char *name)
{
    printf("%s " VERSION "\n", name);
    return program_flush(name, 0);
}

const char *program_terminal(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        const char *path = ttyname(fd);

        if (path)
            return strncmp(path, "/dev/", 5) == 0 ? path + 5 : path;
    }
    return "";
}
