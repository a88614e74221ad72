#!/bin/sh
# Charging on real traffic: who pays, how much, when it ends.
. "$(dirname "$0")/lib.sh"

make_network
configure 'USERS=free admin'
start_daemon

quota() { db "SELECT quota FROM tcptab WHERE name = '$1'"; }
cause_is() { db_is "$2" "SELECT cause FROM session WHERE host = '$1' ORDER BY id DESC LIMIT 1"; }
balanced() { # for every user: deltas - usage = quota
    db_is '' "SELECT t.name, t.quota, coalesce((SELECT sum(delta) FROM logging l WHERE l.name = t.name), 0) -
        coalesce((SELECT sum(points) FROM usage u WHERE u.name = t.name), 0) AS due
        FROM tcptab t WHERE t.quota <> due"
}
stop_traffic() { ip netns pids ${NS}h | xargs -r kill 2>/dev/null; rm -f "$TRASH/dl" "$TRASH/udp"; }

# Quota ends: the gate closes at once, connections and all.
allow alice 3
begun=$(now_ms)
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
download dl tcp 192.0.2.2
download udp udp 192.0.2.2
ok "at zero the host is closed" within 10 is_closed 10.99.0.2
ok "the TCP download ends" within 5 is_over dl
ok "the UDP download ends" within 5 is_over udp
ok "nobody pays for more than the time" used_up alice 3 $begun
ok "the session's cause is quota" within 5 cause_is 10.99.0.2 quota
ok "its points are what was charged" within 5 db_is 1 "SELECT points = 3 - quota AND seconds = points FROM session, tcptab WHERE host = '10.99.0.2' AND tcptab.name = 'alice'"
ok "usage and balance agree" balanced
is "the period has the points" "$(db "SELECT periodtab.quota - (3 - tcptab.quota) FROM periodtab, tcptab WHERE id = 0 AND name = 'alice'")" 0
order 10.99.0.2 alice
ok "at MIN_QUOTA nothing opens" within 5 is_closed 10.99.0.2
ok "and the log says why" within 5 logged 'refuse host=10.99.0.2 user=alice reason="quota is used up"'
stop_traffic

# Between two passes: the end comes at the moment, not with the period, whatever is written meanwhile.
stop_daemon
configure
sed -i 's/^PERIOD=.*/PERIOD=60/' "$CONF"
start_daemon
allow eve 3
begun=$(now_ms)
order 10.99.0.2 eve
within 5 is_open 10.99.0.2
download dl tcp 192.0.2.2
i=0
while [ $i -lt 12 ]; do
    allow other $i
    i=$((i + 1))
    sleep 0.3
done
ok "with a period of a minute and writes of others a quota of 3 is over" within 20 is_closed 10.99.0.2
ok "and no more is charged than the time" used_up eve 3 $begun
stop_traffic
stop_daemon
configure
start_daemon

# Deposits while the daemon charges.
allow bob 1000
order 10.99.0.2 bob
within 5 is_open 10.99.0.2
download dl tcp 192.0.2.2
i=0
while [ $i -lt 100 ]; do
    db "UPDATE tcptab SET quota = quota + 7 WHERE name = 'bob'"
    i=$((i + 1))
    sleep 0.03
done
db "UPDATE masq SET open = 3"
within 5 is_closed 10.99.0.2
is "100 deposits of 7 during charging: none is lost" \
    "$(db "SELECT (SELECT quota FROM tcptab WHERE name = 'bob') + (SELECT sum(points) FROM usage WHERE name = 'bob')")" 1700
ok "and some was charged meanwhile" db_is 1 "SELECT sum(points) > 0 FROM usage WHERE name = 'bob'"
ok "the audit agrees" balanced
stop_traffic

# Connections that do not count.
order 10.99.0.2 bob
within 5 is_open 10.99.0.2
sleep 1.5
ok "an open host without connections is not charged" rests quota bob
stop_daemon
configure ACTIVE_WINDOW=5
start_daemon
order 10.99.0.2 bob
within 5 is_open 10.99.0.2
background on_host "$BUILD/t/traffic" hold 192.0.2.2 $PORT 60
ok "a connection counts while it is not idle for ACTIVE_WINDOW" within 20 db_is 1 "SELECT cnts FROM masq WHERE host = '10.99.0.2'"
ok "then it does not" within 20 db_is 0 "SELECT cnts FROM masq WHERE host = '10.99.0.2'"
ok "and is not charged" rests quota bob
is "though it stands" "$(on_gate conntrack -L 2>/dev/null | grep -c 'ESTABLISHED src=10.99.0.2')" 1
stop_traffic
stop_daemon
configure
start_daemon
order 10.99.0.2 bob
within 5 is_open 10.99.0.2
sleep 1.2
counter() { db "SELECT counter FROM masq WHERE host = '10.99.0.2'"; }
before=$(counter)
burst() {
    on_host "$BUILD/t/traffic" burst 192.0.2.2 $PORT 5 >/dev/null
    within 5 db_is 1 "SELECT counter > $before FROM masq WHERE host = '10.99.0.2'"
}
ok "short connections between two passes are charged" burst
ok "once they are over, no more" rests counter
stop_traffic

