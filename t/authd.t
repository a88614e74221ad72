#!/bin/sh
# tcpquota-authd: a verdict for each new connection, from the database, with a cache.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/authd.sh"

# how_refused ADDRESS PORT: what the host sees of a connection that is not let in
how_refused() {
    on_host timeout 10 python3 -c "
import socket, sys
s = socket.socket(socket.AF_INET6 if ':' in '$1' else socket.AF_INET)
s.settimeout(1.5)
try:
    s.connect(('$1', $2)); print('connected')
except ConnectionRefusedError: print('reset')
except (socket.timeout, TimeoutError): print('silence')
except OSError as e: print(e)"
}
code() { "$@" >"$TRASH/said" 2>&1; echo $?; }

# The command line and the configuration.
auth
is "--help" "$(code $AUTHD --help)|$(grep -c '^usage: tcpquota-authd' "$TRASH/said")" '0|1'
is "--version" "$(code $AUTHD -V)|$(cut -d' ' -f1 "$TRASH/said")" '0|tcpquota-authd'
is "an unknown option" "$(code $AUTHD --no-such)" 64
is "an option without its argument" "$(code $AUTHD -c)" 64
is "quiet and annoying" "$(code $AUTHD -qa)" 64
is "an argument" "$(code $AUTHD now)" 64
is "not by root" "$(code setpriv --reuid nobody --clear-groups "$AUTHD")" 77
is "no such configuration" "$(code $AUTHD -c "$TRASH/none.cf")|$(grep -c none.cf "$TRASH/said")" '78|1'
auth 'hook=sideways' 'ports=tcp/80 99999' 'no-such-key=1' 'fail=perhaps' cache 'size=0'
is "faults in sections" "$(code on_gate $AUTHD -c "$CONF")" 78
for key in HOOK PORTS NO-SUCH-KEY FAIL SIZE; do
    ok "  are told with line and key: $key" grep -q "tcpquota.cf:[0-9]*: $key: " "$TRASH/said"
done
is "and nothing has been begun" "$(on_gate iptables-legacy-save | grep -c TCPQUOTA)" 0
auth 'sql="SELECT nonsense FROM nowhere"'
is "sql= that is no question" "$(code on_gate $AUTHD -c "$CONF")|$(grep -c '\[auth\] sql: no such table: nowhere' "$TRASH/said")" '74|1'
auth 'sql="DELETE FROM tcptab"'
is "sql= that changes something" "$(code on_gate $AUTHD -c "$CONF")|$(grep -c 'sql: it has to be a question' "$TRASH/said")" '74|1'
auth 'sql="SELECT :user"'
is "sql= with a parameter that nobody knows" "$(code on_gate $AUTHD -c "$CONF")|$(grep -c 'sql: it has a parameter' "$TRASH/said")" '74|1'
is "and no entry is left of all that" "$(on_gate iptables-legacy-save | grep -c TCPQUOTA)" 0
ok "the database has been made" db "SELECT 1 FROM validipaddress"
auth cache
: >"$TRASH/file"
is "something else in the place of the FIFO" "$(code on_gate $AUTHD -c "$CONF" -i "$TRASH/file")|$(grep -c 'no FIFO' "$TRASH/said")" '71|1'

# The default: everything that comes to the gateway, from lists alone.
db "INSERT INTO hostgroup (name) VALUES ('lab'), ('others')"
ok "(without it the host connects)" connects on_host
with
ok "who is in no list does not connect" not connects on_host
ok "as the log has it" answers 'BLOCK 10.99.0.2 7001'
ok "in its own form" grep -qE '^20[0-9-]*T[0-9:]*[+-][0-9:]* \[[0-9]+\] : \[PACKET\] =>  BLOCK 10.99.0.2 7001$' "$OUT"
is "that is silence" "$(how_refused 10.99.0.1 7001)" silence
list 10.99.0.2
ok "added, then connected: at once" connects on_host
ok "as the log has it" answers 'PASS 10.99.0.2 7001'
ok "another host does not" not connects on_host2
ok "nor the same by IPv6" not connects on_host fd99::1
list FD99:0::/120
ok "a network, in whatever spelling" connects on_host fd99::1
ok "the other host is in it" connects on_host2 fd99::1
unlist FD99:0::/120
ok "taken out, then connected: at once" not connects on_host2 fd99::1
list 10.99.0.3-10.99.0.9
ok "a range" connects on_host2
db "UPDATE validipaddress SET hostAddress = '10.99.0.4-10.99.0.9' WHERE hostAddress LIKE '%-%'"
ok "that becomes smaller" not connects on_host2
db "INSERT OR REPLACE INTO validipaddress VALUES (1, '10.99.0.2')"
unlist 10.99.0.2
ok "a REPLACE does not make one address two" not connects on_host
db "DELETE FROM validipaddress; INSERT INTO validipaddress VALUES (1, '10.99.0.2'), (2, '10.99.0.3')"
ok "UDP is asked for as well" on_host "$BUILD/t/traffic" probe udp 10.99.0.1 7001
ok "and refused" eval 'db "DELETE FROM hostgroup WHERE hgId = 1"; ! on_host "$BUILD/t/traffic" probe udp 10.99.0.1 7002'
ok "a group takes its addresses along" db_is 10.99.0.3 "SELECT group_concat(hostAddress) FROM validipaddress"
ok "the other group's still counts" connects on_host2
ok "loopback is never asked for" on_gate "$BUILD/t/traffic" probe tcp 127.0.0.1 7001
ok "a row that is no address is refused by the table" not db "INSERT INTO validipaddress VALUES (1, 'pc one')"
db "INSERT INTO validipaddress VALUES (2, '10.99.0.999')"
connects on_host2
ok "or told in the log" within 5 says '\[WARNING\] validipaddress hostGroup=2: `10.99.0.999. is no address'
is "no look-up is logged without logging=yes" "$(db "SELECT count(*) FROM lookuplog")" 0

