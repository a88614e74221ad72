#!/bin/sh
# tcpquota-server as a relay with the database: rules and limits in front of it, backends in a table.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/server.sh"

make_gateway
echo ':allow' >"$TRASH/all"
for port in 9001 9002; do
    ip netns exec ${NS}g "$SERVER" -q -H -R -l 0 -x "$TRASH/all" 127.0.0.1 $port sh -c "echo $port; cat" >/dev/null 2>&1 &
    PIDS="$PIDS $!"
    within 20 eval 'ip netns exec ${NS}g ss -Htln "sport = :$port" | grep -q .'
done
make_database "[relay:mail]" "listen=2222" "remote=127.0.0.1:9001" "check-interval=0" "tls-certfile="
sed -i '/tls-certfile/d' "$CONF"
DOOR=2222
ip netns exec ${NS}g "$SERVER" --relay mail --config "$CONF" >"$SAID" 2>&1 &
SERVER_PID=$!
PIDS="$PIDS $SERVER_PID"
within 20 eval 'ip netns exec ${NS}g ss -Htln "sport = :2222" | grep -q .'
who() { talk -f "${1:-127.0.0.1}" 127.0.0.1 | head -1; }
backend() { db "REPLACE INTO backends (service, address, port, weight) VALUES ('mail', '127.0.0.1', $1, $2)"; }
# spread COUNT: who has answered how often
spread() { for i in $(seq "$1"); do who; done | sort | uniq -c | awk '{print $2 "=" $1}' | paste -sd,; }

is "the backend of the configuration" "$(who)" 9001
backend 9002 3
is "one of the table besides, by its weight" "$(spread 8)" "9001=2,9002=6"
db "UPDATE backends SET weight = 1"
is "edited live" "$(spread 8)" "9001=4,9002=4"
backend 9001 0
is "a weight of 0 in the table drains one of the configuration" "$(spread 4)" "9002=4"
db "DELETE FROM backends WHERE port = 9001"
holds 127.0.0.1
at=$(cat "$TRASH/held")
backend $at 0
is "what drains gets nothing new" "$(spread 4)" "$([ $at = 9001 ] && echo 9002 || echo 9001)=4"
ok "what it has goes on" kill -0 $HELD
db "DELETE FROM backends"
is "without the table, the configuration" "$(spread 3)" "9001=3"
kill $HELD
ok "an address that is none is refused" not db "INSERT INTO backends (service, address, port) VALUES ('mail', 'pc1', 25)"
ok "so is a port that is none" not db "INSERT INTO backends (service, address, port) VALUES ('mail', '10.0.0.1', 0)"
ok "a protocol" not db "INSERT INTO backends (service, address, port, protocol) VALUES ('mail', '10.0.0.1', 1, 'UDP')"
ok "a negative weight" not db "INSERT INTO backends (service, address, port, weight) VALUES ('mail', '10.0.0.1', 1, -1)"
db "INSERT INTO backends (service, address, port, protocol) VALUES ('mail', '127.0.0.1', 9001, 'sctp')"
ok "SCTP, in whatever case" db_is 1 "SELECT count(*) FROM backends WHERE protocol = 'SCTP'"
is "which this kernel may not have: the other one serves" "$(spread 2)" "9001=2"
db "DELETE FROM backends"
db "INSERT INTO backends (service, address, port) VALUES ('web', '127.0.0.1', 9002)"
is "a backend of another service is none" "$(spread 2)" "9001=2"

# The same rules as in front of a program
db "INSERT INTO tcpserver_scope (service, net, decision) VALUES ('mail', '5.6.7.8', 1), ('web', '1.2.3.4', 1)"
is "a rule denies" "$(who 5.6.7.8)" ""
ok "and is told" says '5.6.7.8:[0-9]*: denied'
is "one of another service does not" "$(who 1.2.3.4)" 9001
db "INSERT INTO tcpserver_scope (service, net, env) VALUES ('mail', '1.2.3.0/24', 'MAXCONNIP=1' || char(10) || 'DIEMSG=421 no more')"
holds 1.2.3.4
is "a limit, with its message" "$(talk -f 1.2.3.4 127.0.0.1 | tr -d '\r')" "421 no more"
is "others have another count" "$(who 1.2.3.5)" 9001
kill $HELD
ok "when he has gone" within 20 eval '[ "$(who 1.2.3.4)" = 9001 ]'
db "INSERT INTO tcpserver_scope (service, net, env) VALUES ('mail', '9.9.9.9', 'MAXQUOTA=yes')"
db "INSERT INTO allowed VALUES ('alice'); INSERT INTO tcptab VALUES ('alice', 1000)"
sed -i 's/^LOCALNET=.*/LOCALNET=9.9.9.0\/24/' "$CONF"
kill -HUP $SERVER_PID
within 20 said 'reload config'
is "MAXQUOTA" "$(who 9.9.9.9)" ""
db "INSERT INTO masq (host, name, open) VALUES ('9.9.9.9', 'alice', 1)"
is "a host that is open" "$(who 9.9.9.9)" 9001
holds 9.9.9.9
db "UPDATE masq SET open = 0"
ok "it ends when the host is closed" within 20 daemon_is_gone $HELD
# One that is there for quota stays one, whatever becomes of the rule and of others from there.
db "UPDATE masq SET open = 1"
holds 9.9.9.9
db "DELETE FROM tcpserver_scope WHERE net = '9.9.9.9'"
is "another one from there, without quota" "$(who 9.9.9.9)" 9001
db "UPDATE masq SET open = 0"
ok "the first one ends when the host is closed" within 20 daemon_is_gone $HELD
holds 9.9.9.9
db "UPDATE masq SET open = 1; UPDATE masq SET open = 0"
sleep 0.5
ok "one that came without quota stays" kill -0 $HELD
kill $HELD
printf '[server:mail]\nMAXCONNIP=0\n' >>"$CONF"
kill -HUP $SERVER_PID
within 20 eval '[ "$(grep -c "reload config" "$SAID")" = 2 ]'
is "[server:NAME] is for the relay of that name as well" "$(who 5.6.7.9 2>/dev/null; who)" ""
sed -i '/^.server:mail/,$d' "$CONF"
kill -HUP $SERVER_PID
within 20 eval '[ "$(grep -c "reload config" "$SAID")" = 3 ]'
is "until it is gone" "$(who)" 9001
mv "$TRASH/db" "$TRASH/db.away"
is "without the database nobody" "$(who)" ""
mv "$TRASH/db.away" "$TRASH/db"
is "with it, again" "$(who)" 9001
stop_server
done_testing
