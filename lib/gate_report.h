/*
 * gate_report: what the gate found in the kernel's tables, and what it did; a value that crosses
 * from the process that drives the gate to the one that decides. Owns its lists:
 * gate_report_free() gives them back.
 */
#ifndef TCPQUOTA_GATE_REPORT_H
#define TCPQUOTA_GATE_REPORT_H

#include "addr.h"

#include <stdbool.h>
#include <stddef.h>

#define GATE_ERROR_LEN 256

struct gate_report {
    struct addr *missing; /* shall be open, and had not all their entries */
    size_t missing_count;
    struct addr *extra; /* had entries and shall not */
    size_t extra_count;
    unsigned changes;        /* entries or chains of ours that were not as they should be */
    bool exempts;            /* TCPQUOTA-USER holds entries */
    int v4, v6;              /* 0 or -errno: then this family is as it was, but for closed hosts */
    bool v4_leaks, v6_leaks; /* it failed, and hosts may be open that shall not be */
    int lease;               /* 0 or -errno: the lease was not renewed */
    char error[GATE_ERROR_LEN]; /* the words for the first of them that is not 0 */
};

void gate_report_free(struct gate_report *report);

#endif
