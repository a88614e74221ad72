/*
 * block: drives the gate and the ending of connections without a daemon, in the namespace that it
 * runs in, for t/block.t.
 *
 *   block apply LOCALNET WAN_IF reject|drop [UID...]  the gate with nobody open and these uids
 *                                                     blocked (in order), prints changes=N
 *   block end LOCALNET WAN_IF UID [INODE...]          ends the user's connections, and these
 * sockets (in order), prints ended=N block clean                                       takes
 * everything of ours away
 *
 * LOCALNET is one word, networks separated by blanks.
 */
#include "disconnect.h"
#include "gate.h"
#include "network.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 5000

static void die(const char *what, int err)
{
    fprintf(stderr, "block: %s: %s\n", what, strerror(-err));
    exit(2);
}

static void read_topology(struct topology *t, const char *localnet, const char *wan_if)
{
    struct conf conf = {.protocol = PROTOCOL_ETHERNET};
    struct net_state net;
    char copy[256], *save = NULL;
    int err = network_read(&net);

    snprintf(copy, sizeof copy, "%s", localnet);
    for (char *w = strtok_r(copy, " ", &save); w && !err; w = strtok_r(NULL, " ", &save)) {
        struct prefix p;

        err = prefix_parse(w, &p);
        if (!err)
            err = prefix_list_add(&conf.localnet, &p);
    }
    if (!err)
        err = name_list_add(&conf.wan_if, wan_if);
    if (!err)
        err = topology_derive(t, &conf, &net);
    if (err)
        die(localnet, err);
    prefix_list_free(&conf.localnet);
    name_list_free(&conf.wan_if);
    net_state_free(&net);
}

static uint64_t number(const char *text)
{
    uint64_t n = strtoull(text, NULL, 10);

    if (n == 0)
        die(text, -EINVAL);
    return n;
}

static int apply(int argc, char **argv)
{
    static uint32_t uids[MANY];
    struct topology t;
    struct gate_report report;
    struct gate_order order = {.topology = &t, .uids = uids, .uid_count = (size_t)argc - 5};
    int err;

    if (order.uid_count > MANY)
        die("too many", -E2BIG);
    for (size_t i = 0; i < order.uid_count; i++)
        uids[i] = (uint32_t)number(argv[5 + i]);
    read_topology(&t, argv[2], argv[3]);
    order.policy.drop_closed = strcmp(argv[4], "drop") == 0;
    if (!gate_owners_work(&t)) {
        fprintf(stderr, "%s\n", GATE_NO_OWNER);
        return 69;
    }
    err = gate_apply(&order, &report);
    printf("changes=%u\n", report.changes);
    if (err)
        fprintf(stderr, "block: %s\n", report.error);
    gate_report_free(&report);
    topology_free(&t);
    return err != 0;
}

static int end(int argc, char **argv)
{
    static uint64_t inodes[MANY];
    struct topology t;
    size_t count = (size_t)argc - 5;
    int ended;

    if (count > MANY)
        die("too many", -E2BIG);
    for (size_t i = 0; i < count; i++)
        inodes[i] = number(argv[5 + i]);
    read_topology(&t, argv[2], argv[3]);
    ended = disconnect_user(&t, (uid_t)number(argv[4]), inodes, count);
    topology_free(&t);
    if (ended < 0)
        die("end", ended);
    printf("ended=%d\n", ended);
    return 0;
}

int main(int argc, char **argv)
{
    char error[GATE_ERROR_LEN];

    if (argc >= 5 && strcmp(argv[1], "apply") == 0)
        return apply(argc, argv);
    if (argc >= 5 && strcmp(argv[1], "end") == 0)
        return end(argc, argv);
    if (argc == 2 && strcmp(argv[1], "clean") == 0)
        return gate_clean(error) != 0;
    fprintf(stderr, "block: see the head of its source\n");
    return 64;
}
