#!/bin/sh
# tcpquota-server: rules in the database, who wins, what is read from where, and `tcpquota rules`.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/server.sh"

make_gateway
make_database
rule() { db "INSERT INTO tcpserver_rules VALUES ($1)"; }
scope() { db "INSERT INTO tcpserver_scope (service, hostgroup, net, decision, env) VALUES ($1)"; }
number() { echo "$1" | awk -F. '{print (($1 * 256 + $2) * 256 + $3) * 256 + $4}'; }
gets() { talk -f "$1" "${2:-127.0.0.1}" | grep -E '^[A-Z]=' | paste -sd,; }
one() { number 1.2.3.4; }

door --config "$CONF" --service mail -- sh -c 'env | grep "^[A-Z]="; echo X=in'
is "no rules: everybody" "$(gets 1.2.3.4)" "X=in"
rule "NULL, $(one), NULL, 1, NULL"
is "a rule that was just written denies" "$(gets 1.2.3.4)" ""
is "NULL ip_end is ip_start: nobody else" "$(gets 1.2.3.5)" "X=in"
ok "the line of it" says "deny [0-9]* gate:127.0.0.1:$DOOR :1.2.3.4::"
db "UPDATE tcpserver_rules SET decision = NULL, env = 'A=1' || char(10) || 'B=2'"
is "NULL decision accepts, with its variables" "$(gets 1.2.3.4)" "A=1,B=2,X=in"
db "UPDATE tcpserver_rules SET env = 'A=1\\nB=2'"
is "a literal backslash and n end a line" "$(gets 1.2.3.4)" "A=1,B=2,X=in"
db "UPDATE tcpserver_rules SET decision = 2"
is "another decision denies" "$(gets 1.2.3.4)" ""
ok "with a warning" says 'rules for 1.2.3.4: 2 is no decision'
db "UPDATE tcpserver_rules SET decision = 0, env = 'nonsense'"
is "a variable that is none denies" "$(gets 1.2.3.4)" ""
ok "and is told" says "rules for 1.2.3.4: env: .nonsense. is no NAME=value"
db "DELETE FROM tcpserver_rules"
is "without the rule, everybody again" "$(gets 1.2.3.4)" "X=in"

rule "NULL, NULL, NULL, 1, NULL"
is "both NULL: everyone" "$(gets 1.2.3.4)" ""
is "IPv6 too" "$(gets fd99::9 fd99::9)" ""
rule "NULL, NULL, $(number 1.2.3.5), 0, 'A=low'"
is "NULL ip_start is 0" "$(gets 1.2.3.5)" "A=low,X=in"
is "and no further" "$(gets 1.2.3.6)" ""
rule "1, $(number 1.2.3.0), $(number 1.2.3.255), 0, 'A=net'"
rule "1, $(number 1.2.3.0), $(number 1.2.3.255), 0, 'A=later'"
is "the narrowest, and among equals the last row" "$(gets 1.2.3.6)" "A=later,X=in"
rule "2, $(number 1.2.3.0), $(number 1.2.3.255), 0, 'A=latest'"
rule "1, $(number 1.2.3.0), $(number 1.2.3.255), 0, 'A=last'"
is "before that the latest itime" "$(gets 1.2.3.6)" "A=latest,X=in"
rule "0, $(number 1.2.3.6), $(number 1.2.3.6), 0, 'B=host'"
is "rules never merge" "$(gets 1.2.3.6)" "B=host,X=in"
ok "ip_end before ip_start is refused" not rule "NULL, 5, 4, 0, NULL"
ok "so is a number that is no address" not rule "NULL, 4294967296, NULL, 0, NULL"
ok "and a negative one" not rule "NULL, -1, NULL, 0, NULL"
is "the columns are five" "$(db "SELECT group_concat(name) FROM pragma_table_info('tcpserver_rules')")" itime,ip_start,ip_end,decision,env
db "DELETE FROM tcpserver_rules"

