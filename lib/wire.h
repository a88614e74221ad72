/*
 * wire: the messages between the two processes of tcpquotad, over a socket of type SOCK_SEQPACKET.
 * The worker asks, the keeper answers; each ask has one answer, whose last message is WIRE_DONE,
 * but for WIRE_READY and WIRE_LEAVE. Every message has the same size. Lists that do not fit into
 * one go on in the next.
 *
 * What comes from the worker is not to be trusted: a count may be too large, an address none.
 */
#ifndef TCPQUOTA_WIRE_H
#define TCPQUOTA_WIRE_H

#include "flow.h"
#include "gate_report.h"
#include "holder.h"
#include "lladdr.h"

#include <stddef.h>
#include <stdint.h>

enum wire_kind {
    /* asks */
    WIRE_GATE = 1, /* let out these hosts, and no other; `option`: WIRE_ONLINE, WIRE_PLACED */
    WIRE_FLOWS,    /* of these hosts; `option`: enum flow_way, and WIRE_COUNTED */
    WIRE_CLEAN,    /* remove all entries */
    WIRE_IDLE,     /* nobody is open, nobody shall be: look after the entries */
    WIRE_RENEW,    /* the lease; `option`: WIRE_ONLINE */
    WIRE_TABLE,    /* open the kernel's table of connections: a descriptor comes with the answer */
    WIRE_RELOAD,   /* the configuration: a snapshot of it comes with the answer, and the log */
    WIRE_READY,    /* the first pass is done */
    WIRE_LEAVE,    /* the worker ends in good order; `option`: exit code, and WIRE_KEPT */
    WIRE_HOLDERS,  /* whose processes hold these sockets? `option`: WIRE_FTP */
    WIRE_BLOCK,    /* of these uids, and no other, new connections are rejected; takes effect with
                      the next WIRE_GATE or WIRE_IDLE */
    WIRE_CUT,      /* end the sockets of the uid `option`, and those of these that it holds */
    WIRE_EVICT,    /* end the processes of the uid `option`; one number: enum wire_news */
    WIRE_PARDON,   /* go on with that no more */
    WIRE_TELL,     /* tell the uid `option` on its terminals: enum wire_news, and seconds left */
    /* answers */
    WIRE_MISSING, /* hosts that had not all their entries */
    WIRE_EXTRA,   /* hosts that had entries */
    WIRE_SEEN,    /* flows, before they are dropped; 0 of them: the keeper is still at it */
    WIRE_HELD,    /* sockets and who holds them */
    WIRE_DONE
};

#define WIRE_ONLINE 1u        /* somebody uses the link */
#define WIRE_PLACED 2u        /* the hosts come with their link-layer addresses */
#define WIRE_COUNTED 16u      /* the worker wants to see the flows */
#define WIRE_KEPT 256u        /* what is open was left open on purpose */
#define WIRE_FTP 1u           /* only ftp daemons */
#define WIRE_HOSTS 240        /* at most in a message */
#define WIRE_PLACES 106       /* of placed hosts */
#define WIRE_HOSTS_MAX 131072 /* at most in an ask, and so open */
#define WIRE_FLOWS_SEEN 56
#define WIRE_NUMBERS 510         /* inodes, uids or seconds in a message */
#define WIRE_NUMBERS_MAX 1048576 /* at most in an ask */
#define WIRE_HOLDERS_HELD 255
#define WIRE_DESCRIPTORS 2
#define WIRE_SNAPSHOT 1u /* `option` of the answer to WIRE_RELOAD: which descriptors came */
#define WIRE_LOG 2u

struct wire_outcome {
    int32_t v4, v6, lease; /* as in struct gate_report */
    uint32_t changes, exempts;
    char error[GATE_ERROR_LEN];
};

struct wire_place {
    struct addr host;
    struct lladdr lladdr;
};

/* What there is to tell a user: that they may not use the link any more, or soon will not. */
enum wire_news { WIRE_NO_QUOTA, WIRE_NOT_ALLOWED, WIRE_QUOTA_ENDS };

struct wire_message {
    uint32_t kind;
    uint32_t count; /* of the hosts or flows in it */
    uint32_t more;  /* not 0: the list goes on in the next message */
    uint32_t option;
    int32_t result; /* of WIRE_DONE: 0, a number, or -errno */
    uint32_t unused;
    union {
        struct addr hosts[WIRE_HOSTS];
        struct wire_place places[WIRE_PLACES]; /* sorted by host, each once */
        struct flow flows[WIRE_FLOWS_SEEN];
        uint64_t numbers[WIRE_NUMBERS];
        struct holder held[WIRE_HOLDERS_HELD];
        struct wire_outcome outcome;
    };
};

/* Waits until a message can be received or, if `sending`, sent. The seconds are those in which we
 * ran ourselves: after a suspend or a SIGSTOP they go on. 0, -ETIMEDOUT, -errno. */
int wire_wait(int fd, bool sending, int seconds);
/* Sends it, with descriptors that stay the caller's. Waits as wire_wait(). 0; -EPIPE if the other
 * end is gone; -ETIMEDOUT; -errno. */
int wire_send(int fd, const struct wire_message *m, const int *descriptors, size_t count,
              int seconds);
/* Receives one message without waiting, and up to `room` descriptors that are the caller's from
 * now on (the rest of the array is -1). 0; -EAGAIN; -EPIPE; -EPROTO if it is no message of ours. */
int wire_receive(int fd, struct wire_message *m, int *descriptors, size_t room);

#endif