# Several hosts.
download dl tcp 192.0.2.2
on_host2 "$BUILD/t/traffic" get tcp 192.0.2.2 $PORT 60 >/dev/null 2>&1 &
PIDS="$PIDS $!"
order 10.99.0.3 bob
within 5 is_open 10.99.0.3
db "UPDATE masq SET open = 3"
within 5 is_closed 10.99.0.3
stop_traffic
two_hosts() { # USER, then prints the points of some seconds with both hosts busy, and how long it took
    allow $1 1000
    allow ${2:-$1} 1000
    begun=$(now_ms)
    order 10.99.0.2 $1
    order 10.99.0.3 ${2:-$1}
    within 5 is_open 10.99.0.2
    within 5 is_open 10.99.0.3
    on_host "$BUILD/t/traffic" get tcp 192.0.2.2 $PORT 6 >/dev/null &
    on_host2 "$BUILD/t/traffic" get tcp 192.0.2.2 $PORT 6 >/dev/null &
    wait $! ; sleep 0.1
    db "UPDATE masq SET open = 3"
    within 5 is_closed 10.99.0.2
    within 5 is_closed 10.99.0.3
    took=$(($(now_ms) - begun))
    echo "$(db "SELECT sum(points) FROM usage WHERE name IN ('$1', '${2:-$1}')") $took"
}
ok "two hosts of one user: both are charged" charged 2 $(two_hosts carol)
ok "a free user's hosts are charged once" charged 1 $(two_hosts admin)
stop_daemon
configure SHARED_LINE=yes
start_daemon
ok "SHARED_LINE: two sessions share the cost of one" charged 1 $(two_hosts dave erin)
stop_daemon

# Free users, free rows and their hours.
configure
start_daemon
db "DELETE FROM allowed WHERE name = 'admin'; DELETE FROM tcptab WHERE name = 'admin'"
order 10.99.0.2 admin
ok "a free user needs no row in allowed or tcptab" within 5 is_open 10.99.0.2
download dl tcp 192.0.2.2
ok "is charged below zero" within 10 db_is 1 "SELECT quota < 0 FROM tcptab WHERE name = 'admin'"
is "and never cut off" "$(db "SELECT open FROM masq WHERE host = '10.99.0.2'")" 1
allow poor 0
db "REPLACE INTO masq (host, name, free) VALUES ('10.99.0.3', 'poor', 1)"
ok "free=1 opens without quota" within 5 is_open 10.99.0.3
hour=$(date +%H | sed 's/^0//')
{ cat "$CONF"; echo "FW_START=$(((hour + 2) % 24))"; echo "FW_STOP=$(((hour + 3) % 24))"; } >"$CONF.new"
mv "$CONF.new" "$CONF"
kill -HUP "$(daemon_pid)"
ok "outside the FW hours a free row is closed" within 5 is_closed 10.99.0.3
ok "its cause is hours" within 5 cause_is 10.99.0.3 hours
is "a free user's own host stays" "$(db "SELECT open FROM masq WHERE host = '10.99.0.2'")" 1

# Not allowed; denied while open; until; change of user.
db "INSERT INTO tcptab VALUES ('mallory', 500)"
order 10.99.0.3 mallory
ok "a user not in allowed stays closed" within 5 is_closed 10.99.0.3
ok "and the log says why" within 5 logged 'user=mallory reason="user is not allowed"'
allow alice 500
order 10.99.0.3 alice
within 5 is_open 10.99.0.3
db "DELETE FROM allowed WHERE name = 'alice'"
ok "taken out of allowed, the user is cut off" within 5 is_closed 10.99.0.3
ok "its cause is denied" within 5 cause_is 10.99.0.3 denied
allow alice 500
db "BEGIN; INSERT INTO orders (host, user, cause, until)
    VALUES ('10.99.0.3', 'root', 'admin', strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '+8 seconds'));
    INSERT INTO masq (host, name) VALUES ('10.99.0.3', 'alice'); COMMIT"
ok "until: it opens" within 5 is_open 10.99.0.3
ok "and closes by itself" within 20 is_closed 10.99.0.3
db "INSERT INTO masq (host, name) VALUES ('10.99.0.3', 'alice')"
ok "a plain INSERT opens it again, without the old until" within 5 is_open 10.99.0.3
db "UPDATE masq SET name = 'bob' WHERE host = '10.99.0.3'"
db "INSERT INTO tcptab VALUES ('nobody', 5)"
ok "change of user: one session ends, another begins" within 5 db_is 'bob|
alice|admin' "SELECT name, cause FROM session WHERE host = '10.99.0.3' ORDER BY id DESC LIMIT 2"
db "UPDATE masq SET name = 'nobody' WHERE host = '10.99.0.3'"
ok "change to a user who may not: closed" within 5 is_closed 10.99.0.3
ok "the old user's session does not end for the new one's reason" within 5 cause_is 10.99.0.3 admin
ok "the new one's is logged" within 5 logged 'refuse host=10.99.0.3 user=nobody reason="user is not allowed"'
ok "the audit agrees in the end" balanced
stop_daemon
is "at the exit masq is empty" "$(db "SELECT count(*) FROM masq")" 0
is "and no session is open" "$(db "SELECT count(*) FROM session WHERE closed IS NULL")" 0
ok "the audit still agrees" balanced
done_testing
