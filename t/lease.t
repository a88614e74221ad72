#!/bin/sh
# The lease: the kernel shuts the gate by itself when nobody renews it, for IPv4 and IPv6.
. "$(dirname "$0")/lib.sh"

make_network
on_gate iptables-legacy -P FORWARD ACCEPT
on_gate ip6tables-legacy -P FORWARD ACCEPT
entry() { on_gate "$1" -S "$2" | grep -c -- "-m recent --rcheck --seconds $3 --name $4 --mask $5"; }
# begin LINE...: the daemon with both hosts open and downloads on both
begin() {
    configure "$@"
    start_daemon
    allow alice 100000
    order 10.99.0.2 alice
    order fd99::2 alice
    within 5 is_open 10.99.0.2
    within 5 is_open fd99::2
    load
}
load() {
    rm -f "$TRASH"/tcp4 "$TRASH"/udp4 "$TRASH"/tcp6 "$TRASH"/udp6
    download tcp4 tcp 192.0.2.2
    download udp4 udp 192.0.2.2
    download tcp6 tcp 2001:db8::2
    download udp6 udp 2001:db8::2
    for way in 'tcp 192.0.2.2' 'udp 192.0.2.2' 'tcp 2001:db8::2' 'udp 2001:db8::2'; do
        within 10 arrives $way
    done
}
all_run() { ! is_over tcp4 && ! is_over udp4 && ! is_over tcp6 && ! is_over udp6; }
none_runs() { is_over tcp4 && is_over udp4 && is_over tcp6 && is_over udp6; }
stop_traffic() { ip netns pids ${NS}h | xargs -r kill 2>/dev/null; }

# Without a lease a killed daemon leaves everything open: what follows could fail.
begin LEASE=0
is "LEASE=0: no entry asks for one" "$(on_gate iptables-legacy-save | grep -c 'm recent')$(on_gate ip6tables-legacy-save | grep -c 'm recent')" 00
kill_daemon both
sleep 5
ok "LEASE=0: all processes killed, and everything goes on" all_run
ok "LEASE=0: new connections too" within 5 reaches
stop_traffic

# With one, everything stops.
# Long enough that it is renewed in time by a machine that stands still for a moment.
begin LEASE=6
for family in '4 iptables-legacy tcpquota 0.0.0.0' '6 ip6tables-legacy tcpquota6 ::'; do
    set -- $family
    is "IPv$1: the lease stands before the open hosts" "$(entry $2 TCPQUOTA-GATE 6 $3 $4)" 1
    is "IPv$1: and before replies are accepted" "$(entry $2 TCPQUOTA-REPLY 6 $3 $4)" 1
    is "IPv$1: nothing that is ESTABLISHED is accepted past it" "$(on_gate $2 -S | grep TCPQUOTA | grep ESTABLISHED | grep -c ACCEPT)" 0
    is "IPv$1: nor a host" "$(on_gate $2 -S | grep -c -- '-A TCPQUOTA-GATE -s')" 0
done
timeout 14 strace -e trace=setsockopt,write -o "$TRASH/trace" -p "$(keeper_pid)" 2>/dev/null
ok "while the daemon runs nothing stops (LEASE=6, 14 seconds)" all_run
ok "it is renewed: IPv4" between 4 "$(grep -c '"+0.0.0.0' "$TRASH/trace")" 80
ok "and IPv6" between 4 "$(grep -c '"+::' "$TRASH/trace")" 80
is "without a commit" "$(grep -c setsockopt "$TRASH/trace")" 0
order 10.99.0.3 alice
within 5 is_open 10.99.0.3
strace -e trace=setsockopt -o "$TRASH/trace" -p "$(keeper_pid)" 2>/dev/null &
tracer=$!
PIDS="$PIDS $tracer"
is_traced() { grep -q '^TracerPid:.*[1-9]' "/proc/$(keeper_pid)/status"; }
within 10 is_traced
order 10.99.0.4 alice
within 10 is_open 10.99.0.4
kill $tracer
wait $tracer
is "(a host that is opened takes one a table, which is two calls)" "$(grep -c setsockopt "$TRASH/trace")" 4
before=$(date +%s%N)
kill_daemon both
ok "all processes killed: all four downloads stop" within 20 none_runs
echo "# after $((($(date +%s%N) - before) / 1000000)) ms, of which 1500 are the downloads' own patience"
ok "bytes had come on each" eval '! grep -v "bytes=[1-9]" "$TRASH/tcp4" "$TRASH/udp4" "$TRASH/tcp6" "$TRASH/udp6"'
ok "no new connection: IPv4" not reaches
ok "no new connection: IPv6" not reaches6
is "the entries still stand" "$(on_gate iptables-legacy-save -t nat | grep -c '10.99.0.2/32 .*MASQUERADE')" 1
stop_traffic
# from_outside: whether a datagram of the server's reaches the host, once that listens
from_outside() {
    on_host python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('10.99.0.2', 9999)); s.settimeout(20)
