#!/bin/sh
# tcpquota-server as a front door: its options, what programs get, rules as a text, what it says.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/server.sh"

make_gateway
rules() { for line; do echo "$line"; done >"$TRASH/rules.new"; mv "$TRASH/rules.new" "$TRASH/rules"; }
env_of() { talk "${1:-127.0.0.1}" | grep -E '^(PROTO|TCP(LOCAL|REMOTE)[A-Z]*|A|B)='; }
shows() { talk "$1" | grep -qx -- "$2"; }

# Options
door -x /dev/null -- true
ok "a file of rules that is none: an error at the start" eval 'within 20 daemon_is_gone $SERVER_PID && said "/dev/null: is no regular file"'
usage() { is "$1" "$(code_of "$SERVER" $2)" 64; }
usage "no program is a usage error" "127.0.0.1 0"
usage "-x and -m exclude each other" "-x a -m b 127.0.0.1 0 true"
usage "an unknown option" "-Z 127.0.0.1 0 true"
usage "-c 0" "-c 0 127.0.0.1 0 true"
usage "-c without a number" "-c x 127.0.0.1 0 true"
usage "-b 0" "-b 0 127.0.0.1 0 true"
usage "-u with a name" "-u root 127.0.0.1 0 true"
usage "-U without \$UID" "-U 127.0.0.1 0 true"
usage "a compiled .cdb, by name" "-x rules.cdb 127.0.0.1 0 true"
ok "and it is named" grep -q 'rules.cdb: is a compiled .cdb' "$TRASH/out_of"
is "--help" "$(code_of "$SERVER" --help)" 0
is "--version" "$("$SERVER" --version | cut -d' ' -f1)" tcpquota-server
is "no such host" "$(code_of "$SERVER" -x "$TRASH/none" no.such.host.invalid 0 true)" 68
is "no such port" "$(code_of "$SERVER" -x "$TRASH/none" 127.0.0.1 nosuchservice true)" 64
is "no configuration where one is needed" "$(code_of "$SERVER" --config "$TRASH/none.cf" 127.0.0.1 0 true)" 78

# What a program gets
rules ':allow,A="from a rule",B="x=y"'
door -x "$TRASH/rules" -- env
is "the environment, IPv4" "$(env_of | grep -v REMOTEPORT | sort | paste -sd,)" \
    "A=from a rule,B=x=y,PROTO=TCP,TCPLOCALHOST=gate,TCPLOCALIP=127.0.0.1,TCPLOCALPORT=$DOOR,TCPREMOTEIP=127.0.0.1"
is "and IPv6" "$(env_of ::1 | grep -v REMOTEPORT | sort | paste -sd,)" \
    "A=from a rule,B=x=y,PROTO=TCP,TCPLOCALHOST=gate,TCPLOCALIP=::1,TCPLOCALPORT=$DOOR,TCPREMOTEIP=::1"
ok "TCPREMOTEPORT is a port" eval 'env_of | grep -qE "^TCPREMOTEPORT=[0-9]+$"'
ok "what is not known is not set" not eval 'talk 127.0.0.1 | grep -E "^TCPREMOTE(HOST|INFO)="'
stop_server

rules ':allow'
door -x "$TRASH/rules" -- cat
is "what it writes comes back, to the last byte" "$(talk 127.0.0.1 'a line without an end')" 'a line without an end'
ok "200,000 bytes, too" same "$(timeout 60 ip netns exec ${NS}g "$TALK" -p 200000 127.0.0.1 $DOOR)" 200000
ok "-v: how many there are" said "status: 1/40"
ok "who comes" eval 'said "^tcpquota-server: pid [0-9]* from 127.0.0.1"'
ok "that he may" eval 'said "^tcpquota-server: ok [0-9]* gate:127.0.0.1:$DOOR :127.0.0.1::[0-9]*$"'
ok "how it ended" eval 'says "^tcpquota-server: end [0-9]* status 0"'
stop_server
door -x "$TRASH/rules" -- sh -c 'ls -l /proc/$$/fd | grep -cE "socket|inotify|eventpoll|tcpquota.db"'
is "none of the listener's descriptors is open to a program" "$(talk 127.0.0.1)" 2
stop_server
door -x "$TRASH/rules" -- sh -c 'exit 3'
talk 127.0.0.1 >/dev/null
ok "an exit code, as of wait(2)" eval 'says "end [0-9]* status 768"'
stop_server
door -x "$TRASH/rules" -- "$TRASH/no such program"
talk 127.0.0.1 >/dev/null
ok "a program that is not there is named" says "no such program: No such file"
ok "and holds no place" says "status: 0/40"
stop_server

