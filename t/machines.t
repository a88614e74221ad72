#!/bin/sh
# Machines: addresses at one link-layer address are charged once, one that moves is closed.
. "$(dirname "$0")/lib.sh"

make_network
configure 'USERS=admin'
start_daemon

cause_is() { db_is "$2" "SELECT cause FROM session WHERE host = '$1' ORDER BY id DESC LIMIT 1"; }
used_by() { db "SELECT coalesce(sum(points), 0) FROM usage WHERE name = '$1'"; }
mac_of() { ip netns exec $NS$1 cat /sys/class/net/eth0/address; }
get() { # on_host|on_host2 ADDRESS SECONDS
    $1 "$BUILD/t/traffic" get tcp $2 $PORT $3 >/dev/null 2>&1 &
}
knows() { on_gate ip neigh show "$1" | grep -q lladdr; }
close_all() {
    db "UPDATE masq SET open = 3"
    within 5 db_is 0 "SELECT count(*) FROM masq WHERE open <> 0"
}

# points_of USER HOST HOST ...: of some seconds, and how many ms it took, in which the first host's namespace uses the server
# by both families, and the second's by IPv4 if its address is among the hosts.
points_of() {
    user=$1
    shift
    allow $user 1000
    begun=$(now_ms)
    for host; do
        order $host $user
        within 5 is_open $host
    done
    before=$(used_by $user)
    for host; do
        case $host in
        10.99.0.2) get on_host 192.0.2.2 6 ;;
        fd99::2) get on_host 2001:db8::2 6 ;;
        10.99.0.3) get on_host2 192.0.2.2 6 ;;
        esac
    done
    last=$!
    wait $last
    sleep 0.1
    close_all
    took=$(($(now_ms) - begun))
    echo $(($(used_by $user) - before)) $took
}

ok "two hosts of one machine: charged once" charged 1 $(points_of alice 10.99.0.2 fd99::2)
is "each has a session of its own" "$(db "SELECT count(*) FROM session WHERE name = 'alice'")" 2
is "points and use agree" "$(db "SELECT sum(points) = (SELECT sum(points) FROM usage WHERE name = 'alice') FROM session WHERE name = 'alice'")" 1
ok "two machines are charged each" charged 2 $(points_of bob 10.99.0.2 10.99.0.3)
ok "three hosts on two machines: charged twice" charged 2 $(points_of carol 10.99.0.2 fd99::2 10.99.0.3)
ok "a free user is charged once" charged 1 $(points_of admin 10.99.0.2 fd99::2 10.99.0.3)
for n in 2 3; do
    on_gate ip neigh flush to 10.99.0.$n
    on_gate ip -6 neigh flush to fd99::$n
done
ok "unknown when they are opened: seen before they are charged" charged 1 $(points_of dave 10.99.0.2 fd99::2)

# One of the two closes while the other goes on, between passes: no moment is charged twice.
stop_daemon
configure
sed -i 's/^PERIOD=.*/PERIOD=5/' "$CONF"
start_daemon
allow erin 1000
begin=$(now_ms)
order 10.99.0.2 erin
order fd99::2 erin
within 5 is_open 10.99.0.2
within 5 is_open fd99::2
get on_host 2001:db8::2 60
for i in 1 2 3 4 5 6; do
    on_host "$BUILD/t/traffic" get tcp 192.0.2.2 $PORT 1 >/dev/null 2>&1
    db "UPDATE masq SET open = 3 WHERE host = '10.99.0.2'"
    within 5 is_closed 10.99.0.2
    order 10.99.0.2 erin
    within 5 is_open 10.99.0.2
done
db "UPDATE masq SET open = 3 WHERE host = 'fd99::2'"
within 5 is_closed fd99::2
close_all
took=$(($(now_ms) - begin))
ok "closed and opened six times beside the other: the time is charged once" charged 1 "$(used_by erin)" $took
ip netns pids ${NS}h | xargs -r kill 2>/dev/null

# Another order makes the forecast: a quota of a machine's two hosts lasts as long as of one.
stop_daemon
configure
sed -i 's/^PERIOD=.*/PERIOD=60/' "$CONF"
start_daemon
allow frank 4
begin=$(now_ms)
order 10.99.0.2 frank
order fd99::2 frank
within 5 is_open 10.99.0.2
within 5 is_open fd99::2
get on_host 192.0.2.2 60
get on_host 2001:db8::2 60
ok "the quota of a machine ends for both of its hosts, between passes" within 20 db_is 0 "SELECT count(*) FROM masq WHERE open <> 0"
ok "not before it is used up" between 3500 $(($(now_ms) - begin)) 60000
ok "and no more is charged than the time" used_up frank 4 $begin
ip netns pids ${NS}h | xargs -r kill 2>/dev/null

