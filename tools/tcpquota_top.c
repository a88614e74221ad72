/* Who is charged now: a picture of it, taken again every second. */
#include "tcpquota.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include <wchar.h>

#define REFRESH_MS 1000

static const struct column columns[] = {
    {"name", N_("name"), COLUMN_TEXT},          {"rate", N_("points/s"), COLUMN_NUMBER},
    {"cnts", N_("connections"), COLUMN_NUMBER}, {"quota", N_("points"), COLUMN_NUMBER},
    {"left", N_("as time"), COLUMN_MONEY},      {"money", N_("as money"), COLUMN_MONEY},
    {"runs_out", N_("runs out"), COLUMN_TIME},  {"hosts", N_("hosts"), COLUMN_TEXT}};

static const struct view view = {
    .name = "top", .columns = columns, .count = sizeof columns / sizeof *columns};

static void take_row(void *context, json_t *row)
{
    table_row(context, row);
}

/* As much of the line as fits, on the screen's line `y`; it holds nothing that a terminal obeys. */
static void put_line(int y, const char *line, size_t len)
{
    mbstate_t state = {0};
    const char *end = line + len;
    int x = 0;

    move(y, 0);
    while (line < end) {
        wchar_t c;
        size_t n = mbrtowc(&c, line, (size_t)(end - line), &state);

        if (n == 0 || n > (size_t)(end - line))
            break;
        x += wcwidth(c);
        if (x > COLS)
            break;
        addnwstr(&c, 1);
        line += n;
    }
}

static void put_title(const char *why)
{
    char now[WALL_LOCAL_LEN], title[TEXT_LEN * 2], clean[TEXT_LEN * 2];

    wall_format_local(wall_now(), now);
    if (*why)
        snprintf(title, sizeof title, "tcpquota  %.19s  %s", now, why);
    else
        snprintf(title, sizeof title, "tcpquota  %.19s  %s", now, _("q ends this"));
    show_clean(title, clean, sizeof clean);
    attron(A_BOLD);
    put_line(0, clean, strlen(clean));
    attroff(A_BOLD);
}

static void draw(const char *why, const char *picture)
{
    erase();
    put_title(why);
    for (int y = 2; y < LINES && *picture; y++) {
        size_t len = strcspn(picture, "\n");

        put_line(y, picture, len);
        picture += len + (picture[len] == '\n');
    }
    refresh();
}

/* Asks; the table in memory is the caller's to free(). The exit code. */
static int take_picture(const struct tcpquota *t, char **picture, char why[TEXT_LEN])
{
    struct table table = {.columns = columns, .count = view.count};
    const struct listener listener = {.row = take_row, .context = &table};
    size_t len = 0;
    int code;

    *picture = NULL;
    table.out = open_memstream(picture, &len);
    if (!table.out)
        return -1;
    code = ask(&t->program, json_pack("{s:s}", "command", "top"), &listener, why);
    table_end(&table);
    fclose(table.out);
    return code;
}

/* Until q, or until it is refused. A daemon that is just being started again is waited for. */
static int watch(const struct tcpquota *t, char why[TEXT_LEN])
{
    struct mono next = mono_now();
    char *picture = NULL;
    int key = ERR, code = 0;

    why[0] = '\0';
    while (key != 'q' && key != 'Q') {
        int64_t wait = mono_since(mono_now(), next).ns / NS_PER_MS;

        if (wait <= 0) {
            free(picture);
            code = take_picture(t, &picture, why);
            if (code != 0 && code != EX_UNAVAILABLE)
                break;
            if (code == 0)
                why[0] = '\0';
            next = mono_add(mono_now(), span_ms(REFRESH_MS));
            wait = REFRESH_MS;
        }
        draw(why, picture ? picture : "");
        timeout((int)wait);
        key = getch();
    }
    free(picture);
    return key == 'q' || key == 'Q' ? 0 : code;
}

int top_run(struct tcpquota *t)
{
    char why[TEXT_LEN];
    SCREEN *screen = NULL;
    int code;

    if (!t->program.json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        screen = newterm(NULL, stdout, stdin);
    if (!screen)
        return view_run(&t->program, &view, json_pack("{s:s}", "command", "top"));
    t->program.silent = true;
    cbreak();
    noecho();
    curs_set(0);
    code = watch(t, why);
    endwin();
    delscreen(screen);
    return code ? program_fail(&t->program, code, why, NULL) : 0;
}
