/*
 * rulebook: all the rules of a service, from a text or from the database, and which one holds for
 * whom. Rules by address are those of rules.h; a text may have some by name, too.
 *
 * Reading blocks on the disk; finding does not block.
 */
#ifndef TCPQUOTA_RULEBOOK_H
#define TCPQUOTA_RULEBOOK_H

#include "addr.h"
#include "rules.h"
#include "store.h"
#include "store_rules.h"
#include "tcprules.h"

#include <stdbool.h>
#include <stddef.h>

struct rulebook;

/* From a text of rules, which it cuts up. 0; -EINVAL after faults were told; -ENOMEM. */
int rulebook_read_text(struct rulebook **out, char *text, tcprules_fault *fault, void *context);
/* Told of a row that holds for nobody because of what it says it is for. */
typedef void rulebook_strange(void *context, const struct store_rule *rule);
/* From the database, as of one moment: the caller has a snapshot. 0 or -errno. */
int rulebook_read_store(struct rulebook **out, struct store *store, const char *service,
                        rulebook_strange *strange, void *context);
void rulebook_free(struct rulebook *b);

/*
 * The rule that holds, or NULL. `host` and `info` are the name of the address and who its identd
 * says it is, each NULL if unknown; the order is that of tcprules(1): INFO@ADDRESS, INFO@=HOST,
 * ADDRESS, =HOST, networks, =.DOMAIN, =, everyone.
 */
const struct rule *rulebook_find(const struct rulebook *b, const struct addr *a, const char *host,
                                 const char *info);
/* Whether a rule needs the name, or who it is. */
bool rulebook_asks_host(const struct rulebook *b);
bool rulebook_asks_info(const struct rulebook *b);
/* Whether a literal `\n` ends a line of the variables of its rules. */
bool rulebook_has_escapes(const struct rulebook *b);

#endif
