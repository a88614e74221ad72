#!/bin/sh
# Users of the gateway itself: what they send outside is rejected, what they had there is ended, and
# nothing else is touched.
. "$(dirname "$0")/lib.sh"

USER=23011
BYSTANDER=23012
LOCALNET='10.99.0.0/16 fd99::/64'
command -v setpriv >/dev/null || { echo "1..0 # SKIP needs setpriv"; exit 0; }

make_network
# Where others may run it, too.
install -m 755 "$BUILD/t/traffic" "$TRASH/traffic"
background on_host "$TRASH/traffic" serve $PORT
background on_gate "$TRASH/traffic" serve $PORT
# as UID COMMAND...: on the gateway
as() { uid=$1; shift; on_gate setpriv --reuid="$uid" --regid=65534 --clear-groups "$@"; }
probe() { as "$1" "$TRASH/traffic" probe "$2" "$3" $PORT; } # UID tcp|udp ADDRESS
block() { on_gate "$BUILD/t/block" apply "$LOCALNET" wan0 "$@"; }
end() { on_gate "$BUILD/t/block" end "$LOCALNET" wan0 "$@"; }

OUTSIDE="tcp/192.0.2.2 udp/192.0.2.2 tcp/2001:db8::2 udp/2001:db8::2 tcp/198.51.100.2"
INSIDE="tcp/10.99.0.2 udp/10.99.0.2 tcp/fd99::2 udp/fd99::2 tcp/127.0.0.1 udp/127.0.0.1 tcp/::1
    udp/::1 tcp/10.99.0.1 tcp/192.0.2.1 udp/192.0.2.1 tcp/2001:db8::1 tcp/198.51.100.1"
for way in $OUTSIDE $INSIDE; do
    within 5 probe $USER ${way%%/*} ${way#*/} # until the last server listens
    ok "nobody is blocked: ${way%%/*} to ${way#*/}" within 5 probe $USER ${way%%/*} ${way#*/}
done

# What others have stays byte for byte, with the counters of their entries.
for iptables in iptables-legacy ip6tables-legacy; do
    on_gate $iptables -N OTHERS
    on_gate $iptables -A OTHERS -m owner --uid-owner 4711 -m comment --comment "a word" -j DROP
    on_gate $iptables -A OUTPUT -p udp --dport 9 -j OTHERS
    on_gate $iptables -A FORWARD -i lo -j DROP
    on_gate $iptables -t nat -A PREROUTING -i lo -p tcp --dport 81 -j ACCEPT
done
# Of the built-in chains the counters go on.
save() { { on_gate iptables-legacy-save; on_gate ip6tables-legacy-save; } | sed '/^#/d; s/^\(:.*\) \[.*\]$/\1/'; }
others() { save | grep -v TCPQUOTA; }
ours() { save | grep -c TCPQUOTA; }
first_rules() { for f in iptables ip6tables; do on_gate $f-legacy -S OUTPUT 1; done | sort -u; }
JUMP='-A OUTPUT -j TCPQUOTA-LOCAL'
save >"$TRASH/before"

ok "the gate without uids" block reject
is "nothing of it in OUTPUT" "$(save | grep -c 'OUTPUT.*TCPQUOTA\|TCPQUOTA-LOCAL')" 0

matches='owner tcp'
if ldd "$BUILD/tcpquotad" | grep -q libasan; then
    echo "# sanitizers: no match is missing, that needs LD_PRELOAD"
    matches=
fi
for match in $matches; do
    ok "without the match \`$match' it says so" \
        eval "MISSING=$match LD_PRELOAD=$BUILD/t/missing.so block reject $USER 2>&1 | grep '^no-owner'"
done
is "and nothing has been changed" "$(save | grep -c TCPQUOTA-LOCAL)" 0

for action in reject drop; do
    ok "$action: a user is blocked" block $action $USER
    is "$action: again is no change" "$(block $action $USER)" changes=0
    is "$action: the jump is the first entry, in both families" "$(first_rules)" "$JUMP"
    for way in $OUTSIDE; do
        ok "$action: the user does not get out: ${way%%/*} to ${way#*/}" not probe $USER ${way%%/*} ${way#*/}
        ok "$action: a bystander does: ${way%%/*} to ${way#*/}" within 5 probe $BYSTANDER ${way%%/*} ${way#*/}
    done
    for way in $INSIDE; do
        ok "$action: the user still reaches ${way#*/} by ${way%%/*}" within 5 probe $USER ${way%%/*} ${way#*/}
    done
    ok "$action: root gets out" on_gate "$TRASH/traffic" probe tcp 192.0.2.2 $PORT
