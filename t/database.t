#!/bin/sh
# Databases that are none, that are in somebody's hands, or on a slow disk. No quota is lost.
. "$(dirname "$0")/lib.sh"

make_network
configure
try() { on_gate timeout 60 "$BUILD/tcpquotad" -f -c "$CONF" >"$TRASH/said" 2>&1; code=$?; }
refuses() { try; [ $code = 74 ] && grep -q -- "tcpquotad: $DB: .*$1" "$TRASH/said" && return; cat "$TRASH/said"; echo "exit $code"; return 1; }
entries() { on_gate iptables-legacy-save | grep -c TCPQUOTA; }

mkdir -m 700 "$TRASH/db"
echo "this is no database, whatever its name says, and it is long enough to tell" >"$DB"
cp "$DB" "$TRASH/copy"
ok "a file that is no database: 74, its path, why" refuses 'file is not a database'
ok "it is left as it was" cmp "$DB" "$TRASH/copy"
is "no entry was made" "$(entries)" 0
rm -f "$DB"*
sqlite3 "$DB" 'CREATE TABLE recipes (name TEXT)'
ok "a database of something else" refuses 'of something else'
is "is left as it was" "$(sqlite3 "$DB" .tables)" recipes
rm -f "$DB"*
start_daemon
stop_daemon
allow alice 100000
version=$(db 'PRAGMA user_version')
db 'PRAGMA user_version = 999'
ok "a newer database" refuses 'newer tcpquota'
ok "--check says so too" eval 'on_gate "$BUILD/tcpquotad" -n -c "$CONF" 2>&1 | grep -q "newer tcpquota"'
db "PRAGMA user_version = $version"
read_only() { unshare -m sh -c "mount --bind '$TRASH/db' '$TRASH/db' && mount -o remount,ro,bind '$TRASH/db' && exec ip netns exec ${NS}g '$BUILD/tcpquotad' -f -c '$CONF'" >"$TRASH/said" 2>&1; [ $? = 74 ] && grep -Eqi "read-?only|unable to open" "$TRASH/said" && return; cat "$TRASH/said"; return 1; }
ok "a read-only database" read_only
mv "$DB" "$DB.away"
ok "a database that is gone though it was made" refuses 'is gone, but its marker'
ok "is not made anew" not test -e "$DB"
ok "--check says so too" eval 'on_gate "$BUILD/tcpquotad" -n -c "$CONF" 2>&1 | grep -q "is gone, but its marker"'
: >"$DB"
ok "nor is an empty file taken for it" refuses 'is gone, but its marker'
mv "$DB.away" "$DB"
dd if=/dev/urandom of="$TRASH/noise" bs=4096 count=1 2>/dev/null
cp "$DB" "$DB.whole"
dd if="$TRASH/noise" of="$DB" bs=4096 seek=3 conv=notrunc 2>/dev/null
ok "a damaged database" refuses 'damaged\|malformed'
mv "$DB.whole" "$DB"

# Somebody's long transaction: orders wait, charges are carried, nothing is lost, one line in the log.
start_daemon
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
download dl tcp 192.0.2.2
within 10 db_is 1 "SELECT sum(points) > 0 FROM usage WHERE name = 'alice'"
allow poor 2
order 10.99.0.3 poor
within 5 is_open 10.99.0.3
on_host2 "$BUILD/t/traffic" get tcp 192.0.2.2 $PORT 30 >"$TRASH/poor" 2>&1 &
PIDS="$PIDS $!"
mkfifo "$TRASH/pipe"
sqlite3 "$DB" <"$TRASH/pipe" &
locker=$!
PIDS="$PIDS $locker"
exec 9>"$TRASH/pipe"
echo ".timeout 20000
BEGIN IMMEDIATE; UPDATE tcptab SET quota = quota + 50 WHERE name = 'alice';
.shell touch $TRASH/held" >&9
within 20 test -e "$TRASH/held"
before=$(db "SELECT sum(points) FROM usage WHERE name = 'alice'")
ok "while somebody holds the database, a quota that ends is cut all the same" within 10 is_over poor
sleep 3
is "charges are carried" "$(db "SELECT sum(points) FROM usage WHERE name = 'alice'")" "$before"
carried_is_logged() { same "$(grep -c 'charges are carried' "$LOG")" 1; }
ok "and logged once" within 10 carried_is_logged
echo "COMMIT;" >&9
exec 9>&-
wait $locker
ok "then they are written" within 10 db_is 1 "SELECT sum(points) >= $before + 4 FROM usage WHERE name = 'alice'"
ok "with the deposit kept" db_is 100050 "SELECT quota + (SELECT sum(points) FROM usage WHERE name = 'alice') FROM tcptab WHERE name = 'alice'"
ok "the cut is in the row" within 5 is_closed 10.99.0.3
ok "and in the session, with what was charged" within 5 db_is 'quota|2' "SELECT cause, points + quota FROM session, tcptab WHERE host = '10.99.0.3' AND tcptab.name = 'poor'"
ok "the log tells that it is over" within 5 logged 'recovered database'
stop_daemon
rm -f "$TRASH/dl"

