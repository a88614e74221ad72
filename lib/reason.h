/*
 * reason: why something is refused, fails or is over, as the daemon tells it and the programs say
 * it. On the socket a reason is a word; the sentence for a person is the program's, in their
 * language. Pure.
 */
#ifndef TCPQUOTA_REASON_H
#define TCPQUOTA_REASON_H

/* X(NAME, word, exit code, sentence). In a sentence `{user}` stands for the member of that name of
 * the object that tells of it. Exit codes: sysexits(3). */
#define REASONS(X)                                                                                 \
    X(OK, "ok", 0, "yes")                                                                          \
    X(FREE, "free", 0, "{user} is never cut off")                                                  \
    X(ALREADY, "already", 0, "{user} is allowed already")                                          \
    X(NO, "no", 1, "{user} is not allowed to use the link")                                        \
    /* who you are, and where you are */                                                           \
    X(ROOT, "root", 77, "root needs no quota: this is for users")                                  \
    X(CONSOLE, "console", 77, "you sit at the gateway itself: there is no machine to open")        \
    X(ANOTHERS, "anothers", 77,                                                                    \
      "somebody else has logged in on this terminal: after su or sudo nothing is opened")          \
    X(NO_LOGIN, "no-login", 77, "no login of yours from a machine is recorded")                    \
    X(BY_NAME, "by-name", 77, "your login is recorded with a name only, not with an address")      \
    X(SERVICE, "service", 77, "your login did not come by ssh or login")                           \
    X(MANY, "many", 77,                                                                            \
      "you are logged in from several machines: do this on one of their terminals")                \
    X(NOBODY, "nobody", 77, "uid {uid} has no name")                                               \
    X(NOT_PERMITTED, "not-permitted", 77, "you may not do that")                                   \
    /* may this user have this host open, the words of `tcpquota why` */                           \
    X(NOT_ALLOWED, "not-allowed", 77, "{user} is not allowed to use the link")                     \
    X(NO_QUOTA, "no-quota", 1, "{user} has no quota left")                                         \
    X(HOURS, "hours", 1, "it is outside the hours of free use")                                    \
    X(UNTIL, "until", 1, "the time it was opened for is over")                                     \
    X(NOT_LOCAL, "not-local", 77, "{host} is not in the local network")                            \
    X(OWN_ADDRESS, "own-address", 77, "{host} is the gateway itself")                              \
    X(IN_USE, "in-use", 1, "{host} is open already for {holder}")                                  \
    X(HERE_ALREADY, "here-already", 1, "{host} is open already, by you, on {terminal}")            \
    X(NO_ADDRESS, "no-address", 65, "{host} is no address")                                        \
    X(LINK_DOWN, "link-down", 1, "the link is down")                                               \
    X(MAY_NOT, "may-not", 1, "no: {rule}")                                                         \
    /* why a host was closed, the causes of session.cause */                                       \
    X(USER, "user", 0, "closed")                                                                   \
    X(QUOTA, "quota", 1, "your quota is used up")                                                  \
    X(DENIED, "denied", 1, "you are not allowed to use the link any more")                         \
    X(IDLE, "idle", 1, "nothing was heard of this program for too long")                           \
    X(MOVED, "moved", 1, "the address {host} is now another machine's")                            \
    X(ADMIN, "admin", 1, "an administrator has closed it")                                         \
    X(EXIT, "exit", 69, "tcpquotad has ended")                                                     \
    X(RESTART, "restart", 69, "tcpquotad is being started again")                                  \
    X(LOGOUT, "logout", 1, "your login has ended")                                                 \
    X(NOT_OPEN, "not-open", 1, "nothing is open for you from here")                                \
    X(SOME, "some", 1, "not every host was opened")                                                \
    X(NO_HOSTS, "no-hosts", 1, "not every address is that of a host")                              \
    /* requests */                                                                                 \
    X(REQUEST, "request", 65, "tcpquotad does not understand the request: {detail}")               \
    X(TOO_MANY, "too-many", 69, "too many requests at once")                                       \
    X(SLOW, "slow", 69, "it took too long")                                                        \
    X(NO_ANSWER, "no-answer", 69, "tcpquotad does not answer: {detail}")                           \
    X(NAMES, "names", 69, "it cannot be found out now who you are")                                \
    X(BUSY, "busy", 74, "the database is locked")                                                  \
    X(DATABASE, "database", 74, "the database cannot be used: {detail}")                           \
    X(MEMORY, "memory", 71, "out of memory")                                                       \
    X(NO_NAME, "no-name", 65,                                                                      \
      "`{user}' is no name of a user: 1 to 32 bytes, without control characters")                  \
    X(NO_USER, "no-user", 1, "there is no {user}")                                                 \
    X(NEW_USER, "new-user", 1,                                                                     \
      "{user} is no user of this system: --new takes the name all the same")                       \
    X(NO_REASON, "no-reason", 64, "say why, with --reason")                                        \
    X(RANGE, "range", 65, "the balance of {user} would be out of range")                           \
    X(WRONG, "wrong", 1, "the audit does not hold for {wrong} of {users} users")

enum reason {
#define REASON_ID(id, word, code, sentence) REASON_##id,
    REASONS(REASON_ID)
#undef REASON_ID
        REASON_COUNT
};

const char *reason_word(enum reason r);
/* The reason of that word; REASON_COUNT if there is none. */
enum reason reason_parse(const char *word);
/* The exit code of a program that ends because of it. */
int reason_code(enum reason r);
/* The sentence, in English: the key of its translation. */
const char *reason_sentence(enum reason r);

#endif
