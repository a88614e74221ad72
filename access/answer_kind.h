/*
 * answer_kind: what becomes of a new connection, and by what it was decided. Plain values.
 */
#ifndef TCPQUOTA_ANSWER_KIND_H
#define TCPQUOTA_ANSWER_KIND_H

#include <stdint.h>

enum answer_verdict {
    ANSWER_PASS,
    ANSWER_BLOCK,
    ANSWER_NEXT /* none of ours: on to the rules that come later */
};

enum answer_reason {
    ANSWERED_BY_LIST,  /* it is in the lists, or in none that counts */
    ANSWERED_BY_QUOTA, /* it is open for a user with quota, or not */
    ANSWERED_BY_SQL    /* the administrator's own question */
};

struct answer_kind {
    uint8_t verdict; /* enum answer_verdict */
    uint8_t reason;  /* enum answer_reason */
};

#endif
