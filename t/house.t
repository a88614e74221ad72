#!/bin/sh
# The rules of the house, so far as a script can see them.
cd "$(dirname "$0")/.." || exit 1
n=0
failed=0
ok() { # DESCRIPTION LINES-THAT-BREAK-IT
    n=$((n + 1))
    if [ -z "$2" ]; then
        echo "ok $n - $1"
    else
        failed=1
        echo "not ok $n - $1"
        printf '%s\n' "$2" | sed 's/^/#   /'
    fi
}

# base FILE: the module that a file of daemon/ belongs to: gate for gate_rules.c
base() { basename "$1" | sed 's/\..*//; s/_.*//'; }

siblings() {
    for file in daemon/*.[ch]; do
        module=$(base "$file")
        case $module in
        # The order of the rooms is theirs to know.
        pass | loop | check | tcpquotad | keeper | worker | control) continue ;;
        esac
        sed -n 's/^#include "\(.*\)"/\1/p' "$file" | while read -r header; do
            [ -f "lib/$header" ] || [ "$(base "$header")" = "$module" ] || echo "$file includes $header"
        done
    done
    for file in lib/*.[ch]; do
        sed -n 's/^#include "\(.*\)"/\1/p' "$file" | while read -r header; do
            [ -f "lib/$header" ] || echo "$file includes $header"
        done
    done
    # Doors: plain values are anybody's; who answers knows the order, who drives the firewall both
    # its entries and the sets they look into.
    for file in access/*.[ch]; do
        module=$(base "$file")
        may='answer_kind header endpoint'
        case $module in
        authd | admission | auth) continue ;;
        # Who decides has limits and their counts; who serves has the decision, and parts of its own.
        entrance) may="$may limit tally live_store" ;;
        server) may="$may acceptor entrance entrance_watch farewell presets relay_master relay_options" ;;
        relay) may="$may acceptor entrance entrance_watch farewell presets live_store backends proxy_header stream
            syslog_names tls" ;;
        esac
        sed -n 's/^#include "\(.*\)"/\1/p' "$file" | while read -r header; do
            [ -f "lib/$header" ] || [ "$(base "$header")" = "$module" ] ||
                echo $may | grep -qw "${header%.h}" || echo "$file includes $header"
        done
    done
    # A program has what all of them share, and its own parts.
    for file in tools/*.[ch]; do
        module=$(base "$file")
        sed -n 's/^#include "\(.*\)"/\1/p' "$file" | while read -r header; do
            [ -f "lib/$header" ] || [ "$(base "$header")" = "$module" ] ||
                echo "$shared" | grep -qw "$(base "$header")" || echo "$file includes $header"
        done
    done
}
# Of tools/: what several programs are made of.
shared=$(sed -n 's/^TOOL_SHARED = \$(addprefix [^,]*,\(.*\))$/\1/p' Makefile | sed 's/\.o//g')
ok "a module includes the base and never its siblings" "$(siblings)"
ok "the gate never reads the database, the store never calls the gate" \
    "$(grep -l 'store\.h' daemon/gate*.[ch] daemon/flows.[ch]; grep -lE '"(gate|flows)' lib/store*.[ch])"
ok "sqlite3.h is included by the store alone" "$(grep -lE '^#include.*sqlite3\.h' lib/*.[ch] daemon/*.[ch] tools/*.[ch] access/*.[ch] | grep -v '^lib/store.c$')"
ok "libiptc is included by one file" "$(grep -lE 'libiptc/' lib/*.[ch] daemon/*.[ch] tools/*.[ch] access/*.[ch] | grep -v '^lib/xtables.c$')"
ok "iniparser is included by one file" "$(grep -lE 'iniparser/' lib/*.[ch] daemon/*.[ch] tools/*.[ch] access/*.[ch] | grep -v '^lib/conf.c$')"
ok "no call that the house does not use" \
    "$(grep -nE '\b(strcpy|strcat|sprintf|vsprintf|atoi|atol|atof|system|popen|alloca|gets|iniparser_getint)[[:space:]]*\(' lib/*.[ch] daemon/*.[ch] tools/*.[ch] access/*.[ch] bench/*.c t/helper/*.[ch] t/unit/*.[ch])"
ok "no file over 500 lines" "$(wc -l lib/*.[ch] daemon/*.[ch] tools/*.[ch] access/*.[ch] t/helper/*.c t/unit/*.[ch] | awk '$1 > 500 && $2 != "total"')"
ok "no line over 100 columns" "$(grep -nE '^.{101,}' lib/*.[ch] daemon/*.[ch] tools/*.[ch] access/*.[ch])"
long() {
    for file in lib/*.c daemon/*.c tools/*.c access/*.c; do
        awk -v f="$file" '/^\{/ {start = NR} /^\}/ {if (start && NR - start > 60) print f ":" start ": " NR - start; start = 0}' "$file"
    done
}
ok "no function over 60 lines" "$(long)"
ok "nothing is left open in the text" "$(grep -nE '\b(TODO|FIXME|XXX|HACK)\b' lib/*.[ch] daemon/*.[ch] tools/*.[ch] access/*.[ch] init/* etc/* schema/* Makefile README)"
alone() {
    for header in lib/*.h daemon/*.h tools/*.h access/*.h; do
        ${CC:-cc} -std=c11 -D_GNU_SOURCE -Ilib -Idaemon -Itools -Iaccess $(pkg-config --cflags libmnl) -fsyntax-only -x c "$header" 2>&1
    done
}
ok "every header compiles alone" "$(alone)"
ok "every page is clean mdoc" "$(command -v mandoc >/dev/null && mandoc -Tlint -Wwarning man/*.[158] 2>&1)"
echo "1..$n"
exit $failed
