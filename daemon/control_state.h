/* control_state: what the parts of the control socket share; control*.c alone include it. */
#ifndef TCPQUOTA_CONTROL_STATE_H
#define TCPQUOTA_CONTROL_STATE_H

#include "answer.h"
#include "caller.h"
#include "clock.h"
#include "control.h"
#include "control_orders.h"
#include "identity.h"
#include "query.h"
#include "trouble.h"

#include <jansson.h>

#define CONTROL_CLIENTS_MAX 2048 /* at once */
#define CONTROL_ROOTS 64         /* of them left for root */
#define CONTROL_OF_UID_MAX 32    /* at once of one uid but root; uids out of range count as one */
#define CONTROL_ACCEPTS 16       /* connections taken in before others have their turn */
#define CONTROL_PLAIN_MAX 4096   /* bytes of a request of who is no operator, and of later ones */
#define CONTROL_REQUEST_S 10     /* for a request to come */
#define CONTROL_ANSWER_S 30      /* for the next piece of an answer to be taken */
#define CONTROL_ORDER_S 30       /* for an order to be carried out */
#define CONTROL_ASKS_MAX 20      /* of a client that holds a host open, in a period */
#define CONTROL_SLICE_US 2000    /* of work, before the loop looks at everything else again */
#define CONTROL_READ_US 1000     /* of it for a piece of a query */
#define CONTROL_SHARE 4          /* after work it rests until it was one part in so many */
#define CONTROL_BURST_MS 20      /* so far ahead of that it may be */
#define CONTROL_READERS_MAX 8    /* queries at once; others wait for their turn */
#define CONTROL_READERS_OF_UID 2 /* of them of one uid */
#define CONTROL_STALL_S 2        /* while others wait, a query whose answer is not taken goes */
#define CONTROL_QUERY_S 60       /* ... and one that has lasted so long */
#define CONTROL_QUERY_MAX_S 600  /* it goes even if nobody waits: what it sees cannot be tidied */
#define CONTROL_RETRY_MS 20      /* while the database is locked */

enum client_stage {
    CLIENT_CONNECTED, /* its request has not come yet */
    CLIENT_UNNAMED,   /* the namer has been asked */
    CLIENT_ASKED,     /* it has a name; its request is still to be begun, or begun again */
    CLIENT_READS,     /* a query */
    CLIENT_HOLDS,     /* openhost */
    CLIENT_OPENS,     /* openfw */
    CLIENT_LEAVES     /* the end of the answer is on its way */
};

/* What those of one uid have together. Lives as long as one of them, or the namer's answer is to
 * come. */
struct share {
    struct share *next;
    uid_t uid;
    size_t clients;   /* that point here */
    size_t connected; /* ... and are there still */
    size_t readers;
    bool asked;    /* the namer */
    uint64_t turn; /* when one of them had theirs: the lower, the longer ago */
};

struct client {
    struct client *next, *before;
    struct control *control;
    struct share *share;
    int fd; /* -1 once it is gone, while its orders are still to be carried out */
    enum client_stage stage;
    uint32_t watched; /* epoll's events */
    struct mono deadline;
    struct caller caller;
    char *text; /* its request, until it is known who asks */
    size_t text_len;
    json_t *request;
    struct answer answer;
    struct query *query;
    struct store *reader;
    struct mono begun;        /* the query */
    uint64_t tried;           /* the serving in which it could not be begun */
    struct orders orders;     /* openhost, openfw */
    struct identity identity; /* openhost: the login that it belongs to */
    bool opened;              /* openhost: the host they come from has been open */
    bool closing;             /* openhost --close: what it closes is being closed */
    bool logged_out;          /* openhost: its login has ended */
    bool alive;               /* openhost: heard of since it was refreshed last */
    unsigned asks;            /* openhost: in this period */
    bool opening, refused;    /* openfw: what is wanted; some hosts could not be had */
};

struct control {
    struct control_setup setup;
    const struct conf *conf;
    int epoll;
    struct client *first;
    struct share *shares;
    size_t count, readers;
    uint64_t servings, turns;
    bool asking;  /* somebody may be ASKED who was not tried in this serving */
    bool waiting; /* somebody was, and has to be tried again */
    /* Work is paid for with rest: at this moment all of it will be. */
    struct mono paid;
    struct span spent;     /* ... and not yet added to that */
    struct mono began;     /* what is going on: the writing of orders, the run behind it */
    bool trusted;          /* ... for operators alone */
    bool ran;              /* a run followed, whose time counts as well */
    bool orders_due;       /* somebody's orders have to be written */
    bool locked;           /* they could not be, the last time */
    bool balances_changed; /* since the last run */
    struct trouble writing;
    char buffer[PACKET_REQUEST_MAX];
};

/* control.c */
/* Ends the answer, and after it the client. `about` as in answer_end(). */
void client_end(struct client *c, enum reason why, json_t *about);
/* Sends what can be sent, and listens for what is still wanted. */
void client_flush(struct client *c);
/* The descriptor is closed; the orders stay until they are carried out. */
void client_hang_up(struct client *c);

/* control_share.c */
/* The share of this uid, which is made if there is none; NULL without memory. */
struct share *share_of(struct control *control, uid_t uid);
/* Frees those that nothing points to. */
void share_sweep(struct control *control);
/* Whether one more connection of this uid is taken in. */
bool share_has_room(const struct control *control, uid_t uid);
/* The client whose turn it is to begin; NULL: none, or none that was not tried in this serving. */
struct client *share_next(struct control *control);
/* Asks for the client's name. */
void share_ask_name(struct client *c);
/* Takes one answer of the namer, for all who wait for it. False if there was none. */
bool share_hear_name(struct control *control);

/* control_request.c */
/* Begins what the client asks for; it has a name. */
void client_begin(struct client *c);
/* A piece of a query. */
void client_read_on(struct client *c);
/* Ends the query, if there is one. */
void client_end_query(struct client *c);

/* control_host.c: openhost */
/* Sets `identity`: where the caller has logged in from. False: that cannot be said, and they are
 * told. */
bool client_find_identity(struct client *c, const char *terminal);
void client_begin_openhost(struct client *c);
/* Whether the message takes back a request that was not begun yet. */
bool client_takes_back(const struct client *c, const json_t *message);
/* Something has come from the client, or (NULL) nothing will come any more. */
void client_hear_openhost(struct client *c, json_t *message);
/* A run has ended. */
void client_follow_openhost(struct client *c, bool tick);

/* control_rooms.c: openfw */
void client_begin_openfw(struct client *c);
void client_follow_openfw(struct client *c);
/* The client is gone: what is not written yet will not be. */
void client_cancel_openfw(struct client *c);

/* control_change.c */
/* Whether it is the name of a command that changes balances. */
bool control_changes(const char *command);
void client_begin_change(struct client *c);

#endif
