#!/bin/sh
# What is said to people, in both languages: whether the catalogue is whole, whether every sentence
# is in it, and which language the programs speak.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/login.sh"
for tool in xgettext msgfmt msgcmp python3 perl; do
    command -v $tool >/dev/null || { echo "1..0 # SKIP needs $tool"; exit 0; }
done

po=$TOP/po/sv.po
pot=$TRASH/tcpquota.pot

# The catalogue.
ok "the sentences are found" sh -c "sh '$TOP/po/extract' >'$pot'"
holds() { grep -qF -- "$1" "$pot"; }
ok "those of the tools" holds 'Enter or q closes it'
ok "those of lib/reason.h" holds '{user} has no quota left'
ok "those that the daemon says" holds 'points out of range'
ok "and nothing else" not holds 'no-quota'
complete() { msgcmp "$1" "$pot"; }
ok "every sentence is translated, and none is fuzzy" complete "$po"
sed 's/^msgstr "din kvot är slut"/msgstr ""/' "$po" >"$TRASH/missing.po"
ok "one that is missing would be seen" not complete "$TRASH/missing.po"
sed 's/^msgid "your quota is used up"/#, fuzzy\n&/' "$po" >"$TRASH/fuzzy.po"
ok "and one that is fuzzy" not complete "$TRASH/fuzzy.po"
sed '/^msgid "your quota is used up"/,/^$/d' "$po" >"$TRASH/gone.po"
ok "and one that is not there" not complete "$TRASH/gone.po"
is "none is left that nobody says any more" "$(grep -c '^#~' "$po")" 0
merged() { msgmerge --quiet "$po" "$pot" -o "$TRASH/merged.po" && cmp "$po" "$TRASH/merged.po"; }
ok "make po has nothing to do" merged
formats() { msgfmt --check-format --check-domain -o "$TRASH/checked.mo" "$1"; }
ok "the formats are the same" formats "$po"
sed 's/^msgstr "Använt %s, debiterat %s (%s)"/msgstr "Använt %s, debiterat %d (%s)"/' "$po" >"$TRASH/format.po"
ok "one that is not would be seen" not formats "$TRASH/format.po"
# alike FILE: what is `{so}` is in both; what ends a line ends it in both, and no line is too long
alike() {
    msgfmt -o "$TRASH/alike.mo" "$1" && python3 - "$TRASH/alike.mo" <<'PY'
import gettext, re, sys
wrong = 0
with open(sys.argv[1], 'rb') as f:
    catalogue = gettext.GNUTranslations(f)._catalog
for sentence, said in catalogue.items():
    places = [sorted(re.findall(r'\{\w*\}', text)) for text in (sentence, said)]
    faults = [fault for fault, is_so in (
        ('placeholders', places[0] != places[1]),
        ('blanks or lines at the end', re.search(r'\s*$', sentence)[0] != re.search(r'\s*$', said)[0]),
        ('a full stop', sentence.rstrip().endswith('.') != said.rstrip().endswith('.')),
        ('lines too long', any(len(line) > 90 for line in said.split('\n')) and '\n' in said),
        ('no room', len(said.encode()) > 400 and '{' in said)) if is_so and sentence]
    for fault in faults:
        print('%s: %r' % (fault, sentence))
        wrong += 1
print(len(catalogue), 'sentences')
sys.exit(wrong > 0 or len(catalogue) < 100)
PY
}
ok "so are the names that are filled in" alike "$po"
sed 's/^msgstr "{user} har ingen kvot kvar"/msgstr "{användare} har ingen kvot kvar"/' "$po" >"$TRASH/names.po"
ok "one that is not would be seen" not alike "$TRASH/names.po"