# Privilege.
worker=$(pgrep -P "$(authd_pid)" -n)
status() { awk -v k="$2:" '$1 == k {print $2}' "/proc/$1/status"; }
is "there are two processes beside the keeper" "$(pgrep -P "$(authd_pid)" | wc -l)" 2
for pid in $(pgrep -P "$(authd_pid)"); do
    is "process $pid is tcpquota's" "$(stat -c %U "/proc/$pid")" tcpquota
    is "  with new privileges off, and seccomp" "$(status $pid NoNewPrivs)$(status $pid Seccomp)" 12
    is "  and nothing in the bounding set" "$(status $pid CapBnd)" 0000000000000000
done
is "one has CAP_NET_ADMIN, the other nothing" "$(for pid in $(pgrep -P "$(authd_pid)"); do status $pid CapEff; done | sort | paste -sd,)" \
    0000000000000000,0000000000001000
is "a second one does not start" "$(code on_gate $AUTHD -c "$CONF")|$(grep -c 'another tcpquota-authd runs' "$TRASH/said")" '1|1'

# Entries: ours alone, in their places.
on_gate iptables-legacy -I INPUT -s 203.0.113.1 -j DROP
ok "an entry that pushes ours back is passed, within seconds" within 15 eval \
    '[ "$(on_gate iptables-legacy -S INPUT | sed -n 2p)" = "-A INPUT -j TCPQUOTA-AUTH" ]'
ok "and stays" eval 'on_gate iptables-legacy -S INPUT | grep -q 203.0.113.1'
on_gate iptables-legacy -F TCPQUOTA-AUTH
ok "what somebody empties is filled again" within 15 not connects on_host
ok "and told" within 5 says 'WARNING.* somebody has changed the entries'
kill -WINCH "$(authd_pid)"
kill -CONT "$(authd_pid)"
ok "other signals end nothing" lines_are_written
sed "s|authd.pid|second.pid|; s/^\[auth\]/[auth]\nqueue=55/" "$CONF" >"$TRASH/second.cf"
is "a second one with another PIDFILE and queue does not start either" \
    "$(code on_gate timeout 20 $AUTHD -c "$TRASH/second.cf" -i "$TRASH/fifo2")|$(grep -c 'another tcpquota-authd runs' "$TRASH/said")" '1|1'
ok "nor does it take anything along" not connects on_host
for signal in INT QUIT ABRT TERM; do
    [ -n "$(authd_pid)" ] || start_authd
    stop_authd -$signal
    is "$signal removes entries and pidfile" "$(on_gate iptables-legacy-save | grep -c AUTH)$(on_gate ip6tables-legacy-save | grep -c AUTH)$(ls "$TRASH/authd.pid" 2>/dev/null)" 00
    ok "  and says so" says "NOTICE. exit signal=$signal"
done
ok "what is not ours has stayed" eval 'on_gate iptables-legacy -S INPUT | grep -q 203.0.113.1'
on_gate iptables-legacy -D INPUT -s 203.0.113.1 -j DROP
ok "without it everybody connects" connects on_host

