/* Walks over /proc while processes come and go. */
#include "strangers.h"

#include <errno.h>

#define CHILDREN 40

/* How many of these are met, -1 if one is twice or numbers do not ascend. */
static int met(enum processes_pace pace, const pid_t *pids, int count)
{
    struct processes walk;
    pid_t pid, last = 0;
    int n = 0, more;

    if (processes_open(&walk, pace) != 0)
        return -2;
    while ((more = processes_next(&walk, &pid)) > 0) {
        if (pid <= last)
            n = INT32_MIN;
        last = pid;
        for (int i = 0; i < count; i++)
            n += pids[i] == pid;
    }
    processes_close(&walk);
    processes_close(&walk); /* once more does no harm */
    return more == 0 ? n : more;
}

/* One begins while the walk is at the first, and there is another one behind that. */
static void test_news(struct tap *t, enum processes_pace pace, bool is_seen)
{
    pid_t first = strangers_start(strangers_all(0), NULL, NULL), next = 0, pid;
    pid_t second = strangers_start(strangers_all(0), NULL, NULL);
    struct processes walk;
    bool seen = false;

    tap_is(t, processes_open(&walk, pace), 0, "pace %d: opened", pace);
    while (processes_next(&walk, &pid) > 0) {
        if (pid == first)
            next = strangers_start(strangers_all(0), NULL, NULL);
        seen |= next && pid == next;
    }
    processes_close(&walk);
    if (next > second && second > first)
        tap_ok(t, seen || !is_seen, "pace %d: one that came meanwhile", pace);
    else
        tap_note("pace %d: numbers began anew, nothing is known of who came meanwhile", pace);
    strangers_end(first);
    strangers_end(second);
    if (next)
        strangers_end(next);
}

int main(void)
{
    static const enum processes_pace paces[] = {PROCESSES_MANY, PROCESSES_SINGLY};
    pid_t pids[CHILDREN], own[] = {1, getpid()};
    struct tap t = {0};

    for (int i = 0; i < CHILDREN; i++)
        pids[i] = strangers_start(strangers_all(getuid()), NULL, NULL);
    for (size_t i = 0; i < 2; i++) {
        tap_is(&t, met(paces[i], own, 2), 2, "pace %zu: process 1 and oneself", i);
        tap_is(&t, met(paces[i], pids, CHILDREN), CHILDREN, "pace %zu: each child once", i);
    }
    for (int i = 0; i < CHILDREN; i++)
        strangers_end(pids[i]);
    for (size_t i = 0; i < 2; i++)
        tap_is(&t, met(paces[i], pids, CHILDREN), 0, "pace %zu: none once they are gone", i);
    if (geteuid() == 0) {
        test_news(&t, PROCESSES_MANY, false);
        test_news(&t, PROCESSES_SINGLY, true);
    }
    return tap_done(&t);
}