done
others >"$TRASH/others"
grep -v TCPQUOTA "$TRASH/before" >"$TRASH/others.before"
ok "others' entries and chains are as they were" diff "$TRASH/others.before" "$TRASH/others"

block reject $USER >"$TRASH/out"
on_gate iptables-legacy -I OUTPUT 1 -d 203.0.113.77 -j ACCEPT
on_gate ip6tables-legacy -D OUTPUT -j TCPQUOTA-LOCAL
ok "(without the jump the user gets out)" within 5 probe $USER tcp 2001:db8::2
is "a jump that was pushed back or removed is put back: changes" "$(block reject $USER)" changes=2
is "and is the first entry" "$(first_rules)" "$JUMP"
is "and the only one" "$(save | grep -c -- "$JUMP")" 2
ok "and the user does not get out" not probe $USER tcp 2001:db8::2
on_gate iptables-legacy -D OUTPUT -d 203.0.113.77 -j ACCEPT

ok "another user is blocked instead" block reject $BYSTANDER
ok "the first one gets out again" within 5 probe $USER tcp 192.0.2.2
ok "the other one does not" not probe $BYSTANDER tcp 192.0.2.2
ok "both" block reject $USER $BYSTANDER
ok "both: the one" not probe $USER tcp 192.0.2.2
ok "both: the other" not probe $BYSTANDER udp 2001:db8::2
block reject >"$TRASH/out"

# hold NAME UID ADDRESS: a connection that stays; its line in the server's table is found by its port
held() { on_server cat /proc/net/tcp /proc/net/tcp6 | awk -v p="$(printf ':%04X$' $PORT)" '$2 ~ p && $4 == "01"' | wc -l; }
hold() { as $1 "$TRASH/traffic" hold $2 $PORT 60 >/dev/null 2>&1 & PIDS="$PIDS $!"; }
holds() { same "$(held)" "$1"; }
is "(no connection stands at the server)" "$(held)" 0
hold $USER 192.0.2.2
hold $USER 2001:db8::2
hold $BYSTANDER 192.0.2.2
ok "connections of two users stand" within 5 holds 3
ok "the user is blocked" block reject $USER
is "what stands is not ended by that" "$(held)" 3
is "the user's connections are ended" "$(end $USER)" ended=2
ok "the server is told, though the user is blocked: the bystander's is left" within 5 holds 1
is "there is nothing more to end" "$(end $USER)" ended=0
ok "the user's processes live" eval '[ "$(on_gate pgrep -u $USER -c traffic)" = 2 ]'
inode=$(on_gate awk -v uid=$BYSTANDER '$8 == uid && $4 == "01" {print $10}' /proc/net/tcp)
is "by its inode the bystander's is ended" "$(end $USER "$inode")" ended=1
ok "and the server is told" within 5 holds 0

# A family that LOCALNET has no network of: there is nothing else of ours.
LOCALNET=10.99.0.0/16
ok "LOCALNET without IPv6: the user is blocked" block reject $USER
v6() { on_gate ip6tables-legacy-save | grep -c "TCPQUOTA$1"; }
ok "IPv6: he does not get out" not probe $USER tcp 2001:db8::2
ok "IPv6: nor to what LOCALNET had before" not probe $USER tcp fd99::2
ok "IPv6: loopback is his" within 5 probe $USER tcp ::1
ok "IPv6: a bystander gets out" within 5 probe $BYSTANDER tcp 2001:db8::2
is "IPv6: no chain for hosts" "$(v6 ' \|-USER\|-GATE\|-OUT')" 0
ok "IPv6: without uids" block reject
is "IPv6: nothing is left" "$(v6 '')" 0
ok "IPv6: he gets out" within 5 probe $USER tcp 2001:db8::2

# Uids in rows are one entry; and the most there can be.
rows() { on_gate iptables-legacy -S | grep -c 'uid-owner.*-g TCPQUOTA-BLOCK'; }
ok "a row of users" block reject $(seq 23001 23100)
is "is one entry" "$(rows)" 1
ok "its member does not get out" not probe $USER tcp 192.0.2.2
ok "4096 users apart" block reject $(seq 20001 2 28191)
is "are so many entries" "$(rows)" 4096
ok "one of them does not get out" not probe $USER tcp 192.0.2.2
ok "who is not among them does" within 5 probe $BYSTANDER tcp 192.0.2.2
is "again is no change" "$(block reject $(seq 20001 2 28191))" changes=0

ok "a single one" block reject $USER
is "and no chain of the others is left" "$(save | grep -c TCPQUOTA-LOCAL-)" 0

ok "everything is taken away" on_gate "$BUILD/t/block" clean
is "nothing of ours is left" "$(ours)" 0
save >"$TRASH/after"
ok "and all is as it was before" diff "$TRASH/before" "$TRASH/after"
done_testing
