#include "answer.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 4096

void answer_free(struct answer *a)
{
    free(a->text);
    *a = (struct answer){0};
}

/* Room for so many bytes more; what is taken already makes room first. */
static bool make_room(struct answer *a, size_t more)
{
    size_t room = a->room ? a->room : ROOM_FIRST;
    char *bigger;

    if (a->taken && a->len + more > a->room) {
        memmove(a->text, a->text + a->taken, a->len - a->taken);
        a->len -= a->taken;
        a->taken = 0;
    }
    while (room < a->len + more)
        room *= 2;
    if (room == a->room)
        return true;
    bigger = realloc(a->text, room);
    if (!bigger)
        return false;
    a->text = bigger;
    a->room = room;
    return true;
}

/* jansson hands over the text in pieces. */
static int append(const char *piece, size_t len, void *context)
{
    struct answer *a = context;

    if (!make_room(a, len))
        return -1;
    memcpy(a->text + a->len, piece, len);
    a->len += len;
    return 0;
}

static void add_line(struct answer *a, json_t *line)
{
    size_t before = a->len - a->taken;
    bool bad = !line || json_dump_callback(line, append, a, JSON_COMPACT) != 0 ||
               append("\n", 1, a) != 0 || a->len - a->taken - before > PACKET_ANSWER_MAX;

    json_decref(line);
    if (!bad)
        return;
    a->len = a->taken + before;
    a->failed = true;
}

static json_t *wrapped(const char *key, json_t *value)
{
    return value ? json_pack("{s:o}", key, value) : NULL;
}

void answer_row(struct answer *a, json_t *row)
{
    add_line(a, wrapped("row", row));
}

void answer_total(struct answer *a, json_t *total)
{
    add_line(a, wrapped("total", total));
}

void answer_event(struct answer *a, const char *event, json_t *about)
{
    json_t *line = json_pack("{s:s}", "event", event);

    if (line && about)
        json_object_update_missing(line, about);
    json_decref(about);
    add_line(a, line);
}

void answer_end(struct answer *a, enum reason why, json_t *about)
{
    json_t *line;

    if (a->ended) {
        json_decref(about);
        return;
    }
    if (a->failed)
        why = REASON_MEMORY;
    line = json_pack("{s:i, s:s}", "end", reason_code(why), "why", reason_word(why));
    if (line && about)
        json_object_update_missing(line, about);
    json_decref(about);
    a->ended = true;
    add_line(a, line);
}

size_t answer_waiting(const struct answer *a)
{
    return a->len - a->taken;
}

size_t answer_packet(const struct answer *a, const char **text)
{
    size_t waiting = answer_waiting(a), len = 0;
    const char *start = a->text + a->taken;

    while (len < waiting) {
        const char *end = memchr(start + len, '\n', waiting - len);
        size_t line = (size_t)(end - (start + len)) + 1;

        if (len + line > PACKET_ANSWER_MAX)
            break;
        len += line;
    }
    *text = start;
    return len;
}

void answer_take(struct answer *a, size_t len)
{
    a->taken += len;
    if (a->taken == a->len)
        a->taken = a->len = 0;
}

json_t *answer_text(const char *text)
{
    size_t len = strnlen(text, ANSWER_TEXT_MAX + 1);
    json_t *value;
    char *copy;

    if (len > ANSWER_TEXT_MAX) {
        len = ANSWER_TEXT_MAX;
        while (len && ((unsigned char)text[len] & 0xc0) == 0x80) /* not within a character */
            len--;
    }
    value = json_stringn(text, len);
    if (value)
        return value;
    copy = strndup(text, len);
    for (char *c = copy; c && *c; c++) {
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    }
    value = copy ? json_stringn_nocheck(copy, len) : NULL;
    free(copy);
    return value;
}
