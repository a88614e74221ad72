#!/bin/sh
# tcpquota-authd on kernels that lack something, and how it goes to the background.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/authd.sh"

# lacking WHAT: a start on such a kernel; its exit code, and what is left in the firewall
lacking() {
    on_gate env LD_PRELOAD="$(preloads)" MISSING="$1" timeout 30 "$AUTHD" -c "$CONF" -i "$FIFO" >"$TRASH/said" 2>&1
    echo "$?|$(on_gate iptables-legacy-save | grep -c AUTH)$(on_gate ip6tables-legacy-save | grep -c AUTH)"
}
# The sanitizer's library has to come before any other.
preloads() { ldd "$AUTHD" | awk '/libasan/ {print $3}' | tr '\n' ' '; echo "$BUILD/t/missing.so"; }
said() { grep -q -- "$1" "$TRASH/said"; }

auth cache kernel=yes
is "no NFQUEUE: 71, and nothing is left" "$(lacking NFQUEUE)" '71|00'
ok "which is named" said 'the kernel has, for IPv4, no target `NFQUEUE'
is "none for IPv6 alone: 71, it would go unguarded" "$(lacking v6)" '71|00'
ok "which is named" said 'the kernel has, for IPv6, no legacy xtables'
is "no MARK" "$(lacking MARK)" '71|00'
ok "which is named" said '`mark. or `MARK'
is "no set, which kernel=yes needs" "$(lacking set)" '71|00'
ok "which is named" said 'no match `set'
auth
on_gate env LD_PRELOAD="$(preloads)" MISSING=set "$AUTHD" -d -c "$CONF" -i "$FIFO"
is "without kernel=yes it is not missed" "$?" 0
stop_authd

# Whoever starts it gets their terminal, or their pipe, back.
said=$(on_gate timeout 30 "$AUTHD" -d -c "$CONF" -i "$FIFO" 2>&1)
is "-d gives the pipe back that it was started with" "$?|$said" '0|'
is "no process of it has another file open as its output" \
    "$(for pid in $(authd_pid) $(pgrep -P "$(authd_pid)"); do readlink "/proc/$pid/fd/1"; done | sort -u)" /dev/null
ok "it answers" not connects on_host
stop_authd
auth 'sql="SELECT nonsense"'
said=$(on_gate timeout 30 "$AUTHD" -d -c "$CONF" -i "$FIFO" 2>&1)
is "one that cannot start says so there" "$?|$(echo "$said" | grep -c 'no such column: nonsense')" '74|1'
done_testing
