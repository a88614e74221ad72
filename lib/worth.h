/*
 * worth: what points are worth, as members of the rows of an answer: in money, and as time. Pure.
 */
#ifndef TCPQUOTA_WORTH_H
#define TCPQUOTA_WORTH_H

#include "conf.h"

#include <jansson.h>
#include <stdint.h>

/* Adds the members `money` and `left` for so many points. Takes and returns the row; NULL if it
 * is NULL, or without memory: a row is whole or is none. */
json_t *worth_add(json_t *row, const struct conf *conf, int64_t points);

#endif
