/* What a request asks for, and the queries: readings in pieces, each with a store of its own. */
#include "control_state.h"

#include "log.h"

#include <errno.h>
#include <string.h>

static const char *command_of(const struct client *c)
{
    const char *command = json_string_value(json_object_get(c->request, "command"));

    return command ? command : "";
}

static struct pace pace_of(void *context, const struct user_name *user)
{
    return pass_pace(context, user);
}

static int64_t local_use_of(void *context, const struct user_name *user)
{
    return pass_local_use(context, user);
}

void client_end_query(struct client *c)
{
    if (!c->query)
        return;
    query_free(c->query);
    store_close(c->reader);
    c->query = NULL;
    c->reader = NULL;
    c->control->readers--;
    c->share->readers--;
}

static bool has_passed(struct mono at, int64_t seconds)
{
    return mono_add(at, span_seconds(seconds)).ns <= mono_now().ns;
}

/* Whether its answer is not taken, or has been taken for long enough. */
static bool may_go(const struct client *c)
{
    struct mono taken = mono_add(c->deadline, span_seconds(-CONTROL_ANSWER_S));

    return c->query &&
           (has_passed(taken, CONTROL_STALL_S) || has_passed(c->begun, CONTROL_QUERY_S));
}

/* Room for one more query. The one that goes was begun the longest ago. */
static bool make_room(struct control *control)
{
    struct client *first = NULL;

    if (control->readers < CONTROL_READERS_MAX)
        return true;
    for (struct client *c = control->first; c; c = c->next) {
        if (may_go(c) && (!first || c->begun.ns < first->begun.ns))
            first = c;
    }
    if (first)
        client_end(first, REASON_SLOW, NULL);
    return first != NULL;
}

static void begin_query(struct client *c)
{
    struct control *control = c->control;
    struct query_terms terms = {.conf = control->conf,
                                .topology = pass_topology(control->setup.pass),
                                .caller = c->caller,
                                .now = wall_now(),
                                .pace_of = pace_of,
                                .local_use_of = local_use_of,
                                .context = control->setup.pass};
    int err;

    if (c->share->readers >= CONTROL_READERS_OF_UID || !make_room(control))
        return;
    err = store_open(&c->reader, control->setup.database, STORE_READER);
    if (!err)
        c->query = query_new(c->reader, &terms, command_of(c), c->request, &c->answer);
    if (c->query) {
        control->readers++;
        c->share->readers++;
        c->begun = mono_now();
        c->stage = CLIENT_READS;
        client_read_on(c);
        return;
    }
    if (err && err != -EBUSY)
        client_end(c, REASON_DATABASE, json_pack("{s:s}", "detail", store_error(c->reader)));
    else if (!err)
        client_end(c, REASON_MEMORY, NULL);
    store_close(c->reader);
    c->reader = NULL;
}

void client_read_on(struct client *c)
{
    struct mono until = mono_add(mono_now(), (struct span){CONTROL_READ_US * INT64_C(1000)});
    bool more = true;

    if (has_passed(c->begun, CONTROL_QUERY_MAX_S)) {
        client_end(c, REASON_SLOW, NULL);
        return;
    }
    /* What passes over many rows adds nothing to the answer for a long time. */
    while (more && answer_waiting(&c->answer) < PACKET_ANSWER_MAX && mono_now().ns < until.ns)
        more = query_step(c->query, &c->answer);
    if (more) {
        if (answer_waiting(&c->answer) == 0) /* it is us who are slow */
            c->deadline = mono_add(mono_now(), span_seconds(CONTROL_ANSWER_S));
        client_flush(c);
        return;
    }
    client_end(c, REASON_MEMORY, NULL); /* the answer has an end, unless there was no room for it */
}

/* Where the caller comes from: their own host, for a program that wants to know its group. */
static void answer_whence(struct client *c)
{
    const char *terminal = "";
    char host[ADDR_TEXT_LEN];
    json_error_t error;

    if (json_unpack_ex(c->request, &error, JSON_STRICT, "{s:s, s?:s}", "command",
                       &(const char *){0}, "terminal", &terminal) != 0) {
        client_end(c, REASON_REQUEST, json_pack("{s:s}", "detail", error.text));
        return;
    }
    if (!client_find_identity(c, terminal))
        return;
    answer_row(&c->answer, json_pack("{s:s}", "host", addr_format(&c->identity.host, host)));
    client_end(c, REASON_OK, NULL);
}

static json_t *localnet_of(const struct conf *conf)
{
    json_t *nets = json_array();
    char text[PREFIX_TEXT_LEN];

    for (size_t i = 0; i < conf->localnet.count; i++)
        json_array_append_new(nets, json_string(prefix_format(&conf->localnet.prefixes[i], text)));
    return nets;
}

/* The groups of hosts, for who opens them. */
static void answer_groups(struct client *c)
{
    const struct conf *conf = c->control->conf;

    for (size_t i = 0; i < conf->group_count; i++) {
        json_t *hosts = json_array();

        for (size_t k = 0; k < conf->groups[i].hosts.count; k++)
            json_array_append_new(hosts, answer_text(conf->groups[i].hosts.names[k]));
        answer_row(&c->answer, json_pack("{s:o, s:o}", "group", answer_text(conf->groups[i].name),
                                         "hosts", hosts));
    }
    answer_total(&c->answer, json_pack("{s:o}", "localnet", localnet_of(conf)));
    client_end(c, REASON_OK, NULL);
}

/* Makes the request of its text. False: the client has its answer. */
static bool understand(struct client *c)
{
    bool is_long = !c->caller.is_operator && c->text_len > CONTROL_PLAIN_MAX;
    json_error_t error = {.text = "it is too long"};

    if (c->request)
        return true;
    if (!is_long)
        c->request = json_loadb(c->text, c->text_len, JSON_REJECT_DUPLICATES, &error);
    free(c->text);
    c->text = NULL;
    if (json_is_object(c->request))
        return true;
    client_end(c, REASON_REQUEST,
               json_pack("{s:o}", "detail", answer_text(c->request ? "no object" : error.text)));
    return false;
}

void client_begin(struct client *c)
{
    const char *command = "";

    if (!understand(c))
        return;
    command = command_of(c);
    if (strcmp(command, "openhost") == 0)
        client_begin_openhost(c);
    else if (strcmp(command, "openfw") == 0)
        client_begin_openfw(c);
    else if (strcmp(command, "whence") == 0)
        answer_whence(c);
    else if (strcmp(command, "groups") == 0)
        answer_groups(c);
    else if (strcmp(command, "ping") == 0)
        client_end(c, REASON_OK, json_pack("{s:s}", "version", VERSION));
    else if (query_knows(command))
        begin_query(c);
    else if (control_changes(command))
        client_begin_change(c);
    else
        client_end(c, REASON_REQUEST, json_pack("{s:s}", "detail", "no such command"));
}
