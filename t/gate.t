#!/bin/sh
# The gate on real traffic: who gets out, who does not, and what happens to what others do.
. "$(dirname "$0")/lib.sh"

make_network
configure
on_gate iptables-legacy -P FORWARD ACCEPT

ok "without the daemon the host reaches the server (the test could fail)" within 5 reaches
# What connection tracking makes nothing of: a datagram of UDP with a wrong checksum.
heard() { # good|bad SECONDS: whether one such datagram of the host reaches the server, in that time
    on_server python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
s.settimeout(int(sys.argv[2]))
open(sys.argv[1], "w").close()
try:
    while s.recv(2000)[20:24] != b"\x1f\x40\x1f\x41":
        pass
except socket.timeout:
    sys.exit(1)' "$TRASH/listens" $2 &
    listener=$!
    within 20 test -e "$TRASH/listens"
    on_host python3 -c '
import socket, sys
checksum = {"good": 0, "bad": 0xc0ff}[sys.argv[1]]  # 0: none was made (RFC 768)
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
s.sendto(b"\x1f\x40\x1f\x41\x00\x0c" + checksum.to_bytes(2, "big") + b"mark", ("192.0.2.2", 0))' $1
    wait $listener
    result=$?
    rm -f "$TRASH/listens"
    return $result
}
ok "without the daemon a datagram that cannot be tracked reaches it, too" heard bad 20
ok "daemon starts" start_daemon
allow alice 10000

ok "a host is blocked before it is opened: TCP" not reaches tcp
ok "a host is blocked before it is opened: UDP" not reaches udp
ok "a host is blocked before it is opened: IPv6" not reaches6

order 10.99.0.2 alice
ok "2 becomes 1" within 5 is_open 10.99.0.2
ok "TCP flows" within 5 reaches tcp
ok "UDP flows" within 5 reaches udp
ok "one open address does not open another: IPv6" not reaches6
ok "the other host stays closed" not on_host2 "$BUILD/t/traffic" probe tcp 192.0.2.2 $PORT
order fd99::2 alice
ok "IPv6 host: 2 becomes 1" within 5 is_open fd99::2
ok "IPv6 TCP flows" within 5 reaches6 tcp
ok "IPv6 UDP flows" within 5 reaches6 udp

ok "a datagram of an open host reaches the server" heard good 20
ok "one that cannot be tracked, and so not counted, does not" not heard bad 3

on_gate iptables-legacy -P FORWARD DROP
on_gate ip6tables-legacy -P FORWARD DROP
ok "replies pass under a FORWARD policy of DROP: IPv4" within 5 reaches tcp
ok "replies pass under a FORWARD policy of DROP: IPv6" within 5 reaches6 tcp
on_gate iptables-legacy -P FORWARD ACCEPT
on_gate ip6tables-legacy -P FORWARD ACCEPT

