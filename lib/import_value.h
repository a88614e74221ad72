/* import_value: what stands in the columns of old tables; import*.c alone include it. Pure. */
#ifndef TCPQUOTA_IMPORT_VALUE_H
#define TCPQUOTA_IMPORT_VALUE_H

#include "clock.h"
#include "dump.h"

#include <stdbool.h>
#include <stdint.h>

/* Without the blanks at its end, with which mSQL pads. */
struct dump_text import_trim(struct dump_text text);
/* A number; of one with a fraction the next lower whole one, and *rounded is set. 0, -EINVAL,
 * -ERANGE. */
int import_number(const struct dump_text *text, int64_t min, int64_t max, int64_t *out,
                  bool *rounded);
/* A time, import.h, as every row of the database has it. 0 or -EINVAL. */
int import_time(const char *text, char out[WALL_UTC_LEN]);

#endif
