#!/bin/sh
# The link: up and down, what that costs, and what is run to check it.
OWN_PROCESSES=1
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/login.sh"

own_utmp && make_users || exit 1
make_network
# add_line NAME: an interface that leads nowhere; what hosts do goes over wan0 all the time
add_line() {
    ip -n ${NS}g link add $1 type veth peer name far-$1
    ip -n ${NS}g link set far-$1 up
}
add_line other0
# line ARGUMENT...: of ip link set; route FAMILY ARGUMENT...: of ip route
line() { ip -n ${NS}g link set "$@"; }
route() { ip -n ${NS}g "$@"; }
# What the log says of the link, in order, with a comma in between.
told() { grep -oE '(warning|notice) link .*' "$LOG" | paste -sd,; }
tells() { same "$(told)" "$1"; }
quota() { db "SELECT quota FROM tcptab WHERE name = 'alice'"; }
points() { db "SELECT coalesce(sum(points), 0) FROM usage"; }
seconds() { db "SELECT coalesce(sum(seconds), 0) FROM usage"; }
in_use() { db_is 1 "SELECT cnts > 0 FROM masq WHERE host = '10.99.0.2'"; }
# Some passes, none of which is brought forward.
passes() {
    until=$(($(db "SELECT max(tic) FROM masq WHERE host = '10.99.0.2'") + $1))
    within 30 db_is 1 "SELECT tic >= $until FROM masq WHERE host = '10.99.0.2'"
}
# use: the host downloads for a minute; with a row whose passes are counted
use() {
    rm -f "$TRASH/dl"
    db "REPLACE INTO masq (host, name, open, tic) VALUES ('10.99.0.2', 'alice', 2, 0)"
    within 5 is_open 10.99.0.2
    download dl tcp 192.0.2.2
    within 10 in_use
}
stop_traffic() {
    ip netns pids ${NS}h | xargs -r kill 2>/dev/null
    rm -f "$TRASH/dl"
}
stop_all() {
    stop_traffic
    stop_daemon
    : >"$LOG"
}
why() { on_gate "$BUILD/tcpquota" -c "$CONF" why "$@"; }

# ISDN, from nothing to two channels and back.
add_line ippp0
add_line ippp1
configure PROTOCOL=isdn WAN_IF=wan0 TICS=1000000 HIGH_RATE=1 LOW_RATE=1
start_daemon
allow alice 100000
use
ok "the log says that the link is down" tells 'warning link down'
before=$(quota)
passes 4
is "while it is down nobody is charged, and the connection is in use" "$(quota) $(in_use && echo used)" "$before used"
why 10.99.0.2 >"$TRASH/why"
is "why says so" "$? $(head -1 "$TRASH/why")" '1 10.99.0.2: may not: link-down'
line ippp0 up
line other0 up
route route add 198.18.0.0/24 dev other0
passes 2
ok "an interface without a route of its own does not make it up" tells 'warning link down'
is "though the kernel has given it a link-local one" "$(route -6 route show dev ippp0 | grep -c '^fe80::/64')" 1
up=$(now_ms)
route -6 route add 2001:db8:5::/64 dev ippp0
ok "a route of IPv6 does" within 5 tells 'warning link down,notice link up channels=1'
ok "then it is charged for" within 10 db_is 1 "SELECT quota < $before FROM tcptab WHERE name = 'alice'"
passes 2
charged=$(points)
ok "but not for the time before" between 1 $((charged * 1000)) $(($(now_ms) - up + 2000))
why 10.99.0.2 >"$TRASH/why"
is "why says that too" "$? $(head -1 "$TRASH/why")" '0 10.99.0.2: may: ok'
line far-ippp1 down
line ippp1 up
route route add 198.18.1.0/24 dev ippp1
passes 2
ok "a channel that has a route and no carrier does not count" tells 'warning link down,notice link up channels=1'
line far-ippp1 up
ok "the second channel: the number alone" within 5 tells 'warning link down,notice link up channels=1,notice link channels=2'
passes 2
more() { db "SELECT coalesce(sum(points - 2 * seconds), 0) FROM usage"; }
s=$(seconds) before=$(more)
passes 4
s=$(($(seconds) - s))
ok "with two channels a second is two points" between -2 $(($(more) - before)) 2
ok "of some seconds" between 3 $s 60
line ippp1 down
ok "one channel is left" within 5 tells 'warning link down,notice link up channels=1,notice link channels=2,notice link channels=1'
line ippp0 down
all='warning link down,notice link up channels=1,notice link channels=2,notice link channels=1,warning link down'
ok "none is left: the link is down" within 5 tells "$all"
passes 2
before=$(quota)
passes 4
is "and nobody is charged" "$(quota) $(in_use && echo used)" "$before used"
line other0 down
line other0 up
kill -HUP "$(daemon_pid)"
within 5 logged 'notice reload'
passes 2
ok "what changes elsewhere, and a reload, are no news of the link" tells "$all"
ok "the connection has been there all the time" not is_over dl
stop_all
line ippp0 up
line ippp1 up
route -6 route replace 2001:db8:5::/64 dev ippp0
route route replace 198.18.1.0/24 dev ippp1
start_daemon
ok "two channels at the start" within 5 tells 'notice link up channels=2'
stop_all