# An address that moves to another link-layer address.
stop_daemon
configure
start_daemon
allow gina 1000
order 10.99.0.2 gina
order fd99::2 gina
order 10.99.0.3 gina
within 5 is_open 10.99.0.2
within 5 is_open fd99::2
within 5 is_open 10.99.0.3
within 5 reaches && within 5 reaches6
ok "the gateway knows where the host is" within 5 knows 10.99.0.2
on_gate ip neigh flush to 10.99.0.3
sleep 1.2
on_gate ip neigh flush to 10.99.0.2
sleep 1.2
ok "an entry that is gone closes nobody" is_open 10.99.0.2
ok "nor the other" is_open 10.99.0.3
download dl tcp 192.0.2.2
ok "the host is in use" within 10 db_is 1 "SELECT cnts > 0 FROM masq WHERE host = '10.99.0.2'"
ip -n ${NS}h addr del 10.99.0.2/24 dev eth0
ip -n ${NS}i addr add 10.99.0.2/24 dev eth0
on_gate ip neigh replace 10.99.0.2 lladdr "$(mac_of i)" dev lan0 nud reachable
ok "the address has moved: the host is closed" within 5 is_closed 10.99.0.2
ok "its session ends as moved" within 5 cause_is 10.99.0.2 moved
ok "the log says so" within 5 logged 'close host=10.99.0.2 user=gina cause=moved'
ok "and from where to where" within 5 logged "moved host=10.99.0.2 from=$(mac_of h) to=$(mac_of i)"
is "once" "$(grep -c 'moved host=10.99.0.2' "$LOG")" 1
ok "the machine's other host stays open" is_open fd99::2
ok "and so does the one at the new place" is_open 10.99.0.3
order 10.99.0.2 gina
ok "it may be opened where it is now" within 5 is_open 10.99.0.2
sleep 1.3
ok "and stays open" is_open 10.99.0.2
ip -n ${NS}i addr del 10.99.0.2/24 dev eth0
ip -n ${NS}h addr add 10.99.0.2/24 dev eth0
ip -n ${NS}h route replace default via 10.99.0.1
on_gate ip neigh replace 10.99.0.2 lladdr "$(mac_of h)" dev lan0 nud reachable
order 10.99.0.2 gina
ok "ordered anew where it has moved to, it is opened there" within 5 db_is 'gina|
gina|moved' "SELECT name, cause FROM session WHERE host = '10.99.0.2' ORDER BY id DESC LIMIT 2"
ok "and is" within 5 reaches
close_all
stop_daemon

# BIND_MAC: with the link-layer address it had when it was opened, and with no other.
accepts() { on_gate "$1-legacy-save" -t filter | grep -- "-s $2 .*-j ACCEPT"; }
look_at() { on_gate "$BUILD/t/traffic" probe tcp "$1" 9 2>/dev/null; } # so that it is a neighbour
retake() { # LAST-BYTE: the host's Ethernet address is another from now on
    ip -n ${NS}h link set eth0 address "02:00:00:00:00:$1"
    on_host ip neigh flush all
    on_host ip -6 neigh flush all
}
h=$(mac_of h)
configure
start_daemon
order 10.99.0.2 gina
within 5 is_open 10.99.0.2
ok "BIND_MAC=no: no entry asks for an address" not eval 'accepts iptables 10.99.0.2/32 | grep -q mac'
retake 99
ok "BIND_MAC=no: another address gets out as well" within 10 reaches
ip -n ${NS}h link set eth0 address "$h"
stop_daemon

