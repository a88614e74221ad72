/* words: the words of configurations, in any case. Pure. */
#ifndef TCPQUOTA_WORDS_H
#define TCPQUOTA_WORDS_H

#include <stdbool.h>

/* yes, true, 1; no, false, 0. 0, or -EINVAL and *out untouched. */
int words_parse_bool(const char *text, bool *out);

#endif
