#!/bin/sh
# What bash offers while one types.
cd "$(dirname "$0")/.." || exit 1
command -v bash >/dev/null || { echo "1..0 # SKIP needs bash"; exit 0; }
trash=$(mktemp -d) && trap 'rm -rf "$trash"' EXIT
printf 'LOCALNET=10.0.0.0/8\nGROUPS=ROOM1 ROOM2\n' >"$trash/cf"
n=0
failed=0
# what_is_offered WORD...: the last word is what is being typed
what_is_offered() {
    bash -c '. init/tcpquota.bash
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        "_$1"; printf "%s " "${COMPREPLY[@]}"' bash "$@"
}
# offers EXPECTED WORD...; offers_not UNEXPECTED WORD...
offers() { check yes "$@"; }
offers_not() { check no "$@"; }
check() {
    wanted=$1 offer=$2
    shift 2
    n=$((n + 1))
    got=$(what_is_offered "$@")
    case " $got" in *" $offer "*) found=yes ;; *) found=no ;; esac
    if [ $found = "$wanted" ]; then
        echo "ok $n - $* offers $offer: $wanted"
    else
        failed=1
        echo "not ok $n - $* offers $offer: $found"
        echo "# got: $got"
    fi
}
offers --detach openhost --
offers_not --open openhost --
offers --until openfw --
offers 45m openfw --for ''
offers ROOM2 openfw --config "$trash/cf" RO
offers_not ROOM2 openfw --config /nonexistent RO
offers add tcpquota ''
offers delete tcpquota --json de
offers root tcpquota show ro
offers new tcpquota period ''
offers month tcpquota usage --by ''
offers_not add tcpquota show ''
# Every command that the program knows is offered.
for command in $("${BUILD:-build}/tcpquota" --help | awk '/^  [a-z]/ {print $1}'); do
    offers "$command" tcpquota ''
done
echo "1..$n"
exit $failed
