/*
 * worth: what points are worth, as members of the rows of an answer: in money, and as time. Pure.
 *
 * They are those of the member `points`, or else `quota`, or else `delta` of the same object.
 */
#ifndef TCPQUOTA_WORTH_H
#define TCPQUOTA_WORTH_H

#include "conf.h"

#include <jansson.h>
#include <stdint.h>

/* Adds the members `money` and `left` for so many points. Takes and returns the row; NULL if it
 * is NULL, or without memory: a row is whole or is none. */
json_t *worth_add(json_t *row, const struct conf *conf, int64_t points);
/* Puts the money of this configuration in the place of that of the one who answered, wherever it
 * stands in `value`. Without memory what stood there stays. */
void worth_again(json_t *value, const struct conf *conf);

#endif
