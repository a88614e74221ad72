#!/bin/sh
# Users on the gateway itself: their own sockets to the outside, and those of services that serve
# them, are use, on a machine of its own. Nobody is cut off here: that is t/enforce.t.
OWN_PROCESSES=1
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/login.sh"

own_utmp && make_users || exit 1
make_network
serve_on() { configure MIN_UID=2001 MAX_UID=2007 ENFORCE_LOCAL=log TICS=2 "$@"; }

# uses USER COMMAND...: in the background
uses() {
    as "$@" >/dev/null 2>&1 &
    PIDS="$PIDS $!"
}
traffic=$BUILD/t/traffic
holds() { uses "$1" "$traffic" hold "$2" $PORT 300; }
session() { db "SELECT $2 FROM session WHERE host = 'local' AND name = '$1' ORDER BY id DESC LIMIT 1"; }
is_charged() { [ "$(session "$1" points)" -ge ${2:-2} ]; }
is_not_charged() { db_is 0 "SELECT count(*) FROM session WHERE host = 'local' AND name = '$1'"; }
is_charged_now() { db_is 1 "SELECT count(*) > 0 FROM session WHERE host = 'local' AND name = '$1' AND closed IS NULL"; }
is_not_charged_now() { not is_charged_now "$1"; }
is_over() { same "$(session "$1" 'closed IS NOT NULL')" 1; }
passes() { # COUNT: so many passes that charge anna, who is on the net all the time
    passed=$(($(session anna points) + $1))
    within 40 is_charged anna $passed
}
ends_all() { # USER
    pkill -KILL -u "$1"
    within 10 is_over "$1"
}

# Who is on the net, by which table.
serve_on
start_daemon
for user in alice bob carol mallory tess anna; do allow $user 100000; done
for user in alice bob carol mallory tess; do
    ok "who does nothing is not charged: $user" is_not_charged $user
done
holds anna 192.0.2.2
ok "a connection by TCP is use" within 10 is_charged anna
is "on the machine local" "$(session anna 'host, name, closed')" 'local|anna|'
uses alice "$traffic" get udp 192.0.2.2 $PORT 300
uses bob "$traffic" hold 2001:db8::2 $PORT 300
uses carol "$traffic" get udp 2001:db8::2 $PORT 300
uses mallory "$traffic" hold ::ffff:192.0.2.2 $PORT 300
ok "a connected UDP socket" within 10 is_charged alice
ok "TCP by IPv6" within 10 is_charged bob
ok "UDP by IPv6" within 10 is_charged carol
ok "IPv4 from a socket of IPv6" within 10 is_charged mallory
is "each has one session" "$(db "SELECT count(*), count(DISTINCT name) FROM session")" '5|5'
ok "the time since the pass before counts" db_is 1 "SELECT min(seconds) >= 1 FROM session"
for user in alice bob carol mallory; do ends_all $user; done
is "who stops is over" "$(db "SELECT count(*) FROM session WHERE closed IS NOT NULL AND cause = 'idle'")" 4

# Half closed is no way to be let off: what comes in still comes in.
background on_server "$BUILD/t/serve_as" 7150 0 300
within 5 on_server sh -c 'ss -ltn | grep -q :7150'
as alice perl -MIO::Socket::INET -e '
    $s = IO::Socket::INET->new("192.0.2.2:7150") or exit 1; shutdown $s, 1; sleep 60' &
PIDS="$PIDS $!"
half_closed() { on_gate ss -tn state fin-wait-2 | grep -q 192.0.2.2; }
ok "a connection that one end has closed" within 5 half_closed
ok "is use for as long as it is held" within 10 db_is 1 "SELECT count(*) FROM session WHERE name = 'alice' AND closed IS NULL AND points >= 2"
ends_all alice

# What leads nowhere outside.
background on_host "$traffic" serve $PORT
background on_gate "$traffic" serve $PORT
within 5 on_gate "$traffic" probe tcp 10.99.0.2 $PORT
within 5 on_gate "$traffic" probe tcp 127.0.0.1 $PORT
holds alice 10.99.0.2
holds alice fd99::2
holds bob 127.0.0.1
holds bob ::1
holds bob 127.0.0.53
holds carol 192.0.2.1
holds carol 2001:db8::1
uses mallory nc -l -p 7001 2>/dev/null
uses 2000 "$traffic" hold 192.0.2.2 $PORT 300
uses 2008 "$traffic" hold 192.0.2.2 $PORT 300
before=$(db "SELECT count(*) FROM session")
passes 3
is "not LOCALNET, nor the machine itself, nor uids out of range" "$(db "SELECT count(*) FROM session")" "$before"
for uid in 2000 2008 alice bob carol mallory; do pkill -KILL -u $uid; done

# A uid without a name.
uses 2007 "$traffic" hold 192.0.2.2 $PORT 300
ok "who has no name is charged by number" within 10 is_charged '#2007'
pkill -KILL -u 2007
within 10 is_over '#2007'

