/*
 * text: what programs say to people, in the language of the configuration: gettext(3) with the
 * catalogues of po/. The words of the program itself, log lines and JSON, are never translated.
 */
#ifndef TCPQUOTA_TEXT_H
#define TCPQUOTA_TEXT_H

#include "conf.h"
#include "reason.h"

#include <jansson.h>
#include <libintl.h>

#define _(sentence) gettext(sentence)
#define N_(sentence) (sentence)

/*
 * Sets the language of this process, whatever the environment says. Catalogues are looked for in
 * `locale` beside the program, as in the build folder, in `../share/locale` from there, wherever it
 * was installed to, and in LOCALEDIR; what is in none of them is said in English. Not to be called
 * while another thread runs: it sets LANGUAGE in the environment.
 */
void text_set_language(enum conf_language language);
/* The word that names files of this language: `english`, `svenska`. */
const char *text_language_word(enum conf_language language);
/*
 * The sentence with every `{name}` in it replaced by the member of that name of `facts`; a string
 * or an integer. What is not there becomes `?`. Control characters become `?`, too: what another
 * user has called themselves does not reach the terminal raw. Cut at `size`, which is not 0, before
 * the character that does not fit as a whole. Returns `out`.
 */
const char *text_fill(const char *sentence, const json_t *facts, char *out, size_t size);
/* Room for a filled sentence. */
#define TEXT_LEN 512
/* What an errno means, as strerror(3) has it; in the language of the process where it is one that a
 * program meets on its way to the daemon, whatever this machine has of libc's translations. */
const char *text_error(int number);
/* The sentence for the member `why` of a line of the daemon, translated and filled; what the daemon
 * says in its members `detail` and `terminal` is translated, too. */
const char *text_why(const json_t *line, char out[TEXT_LEN]);

#endif
