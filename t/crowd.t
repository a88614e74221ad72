#!/bin/sh
# Two hundred users, each on a machine of their own, have it open at the same time.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/login.sh"

MANY=200
own_utmp && make_users || exit 1
for i in $(seq $MANY); do
    printf 'pupil%d:x:%d:%d::/:/bin/sh\n' $i $((3000 + i)) $((3000 + i)) >>"$TRASH/etc/passwd"
done
make_network
# Each address is a machine: an interface with a link-layer address of its own, which alone answers
# for it.
on_host sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.all.rp_filter=0
for i in $(seq $MANY); do
    echo "link add link eth0 name m$i type macvlan mode bridge"
    echo "link set m$i up"
    echo "addr add 10.99.0.$((10 + i))/32 dev m$i"
done | ip -n ${NS}h -batch - || exit 1
# Many passes: what is silent for some seconds on a slow machine is not idle.
configure TICS=20
chmod 644 "$CONF"
start_daemon
for i in $(seq $MANY); do echo "INSERT INTO tcptab VALUES ('pupil$i', 1000000); INSERT INTO allowed VALUES ('pupil$i');"; done >"$TRASH/sql"
db <"$TRASH/sql"

open_are() { db_is "$1" "SELECT count(*) FROM masq WHERE open = 1"; }
rows_are() { db_is "$1" "SELECT count(*) FROM masq"; }
# Each at the address of their own, with a row of their own name.
each_their_own() { db_is $MANY "SELECT count(*) FROM masq WHERE host = '10.99.0.' || (10 + substr(name, 6))"; }

# They all start while root's shell holds the database.
lock_database
for i in $(seq $MANY); do
    rm -f "$TRASH/p$i.line"
    on_gate "$BUILD/t/login" -u pupil$i -r 10.99.0.$((10 + i)) -o "$TRASH/p$i.tty" -e "$TRASH/p$i.status" \
        -T "$TRASH/p$i.line" "$BUILD/openhost" --config "$CONF" >/dev/null 2>"$TRASH/p$i.err" </dev/null &
    PIDS="$PIDS $!"
done
# Not until every one of them says so: they have all been started, and give up after half a minute.
some_wait() { grep -l 'waiting for tcpquotad' "$TRASH"/p*.tty; }
ok "with the database locked they wait" within 20 some_wait
is "and no host is let out" "$(rules | grep -c '10\.99\.0\.[0-9]*/32')" 0
unlock_database
ok "$MANY openhost at the same time: all open" within 120 open_are $MANY
ok "each at the address of their own" each_their_own
ok "none was refused" sh -c "! ls '$TRASH'/p*.status"

# One connection of each; use is charged to whoever has the machine.
cat >"$TRASH/use.py" <<'END'
import socket, sys, time
held = []
for i in range(1, int(sys.argv[1]) + 1):
    s = socket.socket()
    s.bind(('10.99.0.%d' % (10 + i), 0))
    s.settimeout(30)
    s.connect(('192.0.2.2', int(sys.argv[2])))
    held.append(s)
print('held', len(held), flush=True)
time.sleep(600)
END
begun=$(now_ms)
on_host python3 "$TRASH/use.py" $MANY $PORT >"$TRASH/use" 2>&1 &
PIDS="$PIDS $!"
ok "traffic of each passes" within 60 grep "held $MANY" "$TRASH/use"
ok "each is charged" within 20 db_is $MANY "SELECT count(*) FROM tcptab WHERE name LIKE 'pupil%' AND quota < 1000000 - 3"
most=$(db "SELECT 1000000 - min(quota) FROM tcptab WHERE name LIKE 'pupil%'")
ok "each for one machine: none pays for more than the time" between 1 "$most" $((($(now_ms) - begun) / 1000 + 2))
is "the sums are right" "$(db "SELECT count(*) FROM tcptab AS t WHERE name LIKE 'pupil%' AND quota <> 1000000 - (SELECT sum(points) FROM usage AS u WHERE u.name = t.name)")" 0
ok "all are open still" open_are $MANY
is "each host is let out" "$(rules | grep -c -- "-s 10\.99\.0\.[0-9]*/32 .*MASQUERADE")" $MANY
killed=$(on_gate pgrep -f "^$BUILD/openhost --config $CONF\$")
is "there is a program of each" "$(echo "$killed" | wc -l)" $MANY
kill -KILL $killed
ok "all killed at once: every host is closed, and its row gone" within 60 rows_are 0
is "no host is let out any more" "$(rules | grep -c '10\.99\.0\.[0-9]*/32')" 0
ok "each session ended by its user" within 5 db_is $MANY "SELECT count(*) FROM session WHERE cause = 'user' AND name LIKE 'pupil%'"
ok "nothing went wrong in the log" not grep -E ' (err|warning) ' "$LOG"
done_testing