# Users on the gateway itself: bob may use the link, mallory may not. The row counts the passes.
uses() { # USER: a connection of theirs
    as $1 "$BUILD/t/traffic" hold 192.0.2.2 $PORT 300 >/dev/null 2>&1 &
    PIDS="$PIDS $!"
    within 5 lives $1
}
lives() { pgrep -u $1 traffic >/dev/null; }
local_sum() { db "SELECT coalesce(sum($2), 0) FROM session WHERE host = 'local' AND name = '$1'"; }
pays() { [ "$(local_sum $1 points)" -gt "$2" ]; }
set_quota() { db "UPDATE tcptab SET quota = $2 WHERE name = '$1'"; }
channel() { # NUMBER up|down: its route goes with it
    line ippp$1 $2
    [ $2 = down ] || route route replace 198.18.$((11 + $1)).0/24 dev ippp$1
}
channel 0 down
channel 1 down
configure PROTOCOL=isdn WAN_IF=wan0 TICS=1000000 HIGH_RATE=1 LOW_RATE=1 MIN_UID=2001 MAX_UID=2007 KILL_GRACE=1
start_daemon
allow alice 100000
allow bob 100000
db "REPLACE INTO masq (host, name, open, tic) VALUES ('10.99.0.2', 'alice', 2, 0)"
within 5 is_open 10.99.0.2
uses bob
uses mallory
passes 4
is "on the gateway: while the link is down nobody pays" "$(local_sum bob points) $(db "SELECT quota FROM tcptab WHERE name = 'bob'")" '0 100000'
ok "on the gateway: nor is anybody cut off" lives mallory
is "on the gateway: nor said to be" "$(grep -c 'evict\|refuse user=mallory' "$LOG")" 0
channel 0 up
ok "on the gateway: the link is up" within 10 tells 'warning link down,notice link up channels=1'
channel 1 up
ok "on the gateway: with two channels" within 10 tells 'warning link down,notice link up channels=1,notice link channels=2'
ok "on the gateway: who may use it pays" within 10 pays bob 0
ok "on the gateway: who may not is cut off" within 10 not lives mallory
ok "on the gateway: which is logged" within 5 logged 'notice evict user=mallory'
ok "on the gateway: the other one lives" lives bob
passes 2
s=$(local_sum bob seconds) before=$(local_sum bob 'points - 2 * seconds')
passes 4
s=$(($(local_sum bob seconds) - s))
ok "on the gateway: with two channels a second is two points" between -2 $(($(local_sum bob 'points - 2 * seconds') - before)) 2
ok "on the gateway: of some seconds" between 3 $s 60
channel 0 down
channel 1 down
within 10 eval 'told | grep -q "warning link down$"'
passes 2
set_quota bob 0
before=$(local_sum bob points)
passes 4
is "on the gateway: down again, nobody pays any more" "$(local_sum bob points)" "$before"
ok "on the gateway: nor is one without quota cut off" lives bob
is "on the gateway: of whom nothing is said" "$(grep -c 'evict user=bob' "$LOG")" 0
channel 0 up
ok "on the gateway: but when the link is up again" within 10 not lives bob
ok "on the gateway: and that is logged" within 5 logged 'notice evict user=bob'
stop_all
channel 1 up

# PPP: more interfaces cost no more; another kind does not count; ethernet is not told of.
configure PROTOCOL=ppp
start_daemon
use
ok "ippp is no ppp" tells 'warning link down'
add_line ppp0
add_line ppp1
line ppp0 up
line ppp1 up
route route replace default dev ppp0
ok "the default route makes it up" within 5 tells 'warning link down,notice link up channels=1'
ok "and masquerading is there" within 5 eval 'on_gate iptables-legacy -t nat -S | grep -q "10.99.0.2/32 -o ppp0"'
route route add 198.18.2.0/24 dev ppp1
passes 2
ok "a second one is no news" tells 'warning link down,notice link up channels=1'
line ppp0 down
passes 2
ok "nor is the first one's end, as long as the second is up" tells 'warning link down,notice link up channels=1'
ip -n ${NS}g link del ppp1
ok "an interface that is gone takes the link along" within 5 tells 'warning link down,notice link up channels=1,warning link down'
route route replace default via 192.0.2.2
configure PROTOCOL=ethernet
kill -HUP "$(daemon_pid)"
within 5 logged 'notice reload'
passes 2
ok "ethernet: it is no link that comes up" tells 'warning link down,notice link up channels=1,warning link down'
stop_all
start_daemon
use
ok "nor is it told of at the start" same "$(told)" ''
stop_all