# A slow disk: the administrator's commit takes 400 ms; inotify tells of it before it is there.
start_daemon
slow() { SLOW_FSYNC_MS=400 LD_PRELOAD="$BUILD/t/slow_fsync.so" sqlite3 -cmd '.timeout 5000' -cmd 'PRAGMA synchronous = FULL' "$DB" "$1"; }
slow "INSERT INTO masq (host, name) VALUES ('10.99.0.2', 'alice')" >/dev/null
ok "fsync delayed: a 2 becomes 1 well before the next pass could be late" within 5 is_open 10.99.0.2
stop_daemon
sed -i 's/PERIOD=1/PERIOD=60/' "$CONF"
start_daemon
slow "INSERT INTO masq (host, name) VALUES ('10.99.0.2', 'alice')" >/dev/null
ok "with a period of a minute it is not the pass that finds it" within 15 is_open 10.99.0.2
slow "UPDATE masq SET open = 3" >/dev/null
ok "nor the 3" within 15 is_closed 10.99.0.2
stop_daemon
configure

# Two daemons on one database; a database that is taken away while the daemon runs.
start_daemon
sed "s|^PIDFILE=.*|PIDFILE=$TRASH/pid2|" "$CONF" >"$TRASH/second.cf"
second() { on_gate "$BUILD/tcpquotad" -f -c "$TRASH/second.cf" >"$TRASH/said" 2>&1; [ $? = 74 ] && grep -q 'another tcpquotad works with it' "$TRASH/said"; }
ok "a second daemon with another PIDFILE on the same database" second
mkdir "$TRASH/away"
mv "$DB"* "$TRASH/away/"
ok "a database that is taken away is noticed" within 20 logged 'has been removed or replaced'
mv "$TRASH/away"/* "$TRASH/db/"
ok "and back again" within 20 logged 'recovered database'
# A row that an administrator has filled to the brim stops nobody's accounting.
order 10.99.0.2 alice
db "UPDATE masq SET counter = 9223372036854775807; UPDATE tcptab SET quota = -1000000000000000 WHERE name = 'poor'; INSERT OR REPLACE INTO usage VALUES ('poor', strftime('%Y-%m-%dT%H:00:00Z', 'now'), 9223372036854775807, 0)"
within 5 is_open 10.99.0.2
points=$(db "SELECT coalesce(sum(points), 0) FROM usage WHERE name = 'alice'")
download dl tcp 192.0.2.2
ok "numbers at their limits: charges are still written" within 20 db_is 1 "SELECT sum(points) > $points FROM usage WHERE name = 'alice'"
db "UPDATE masq SET open = 3"
ok "and orders" within 5 is_closed 10.99.0.2
stop_daemon

# The daemon's own disk is slow.
if ! ldd "$BUILD/tcpquotad" | grep -q libasan; then
    SLOW_FSYNC_MS=300 LD_PRELOAD="$BUILD/t/slow_fsync.so" start_daemon
    i=0
    while [ $i -lt 10 ]; do
        db "INSERT INTO masq (host, name) VALUES ('10.99.0.2', 'alice') ON CONFLICT (host) DO UPDATE SET open = 2"
        sleep 0.1
        db "UPDATE masq SET open = 3"
        sleep 0.05
        i=$((i + 1))
    done
    ok "fsync of the daemon delayed: no order is overwritten" within 10 is_closed 10.99.0.2
    ok "and the host is closed" not reaches
    stop_daemon
fi
is "in the end the audit agrees" "$(db "SELECT t.quota - (SELECT sum(delta) FROM logging WHERE name = t.name) + (SELECT sum(points) FROM usage WHERE name = t.name) FROM tcptab t WHERE name = 'alice'")" 0
done_testing
