/*
 * ask: what the messages between worker and keeper cost: asks with COUNT hosts of a keeper that
 * checks them and does nothing else. Prints the microseconds for one ask and its answer.
 *
 *   ask COUNT ROUNDS
 */
#include "ask.h"
#include "clock.h"
#include "keeper.h"
#include "wire.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Until the other end is gone. */
static void play_keeper(int fd, const struct topology *topology)
{
    struct wire_message m, done = {.kind = WIRE_DONE};

    for (;;) {
        if (wire_wait(fd, false, 60) != 0 || wire_receive(fd, &m, NULL, 0) != 0)
            _exit(0);
        for (uint32_t i = 0; i < m.count && i < WIRE_HOSTS; i++) {
            if (keeper_refusal(topology, NULL, 0, &m.hosts[i]))
                done.result = -1;
        }
        if (!m.more && wire_send(fd, &done, NULL, 0, 10) != 0)
            _exit(0);
    }
}

int main(int argc, char **argv)
{
    long count = argc == 3 ? strtol(argv[1], NULL, 10) : 0, rounds;
    struct topology topology = {.own = NULL};
    struct prefix net = {.len = 0};
    struct addr *hosts = calloc((size_t)count + 1, sizeof *hosts);
    struct ask keeper = {.fd = -1};
    struct mono begin;
    int ends[2];

    if (count <= 0 || !hosts || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0 ||
        prefix_parse("10.0.0.0/8", &net) != 0 || prefix_list_add(&topology.v4.localnet, &net) != 0)
        return 64;
    for (long i = 0; i < count; i++) {
        uint32_t address = htonl(0x0a630100u + (uint32_t)i);

        hosts[i] = addr_make(AF_INET, &address);
    }
    if (fork() == 0) {
        close(ends[0]);
        play_keeper(ends[1], &topology);
    }
    close(ends[1]);
    keeper.fd = ends[0];
    rounds = strtol(argv[2], NULL, 10);
    begin = mono_now();
    for (long i = 0; i < rounds; i++) {
        struct gate_report report;

        if (ask_gate(&keeper, hosts, NULL, (size_t)count, false, &report) != 0)
            return 71;
        gate_report_free(&report);
    }
    printf("%lld\n", (long long)(mono_since(begin, mono_now()).ns / rounds / 1000));
    close(ends[0]);
    wait(NULL);
    free(hosts);
    prefix_list_free(&topology.v4.localnet);
    return 0;
}
