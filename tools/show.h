/*
 * show: texts of others as they may be shown on a terminal, times, numbers. Pure.
 */
#ifndef TCPQUOTA_SHOW_H
#define TCPQUOTA_SHOW_H

#include <jansson.h>
#include <stddef.h>

/* `text` as it may be shown on a terminal, cut at `size`: what a terminal would obey, and what is
 * no UTF-8, is a `?`. Returns the columns it takes. */
int show_clean(const char *text, char *out, size_t size);
/* A line on stdout, the sentence filled from `facts` as text_fill() does. */
void show_line(const char *sentence, const json_t *facts);
/* A time of the database as local time, with seconds; what is none stays as it is. */
const char *show_time(const char *utc, char *out, size_t size);
#define SHOW_NUMBER_LEN 64
/* A number, such as a rate, with two decimals at most and without an exponent: `6`, `0.33`, `2.5`;
 * `<0.01` for what is more than nothing and less than that. */
const char *show_number(double number, char out[SHOW_NUMBER_LEN]);
/* What a row of masq is in, by its `open`. */
const char *show_open(json_int_t open);

#endif