scope "'mail', NULL, '1.2.0.0/16', 1, NULL"
scope "'web', NULL, '1.2.3.4', 0, 'A=web'"
scope "NULL, NULL, 'fd99::/64', 0, 'A=six'"
is "a rule of the service" "$(gets 1.2.3.4)" ""
is "one of another service is none" "$(gets 5.6.7.8)" "X=in"
is "IPv6" "$(gets fd99::9 fd99::9)" "A=six,X=in"
db "INSERT INTO hostgroup VALUES (1, 'room'), (2, 'empty')"
db "INSERT INTO validipaddress VALUES (1, '1.2.3.0/30'), (1, '1.2.3.7'), (1, '5.6.7.8')"
scope "'mail', 'room', NULL, 0, 'A=room'"
is "a host group" "$(gets 1.2.3.7)" "A=room,X=in"
is "not who is not in it" "$(gets 1.2.3.8)" ""
db "INSERT INTO validipaddress VALUES (1, '1.2.3.8')"
is "who was just put into it" "$(gets 1.2.3.8)" "A=room,X=in"
scope "'mail', 'room', '5.6.0.0/16', 0, 'A=both'"
is "of a group within a network" "$(gets 5.6.7.8)" "A=both,X=in"
scope "'mail', 'empty', NULL, 1, NULL"
scope "'mail', 'nobody', NULL, 1, NULL"
is "a group without addresses, or that is none, is nobody" "$(gets 9.9.9.9)" "X=in"
db "INSERT INTO tcpserver_scope (net, decision) VALUES ('1.2.3', 1)"
is "a net that is none holds for nobody" "$(gets 9.9.9.9)" "X=in"
ok "and is told" says 'tcpserver_scope: net 1.2.3,'
ok "so is a group that is none" says 'hostgroup nobody: no such group'
stop_server
serve "$SERVER" -1 -v -H -R -l gate --config "$CONF" 127.0.0.1 0 sh -c 'echo X=in'
is "without --service it is the port, as typed" "$(gets 1.2.3.6)" "X=in"
stop_server
db "INSERT INTO tcpserver_scope (service, decision) VALUES ('2525', 1)"
serve sh -c "echo 2525; exec '$SERVER' -v -H -R -l gate --config '$CONF' 127.0.0.1 2525 true"
within 20 said 'status: 0/40'
is "such as 2525" "$(gets 1.2.3.6)" ""
ok "which is a rule" says 'deny '
stop_server

# -m
db "DELETE FROM tcpserver_scope; DELETE FROM tcpserver_rules"
rule "NULL, $(one), NULL, 1, NULL"
door -m "$DB" -- echo X=in
is "-m: the database itself" "$(gets 1.2.3.4),$(gets 1.2.3.5)" ",X=in"
stop_server
for line in "localhost|user|password|$DB|" "|||$DB" "127.0.0.1|u|p|tcpserver|"; do
    echo "$line" >"$TRASH/line"
    door --config "$CONF" -m "$TRASH/line" -- echo X=in
    is "-m: the line $(echo "$line" | cut -c1-12)..." "$(gets 1.2.3.4),$(gets 1.2.3.5)" ",X=in"
    stop_server
done
line() { echo "$1" >"$TRASH/line"; code_of "$SERVER" --config "$CONF" -m "$TRASH/line" 127.0.0.1 0 true; }
is "a server that is not this machine" "$(line 'db.example.org|u|p|tcpserver|')" 65
ok "is named" grep -q 'server db.example.org: is another machine' "$TRASH/out_of"
is "a line that is none" "$(line 'localhost|u')" 65

# Databases that cannot be read
mkdir "$TRASH/elsewhere"
door -m "$TRASH/elsewhere/tcpquota.db" -- echo X=in
is "no database: nobody" "$(gets 1.2.3.4)" ""
ok "with its reason" eval 'says "elsewhere/tcpquota.db: " && says "drop " && says "status 28416"'
stop_server
door -X -m "$TRASH/elsewhere/tcpquota.db" -- echo X=in
is "-X: everybody where there is none" "$(gets 1.2.3.4)" "X=in"
stop_server
mkdir "$TRASH/odd"
mkfifo "$TRASH/odd/tcpquota.db"
door -m "$TRASH/odd/tcpquota.db" -- echo X=in
is "a FIFO: nobody, and nobody waits" "$(gets 1.2.3.4)" ""
ok "it is told" says 'it is no regular file'
stop_server
head -c 8192 /dev/urandom >"$TRASH/noise"
printf 'SQLite format 3\0' | dd of="$TRASH/noise" conv=notrunc 2>/dev/null
door -X -m "$TRASH/noise" -- echo X=in
is "-X: nobody where it is broken" "$(gets 1.2.3.5)" ""
stop_server
door --config "$CONF" -- echo X=in
is "before" "$(gets 1.2.3.5)" "X=in"
mv "$TRASH/db" "$TRASH/db.away"
is "a database that goes away: nobody" "$(gets 1.2.3.5)" ""
mv "$TRASH/db.away" "$TRASH/db"
is "and comes back" "$(gets 1.2.3.5)" "X=in"
lock_database
is "one that is locked can be read" "$(gets 1.2.3.5)" "X=in"
unlock_database
stop_server
door -u 65534 -g 65534 --config "$CONF" -- echo X=in
rule "NULL, $(number 1.2.3.5), NULL, 1, NULL"
is "-u: who has no rights there any more sees changes" "$(gets 1.2.3.5),$(gets 1.2.3.6)" ",X=in"
stop_server

