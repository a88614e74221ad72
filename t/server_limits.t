#!/bin/sh
# tcpquota-server: limits as variables of a rule, what those are told who are refused, and quota.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/server.sh"

make_gateway
rules() { for line; do echo "$line"; done >"$TRASH/rules.new"; mv "$TRASH/rules.new" "$TRASH/rules"; }
# The load is what this file says, in mounts of our own.
load() { echo "$1 0.00 0.00 1/100 1" >"$TRASH/loadavg"; }
load 0.50
mount --bind "$TRASH/loadavg" /proc/loadavg
comes_in() { [ "$(talk -f "$1" 127.0.0.1)" = IN ]; }
# the door is there, takes him and closes; or resets
refused() {
    denied=$(grep -c ' deny ' "$SAID")
    [ "$(talk -f "$1" 127.0.0.1)" = "${2:-}" ] && within 20 eval '[ "$(grep -c " deny " "$SAID")" -gt $denied ]'
}
# the end of the last line that denies
mark() { grep deny "$SAID" | tail -1 | grep -oE '[A-Z]+:$'; }
stays() { holds "$1"; HELD_ALL="$HELD_ALL $HELD"; }
all_go() {
    kill $HELD_ALL
    HELD_ALL=
    within 20 eval 'tail -1 "$SAID" | grep -q "status: 0/"'
}
HELD_ALL=
# A program that greets, and stays as long as its client.
greeter() { door -x "$TRASH/rules" "$@" -- sh -c 'echo IN; exec cat >/dev/null'; }

# The first example of the limits page: the local network below load 10.00, others at most 3 each.
rules '192.168.:allow,MAXLOAD="1000"' ':allow,MAXCONNIP="3"'
greeter
load 9.99
ok "local network, load 9.99" comes_in 192.168.1.1
load 10.00
ok "load 10.00" refused 192.168.1.1
is "the line ends with" "$(mark)" LOAD:
ok "others do not ask for the load" comes_in 5.6.7.8
stays 5.6.7.8
stays 5.6.7.8
ok "a third one from there" comes_in 5.6.7.8
stays 5.6.7.8
ok "a fourth" refused 5.6.7.8
is "the line ends with" "$(mark)" MAXCONNIP:
ok "from elsewhere" comes_in 1.2.3.4
load 0.50
ok "the local network has no such limit" eval 'stays 192.168.1.1; stays 192.168.1.1; stays 192.168.1.1; comes_in 192.168.1.1'
all_go
ok "they have gone: there is room" comes_in 5.6.7.8
stop_server

# The second: four rules.
rules '192.168.:allow' '5.6.7.8:allow,MAXCONNIP="3"' '1.2.:allow,MAXLOAD="500",MAXCONNIP="1",MAXCONNC="5"' \
    ':allow,MAXLOAD="1000",MAXCONNIP="3",DIEMSG="421 example.com unavailable"'
greeter
load 99.00
ok "the local network, whatever the load" comes_in 192.168.1.1
ok "5.6.7.8, too" comes_in 5.6.7.8
stays 5.6.7.8
stays 5.6.7.8
stays 5.6.7.8
ok "3 from there, no more" refused 5.6.7.8
load 5.00
ok "1.2., load 5.00" refused 1.2.3.4
is "the line ends with" "$(mark)" LOAD:
load 4.99
ok "load 4.99" comes_in 1.2.3.4
stays 1.2.3.4
ok "one from each" refused 1.2.3.4
is "the line ends with" "$(mark)" MAXCONNIP:
stays 1.2.3.5
stays 1.2.3.6
stays 1.2.3.7
ok "four from 1.2.3.0/24: a fifth" comes_in 1.2.3.8
stays 1.2.3.8
ip -n ${NS}g addr add 1.2.3.9/32 dev lo
ok "five: no sixth" refused 1.2.3.9
is "the line ends with" "$(mark)" MAXCONNC:
ok "from the next network" comes_in 1.2.4.4
CRLF=$(printf '421 example.com unavailable\r\n.')
load 10.00
is "everybody else, load 10.00: the message, with CRLF" "$(talk -f 9.9.9.9 127.0.0.1; echo .)" "$CRLF"
load 9.99
ok "load 9.99" comes_in 9.9.9.9
stays 9.9.9.9
stays 9.9.9.9
stays 9.9.9.9
is "3 of them" "$(talk -f 9.9.9.9 127.0.0.1; echo .)" "$CRLF"
is "one that has sent something gets the message, too" "$(talk -f 9.9.9.9 127.0.0.1 "$(seq 2000)"; echo .)" "$CRLF"
all_go
stop_server

# 0, what is malformed, other limits
for case in 'MAXLOAD="0" LOAD:' 'MAXCONNIP="0" MAXCONNIP:' 'MAXCONNC="0" MAXCONNC:' 'MAXCONNNET="8:0" MAXCONNNET:'; do
    rules ":allow,${case% *}"
    [ "$case" = 'MAXLOAD="0" LOAD:' ] && greeter
    ok "${case% *} always refuses" refused 9.9.9.9
    is "the line ends with" "$(mark)" "${case#* }"
done
for limit in 'MAXLOAD="high"' 'MAXCONNIP="-1"' 'MAXCONNC=""' 'MAXCONNNET="24"' 'MAXQUOTA="maybe"'; do
    rules ":allow,$limit"
    ok "$limit refuses" refused 9.9.9.9
    ok "and is told" says "rules for 9.9.9.9: ${limit%%=*}: "
