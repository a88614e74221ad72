/* abuse_texts: what abuse says to the daemon: texts that it does not take. */
#ifndef TCPQUOTA_ABUSE_TEXTS_H
#define TCPQUOTA_ABUSE_TEXTS_H

#include <stddef.h>

#define LONGEST 200000 /* bytes */

/* As long as they are to be: the head, as often as it fits the body, the tail. */
struct shape {
    const char *head, *body, *tail;
};

static const struct shape shapes[] = {
    {"", "[", ""},
    {"", "{\"a\":", ""},
    {"[", "[],", "[]]"},
    {"[", "{},", "{}]"},
    {"{\"command\": [", "0,", "0]}"},
    {"{\"command\": [", "[],", "[]]}"},
    {"{\"command\": [", "{},", "{}]}"},
    {"{\"command\": \"", "x", "\"}"},
    {"{\"command\": \"show\", \"user\": \"", "\\ud83d\\ude00", "\"}"},
    {"{\"command\": \"whence\", \"terminal\": \"", "../", "\"}"},
    {"{\"command\": \"show\", \"user\": ", "9", "}"},
    {"{\"command\": \"take\", \"user\": \"alice\", \"points\": 1e", "9", "}"},
    {"{\"command\": \"ping\"", " ", "}"},
    {"{\"command\": \"ping\", \"\": \"", "\xc3\xa4", "\"}"},
    {"\xef\xbb\xbf", "{\"command\": \"ping\"}", ""},
    {"{", "\"command\": \"ping\", ", "\"command\": \"ping\"}"},
    {"", "\xff\xfe", ""},
    {"{\"command\": \"pi\\u0000", "ng", "\"}"},
};

static const char *const wrong_requests[] = {
    "{}",
    "[]",
    "null",
    "\"ping\"",
    "0",
    "{\"command\": null}",
    "{\"command\": 1}",
    "{\"command\": [\"ping\"]}",
    "{\"command\": {\"command\": \"ping\"}}",
    "{\"command\": \"\"}",
    "{\"command\": \"PING\"}",
    "{\"command\": \"exit\"}",
    "{\"ask\": \"status\"}",
    "{\"command\": \"openhost\", \"user\": \"alice\"}",
    "{\"command\": \"openhost\", \"host\": \"10.99.0.2\"}",
    "{\"command\": \"openhost\", \"close\": \"yes\"}",
    "{\"command\": \"openhost\", \"close\": true, \"user\": \"alice\"}",
    "{\"command\": \"openhost\", \"terminal\": 3}",
    "{\"command\": \"openhost\", \"terminal\": \"../../etc/shadow\"}",
    "{\"command\": \"openhost\", \"terminal\": \"/dev/../dev/pts/0\"}",
    "{\"command\": \"openhost\", \"terminal\": \"\\u001b]0;x\\u0007\\r\\n\"}",
    "{\"command\": \"openhost\", \"terminal\": \"pts/0 ' OR '1\"}",
    "{\"command\": \"whence\", \"terminal\": []}",
    "{\"command\": \"whence\", \"terminal\": \"../pts/0\"}",
    "{\"command\": \"whence\", \"user\": \"alice\"}",
    "{\"command\": \"show\", \"user\": \"alice\"}",
    "{\"command\": \"show\", \"user\": \"a' OR '1\"}",
    "{\"command\": \"show\", \"user\": \"%\"}",
    "{\"command\": \"show\", \"user\": \"\"}",
    "{\"command\": \"show\", \"user\": null}",
    "{\"command\": \"show\", \"user\": 0}",
    "{\"command\": \"show\", \"user\": \"alice\\u0000\"}",
    "{\"command\": \"show\", \"user\": \"aaaaaaaaaabbbbbbbbbbccccccccccddd\"}",
    "{\"command\": \"show\", \"name\": \"alice\"}",
    "{\"command\": \"list\", \"user\": \"alice\"}",
    "{\"command\": \"allowed\"}",
    "{\"command\": \"allowed\", \"user\": \"alice\"}",
    "{\"command\": \"allowed\", \"user\": \"alice'; DROP TABLE allowed; --\"}",
    "{\"command\": \"hosts\", \"user\": \"alice\"}",
    "{\"command\": \"top\", \"user\": \"alice\"}",
    "{\"command\": \"why\", \"host\": \"10.99.0.1' OR '1\"}",
    "{\"command\": \"why\", \"host\": 1}",
    "{\"command\": \"log\", \"user\": \"alice\"}",
    "{\"command\": \"log\", \"count\": -1}",
    "{\"command\": \"log\", \"last\": 1e300}",
    "{\"command\": \"openfw-log\", \"user\": \"alice\"}",
    "{\"command\": \"sessions\", \"user\": \"alice\"}",
    "{\"command\": \"usage\", \"user\": \"alice\"}",
    "{\"command\": \"usage\", \"from\": {}}",
    "{\"command\": \"audit\", \"user\": \"alice\"}",
    "{\"command\": \"audit\"}",
    "{\"command\": \"openfw\"}",
    "{\"command\": \"openfw\", \"way\": \"open\", \"hosts\": [{\"host\": \"10.99.0.3\"}]}",
    "{\"command\": \"openfw\", \"way\": \"force\", \"hosts\": [{\"host\": \"10.99.0.2\"}]}",
    "{\"command\": \"openfw\", \"way\": \"open\", \"hosts\": 7}",
    "{\"command\": \"groups\", \"user\": \"alice\", \"x\": [[]]",
};

/* Of the commands that change something, each with these. */
static const char *const changes[] = {"allow",  "deny",       "add",        "take",  "set",
                                      "delete", "end-period", "new-period", "prune", "import"};

static const char *const change_terms[] = {
    "",
    ", \"user\": \"alice\"",
    ", \"user\": \"alice\", \"points\": 60",
    ", \"user\": \"alice\", \"points\": 60, \"reason\": \"mine\"",
    ", \"user\": \"alice\", \"points\": \"60\"",
    ", \"user\": \"alice\", \"points\": 1.5",
    ", \"user\": \"alice\", \"points\": 99999999999999999999",
    ", \"user\": \"alice\", \"points\": -9223372036854775808",
    ", \"user\": [\"alice\"]",
    ", \"user\": \"x' OR '1\", \"reason\": \"' OR '1\"",
};

/* Of `short`, and sizes of `huge`. */
static const char *const short_texts[] = {"",
                                          "{",
                                          "{\"command\": \"pi",
                                          "{\"command\": \"ping\"}",
                                          "{\"command\": \"list\"}",
                                          "{\"command\": \"openhost\"}"};

static const size_t sizes[] = {1, 2, 100, 4096, 4097, 32768, 65535, 65536, 65537, 100000, LONGEST};

#endif
