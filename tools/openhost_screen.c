/* What openhost shows: lines, one status line that is updated in place, texts of the house. */
#include "openhost.h"

#include "account.h"
#include "amount.h"
#include "forecast.h"
#include "show.h"
#include "text.h"

#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_MAX 400
#define TEXT_FILE_MAX 65536

void openhost_take_terminal(struct openhost *o)
{
    struct termios raw;

    if (!o->screen || tcgetattr(STDIN_FILENO, &o->before) != 0)
        return;
    raw = o->before;
    raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    o->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void openhost_give_terminal(struct openhost *o)
{
    if (o->line_shown)
        fputs("\n", stdout);
    o->line_shown = false;
    if (o->raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &o->before);
    o->raw = false;
    fflush(stdout);
}

void openhost_say(struct openhost *o, const char *format, ...)
{
    va_list values;

    if (o->line_shown)
        fputs("\r\033[K", stdout);
    o->line_shown = false;
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    fputs("\n", stdout);
    fflush(stdout);
}

static int64_t number_of(const json_t *status, const char *key)
{
    return json_integer_value(json_object_get(status, key));
}

/* `18:32:10`, with the day if that is not today. */
static void format_end(const json_t *status, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(status, "runs_out"));
    struct wall at, now = wall_now();
    time_t end, today = wall_seconds(now);
    struct tm tm, tm_now;

    snprintf(out, size, "-");
    if (!text || wall_parse_utc(text, &at) != 0)
        return;
    end = wall_seconds(at);
    localtime_r(&end, &tm);
    localtime_r(&today, &tm_now);
    strftime(out, size,
             tm.tm_yday == tm_now.tm_yday && tm.tm_year == tm_now.tm_year ? "%H:%M:%S"
                                                                          : "%Y-%m-%d %H:%M",
             &tm);
}

static size_t columns(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
        return 79;
    return size.ws_col - 1u;
}

/* Bytes of the first so many characters of UTF-8. */
static size_t cut(const char *text, size_t characters)
{
    size_t i = 0;

    for (; text[i]; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80 && characters-- == 0)
            break;
    }
    return i;
}

void openhost_show(struct openhost *o, const json_t *status)
{
    const struct amount_price price = {o->program.conf.rate_quota, o->program.conf.money_value};
    char left[AMOUNT_TIME_LEN], money[AMOUNT_MONEY_LEN + 64], used[AMOUNT_TIME_LEN], end[32];
    char line[COLUMNS_MAX], name[USER_BYTES * 4], rate[SHOW_NUMBER_LEN];
    const char *user = json_string_value(json_object_get(status, "name"));

    if (!o->screen)
        return;
    show_clean(user ? user : "?", name, sizeof name);
    format_end(status, end, sizeof end);
    show_number(json_number_value(json_object_get(status, "rate")), rate);
    /* Of a line that is cut the least is lost at its end. */
    snprintf(line, sizeof line, _("%s %s (%s)  rate %s  until %s  used %s  connections %lld"), name,
             amount_format_time(number_of(status, "quota"), left),
             amount_format_money(number_of(status, "quota"), &price, money, sizeof money), rate,
             end, amount_format_time(number_of(status, "points"), used),
             (long long)number_of(status, "cnts"));
    line[cut(line, columns())] = '\0';
    printf("\r%s\033[K", line);
    fflush(stdout);
    o->line_shown = true;
}

/* Seconds until it runs out, INT64_MAX if that is not to be seen. */
static int64_t seconds_left(const json_t *status)
{
    const char *text = json_string_value(json_object_get(status, "runs_out"));
    struct wall at;

    if (!text || wall_parse_utc(text, &at) != 0)
        return INT64_MAX;
    return (at.ns - wall_now().ns) / NS_PER_S;
}

void openhost_warn(struct openhost *o, const json_t *status)
{
    int64_t left = seconds_left(status), level = forecast_warning(&o->program.conf.warn_at, left);
    char text[AMOUNT_TIME_LEN];

    if (level < o->warned_at)
        openhost_say(o, _("%sWarning: at this rate your quota lasts for %s more"),
                     o->screen ? "\a" : "", amount_format_time(left, text));
    /* After a deposit the same warning may be due again. */
    o->warned_at = level;
}

void openhost_sum_up(struct openhost *o, const json_t *end)
{
    const struct amount_price price = {o->program.conf.rate_quota, o->program.conf.money_value};
    char used[AMOUNT_TIME_LEN], points[AMOUNT_TIME_LEN], money[AMOUNT_MONEY_LEN + 64];

    if (!json_object_get(end, "points"))
        return;
    openhost_say(o, _("Used %s, charged %s (%s)"),
                 amount_format_time(number_of(end, "seconds"), used),
                 amount_format_time(number_of(end, "points"), points),
                 amount_format_money(number_of(end, "points"), &price, money, sizeof money));
}

static void print_file(const char *path)
{
    char text[4096];
    size_t n, total = 0;
    FILE *file = fopen(path, "re");

    while (file && total < TEXT_FILE_MAX && (n = fread(text, 1, sizeof text, file)) > 0) {
        fwrite(text, 1, n, stdout);
        total += n;
    }
    if (file)
        fclose(file);
    fflush(stdout);
}

void openhost_print_file(struct openhost *o, const char *kind)
{
    char folder[PATH_MAX], path[PATH_MAX + 64];

    snprintf(folder, sizeof folder, "%s", o->program.conf_path);
    snprintf(path, sizeof path, "%s/tcpquota.%s.%s", dirname(folder), kind,
             text_language_word((enum conf_language)o->program.conf.language));
    print_file(path);
}

void openhost_print_notice(struct openhost *o)
{
    if (*o->program.conf.noquotafile)
        print_file(o->program.conf.noquotafile);
}