done
rules ':allow,MAXCONNNET="16:2"'
stays 1.2.3.4
stays 1.2.4.4
ok "MAXCONNNET: no third from 1.2.0.0/16" refused 1.2.3.5
ok "one from elsewhere" comes_in 5.6.7.8
rules ':allow,MAXCONNNET="64:1"'
holds fd99::9 fd99::9
HELD_ALL="$HELD_ALL $HELD"
ok "of IPv6, /64" eval '[ -z "$(talk -f fd99::10 fd99::9)" ]'
all_go
stop_server
rules ':allow'
serve env MAXCONNIP=1 "$SERVER" -1 -v -H -R -l gate -x "$TRASH/rules" 0 0 sh -c 'echo IN; exec cat >/dev/null'
stays 9.9.9.9
ok "a limit may be set for all, in the environment" refused 9.9.9.9
rules ':allow,MAXCONNIP="2"'
ok "and be another one in a rule" comes_in 9.9.9.9
all_go
stop_server

# Who is refused holds no place, with a message or without.
rules '9.9.9.9:allow,MAXCONNIP="0",DIEMSG="421 no"' '8.8.8.8:allow,MAXCONNIP="0"' ':allow'
greeter -c 1
for i in 1 2 3 4 5 6 7 8 9 10; do
    # Readers that do not read, and do not go.
    ip netns exec ${NS}g "$TALK" -k -f 9.9.9.9 127.0.0.1 $DOOR >/dev/null 2>&1 &
    PIDS="$PIDS $!"
    ip netns exec ${NS}g "$TALK" -k -f 8.8.8.8 127.0.0.1 $DOOR >/dev/null 2>&1 &
    PIDS="$PIDS $!"
done
ok "20 are refused" within 20 eval '[ "$(grep -c "deny .*MAXCONNIP:" "$SAID")" = 20 ]'
ok "with one place, another one comes in" comes_in 5.6.7.8
before=$(date +%s%3N)
refused 8.8.8.8
ok "without a message the close comes after a second" between 900 $(($(date +%s%3N) - before)) 60000
stop_server
big=$(head -c 300000 /dev/zero | tr '\0' x)
rules ":allow,MAXCONNIP=\"0\",DIEMSG=\"$big\""
greeter
ok "a message of 300,000 bytes is delivered in full" same "$(talk -f 9.9.9.9 127.0.0.1 | tr -d '\r\n' | wc -c)" 300000
# Closing with what he has sent unread would throw away what has not arrived yet.
is "to one that has sent something and reads slowly, too" \
    "$(talk -f 9.9.9.9 127.0.0.1 "$(seq 2000)" | { sleep 1; tr -d '\r\n' | wc -c; })" 300000
stop_server

# Slow clients, and many
rules ':allow,MAXCONNIP="0",DIEMSG="421 no"'
door -x "$TRASH/rules" -c 3 -- cat
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    ip netns exec ${NS}g "$TALK" -k -s 500 -f 9.9.9.9 127.0.0.1 $DOOR "a slow client that goes on and on and on" >/dev/null 2>&1 &
    PIDS="$PIDS $!"
done
within 20 eval '[ "$(grep -c "deny" "$SAID")" = 20 ]'
rules ':allow'
is "20 that drip hinder nobody" "$(talk -f 5.6.7.8 127.0.0.1 fast)" fast
stop_server

# Quota
make_database
db "INSERT INTO allowed VALUES ('alice'), ('bob')"
db "INSERT INTO tcptab VALUES ('alice', 1000), ('bob', 0)"
db "INSERT INTO tcpserver_rules (env) VALUES ('MAXQUOTA=yes')"
ip -n ${NS}g addr add 10.99.0.2/32 dev lo
ip -n ${NS}g addr add 10.99.0.3/32 dev lo
open_host() { db "REPLACE INTO masq (host, name, open) VALUES ('$1', '$2', $3)"; }
door --config "$CONF" -- sh -c 'echo IN; exec cat >/dev/null'
ok "MAXQUOTA: a host that is not open" refused 10.99.0.2
is "the line ends with" "$(mark)" MAXQUOTA:
open_host 10.99.0.2 alice 1
ok "one that is" comes_in 10.99.0.2
open_host 10.99.0.3 bob 1
ok "one whose user has nothing left" refused 10.99.0.3
open_host 10.99.0.2 alice 2
ok "one that is about to be opened" refused 10.99.0.2
open_host 10.99.0.2 alice 1
holds 10.99.0.2
within 20 eval 'tail -1 "$SAID" | grep -q ": ok"'
db "UPDATE masq SET open = 0 WHERE host = '10.99.0.2'"
ok "the connection ends when the host is closed" within 20 daemon_is_gone $HELD
ok "and the program with it" says 'status: 0/40'
ok "which is told" said "the host is closed, its connection ends"
open_host 10.99.0.2 alice 1
holds 10.99.0.2
db "DELETE FROM allowed WHERE name = 'alice'"
ok "or when its user may no more" within 20 daemon_is_gone $HELD
db "INSERT INTO allowed VALUES ('alice')"
holds 10.99.0.2
kill -TERM $SERVER_PID
sleep 0.3
ok "after TERM it is watched still" kill -0 $HELD
db "UPDATE masq SET open = 0 WHERE host = '10.99.0.2'"
ok "until it is closed" within 20 daemon_is_gone $HELD
ok "then the listener ends, too" within 20 daemon_is_gone $SERVER_PID
rules ':allow,MAXQUOTA="yes"'
door -x "$TRASH/rules" -- echo IN
ok "MAXQUOTA without a configuration refuses" refused 10.99.0.2
ok "and says why" says 'MAXQUOTA needs a configuration'
stop_server
done_testing