# Edits while they come: each is seen by the next connection.
db "DELETE FROM tcpserver_rules"
door --config "$CONF" -- echo X=in
wrong=0
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    rule "$i, $(one), NULL, 1, NULL"
    [ -z "$(gets 1.2.3.4)" ] || wrong=$((wrong + 1))
    db "DELETE FROM tcpserver_rules WHERE itime = $i"
    [ "$(gets 1.2.3.4)" = X=in ] || wrong=$((wrong + 1))
done
is "40 edits, each seen by the next connection" $wrong 0

# [server:NAME]
stop_server
db "DELETE FROM tcpserver_rules; DELETE FROM tcpserver_scope"
printf '[server:mail]\nMAXCONNIP=0\n[server:web]\nDIEMSG=no\nMAXCONNC=7\n' >>"$CONF"
door --config "$CONF" --service mail -- echo X=in
is "[server:NAME]: a limit for all" "$(gets 1.2.3.4)" ""
scope "'mail', NULL, '1.2.3.5', 0, 'MAXCONNIP=5'"
is "a rule goes before it" "$(gets 1.2.3.5)" "X=in"
stop_server
serve env MAXCONNIP=9 "$SERVER" -1 -v -H -R -l gate --config "$CONF" --service mail 127.0.0.1 0 echo X=in
is "so does the environment" "$(gets 1.2.3.4)" "X=in"
stop_server
door --config "$CONF" --service other -- echo X=in
is "it is not for others" "$(gets 1.2.3.4)" "X=in"
stop_server
printf '[server:wrong]\nMAXSPEED=1\n' >>"$CONF"
is "a key that is none" "$(code_of "$SERVER" --config "$CONF" --service wrong 127.0.0.1 0 true)" 78
ok "with file, line, key" grep -qE 'tcpquota.cf:[0-9]+: .server:wrong. maxspeed' "$TRASH/out_of"
db "DELETE FROM tcpserver_rules; DELETE FROM tcpserver_scope"
door --config "$CONF" -- echo X=in

# tcpquota rules
quota() { on_gate "$BUILD/tcpquota" --config "$CONF" "$@"; }
printf '%s\n' '192.168.:allow,MAXLOAD="1000"' '1.2.3.4:deny' '1.2.3.4:allow,A="second"' '1.2.3.:allow,A="net"' 'fd99::/64:deny' ':allow,A="all"' >"$TRASH/text"
ok "import" eval 'quota rules import "$TRASH/text" | grep -q "6 rules"'
is "they hold at once" "$(gets 1.2.3.5)" "X=in"
is "the first of equal ones wins, as in the text" "$(gets 1.2.3.4)" ""
is "IPv6, in tcpserver_scope" "$(gets fd99::9 fd99::9)" ""
is "why: a rule that denies" "$(code_of quota rules why 1.2.3.4)" 1
ok "says which" grep -q '1.2.3.4: deny: 1.2.3.4 - 1.2.3.4' "$TRASH/out_of"
is "why: one that accepts" "$(code_of quota rules why 192.168.7.7)" 0
ok "says its variables" grep -qx 'MAXLOAD=1000' "$TRASH/out_of"
is "why --json" "$(quota --json rules why 9.9.9.9 | python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["range"], d["env"])')" "everyone A=all"
is "list: its rows" "$(quota --json rules list | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["rules"]))')" 6
ok "list, for people" eval 'quota rules list | grep -q "192.168.0.0  *192.168.255.255  *accept"'
quota rules import "$TRASH/text" --service web >/dev/null
is "import --service: for that alone" "$(db "SELECT count(*) FROM tcpserver_scope WHERE service = 'web'")" 6
printf '%s\n' ':allow' '=pc1:allow' 'x:deny' ':allow,A="a\nb"' >"$TRASH/text"
is "faults: nothing is taken over" "$(code_of quota rules import "$TRASH/text"),$(db "SELECT count(*) FROM tcpserver_rules")" "65,5"
db "INSERT INTO tcpserver_rules VALUES (99, $(number 9.9.9.9), NULL, 0, 'nonsense')"
is "why: what the server refuses" "$(code_of quota rules why 9.9.9.9)" 1
is "faults again" "$(code_of quota rules import "$TRASH/text")" 65
is "each is told" "$(grep -oE 'text:[0-9]+' "$TRASH/out_of" | sort | paste -sd,)" text:2,text:3,text:4
is "others than root may not" "$(code_of as 65534 "$BUILD/tcpquota" --config "$CONF" rules list)" 77
is "what is no command of it" "$(code_of quota rules forget)" 64
stop_server
done_testing