# Names and numbers of options
door -x "$TRASH/rules" -B 'hello' -- cat
is "-B comes first" "$(talk 127.0.0.1 ' you')" 'hello you'
stop_server
door -x "$TRASH/rules" -u 65534 -g 65533 -- sh -c 'id -u; id -g; id -G'
is "-u and -g" "$(talk 127.0.0.1 | paste -sd' ')" "65534 65533 65533"
ok "the listener itself is that user" same "$(awk '/^Uid:/ {print $2 $3 $4}' /proc/$(pgrep -P $SERVER_PID || echo $SERVER_PID)/status)" 655346553465534
stop_server
stop_server
door -x "$TRASH/rules" -u 65534 -- sh -c 'id -G; grep ^Groups: /proc/$$/status'
is "-u alone: the groups of who started it are gone" "$(talk 127.0.0.1 | tail -1 | tr -d '\t ')" Groups:
stop_server
UID_GID='UID=65534 GID=65533'
serve env $UID_GID "$SERVER" -1 -v -H -R -l gate -U -x "$TRASH/rules" 127.0.0.1 0 id -u
is "-U" "$(talk 127.0.0.1)" 65534
stop_server
serve "$SERVER" -1 -q -H -R -l gate -x "$TRASH/rules" 127.0.0.1 0 "$TRASH/none"
talk 127.0.0.1 >/dev/null
ok "-q says nothing, not even what goes wrong" test ! -s "$SAID"
stop_server
serve "$SERVER" -1 -Q -H -R -l gate -x "$TRASH/rules" 127.0.0.1 0 "$TRASH/none"
talk 127.0.0.1 >/dev/null
ok "-Q says that, and no more" eval 'says "none: No such file" && ! said "status:"'
stop_server
# what the connection is set to, as its program sees it
option() { printf 'import socket; s = socket.socket(fileno=0); print(s.getsockopt(%s))' "$1"; }
for case in -d:0 -D:1; do
    door -x "$TRASH/rules" ${case%:*} -- python3 -c "$(option 'socket.IPPROTO_TCP, socket.TCP_NODELAY')"
    is "${case%:*}: TCP_NODELAY" "$(talk 127.0.0.1)" ${case#*:}
    stop_server
done
door -x "$TRASH/rules" -b 7 -- true
is "-b: so many may wait" "$(ip netns exec ${NS}g ss -Hltn "sport = :$DOOR" | awk '{print $3}' | sort -u)" 7
stop_server
door -x "$TRASH/rules" -- true
is "128 if it is not said" "$(ip netns exec ${NS}g ss -Hltn "sport = :$DOOR" | awk '{print $3}' | sort -u)" 128
stop_server
for option in -o -O; do
    door -x "$TRASH/rules" $option -- cat
    is "$option serves" "$(talk 127.0.0.1 x)" x
    stop_server
done
serve "$SERVER" -1 -H -R -l gate -x "$TRASH/rules" 127.0.0.1 0 cat
is "an address alone" "$(talk 127.0.0.1 x)" x
is "is not open on another one" "$(code_of talk 5.6.7.8 x)" 1
stop_server

# -c: accepting waits
door -x "$TRASH/rules" -c 2 -B . -- cat
holds 127.0.0.1
first=$HELD
holds 127.0.0.1
ip netns exec ${NS}g "$TALK" 127.0.0.1 $DOOR late >"$TRASH/late" 2>&1 &
late=$!
PIDS="$PIDS $late"
ok "two of two" says "status: 2/2"
sleep 0.5
ok "a third waits" test ! -s "$TRASH/late"
kill $first
ok "until one has gone" within 20 grep -q late "$TRASH/late"

# TERM ends the listener; who is there goes on.
: >"$TRASH/held"
ok "one is there" says "status: 1/2"
kill -TERM $SERVER_PID
ok "TERM ends it" within 20 daemon_is_gone $SERVER_PID
wait $SERVER_PID 2>/dev/null
is "with 0" $? 0
is "nobody listens any more" "$(code_of talk 127.0.0.1 x)" 1
ok "a connection of before goes on" kill -0 $HELD
kill $HELD

# Rules as a text
rules '5.6.7.8:deny' '1.2.3.4-5:allow,A="range"' '1.2.3.:deny' 'fd99::/64:deny' ':allow,A="all"'
door -x "$TRASH/rules" -- env
ok "everybody" shows 127.0.0.1 A=all
is "one is denied" "$(talk -f 5.6.7.8 127.0.0.1)" ""
ok "and the line says so" eval 'says "^tcpquota-server: deny [0-9]* gate:127.0.0.1:$DOOR :5.6.7.8::[0-9]*$"'
ok "with its end" says "end [0-9]* status 25600"
ok "a range" eval 'talk -f 1.2.3.5 127.0.0.1 | grep -qx A=range'
is "a network is denied" "$(talk -f 1.2.3.6 127.0.0.1)" ""
is "one of IPv6" "$(talk -f fd99::9 fd99::9)" ""
rules ':allow,A="changed"'
ok "a change holds for the next connection" shows 127.0.0.1 A=changed
rules ':allow,A="changed"' 'nonsense'
ok "with a fault the old rules hold on" shows 127.0.0.1 A=changed
ok "which is told, with its line" said "rules:2: a rule is ADDRESS:allow or ADDRESS:deny"
# Written over, bit by bit: half of it lets in whom the whole denies.
: >"$TRASH/rules"
is "an empty text that is being written does not count" "$(talk 127.0.0.1 | grep -c ^A=changed)" 1
echo ':deny' >"$TRASH/rules"
ok "what is written does, soon after" within 20 eval '[ -z "$(talk 127.0.0.1)" ]'
rules ':deny   ' '127.0.0.1:allow,A="blanks"  '
ok "blanks at the end of a line are nothing" shows 127.0.0.1 A=blanks
rm "$TRASH/rules"
is "without the file nobody comes in" "$(talk 127.0.0.1)" ""
ok "and it is said" eval 'says "rules: No such file" && says "drop [0-9]*" && says "status 28416"'
rules ':allow,A="back"'
ok "back again" shows 127.0.0.1 A=back
stop_server
rm "$TRASH/rules"
door -X -x "$TRASH/rules" -- env
ok "-X: without the file everybody does" eval 'talk 127.0.0.1 | grep -q ^PROTO=TCP'
rules ':deny'
is "with it, it counts" "$(talk 127.0.0.1)" ""
stop_server
rules 'x:allow' ':allow' '1.2.3.4:perhaps'
is "faults at the start: all are told, exit code 65" "$(code_of "$SERVER" -x "$TRASH/rules" 127.0.0.1 0 true)" 65
is "with their lines" "$(grep -oE 'rules:[0-9]+' "$TRASH/out_of" | paste -sd,)" rules:1,rules:3
head -c 4096 /dev/zero >"$TRASH/compiled"
is "a .cdb by another name" "$(code_of "$SERVER" -x "$TRASH/compiled" 127.0.0.1 0 true)" 65
ok "is known for what it is" grep -q 'is a compiled .cdb' "$TRASH/out_of"

# As tcpserver
ln -s "$SERVER" "$TRASH/tcpserver"
serve "$TRASH/tcpserver" -1 -v -H -R -l 0 127.0.0.1 0 cat
is "as tcpserver, without rules" "$(talk 127.0.0.1 x)" x
ok "it says its name" says '^tcpserver: status: 0/40'
stop_server
done_testing