# VERIFY_CMD.
cat >"$TRASH/check" <<'END'
#!/bin/sh
cd "${0%/*}"
echo "$#:$*" >>checked
[ -e hang ] || exit 0
trap '' TERM
sleep 60 &
echo "$$ $!" >hung
wait
END
chmod 755 "$TRASH/check"
: >"$TRASH/checked"
checks() { wc -l <"$TRASH/checked"; }
has_hung() { [ -s "$TRASH/hung" ]; }
hung_are_gone() { for process in $(cat "$TRASH/hung"); do daemon_is_gone $process || return 1; done; }
hang() { rm -f "$TRASH/hung"; : >"$TRASH/hang"; }
verify_lines() { grep -c ' verify ' "$LOG"; }

# A check has as long as that before it is ended: enough for one that does nothing on a slow machine.
configure VERIFY=4 "VERIFY_CMD=\"$TRASH/check  one \$HOME;touch $TRASH/shell\"" TICS=1000000
start_daemon 2>"$TRASH/said"
ok "a command for a shell is warned of" grep -q 'tcpquota.cf:[0-9]*: VERIFY_CMD: has characters of a shell' "$TRASH/said"
is "once" "$(grep -c VERIFY_CMD "$TRASH/said")" 1
db "REPLACE INTO masq (host, name, open, tic) VALUES ('10.99.0.2', 'alice', 2, 0)"
within 5 is_open 10.99.0.2
passes 6
is "while nobody is online there is no check" "$(checks)" 0
use
ok "while somebody is there are some" within 30 eval '[ "$(checks)" -ge 2 ]'
is "its words come as they stand" "$(sort -u "$TRASH/checked")" "3:one \$HOME;touch $TRASH/shell"
is "no shell has read them" "$(ls "$TRASH/shell" 2>&1 | grep -c 'No such')" 1
stop_traffic
passes 3
before=$(checks)
passes 6
is "nobody is online any more, nothing is checked" "$(checks)" "$before"
is "a check that succeeds is not logged" "$(verify_lines)" 0
stop_all
configure VERIFY=5 "VERIFY_CMD=$TRASH/check" TICS=1000000
start_daemon
hang
use
ok "a check that hangs" within 20 has_hung
check=$(cut -d' ' -f1 "$TRASH/hung")
rm -f "$TRASH/hang"
ok "is ended, with its children, whatever they do about TERM" within 20 hung_are_gone
ok "which is logged" within 5 logged "warning verify the check of the link is not done after 5 s, it is ended, pid=$check$"
before=$(checks)
ok "and the next ones come" within 30 eval '[ "$(checks)" -gt "$before" ]'
is "in one line" "$(verify_lines)" 1

# The keeper wakes for a check that hangs, and that is no silence of a worker that is well.
pid=$(daemon_pid)
hang
within 20 has_hung
kill -STOP "$pid"
begun=$(date +%s)
rm -f "$TRASH/hang"
ok "with a worker that is stopped it is ended, too" within 20 hung_are_gone
ok "the worker is killed after its silence" within 30 daemon_is_gone "$pid"
ok "and not sooner" between 8 $(($(date +%s) - begun)) 1000
ok "as the log has it" within 5 logged "err worker pid=$pid has been stopped for 10 s, it is killed"
within 20 eval '[ "$(on_gate iptables-legacy-save | grep -c TCPQUOTA)" = 0 ]'
stop_traffic
: >"$LOG"

# Its end is the check's end.
configure VERIFY=500 "VERIFY_CMD=$TRASH/check"
for way in -TERM -KILL; do
    hang
    start_daemon
    use
    within 10 has_hung
    pid=$(daemon_pid)
    ok "a check runs ($way)" not hung_are_gone
    kill $way "$pid"
    within 10 daemon_is_gone "$pid"
    ok "the daemon ends: so does the check ($way)" within 20 hung_are_gone
    within 20 eval '[ "$(on_gate iptables-legacy-save | grep -c TCPQUOTA)" = 0 ]'
    stop_traffic
done
is "no word of that" "$(verify_lines)" 0
rm -f "$TRASH/hang"

# What cannot be run is told of once.
configure VERIFY=1 VERIFY_CMD=tcpquota-no-such-thing TICS=1000000
start_daemon
use
ok "a command that is not there is told of" within 10 logged 'err verify VERIFY_CMD tcpquota-no-such-thing cannot be run: No such file'
passes 4
is "once" "$(verify_lines)" 1
stop_all
done_testing