open('$TRASH/listens', 'w').close()
s.recv(10)" &
    reader=$!
    within 20 test -e "$TRASH/listens"
    on_server python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('10.99.0.2', 9999))"
    wait $reader
}
ok "what is not ours still passes: from outside, new" from_outside
start_daemon
ok "the next start opens again: IPv4" within 5 reaches
ok "and IPv6" within 5 reaches6
load
sleep 1
ok "(downloads run)" all_run
stop_daemon
stop_traffic

# A lease that is shorter than the period is renewed in between.
begin LEASE=4
stop_daemon
configure LEASE=4
sed -i 's/^PERIOD=.*/PERIOD=10/' "$CONF"
start_daemon
order 10.99.0.2 alice
order fd99::2 alice
within 5 is_open fd99::2
load
sleep 10
ok "LEASE=4 with PERIOD=10: no gap" all_run
configure LEASE=30
sed -i 's/^PERIOD=.*/PERIOD=10/' "$CONF"
kill -HUP "$(daemon_pid)"
within 5 logged 'notice reload'
ok "HUP: another lease" within 5 eval '[ "$(entry iptables-legacy TCPQUOTA-GATE 30 tcpquota 0.0.0.0)" = 1 ]'
ok "nobody was dropped" all_run
configure LEASE=0
kill -HUP "$(daemon_pid)"
ok "HUP: none any more" within 5 eval '[ "$(on_gate iptables-legacy-save | grep -c "m recent")" = 0 ]'
sleep 1
ok "nobody was dropped either" all_run
stop_daemon
stop_traffic

# The time of the lease is not that of the clock: steps of it are no reason for a gap.
if ldd "$BUILD/tcpquotad" | grep -q libasan; then
    echo "# sanitizers: the clock is not stepped, that needs LD_PRELOAD"
else
    mkdir -p "$TRASH/db"
    echo 0 >"$TRASH/db/step"
    export CLOCK_STEP_FILE="$TRASH/db/step"
    chmod 644 "$CLOCK_STEP_FILE"
    configure LEASE=3
    LD_PRELOAD="$BUILD/t/stepped_clock.so" start_daemon
    order 10.99.0.2 alice
    order fd99::2 alice
    within 5 is_open 10.99.0.2
    within 5 is_open fd99::2
    load
    begun=$(now_ms)
    before=$(db "SELECT sum(points) FROM usage")
    kill -USR1 "$(daemon_pid)"
    for step in 86400 -86400 3600 -1; do
        echo $step >"$CLOCK_STEP_FILE"
        sleep 2
        ok "the clock is stepped to $step seconds off: no gap" all_run
    done
    ok "(the daemon has seen it: forward)" within 5 logged "^$(date -d '1 day' +%Y-%m-%dT).* debug charge"
    ok "(and back)" within 5 logged "^$(date -d '-1 day' +%Y-%m-%dT).* debug charge"
    is "nobody was closed" "$(db "SELECT count(*) FROM masq WHERE open = 1")" 2
    # Both hosts are one machine, which pays once.
    ok "charges go on, and not by the clock" between 6 "$(($(db "SELECT sum(points) FROM usage") - before))" $((($(now_ms) - begun) / 1000 + 2))
    stop_daemon
    stop_traffic
fi

# A gate that cannot be shut by us is shut by the kernel: nobody may stay out who shall not. With the
# long period the lease is renewed between passes as well.
for period in 1 10; do
    configure LEASE=4
    sed -i "s/^PERIOD=.*/PERIOD=$period/" "$CONF"
    start_daemon
    order 10.99.0.2 alice
    order fd99::2 alice
    within 5 is_open fd99::2
    load
    exec 8>/run/xtables.lock
    flock 8
    db "UPDATE masq SET open = 3 WHERE host = '10.99.0.2'"
    ok "PERIOD=$period: the host cannot be closed, its lease is not renewed" within 20 is_over tcp4
    sleep 2
    ok "PERIOD=$period: nor later" not reaches
    ok "PERIOD=$period: it is logged" within 5 logged 'another program holds /run/xtables.lock'
    flock -u 8
    exec 8>&-
    ok "PERIOD=$period: then it is closed" within 30 is_closed 10.99.0.2
    ok "PERIOD=$period: the other family has gone on" eval '! is_over tcp6'
    stop_daemon
    stop_traffic
done
done_testing