# Sentences that nobody marked: two words in a row in a literal that is in no _().
# unmarked FILE...: those literals
unmarked() {
    rm -rf "$TRASH/bare"
    mkdir "$TRASH/bare"
    for file; do
        perl -0pe 's/\bN?_\((?:\s*"(?:[^"\\]|\\.)*")+\s*\)/0/g' "$file" >"$TRASH/bare/$(basename "$file")"
    done
    xgettext --extract-all --omit-header --no-location --no-wrap --language=C --from-code=UTF-8 \
        --output=- "$TRASH"/bare/*.c 2>"$TRASH/complained" | sed -n 's/^\(msgid \)\{0,1\}"\(.*\)"$/\2/p' |
        grep -E '^[[:alpha:]].* |[[:alpha:]]{2,} [[:alpha:]]{2,}' | grep -vxFf "$TRASH/exceptions"
}
# Commands with their arguments, which are typed as they stand; frames; a verdict for scripts.
cat >"$TRASH/exceptions" <<'LIST'
USER AMOUNT [--new]
USER AMOUNT --reason TEXT
USER AMOUNT
USER --reason TEXT
USER [--new]
[USER] [--from DATE] [--to DATE] [--by hour|day|month]
--before DATE
period new
WHAT [FILE|ADDRESS] [--service NAME]
tcpquota  %.19s  %s
openhost: %s\n
openhost: %s: %s\n
openfw: %s: %s\n
tcpquota: %s: %s\n
{host}: may not: {rule}
{name}: may not: {rule}
LIST
cat >"$TRASH/sample.c" <<'CODE'
int main(void)
{
    puts(_("marked: it is fine"
           " and goes on"));
    openhost_say(o, "not marked");
    printf("%s is neither\n", N_("also marked"));
}
CODE
is "a literal that is not marked would be seen" "$(unmarked "$TRASH/sample.c")" 'not marked
%s is neither\n'
is "none is in the tools" "$(unmarked "$TOP"/tools/*.c)" ''

# Which language is spoken. A configuration a language, beside no daemon.
language() {
    {
        echo "LOCALNET=10.99.0.0/16 fd99::/64"
        echo "SOCKET=$TRASH/none/ctl"
        [ -z "$1" ] || echo "LANGUAGE=$1"
    } >"$TRASH/$1.cf"
    chmod 644 "$TRASH/$1.cf"
}
for word in svenska english ''; do language "$word"; done
# says TEXT PROGRAM ARGUMENT...: the first line of what it prints is that
says() {
    expected=$1
    shift
    same "$("$@" 2>&1 </dev/null | head -1)" "$expected"
}
svenska='tcpquotad svarar inte: filen eller katalogen finns inte'
english='tcpquotad does not answer: No such file or directory'
for program in openhost openfw; do
    run="$BUILD/$program --config"
    ok "$program speaks English" says "$program: $english" $run "$TRASH/english.cf"
    ok "unless it is told otherwise" says "$program: $english" $run "$TRASH/.cf"
    ok "and Swedish" says "$program: $svenska" $run "$TRASH/svenska.cf"
done
for program in openhost openfw tcpquota; do
    run="$BUILD/$program --config"
    begins() { "$@" | head -1 | grep -q "^$word: $program "; }
    for words in english:usage svenska:användning; do
        word=${words#*:}
        ok "$program --help is ${words%:*}" begins $run "$TRASH/${words%:*}.cf" --help
        ok "wherever --config stands" begins "$BUILD/$program" --help --config="$TRASH/${words%:*}.cf"
    done
    word=usage
    ok "without a configuration it is English" begins $run "$TRASH/nowhere.cf" --help
    ok "what is not understood is told in Swedish" same "$($run "$TRASH/svenska.cf" --nonsense 2>&1 | grep -cE "^$program: --nonsense: (den flaggan finns inte|går inte att förstå, se tcpquota --help)$")" 1
done
tool="$BUILD/tcpquota -c"
ok "-c, too" says 'tcpquota: nonsense: inget sådant kommando, se tcpquota --help' $tool "$TRASH/svenska.cf" nonsense
ok "-cFILE" says 'tcpquota: nonsense: inget sådant kommando, se tcpquota --help' $tool"$TRASH/svenska.cf" nonsense
# The language is that of the configuration, whatever the environment says.
run="$BUILD/openhost --config"
for environment in '-i' 'LANG=sv_SE.UTF-8' 'LANG=C' 'LC_ALL=C' 'LC_ALL=POSIX' 'LC_ALL=C.UTF-8' 'LANGUAGE=sv' 'LANGUAGE=en' \
    'LANGUAGE=de LANG=de_DE.UTF-8' 'LC_ALL=sv_SE LANGUAGE=sv:en' 'LC_MESSAGES=C LANG=' 'OUTPUT_CHARSET=ISO-8859-1' 'TEXTDOMAIN=none NLSPATH=/'; do
    # shellcheck disable=SC2086
    ok "english with $environment" says "openhost: $english" env $environment $run "$TRASH/english.cf"
    # shellcheck disable=SC2086
    ok "svenska with $environment" says "openhost: $svenska" env $environment $run "$TRASH/svenska.cf"
done

# Where the catalogue is found. The folders that other programs use are ours, and empty.
localedir=$(grep -aoE '/[[:alnum:]/._-]*/share/locale' "$BUILD/openhost" | head -1)
ok "there is a folder of catalogues" test -n "$localedir"
share=${localedir%/locale}
mkdir -p "$TRASH/usr/bin" "$TRASH/usr/share/locale/sv/LC_MESSAGES" "$TRASH/alone"
cp "$BUILD/openhost" "$TRASH/usr/bin"
cp "$BUILD/openhost" "$TRASH/alone"
moved() { says "openhost: $1" "$TRASH/$2/openhost" --config "$TRASH/svenska.cf"; }
if [ -d "$share" ] && mount -t tmpfs tmpfs "$share"; then
    ok "without a catalogue it is English" moved "$english" usr/bin
    catalogue=$BUILD/locale/sv/LC_MESSAGES/tcpquota.mo
    cp "$catalogue" "$TRASH/usr/share/locale/sv/LC_MESSAGES"
    ok "with one in ../share/locale it is Swedish" moved "$svenska" usr/bin
    cp /bin/true "$TRASH/usr/bin/locale"
    ok "beside a program called locale, too" moved "$svenska" usr/bin
    ok "what was moved away is English" moved "$english" alone
    mkdir -p "$localedir/sv/LC_MESSAGES"
    cp "$catalogue" "$localedir/sv/LC_MESSAGES"
    ok "unless there is one in PREFIX/share/locale" moved "$svenska" alone
    : >"$localedir/sv/LC_MESSAGES/tcpquota.mo"
    ok "a catalogue that is none does no harm" moved "$english" alone
    umount "$share"
fi
# This machine has no locale but the one that always is there; and not even that one.
run_svenska() { says "openhost: $1" $run "$TRASH/svenska.cf"; }
if [ -d /usr/lib/locale/C.utf8 ]; then
    mkdir "$TRASH/locale"
    cp -r /usr/lib/locale/C.utf8 "$TRASH/locale"
    mount --bind "$TRASH/locale" /usr/lib/locale
    is "no locale is installed" "$(locale -a | sort | tr '\n' ' ')" 'C C.utf8 POSIX '
    ok "it speaks Swedish all the same" run_svenska "$svenska"
    rm -r "$TRASH/locale/C.utf8"
    ok "and English without any" run_svenska "$english"
    umount /usr/lib/locale
fi

# What is the same in both: times, numbers, money; JSON, the log, the words of commands.
own_utmp
make_users
make_network
configure ADMINS=anna LANGUAGE=svenska
chmod 644 "$CONF"
sed 's/^LANGUAGE=.*/LANGUAGE=english/' "$CONF" >"$TRASH/plain.cf"
chmod 644 "$TRASH/plain.cf"
mkdir -p "$TRASH/bin"
cp -r "$BUILD/tcpquota" "$BUILD/locale" "$TRASH/bin"
# in_swedish USER ARGUMENT..., in_english USER ARGUMENT...
speak() {
    conf=$1 user=$2
    shift 2
    on_gate setpriv --reuid "$user" --regid "$user" --init-groups --reset-env \
        "$TRASH/bin/tcpquota" -c "$conf" "$@" 2>&1 </dev/null
}
in_swedish() { speak "$CONF" "$@"; }
in_english() { speak "$TRASH/plain.cf" "$@"; }
start_daemon
allow alice 3661
allow bob -100
db "INSERT INTO session (name, host, opened, closed, seconds, points, cause)
    VALUES ('alice', '10.99.0.2', '2026-11-21T09:00:00Z', '2026-11-21T10:30:00Z', 5400, 5400, 'idle')"
is "a balance in English" "$(in_english alice)" 'alice: 3661 points, 1:01:01, 6.10 SEK
nothing is charged now'
is "and in Swedish" "$(in_swedish alice)" 'alice: 3661 poäng, 1:01:01, 6.10 SEK
ingenting debiteras nu'
is "a table in Swedish" "$(in_swedish anna list)" 'namn   poäng   som tid  som pengar  tillåten  fri
alice   3661   1:01:01    6.10 SEK  ja        nej
bob     -100  -0:01:40   -0.17 SEK  ja        nej
positiva saldon: 3661 poäng, 1:01:01, 6.10 SEK
fria användare: 0 poäng, 0:00:00, 0.00 SEK'
figures() { grep -oE '[-0-9][-0-9:.]*( SEK)?'; }
for command in '' 'list' 'show alice' 'sessions' 'log' 'usage' 'hosts' 'period' 'audit'; do
    # shellcheck disable=SC2086
    is "the same figures: $command" "$(in_swedish anna $command | figures)" "$(in_english anna $command | figures)"
    # shellcheck disable=SC2086
    is "the same JSON: $command" "$(in_swedish anna $command --json)" "$(in_english anna $command --json)"
    # shellcheck disable=SC2086
    ok "but other words: $command" not same "$(in_swedish anna $command)" "$(in_english anna $command)"
done
is "causes are words of the table" "$(in_swedish anna sessions | awk 'NR == 2 {print $NF}')" idle
is "the verdict for scripts stays" "$(in_swedish anna why bob | head -1)" 'bob: may not: no-quota'
is "amounts are typed alike" "$(in_swedish anna add alice 1h | head -1)" 'alice: 7261 poäng, 2:01:01, 12.10 SEK'
is "actions are words of the table" "$(in_swedish anna log alice | awk '$3 == "anna" {print $4}')" add
is "an order in Swedish is none" "$(in_swedish anna lista)" 'tcpquota: lista: inget sådant kommando, se tcpquota --help'
is "an error in Swedish" "$(in_swedish alice show bob)" 'tcpquota: det får du inte göra'
is "what the daemon says of a request, too" "$(in_swedish anna show "$(printf %033d 0)")" "tcpquota: \`$(printf %033d 0)' är inget namn på en användare: 1 till 32 byte, utan styrtecken"
is "with the same exit code" "$(in_swedish alice show bob >/dev/null; echo $?)" "$(in_english alice show bob >/dev/null; echo $?)"
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
ok "the log is in English" within 5 logged 'notice open host=10.99.0.2 user=alice'
is "every line of it" "$(LC_ALL=C grep -c '[^ -~]' "$LOG")" 0
start_login period -u anna "$TRASH/bin/tcpquota" -c "$CONF" period new
ok "a question in Swedish" within 5 shows period 'Är du säker? \[j/N\]'
types period n
ok "takes a no" within 5 status_is period 1
start_login period -u anna "$TRASH/bin/tcpquota" -c "$CONF" period new
within 5 shows period 'Är du säker'
types period j
ok "and a yes in Swedish" within 5 status_is period 0

# openhost on a terminal, with the texts that come with it.
db "UPDATE masq SET open = 3"
ok "the host is closed again" within 5 not is_open 10.99.0.2
db "DELETE FROM masq"
for kind in greet info; do
    for language in english svenska; do
        text=$TOP/etc/tcpquota.$kind.$language
        ok "tcpquota.$kind.$language is UTF-8" iconv -f UTF-8 -t UTF-16 "$text"
        is "in lines of 79 at most" "$(LC_ALL=C.UTF-8 grep -cE '^.{80}' "$text")" 0
        cp "$text" "$TRASH"
    done
done
on_host "$BUILD/t/traffic" probe tcp 10.99.0.1 1 2>/dev/null
login_as alice 10.99.0.2 one "$BUILD/openhost" --config "$CONF"
ok "it opens, and says so in Swedish" within 5 shows one '10.99.0.2 är öppen för alice'
ok "with a greeting" within 5 shows one '^Välkommen'
ok "and with information" within 5 shows one '^Tid dras bara'
ok "the status line is in Swedish" within 5 shows one '^alice 2:01:.*(12.1[01] SEK)  taxa [01]  till .*  använt 0:00:0.  anslu' # near midnight a date takes the room of the rest
presses one q
ok "q ends it" within 5 status_is one 0
ok "what was used is said" within 5 shows one '^Använt 0:00:0'
done_testing
