/*
 * entrance_rules: the rules as they are now, read anew when their text or the database has changed.
 * Used by entrance.c alone.
 */
#ifndef TCPQUOTA_ENTRANCE_RULES_H
#define TCPQUOTA_ENTRANCE_RULES_H

#include "entrance.h"
#include "rulebook.h"

struct entrance_rules;

/* As entrance_open(); the database is the caller's. */
int entrance_rules_open(struct entrance_rules **out, const struct entrance_setup *setup,
                        struct live_store *database);
void entrance_rules_close(struct entrance_rules *r);
/* The rules, or NULL: they cannot be read, which is logged once; *missing: there are none at all.
 */
const struct rulebook *entrance_rules_now(struct entrance_rules *r, bool *missing);

#endif