# A firewall that lets nobody in: who passes gets through it, with the whole connection.
on_gate iptables-legacy -P INPUT DROP
on_gate iptables-legacy -A INPUT -i lo -j ACCEPT
db "DELETE FROM validipaddress; INSERT INTO hostgroup VALUES (1, 'lab')"
ok "(nobody connects)" not connects on_host
with 'ports=7001'
list 10.99.0.2
ok "PASS opens a port to its address" connects on_host
ok "a port that is not asked for stays shut" not connects on_host 10.99.0.1 7002
ok "for everybody" not connects on_host2 10.99.0.1 7002
is "and is not asked for" "$(grep -ac 'PACKET.* 7002' "$OUT")" 0
on_host "$BUILD/t/traffic" get tcp 10.99.0.1 7001 60 >"$TRASH/dl" 2>&1 &
PIDS="$PIDS $!"
within 5 eval 'on_gate ss -tn state established "( sport = :7001 )" | grep -q 10.99.0.2'
asked=$(packets)
sleep 1
ok "a connection that stands goes on" not is_over dl
is "and is not asked for again" "$(packets)" "$asked"
unlist 10.99.0.2
ok "its address is taken out: no new one" not connects on_host
ok "the old one goes on" not is_over dl
ip netns pids ${NS}h | xargs -r kill 2>/dev/null
with 'ports=7001' 'interface=wan0'
ok "on another interface nobody is asked for" not connects on_host
is "says the log" "$(packets)" 0
with 'ports=7001' 'interface=lan0 wan0'
list 10.99.0.2
ok "on this one they are" connects on_host
with 'ports=tcp/7001 udp/7002'
ok "a port of TCP" connects on_host
ok "  is none of UDP" not on_host "$BUILD/t/traffic" probe udp 10.99.0.1 7001
ok "and the other way round" on_host "$BUILD/t/traffic" probe udp 10.99.0.1 7002
ok "  it is none of TCP" not connects on_host 10.99.0.1 7002
with 'ports=7001' 'keep-state=no'
on_host "$BUILD/t/traffic" get tcp 10.99.0.1 7001 3 >"$TRASH/dl" 2>&1
ok "keep-state=no: every packet is asked for" eval '[ "$(packets)" -gt 5 ]'
ok "and the connection works" grep -q 'end=done bytes=[1-9]' "$TRASH/dl"
ok "IPv6 neighbours find each other" eval 'list fd99::2; on_gate ip -6 neigh flush all; connects on_host fd99::1'
on_gate iptables-legacy -P INPUT ACCEPT
on_gate iptables-legacy -F INPUT

# What comes out of a tunnel is asked for by its own address, not let in by that of the tunnel.
tunnel() { # host|gate OWN OTHER ADDRESS
    on_$1 ip link add vx0 type vxlan id 5 local $2 remote $3 dstport 4789 &&
        on_$1 ip addr add $4/24 dev vx0 && on_$1 ip link set vx0 up
}
if tunnel host 10.99.0.2 10.99.0.1 10.77.0.2 && tunnel gate 10.99.0.1 10.99.0.2 10.77.0.1; then
    for state in yes no; do
        with keep-state=$state
        db "DELETE FROM validipaddress; INSERT INTO validipaddress VALUES (1, '10.99.0.2')"
        ok "keep-state=$state: a tunnel that passes" connects on_host
        ok "keep-state=$state: lets nobody in who is in no list" not connects on_host 10.77.0.1
        list 10.77.0.2
        ok "keep-state=$state: and whoever is in one" within 5 connects on_host 10.77.0.1
    done
    on_gate ip link del vx0
    on_host ip link del vx0
else
    ok "a tunnel # SKIP the kernel has no vxlan" true
fi

# What becomes of those who are blocked.
db "DELETE FROM validipaddress"
with 'return-reset=yes'
is "return-reset: a reset" "$(how_refused 10.99.0.1 7001)" reset
is "return-reset: a reset, IPv6" "$(how_refused fd99::1 7001)" reset
ok "return-reset: UDP is dropped" not on_host "$BUILD/t/traffic" probe udp 10.99.0.1 7001
with 'return-reset=no'
is "else silence, IPv6" "$(how_refused fd99::1 7001)" silence

# Groups, and what is in none.
db "INSERT INTO validipaddress VALUES (1, '10.99.0.2'), (2, '10.99.0.3')"
with 'host-group=lab'
ok "host-group: its own" connects on_host
ok "host-group: no other" not connects on_host2
db "UPDATE hostgroup SET name = 'lab' WHERE hgId = 2"
ok "two groups of one name are one" connects on_host2
db "UPDATE hostgroup SET name = 'others' WHERE hgId = 2"
with 'host-group=nobody'
ok "a group that is not there has nobody in it" not connects on_host
ok "and is warned of" says 'host-group: there is no group `nobody'
with 'host-group=lab' 'authoritative=no'
ok "not authoritative: in the group" connects on_host
ok "not authoritative: in another one" not connects on_host2
unlist 10.99.0.3
ok "not authoritative: in no list, on to later rules" connects on_host2
ok "as the log has it" answers 'NEXT 10.99.0.3 7001'
on_gate iptables-legacy -A INPUT -s 10.99.0.3 -p tcp -j REJECT
ok "which may say no" not connects on_host2
on_gate iptables-legacy -D INPUT -s 10.99.0.3 -p tcp -j REJECT

