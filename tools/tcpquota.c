/* tcpquota(1): quotas, for those who have one and for those who give them. */
#include "tcpquota.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

int main(int argc, char **argv)
{
    struct tcpquota t = {.program.name = "tcpquota"};
    struct arguments *a = &t.arguments;
    int code;

    program_keep_descriptors();
    program_speak("tcpquota", "-c", argc, argv);
    code = program_check_words("tcpquota", argc, argv);
    if (!code)
        code = arguments_parse(a, argc, argv);
    if (code)
        return code;
    if (a->version)
        return program_print_version("tcpquota");
    if (a->help) {
        command_print_help();
        return program_flush("tcpquota", 0);
    }
    code = program_start(&t.program, "tcpquota", a->config);
    if (code)
        return code;
    t.program.json = a->json;
    code = a->command->run(&t);
    /* What was changed was changed, though nobody has read it: a script that tries again on a
     * failure would do it twice. */
    if (program_flush("tcpquota", code) != code && !(a->command->options & OPTION_REASON))
        code = EX_IOERR;
    program_end(&t.program);
    return code;
}
