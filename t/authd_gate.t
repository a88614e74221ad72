#!/bin/sh
# tcpquota-authd beside tcpquotad: one policy for both, and what the gate shuts stays shut.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/authd.sh"

GATE_LOG=$TRASH/log
jumps() { on_gate iptables-legacy -S FORWARD | sed -n 's/^-A FORWARD -j //p' | paste -sd,; }
jumps_are() { same "$(jumps)" "$1"; }
both() { # LINE...: a configuration for both, tcpquotad running
    auth "$@"
    sed -i "s|^LOGFILE=.*|LOGFILE=$GATE_LOG|" "$CONF"
}
both 'hook=input forward' 'quota=yes' cache
start_daemon
start_authd
allow alice 100000
db "INSERT INTO hostgroup (name) VALUES ('lab')"
ok "its entries stand around the gate's" jumps_are TCPQUOTA-AUTH,TCPQUOTA,TCPQUOTA-AUTH-FWD
ok "who is in no list and not open gets nowhere" not reaches
list 10.99.0.2
ok "PASS does not open what the gate shuts" not reaches
ok "though it passes" within 5 says 'PASS 10.99.0.2'
ok "(to the gateway it does)" connects on_host
is "nothing of it has come out" "$(on_gate conntrack -L -s 10.99.0.2 -d 192.0.2.2 2>/dev/null | wc -l)" 0
unlist 10.99.0.2
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
ok "quota=yes: open and paid for passes both" reaches
ok "to the gateway as well" connects on_host
ok "IPv6: not open, not passed" not connects on_host fd99::1
download dl tcp 192.0.2.2
sleep 0.5
ok "a connection that stands goes on" not is_over dl
db "UPDATE masq SET open = 3"
within 5 is_closed 10.99.0.2
ok "closed: it does not pass any more" not connects on_host
ok "and what stood is cut by the gate" within 5 is_over dl
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
ok "open again: the block that was kept is gone" connects on_host
ok "(the gate lets it out)" reaches
db "UPDATE tcptab SET quota = 0"
ok "quota gone: no more" within 10 not connects on_host
db "UPDATE tcptab SET quota = 100000"
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
ok "a deposit, and opened" connects on_host

# What is charged empties nothing.
fact_of() { lines_are_written; grep -a 'NOTICE. database' "$OUT" | tail -1 | grep -oE "$1=[0-9]*"; }
db "UPDATE masq SET tic = -1"
download dl tcp 192.0.2.2
before=$(fact_of hosts)
used=$(db "SELECT quota FROM tcptab")
within 20 eval '[ "$(db "SELECT quota FROM tcptab")" -lt $((used - 2)) ]'
is "charges are no change" "$(fact_of hosts)" "$before"
hit=$(hits)
connects on_host
ok "and leave the cache alone" eval '[ "$(hits)" -gt $hit ]'
ip netns pids ${NS}h | xargs -r kill 2>/dev/null

# The block beats an open gate; the order of the entries holds whoever comes first.
stop_authd
both 'hook=forward' cache
start_authd
ok "without quota=yes an open host that is in no list is blocked" not reaches
list 10.99.0.2
ok "in the list it is let out" reaches
is "and masqueraded" "$(on_server timeout 3 sh -c 'ss -tn state all "( sport = :'$PORT' )"' | grep -c '10\.99\.')" 0
stop_daemon
ok "without the gate its own entries are left" within 10 jumps_are TCPQUOTA-AUTH,TCPQUOTA-AUTH-FWD
on_gate iptables-legacy -P FORWARD DROP
ok "nor does a PASS let anybody of LOCALNET out through a policy of DROP" not reaches
on_gate iptables-legacy -P FORWARD ACCEPT
start_daemon
ok "the gate comes in between" jumps_are TCPQUOTA-AUTH,TCPQUOTA,TCPQUOTA-AUTH-FWD
on_gate iptables-legacy -I FORWARD -s 203.0.113.1 -j DROP
ok "pushed back, both find their places" within 20 eval '[ "$(jumps)" = TCPQUOTA-AUTH,TCPQUOTA,TCPQUOTA-AUTH-FWD ] && [ "$(on_gate iptables-legacy -S FORWARD | sed -n 2p)" = "-A FORWARD -j TCPQUOTA-AUTH" ]'
stop_authd
ok "without it the gate is as it was" jumps_are TCPQUOTA

# From outside to a host of LOCALNET: the gate leaves new ones to the administrator's rules.
on_gate iptables-legacy -P FORWARD DROP
background on_host "$BUILD/t/traffic" serve 7003
within 5 on_host "$BUILD/t/traffic" probe tcp 127.0.0.1 7003
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
from_outside() { on_server "$BUILD/t/traffic" probe tcp 10.99.0.2 7003; }
both 'hook=forward' 'interface=wan0' 'ports=7003'
start_authd
ok "from outside: not without being in a list" not from_outside
list 192.0.2.2
ok "from outside: with it, through a policy of DROP" from_outside
unlist 192.0.2.2
list 10.99.0.99
ok "a source of LOCALNET from outside is dropped by the gate, in a list or not" eval '
    on_server ip addr add 10.99.0.99/32 dev eth0
    ! on_server timeout 5 python3 -c "
import socket
socket.create_connection((\"10.99.0.2\", 7003), 2, (\"10.99.0.99\", 0))"'
stop_authd
stop_daemon
done_testing
