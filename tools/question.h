/*
 * question: one question and its answer, line by line: asked of the daemon, or of the database
 * itself where no daemon answers root.
 */
#ifndef TCPQUOTA_QUESTION_H
#define TCPQUOTA_QUESTION_H

#include "program.h"
#include "text.h"

/* Told of the rows of an answer, and of their total; either may be NULL. */
struct listener {
    void (*row)(void *context, json_t *row);
    void (*total)(void *context, const json_t *total);
    void *context;
};
/*
 * Asks the daemon, or the database where no daemon answers root; takes the reference to `request`.
 * The exit code; `why` has the sentence that goes with it, "" if it is a plain yes.
 * Blocks.
 */
int ask(const struct program *p, json_t *request, const struct listener *l, char why[TEXT_LEN]);
/* Hands a line of an answer on. -1, or the exit code and the sentence if it is the end. */
int ask_hear(const struct listener *l, const json_t *line, char why[TEXT_LEN]);

/* Whether it can be answered without a daemon. */
bool local_answers(const json_t *request);
/* As ask(), in this process. */
int local_ask(const struct program *p, json_t *request, const struct listener *l,
              char why[TEXT_LEN]);

#endif
