/*
 * conf_keys: every key there is, its form, its range and its default; a value is parsed into its
 * member of struct conf by this table alone.
 */
#ifndef TCPQUOTA_CONF_KEYS_H
#define TCPQUOTA_CONF_KEYS_H

#include "conf.h"

#include <stddef.h>

#define CONF_WHY_LEN 160

struct conf_key;

/* The key of this name (case ignored) in this section (lower case, "" for none), or NULL. */
const struct conf_key *conf_key_find(const char *section, const char *name);
/* Whether some key stands in this section. */
bool conf_key_is_section(const char *section);
/* The `n`th key from 0, or NULL after the last. */
const struct conf_key *conf_key_at(size_t n);
/* Its section, "" for none. */
const char *conf_key_section(const struct conf_key *key);
/* As documented: in capitals, but in a section. */
const char *conf_key_name(const struct conf_key *key);
/* Its default, as it would be written; NULL if it has to be set. */
const char *conf_key_default(const struct conf_key *key);
/*
 * Parses `value` into the key's member of `conf`, whose former content is freed. 0; -EINVAL with
 * the reason in `why`; -ENOMEM.
 */
int conf_key_set(const struct conf_key *key, struct conf *conf, const char *value,
                 char why[CONF_WHY_LEN]);
/* Frees every member. */
void conf_keys_free(struct conf *conf);
/* Splits `value` at blanks into `list`. 0 or -ENOMEM. */
int conf_split(const char *value, struct name_list *list);

#endif