configure BIND_MAC=yes
# Long enough for what follows to be over before the pass notices.
sed -i 's/^PERIOD=.*/PERIOD=20/' "$CONF"
start_daemon
on_gate ip neigh flush to 10.99.0.2
on_gate ip -6 neigh flush to fd99::2
look_at 10.99.0.2
look_at fd99::2
order 10.99.0.2 gina
order fd99::2 gina
ok "a host whose address is known is opened" within 5 is_open 10.99.0.2
ok "IPv6 alike" within 5 is_open fd99::2
ok "its entry asks for that address" eval 'accepts iptables 10.99.0.2/32 | grep -iq -- "--mac-source $h"'
ok "IPv6 alike" eval 'accepts ip6tables fd99::2/128 | grep -iq -- "--mac-source $h"'
ok "it reaches out" within 5 reaches
ok "and by IPv6" within 5 reaches6
retake 98
ok "with another address, and the same source, it does not" not reaches
ok "nor by IPv6" not reaches6
ok "though nobody has noticed yet" is_open 10.99.0.2
ip -n ${NS}h link set eth0 address "$h"
ok "with its own it does again" within 10 reaches
retake 98
# What was on its way to the old address may have brought that back.
is_seen_at() { on_gate ip neigh flush to 10.99.0.2; look_at 10.99.0.2; on_gate ip neigh show 10.99.0.2 | grep "$1"; }
within 10 is_seen_at 02:00:00:00:00:98
ok "then the pass notices" within 40 is_closed 10.99.0.2
ok "and its session ends as moved" within 5 cause_is 10.99.0.2 moved
order 10.99.0.2 gina
ok "ordered anew it is opened with the new one" within 5 is_open 10.99.0.2
ok "which its entry asks for" eval 'accepts iptables 10.99.0.2/32 | grep -q -- "--mac-source 02:00:00:00:00:98"'
ok "and it reaches out" within 10 reaches
retake 97
on_gate ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:97 dev lan0 nud reachable
order 10.99.0.2 gina
ok "ordered anew while it is open: its entry follows" within 5 eval 'accepts iptables 10.99.0.2/32 | grep -q -- "--mac-source 02:00:00:00:00:97"'
ok "a new session begins" within 5 db_is 'gina|
gina|moved' "SELECT name, cause FROM session WHERE host = '10.99.0.2' ORDER BY id DESC LIMIT 2"
ok "and nobody else is blamed for the change" not logged 'somebody else had changed ours'

# Who has not been seen yet waits.
order 10.99.0.77 gina
ok "unknown: the log says what it waits for" within 5 logged 'wait host=10.99.0.77 user=gina reason="its Ethernet address is not known"'
is "and its row keeps its 2" "$(db "SELECT open FROM masq WHERE host = '10.99.0.77'")" 2
ok "and nothing lets it out" not accepts iptables 10.99.0.77/32
stop_daemon
sed -i 's/^PERIOD=.*/PERIOD=1/' "$CONF"
start_daemon
order 10.99.0.77 gina
told() { grep -c 'wait host=10.99.0.77' "$LOG"; }
told_are() { same "$(told)" "$1"; }
ok "told once a daemon" within 10 told_are 2
ok "though it is tried in every pass" rests told
ip -n ${NS}i addr add 10.99.0.77/24 dev eth0
look_at 10.99.0.77
ok "seen, it is opened" within 5 is_open 10.99.0.77
ok "with its address" eval 'accepts iptables 10.99.0.77/32 | grep -iq -- "--mac-source $(mac_of i)"'

# A reload turns it off and on.
sed -i '/BIND_MAC/d' "$CONF"
kill -HUP "$(daemon_pid)"
ok "reload without it: entries ask for no address" within 5 eval 'accepts iptables 10.99.0.77/32 | grep -qv mac'
ok "and the host stays open" is_open 10.99.0.77
order 10.99.0.78 gina
ok "who has not been seen is opened" within 5 is_open 10.99.0.78
echo BIND_MAC=yes >>"$CONF"
kill -HUP "$(daemon_pid)"
ok "reload with it: entries ask for the address that the host was opened with" within 5 eval 'accepts iptables 10.99.0.77/32 | grep -iq -- "--mac-source $(mac_of i)"'
ok "and who has not been seen is let out no more" within 5 eval '! accepts iptables 10.99.0.78/32'

# More than fit into one message of the worker to the keeper.
db "UPDATE masq SET open = 3"
within 5 db_is 0 "SELECT count(*) FROM masq WHERE open <> 0"
i=1
while [ $i -le 250 ]; do
    echo "neigh replace 10.99.3.$i lladdr 02:00:00:00:03:$(printf %02x $i) dev lan0 nud permanent"
    i=$((i + 1))
done | on_gate ip -batch -
on_gate ip route add 10.99.3.0/24 dev lan0
db "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
    INSERT INTO masq (host, name) SELECT '10.99.3.' || i, 'gina' FROM n"
ok "250 rows in one transaction are all opened" within 40 db_is 250 "SELECT count(*) FROM masq WHERE open = 1"
is "each with its own address" "$(on_gate iptables-legacy-save -t filter | grep -c -- '-s 10.99.3.*--mac-source 02:00:00:00:03:')" 250
ok "which is the right one" eval 'accepts iptables 10.99.3.200/32 | grep -iq -- "--mac-source 02:00:00:00:03:c8"'
stop_daemon
done_testing