no_flows_of() { same "$({ on_gate conntrack -L -f ipv4; on_gate conntrack -L -f ipv6; } 2>/dev/null | grep -c "src=$1 .*dport=$PORT")" 0; }
for family in 10.99.0.2:192.0.2.2 fd99::2,2001:db8::2; do
    case $family in *,*) host=${family%,*} server=${family#*,};; *) host=${family%:*} server=${family#*:};; esac
    download tcp tcp $server
    download udp udp $server
    ok "$host: downloads run: TCP" within 10 arrives tcp $server
    ok "$host: downloads run: UDP" within 10 arrives udp $server
    db "UPDATE masq SET open = 3 WHERE host = '$host'"
    ok "$host: 3 becomes 0" within 5 is_closed $host
    ok "$host: the TCP download ends" within 5 is_over tcp
    ok "$host: the UDP download ends" within 5 is_over udp
    ok "$host: by reset or silence, with bytes before" grep -Eq 'end=(reset|stalled) bytes=[1-9]' "$TRASH/tcp"
    ok "$host: its flows are gone" within 5 no_flows_of $host
    ok "$host: it is blocked again" not reaches tcp $server
    rm -f "$TRASH/tcp" "$TRASH/udp"
    order $host alice
    within 5 is_open $host
done

# A host with a global IPv6 address is not masqueraded: what the server goes on sending to it would
# come in as new.
ip -n ${NS}h addr add 2001:db8:1::2/64 dev eth0 nodad
ip -n ${NS}h -6 route del default
ip -n ${NS}h -6 route add default via fd99::1 src 2001:db8:1::2
ip -n ${NS}g -6 route add 2001:db8:1::/64 dev lan0
ip -n ${NS}s -6 route add 2001:db8:1::/64 via 2001:db8::1
configure 'LOCALNET=10.99.0.0/16 fd99::/64 2001:db8:1::/64'
sed -i 1d "$CONF"
kill -HUP "$(daemon_pid)"
within 5 logged 'notice reload'
ok "global IPv6: blocked before it is opened" within 5 not reaches6 tcp
order 2001:db8:1::2 alice
ok "global IPv6: it is opened" within 5 is_open 2001:db8:1::2
ok "global IPv6: it is not masqueraded" same "$(on_gate ip6tables-legacy-save -t nat | grep -c 2001:db8:1::2/128)" 0
download tcp tcp 2001:db8::2
download udp udp 2001:db8::2
ok "global IPv6: downloads run: TCP" within 10 arrives tcp 2001:db8::2
ok "global IPv6: downloads run: UDP" within 10 arrives udp 2001:db8::2
db "UPDATE masq SET open = 3 WHERE host = '2001:db8:1::2'"
within 5 is_closed 2001:db8:1::2
ok "global IPv6: the TCP download ends" within 5 is_over tcp
ok "global IPv6: the UDP download ends, with FORWARD on ACCEPT" within 5 is_over udp
ok "global IPv6: with bytes before" grep -q 'end=stalled bytes=[1-9]' "$TRASH/udp"
ok "global IPv6: it is blocked again" not reaches6 udp
order 2001:db8:1::2 alice
within 5 is_open 2001:db8:1::2
ok "global IPv6: opened again, old and new connections pass" within 5 reaches6 udp
none_is_buried() { same "$(on_gate conntrack -L -f ipv6 -m 0x80000000/0x80000000 2>/dev/null | wc -l)" 0; }
ok "global IPv6: nothing is left buried" within 5 none_is_buried
rm -f "$TRASH/tcp" "$TRASH/udp"
ip -n ${NS}h addr del 2001:db8:1::2/64 dev eth0
ip -n ${NS}h -6 route replace default via fd99::1

ok "by another uplink an open host gets out" within 5 reaches tcp 198.51.100.2
db "UPDATE masq SET open = 3 WHERE host = '10.99.0.2'"
within 5 is_closed 10.99.0.2
ok "by another uplink a closed host does not" not reaches tcp 198.51.100.2
order 10.99.0.2 alice
within 5 is_open 10.99.0.2

# A source that is nobody's on the LAN, and a LAN source that comes from outside.
ip -n ${NS}h addr add 203.0.113.9/32 dev eth0
ip -n ${NS}h addr add 10.99.0.77/24 dev eth0
ip -n ${NS}s route add 203.0.113.9 via 192.0.2.1
received() { on_server cat /proc/net/snmp | awk '/^Udp: [0-9]/ {print $2 + $3}'; }
send_from() { on_host python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('$1', 0)); s.sendto(b'x', ('192.0.2.2', 9999))"; sleep 0.2; }
before=$(received); send_from 10.99.0.2
received_are() { same "$(received)" "$1"; }
ok "(a datagram of the open host shows in the server's counters)" within 5 received_are $((before + 1))
before=$(received); send_from 203.0.113.9
is "a source outside LOCALNET does not leave from the LAN" "$(received)" "$before"
before=$(received); send_from 10.99.0.77
is "a neighbour's closed address does not leave" "$(received)" "$before"
ip -n ${NS}h addr del 203.0.113.9/32 dev eth0
ip -n ${NS}h addr del 10.99.0.77/24 dev eth0
ip -n ${NS}s addr add 10.99.0.3/32 dev lo
got() { on_host cat /proc/net/snmp | awk '/^Udp: [0-9]/ {print $2 + $3}'; }
send_in() { on_server python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('$1', 0)); s.sendto(b'x', ('10.99.0.2', 9999))"; sleep 0.2; }
got_are() { same "$(got)" "$1"; }
before=$(got); send_in 192.0.2.2
ok "(a new datagram from outside is left to the policy, ACCEPT)" within 5 got_are $((before + 1))
before=$(got); send_in 10.99.0.3
is "a LOCALNET source that arrives on WAN_IF is dropped" "$(got)" "$before"
ip -n ${NS}s addr del 10.99.0.3/32 dev lo

# What others have in the tables stays byte for byte, whatever happens.
on_gate iptables-legacy -N OTHERS
on_gate iptables-legacy -A OTHERS -s 198.51.100.7 -m comment --comment "a word" -j DROP
on_gate iptables-legacy -A FORWARD -i lo -j OTHERS
on_gate iptables-legacy -t nat -A PREROUTING -i lo -p tcp --dport 81 -j REDIRECT --to-ports 82
foreign() { on_gate iptables-legacy-save | grep -v '^#' | grep -v TCPQUOTA | sed 's/ \[.*\]//'; }
foreign >"$TRASH/foreign"

# The pass may put it back before it was tried: then once more.
without_its_entry() { on_gate iptables-legacy -D TCPQUOTA-00 -s 10.99.0.2/32 -j ACCEPT; not reaches tcp; }
ok "(an entry deleted by hand closes the host)" within 5 without_its_entry
ok "the entry comes back with the next pass" within 5 reaches tcp
ok "and the log says so" within 5 logged 'restore host=10.99.0.2'
is "the row stays 1" "$(db "SELECT open FROM masq WHERE host = '10.99.0.2'")" 1

download tcp tcp 192.0.2.2
within 10 arrives tcp 192.0.2.2
on_gate iptables-legacy -t nat -F
sleep 2.2
ok "iptables -t nat -F by hand: the running download goes on" not is_over tcp
ok "and the entries are back" within 10 eval 'on_gate iptables-legacy -t nat -S | grep -q "10.99.0.2/32 -o wan0 -j MASQUERADE"'
ok "it is still charged" within 5 db_is 1 "SELECT cnts > 0 FROM masq WHERE host = '10.99.0.2'"
on_gate iptables-legacy -t nat -A PREROUTING -i lo -p tcp --dport 81 -j REDIRECT --to-ports 82
ip netns pids ${NS}h | xargs -r kill 2>/dev/null

on_gate iptables-legacy -I FORWARD 1 -j ACCEPT
ok "(with a rule in front of ours a host is closed)" eval 'db "UPDATE masq SET open = 3 WHERE host = '"'10.99.0.2'"'"; within 5 is_closed 10.99.0.2'
first_rule() { on_gate iptables-legacy -S FORWARD 1 | grep -q -- '-j TCPQUOTA$'; }
ok "the jump is the first entry again with the next pass" within 5 first_rule
ok "and the closed host stays in" not reaches tcp
on_gate iptables-legacy -D FORWARD -j ACCEPT
order 10.99.0.2 alice
within 5 is_open 10.99.0.2

on_gate iptables-legacy -A TCPQUOTA-USER -s 10.99.0.3 -j ACCEPT
exempt() { on_host2 "$BUILD/t/traffic" probe tcp 192.0.2.2 $PORT; }
ok "TCPQUOTA-USER runs first: the administrator exempts a host" within 5 exempt
sleep 1.5
ok "and its entries stay over the passes" eval 'on_gate iptables-legacy -S TCPQUOTA-USER | grep -q 10.99.0.3'
on_gate iptables-legacy -F TCPQUOTA-USER

# Commands of others beside ours: nothing of either side is lost.
( i=0
  while [ $i -lt 60 ]; do
      on_gate iptables-legacy -w -A OTHERS -s 203.0.113.$i -j DROP
      i=$((i + 1))
  done ) &
competitor=$!
i=0
while [ $i -lt 20 ]; do
    order 10.99.1.$i alice
    i=$((i + 1))
done
wait $competitor
ok "a loop of iptables commands beside ours: all our hosts are open" \
    within 20 db_is 20 "SELECT count(*) FROM masq WHERE host LIKE '10.99.1.%' AND open = 1"
is "all their entries are there" "$(on_gate iptables-legacy -S OTHERS | grep -c 203.0.113)" 60
is "and all of ours" "$(on_gate iptables-legacy-save -t filter | grep -c -- '-s 10.99.1.*ACCEPT')" 20
i=0
while [ $i -lt 60 ]; do
    on_gate iptables-legacy -w -D OTHERS -s 203.0.113.$i -j DROP
    i=$((i + 1))
done
foreign >"$TRASH/foreign.now"
ok "foreign entries and chains are as they were" diff "$TRASH/foreign" "$TRASH/foreign.now"

# With nobody open the keeper looks after the entries by itself.
db "DELETE FROM masq"
within 5 eval '! on_gate iptables-legacy-save | grep -q -- "10.99.*/32 .*ACCEPT"'
sleep 2.5
: >"$LOG"
on_gate iptables-legacy -t nat -A POSTROUTING -s 10.99.0.2 -o wan0 -j MASQUERADE
# The pass may be back before anything has got out: then once more.
slips_out() {
    on_gate iptables-legacy -D FORWARD -j TCPQUOTA 2>/dev/null
    rm -f "$TRASH/udp"
    download udp udp 192.0.2.2
    within 1 arrives udp 192.0.2.2
}
for attempt in 1 2 3 4 5; do slips_out && break; done
ok "nobody open: the jump is back with the next pass" within 5 first_rule
ok "and the log says so" within 5 logged 'restore entries: somebody else had changed ours'
ok "what got out meanwhile is cut" within 10 is_over udp
ok "(it had got out)" grep -q 'bytes=[1-9]' "$TRASH/udp"
on_gate iptables-legacy -t nat -D POSTROUTING -s 10.99.0.2 -o wan0 -j MASQUERADE
on_gate iptables-legacy -A TCPQUOTA-00 -s 10.99.0.2/32 -j ACCEPT
ok "nobody open: an entry of somebody's is removed" within 5 eval '! on_gate iptables-legacy-save | grep -q "10.99.0.2/32 -j ACCEPT"'
ok "and the log says so" within 5 logged 'close host=10.99.0.2 cause=admin it had an entry and no row'
order 10.99.0.2 alice
ok "and orders are carried out as ever" within 5 is_open 10.99.0.2
ok "the host reaches out" within 5 reaches
foreign >"$TRASH/foreign.now"
ok "foreign entries are as they were" diff "$TRASH/foreign" "$TRASH/foreign.now"

ok "TERM ends the daemon" stop_daemon
foreign >"$TRASH/foreign.now"
ok "foreign entries and chains are as they were after the exit" diff "$TRASH/foreign" "$TRASH/foreign.now"
is "and nothing of ours is left" "$(on_gate iptables-legacy-save | grep -c TCPQUOTA)$(on_gate ip6tables-legacy-save | grep -c TCPQUOTA)" 00
done_testing
