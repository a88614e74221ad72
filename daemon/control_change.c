/* The commands that change balances, for administrators: carried out as they come. */
#include "control_state.h"

#include "change.h"

#include <errno.h>

bool control_changes(const char *command)
{
    return change_knows(command);
}

void client_begin_change(struct client *c)
{
    struct control *control = c->control;
    int err = change_run(control->setup.store, control->conf, &c->caller, c->request, &c->answer);

    if (err == -EBUSY) { /* asked again in a moment */
        control->locked = true;
        return;
    }
    if (err > 0) {
        control->balances_changed = true;
        pass_rows_changed(control->setup.pass);
    }
    client_end(c, REASON_MEMORY, NULL); /* the answer has an end, unless there was no room for it */
}