# Once, however many.
for i in 1 2 3; do holds alice 192.0.2.2; done
holds alice 2001:db8::2
holds bob 192.0.2.2
within 10 is_charged alice && within 10 is_charged bob
more() { db "SELECT sum(CASE name WHEN 'alice' THEN points ELSE -points END) FROM session
    WHERE closed IS NULL AND name IN ('alice', 'bob')"; }
before=$(more)
passes 4
ok "four connections of four processes cost what one does" between -1 $(($(more) - before)) 1
is "in one session" "$(db "SELECT count(*) FROM session WHERE closed IS NULL AND name = 'alice'")" 1
ends_all bob
ends_all alice

# One balance, two machines.
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
background on_host "$traffic" hold 192.0.2.2 $PORT 300
holds alice 192.0.2.2
within 10 is_charged_now alice
host_is_charged() { db_is 1 "SELECT points >= $1 FROM session WHERE host = '10.99.0.2' AND closed IS NULL"; }
ok "on a host and here: both are charged" within 20 host_is_charged 4
more() { db "SELECT sum(CASE host WHEN 'local' THEN points ELSE -points END) FROM session
    WHERE closed IS NULL AND name = 'alice'"; }
within 10 is_charged alice 1
before=$(more)
passes 4
ok "for the same passes" between -2 $(($(more) - before)) 2
sum() { db "SELECT 100000 - quota = (SELECT sum(points) FROM session WHERE name = 'alice') FROM tcptab WHERE name = 'alice'"; }
is "to one balance" "$(sum)" 1
db "DELETE FROM masq"
ends_all alice
ok "the audit holds" on_gate "$BUILD/tcpquota" -c "$CONF" audit

# Free users pay once for all; with a shared line the cost is shared with those on hosts.
stop_daemon
serve_on USERS='free admin bob' SHARED_LINE=yes
start_daemon
holds alice 192.0.2.2
holds bob 192.0.2.2
for user in alice bob anna; do within 10 is_charged_now $user; done
# What three thirds are short of the time.
short() { session anna 'seconds - 3 * points'; }
before=$(short)
passes 4
ok "three share the line: each pays a third" between -3 $(($(short) - before)) 3
for user in alice bob anna; do ends_all $user; done
stop_daemon

# Services: root's socket, the user's process.
serve_on
start_daemon
uid_of() { id -u "$1"; }
# visits USER PORT OPTION...: somebody from outside is served as this user
visits() {
    visitor=$1
    port=$2
    shift 2
    background on_gate "${SERVICE:-$BUILD/t/serve_as}" "$@" $port "$(uid_of $visitor)" 300
    within 5 on_gate sh -c "ss -ltn | grep -q :$port"
    background on_server "$traffic" hold 192.0.2.1 $port 300
}
leaves() { # USER PORT
    pkill -KILL -f "serve_as.* $2 " || pkill -KILL -f "ftpd.* $2 "
    within 10 is_over $1
}
holds anna 192.0.2.2
sessions=$(db "SELECT count(*) FROM session")
visits alice 7101
ok "root's socket, held by a process of a user: it is that user's" within 10 is_charged alice
visits bob 7102 -d
ok "also if the process is not dumpable, as sshd's" within 10 is_charged bob
visits carol 7103 -e
ok "and if only its effective uid is the user's" within 10 is_charged carol
visits mallory 7104 -w "$TRASH/login"
within 5 test -e "$TRASH/login.ready"
passes 3
ok "before the user has logged in nobody is charged" is_not_charged_now mallory
: >"$TRASH/login"
ok "after that they are" within 10 is_charged_now mallory
leaves alice 7101
is "it is over when the visitor leaves" "$(session alice 'cause')" idle
for port in 7102 7103 7104; do pkill -KILL -f "serve_as.* $port "; done
for user in bob carol mallory; do within 10 is_over $user; done
stop_daemon

# Which of it is looked for.
serve_on CHECK_REMOTE=no
start_daemon
cp "$BUILD/t/serve_as" "$TRASH/in.ftpd"
visits alice 7105
SERVICE=$TRASH/in.ftpd visits bob 7106
holds carol 192.0.2.2
holds anna 192.0.2.2
ok "CHECK_FTP alone: an ftp daemon counts" within 10 is_charged_now bob
within 10 is_charged_now anna
passes 3
ok "and no other service" is_not_charged_now alice
ok "a user's own sockets do" is_charged_now carol
configure MIN_UID=2001 MAX_UID=2007 ENFORCE_LOCAL=log TICS=2 CHECK_LOCAL=no
kill -HUP "$(daemon_pid)"
ok "CHECK_LOCAL=no: they do not" within 10 is_not_charged_now carol
ok "but services do" within 10 is_charged_now alice
configure MIN_UID=2001 MAX_UID=2007 ENFORCE_LOCAL=log TICS=2 CHECK_LOCAL=no CHECK_REMOTE=no CHECK_FTP=no
kill -HUP "$(daemon_pid)"
ok "with nothing looked for it is all over" within 10 db_is 0 "SELECT count(*) FROM session WHERE closed IS NULL"
stop_daemon

# A dry run tells, and does nothing.
serve_on ENFORCE_LOCAL=kill
sed -i '/ENFORCE_LOCAL=log/d' "$CONF"
db "UPDATE tcptab SET quota = 0 WHERE name = 'carol'"
dump() { sqlite3 "$DB" .dump | md5sum; }
before=$(dump)
ip netns exec ${NS}g "$BUILD/tcpquotad" --dry-run -c "$CONF" 2>"$TRASH/said" &
pid=$!
PIDS="$PIDS $pid"
ok "a dry run tells who would be charged" within 20 grep -q 'info charge host=local user=anna' "$TRASH/said"
ok "of services, too" within 20 grep -q 'info charge host=local user=alice' "$TRASH/said"
ok "and who would be killed" within 20 grep -q 'would evict user=carol uid=2003 reason="quota is used up"' "$TRASH/said"
kill $pid
ok "it ends when it is told to" within 20 daemon_is_gone $pid
is "the database is as it was" "$(dump)" "$before"
ok "and everybody lives" pgrep -u carol
done_testing
