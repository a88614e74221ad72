/* The commands of tcpquota(1). */
#include "tcpquota.h"

#include <string.h>

static const struct command commands[] = {
    {"", "", N_("one's own balance"), 0, 0, OPTION_JSON, false, show_run},
    {"show", "[USER]", N_("a balance, and the hosts it is used on"), 0, 1, OPTION_JSON, false,
     show_run},
    {"list", "", N_("all balances"), 0, 0, OPTION_JSON, false, list_run_users},
    {"allowed", "USER", N_("whether the user may use the link at all"), 1, 1, OPTION_JSON, false,
     show_run_allowed},
    {"hosts", "", N_("the hosts that are open, or about to be"), 0, 0, OPTION_JSON, false,
     list_run_hosts},
    {"why", "USER|HOST", N_("why it may be open now, or may not"), 1, 1, OPTION_JSON, false,
     show_run_why},
    {"log", "[USER]", N_("who changed balances"), 0, 1, OPTION_JSON, false, list_run_log},
    {"openfw-log", "[USER]", N_("what openfw has opened and closed"), 0, 1, OPTION_JSON, false,
     list_run_openfw_log},
    {"sessions", "[USER]", N_("when hosts were open"), 0, 1, OPTION_JSON, false, list_run_sessions},
    {"period", "[list|new]", N_("accounting periods; begin a new one, --yes: without asking"), 0, 1,
     OPTION_JSON | OPTION_YES, false, change_run_period},
    {"usage", "[USER] [--from DATE] [--to DATE] [--by hour|day|month]",
     N_("what was used, and when"), 0, 1, OPTION_JSON | OPTION_SPAN, false, list_run_usage},
    {"audit", "", N_("whether balances, log and use add up"), 0, 0, OPTION_JSON, false,
     list_run_audit},
    {"top", "", N_("who is charged now; q ends it"), 0, 0, OPTION_JSON, false, top_run},
    {"connections", "", N_("who talks to where (root)"), 0, 0, OPTION_JSON, false, connections_run},
    {"allow", "USER [--new]", N_("let a user in"), 1, 1, OPTION_JSON | OPTION_REASON | OPTION_NEW,
     false, change_run_user},
    {"add", "USER AMOUNT [--new]", N_("add to a balance"), 2, 2,
     OPTION_JSON | OPTION_REASON | OPTION_NEW, false, change_run_user},
    {"take", "USER AMOUNT --reason TEXT", N_("take from a balance"), 2, 2,
     OPTION_JSON | OPTION_REASON, false, change_run_user},
    {"set", "USER AMOUNT [--new]", N_("set a balance"), 2, 2,
     OPTION_JSON | OPTION_REASON | OPTION_NEW, false, change_run_user},
    {"deny", "USER --reason TEXT", N_("let a user in no more"), 1, 1, OPTION_JSON | OPTION_REASON,
     false, change_run_user},
    {"delete", "USER --reason TEXT", N_("forget a user"), 1, 1, OPTION_JSON | OPTION_REASON, false,
     change_run_user},
    {"backup", "FILE", N_("copy the database (root)"), 1, 1, 0, false, root_run_backup},
    {"check", "", N_("configuration, database, firewall, daemon"), 0, 0, 0, false, check_run},
    {"sql", "[ARGUMENT ...]", N_("sqlite3 on the database (root)"), 0, 0, 0, true, root_run_sql},
    {"prune", "--before DATE", N_("forget use and sessions before that (root)"), 0, 0,
     OPTION_BEFORE, false, root_run_prune},
    {"import", "FILE", N_("take balances over from a dump (root)"), 1, 1, 0, false,
     root_run_import},
    {"rules", "WHAT [FILE|ADDRESS] [--service NAME]",
     N_("import FILE, list, why ADDRESS: whom tcpquota-server(8) accepts (root)"), 1, 2,
     OPTION_JSON | OPTION_SERVICE, false, rules_run},
};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

void command_print_help(void)
{
    char line[64];

    puts(_("usage: tcpquota [--config FILE] [--json] [COMMAND ...]\n"
           "Without a command: your own balance.\n"));
    for (size_t i = 1; i < sizeof commands / sizeof *commands; i++) {
        snprintf(line, sizeof line, "%s %s", commands[i].name, commands[i].form);
        printf(strlen(line) > 26 ? "  %s\n%30s" : "  %-26s  %s", line,
               strlen(line) > 26 ? "" : _(commands[i].summary));
        puts(strlen(line) > 26 ? _(commands[i].summary) : "");
    }
    puts(_("\n  -c, --config FILE  the configuration, for where tcpquotad is\n"
           "      --json         one JSON object, for scripts\n"
           "      --reason TEXT  why a balance is changed, for the log\n"
           "      --new          take a name that is no user of this system\n"
           "  -h, --help, -V, --version\n"
           "AMOUNT is points (3600), time (90m, 2h) or money (20SEK); DATE is 2026-11-21 or\n"
           "2026-11-21T09:00, local time."));
}