# The administrator's own question.
db "CREATE TABLE mine (ip TEXT PRIMARY KEY, yes INTEGER)"
db "INSERT INTO mine VALUES ('10.99.0.2', 1), ('10.99.0.3', 0)"
with 'sql="SELECT yes AND :port = 7001 FROM mine WHERE ip = :ip"'
ok "sql: 1" connects on_host
ok "sql: 0" not connects on_host2
ok "sql: it knows the port" not connects on_host 10.99.0.1 7002
ok "sql: no row is no" not connects on_host fd99::1
with 'sql="SELECT yes FROM mine WHERE ip = :ip"' 'authoritative=no'
ok "sql, not authoritative: no row goes on" connects on_host fd99::1
ok "sql, not authoritative: 0 is no" not connects on_host2
with 'sql="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"'
ok "sql that never ends: blocked" not connects on_host
ok "and told" within 5 says 'sql: takes too long'

# The log of look-ups.
db "DELETE FROM validipaddress; INSERT INTO validipaddress VALUES (1, '10.99.0.2')"
with 'logging=yes' 'host-group=lab' cache
for i in 1 2 3; do connects on_host; done
connects on_host2
ok "real look-ups are logged, and no others" within 10 db_is '10.99.0.2|1|1
10.99.0.3|1|0' "SELECT hostAddress, hostGroup, allow FROM lookuplog ORDER BY rowid"
ok "with their time" db_is 2 "SELECT count(*) FROM lookuplog WHERE lookupWhen IS strftime('%Y-%m-%dT%H:%M:%SZ', lookupWhen)"
lock_database
ok "with the database locked a new one is answered" connects on_host 10.99.0.1 7002
is "and not logged yet" "$(sqlite3 "$DB" 'SELECT count(*) FROM lookuplog')" 2
unlock_database
ok "but logged when it is free" within 20 db_is 3 "SELECT count(*) FROM lookuplog"
connects on_host2 10.99.0.1 7002
stop_authd
ok "what is not yet written is written at the end" within 5 db_is 4 "SELECT count(*) FROM lookuplog"

# fail=, and what is left of a daemon that was killed.
db "DELETE FROM validipaddress; INSERT INTO validipaddress VALUES (1, '10.99.0.2')"
kill_all() {
    victims="$(authd_pid) $(pgrep -P "$(authd_pid)" | tr '\n' ' ')"
    kill -KILL $victims
    for pid in $victims; do within 10 daemon_is_gone $pid; done
}
with
ok "(closed: it works)" connects on_host
kill_all
ok "closed: killed, nobody gets in" not connects on_host
start_authd
ok "closed: started again" connects on_host
kill -KILL "$(authd_pid)"
ok "closed: the keeper killed, nobody gets in" within 10 not connects on_host
echo nonsense >>"$CONF"
is "--clean, whatever is wrong with the configuration" "$(code on_gate $AUTHD --clean -c "$CONF")|$(on_gate iptables-legacy-save | grep -c AUTH)" '0|0'
with 'fail=open'
ok "(open: who is in no list does not get in)" not connects on_host2
kill_all
ok "open: killed, everybody gets in" connects on_host2
start_authd
ok "open: started again" not connects on_host2
worker=$(pgrep -P "$(authd_pid)" -n)
kill -STOP $worker
ok "a worker that was stopped is killed" within 40 says 'the worker has not answered for'
ok "and another one answers" within 20 not connects on_host2
worker=$(pgrep -P "$(authd_pid)" -n)
kill -KILL $worker
ok "a worker that was killed is started again" within 20 eval '[ "$(pgrep -P "$(authd_pid)" | wc -l)" = 2 ] && ! connects on_host2'
ok "which is told" says 'ERROR. the worker was killed by signal 9'
recorder=$(pgrep -P "$(authd_pid)" -o)
kill -KILL $recorder
ok "so is the recorder" within 20 says 'the recorder was killed by signal 9'
for fail in closed open; do
    with fail=$fail
    connects on_host
    mv "$DB" "$DB.away"
    mv "$DB-wal" "$DB.away-wal"
    : >"$DB-touch"
    if [ $fail = closed ]; then
        ok "closed: the database is gone, nobody gets in" within 15 not connects on_host
    else
        ok "open: the database is gone, everybody gets in" within 15 connects on_host2
    fi
    mv "$DB.away" "$DB"
    mv "$DB.away-wal" "$DB-wal"
    rm -f "$DB-touch"
    ok "$fail: it is back, and asked again" within 30 eval 'connects on_host && ! connects on_host2'
done
stop_authd
done_testing
