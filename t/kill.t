#!/bin/sh
# What may be killed or stopped, at any moment, and what becomes of it.
. "$(dirname "$0")/lib.sh"

ROUNDS=${ROUNDS:-4}
make_network
configure
on_gate iptables-legacy -P FORWARD ACCEPT
# Somebody else's entry: without it the kernel stops translating addresses with our last one, and
# every download with it, whatever we do about flows.
on_gate iptables-legacy -t nat -A POSTROUTING -o lo -j MASQUERADE

entries() { on_gate iptables-legacy-save | grep -c TCPQUOTA; }
rows() { db "SELECT count(*) FROM masq"; }
open_sessions() { db "SELECT count(*) FROM session WHERE closed IS NULL"; }
same_open_sessions() { same "$(open_sessions)" "$1"; }
nothing_open() { same "$(entries) $(open_sessions)" '0 0'; }
last_cause() { db "SELECT cause FROM session ORDER BY id DESC LIMIT 1"; }
all_gone() { same "$(entries) $(rows) $(open_sessions)" '0 0 0'; }
is_free() { flock -n "$TRASH/pid" true; }
random() { od -An -N2 -tu2 /dev/urandom | awk -v n="$1" '{print $1 % n}'; }
nap() { sleep "$(awk -v ms="$(random "$1")" 'BEGIN {print ms / 1000}')"; }
began=
ended() { [ -s "$TRASH/code" ]; }
# begin OPTION...: the daemon in the foreground, its exit code in $TRASH/code
begin() {
    # That of the one before may be on its way.
    [ -z "$began" ] || within 10 ended
    began=yes
    rm -f "$TRASH/code" "$TRASH/dl" "$TRASH/udp"
    was=$(grep -c "notice start" "$LOG" 2>/dev/null)
    { on_gate "$BUILD/tcpquotad" -f -c "$CONF" "$@" 2>"$TRASH/said"; echo $? >"$TRASH/code"; } &
    PIDS="$PIDS $!"
    within 10 eval '[ "$(grep -c "notice start" "$LOG")" -gt "${was:-0}" ]'
    # The rows are read after that line: one that is open stays as it is found.
    is_open 10.99.0.2 >/dev/null || order 10.99.0.2 alice
    within 10 is_open 10.99.0.2
}
load() {
    download dl tcp 192.0.2.2
    download udp udp 192.0.2.2
    within 10 arrives tcp 192.0.2.2
    within 10 arrives udp 192.0.2.2
}
stop_traffic() {
    ip netns pids ${NS}h | xargs -r kill 2>/dev/null
    rm -f "$TRASH/dl" "$TRASH/udp"
}

start_daemon
stop_daemon
allow alice 1000000

# The worker dies: the keeper shuts the gate, has the database tidied, and ends.
begin
load
ok "(downloads run)" eval '! is_over dl && ! is_over udp'
worker=$(daemon_pid)
kill_daemon worker
ok "worker killed: the keeper ends" within 20 ended
is "with exit code 71" "$(cat "$TRASH/code")" 71
ok "worker killed: entries, rows and open sessions are gone" all_gone
is "the session's cause is exit" "$(last_cause)" exit
ok "the TCP download ends" within 5 is_over dl
ok "the UDP download ends" within 5 is_over udp
ok "the log says what happened" within 5 logged "err worker pid=$worker was killed, signal=KILL"
ok "PIDFILE is gone" not test -e "$TRASH/pid"
stop_traffic

# The keeper dies: the worker ends what is its own; entries stay for the next start or --clean.
configure LEASE=3
begin
load
worker=$(daemon_pid)
kill_daemon keeper
ok "keeper killed: the worker ends" within 20 daemon_is_gone "$worker"
is "keeper killed: rows and open sessions are gone" "$(rows)$(open_sessions)" 00
is "the session's cause is exit" "$(last_cause)" exit
ok "entries stay" not same "$(entries)" 0
ok "the lease shuts the gate: TCP" within 15 is_over dl
ok "the lease shuts the gate: UDP" within 15 is_over udp
ok "and nobody gets out" not reaches
ok "--clean removes them" on_gate "$BUILD/tcpquotad" --clean -c "$CONF"
is "all of them" "$(entries)" 0
stop_traffic
begin
kill_daemon keeper
within 20 is_free
begin
ok "keeper killed: the next start finds its way" is_open 10.99.0.2
stop_daemon
is "and cleans at its end" "$(entries)" 0

# Both die: the next start goes on with what it finds.
configure
begin
load
session=$(db "SELECT id FROM session WHERE closed IS NULL")
kill_daemon both
is "both killed: the row stays" "$(db "SELECT open FROM masq WHERE host = '10.99.0.2'")" 1
begin
ok "the next start takes the host over" within 5 logged 'notice keep host=10.99.0.2 user=alice'
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
is "in the same session" "$(db "SELECT id FROM session WHERE closed IS NULL")" "$session"
ok "the downloads have gone on" eval '! is_over dl && ! is_over udp'
stop_daemon
stop_traffic

# RESTART=yes: a new worker, and nobody notices.
configure RESTART=yes
begin
load
session=$(db "SELECT id FROM session WHERE closed IS NULL")
keeper=$(keeper_pid)
i=0
while [ $i -lt 5 ]; do
    worker=$(daemon_pid)
    starts=$(grep -c 'notice start' "$LOG")
    kill -KILL "$worker"
    changed() { [ -s "$TRASH/pid" ] && [ "$(daemon_pid)" != "$worker" ] && [ "$(grep -c 'notice start' "$LOG")" -gt "$starts" ]; }
    ok "RESTART=yes: another worker ($i)" within 20 changed
    nap 600
    i=$((i + 1))
done
order 10.99.0.3 alice
ok "RESTART=yes: after five kills orders are carried out" within 20 is_open 10.99.0.3
is "by the same keeper" "$(keeper_pid)" "$keeper"
is "the host has stayed open" "$(db "SELECT open FROM masq WHERE host = '10.99.0.2'")" 1
is "in the same session" "$(db "SELECT id FROM session WHERE closed IS NULL AND host = '10.99.0.2'")" "$session"
ok "and the downloads have gone on" eval '! is_over dl && ! is_over udp'
is "no entry was ever missing" "$(grep -c 'restore' "$LOG")" 0
kill -TERM "$(daemon_pid)"
ok "TERM still ends it" within 10 ended
is "with exit code 0" "$(cat "$TRASH/code")" 0
ok "and cleans" all_gone
stop_traffic

# Somebody holds the tables: the lease is ended, which needs no lock, and it is tried again.
configure
begin
load
exec 8>/run/xtables.lock
flock 8
kill_daemon worker
ok "worker killed while the tables are locked: the downloads end all the same" within 15 eval 'is_over dl && is_over udp'
flock -u 8
exec 8>&-
ok "and then all is cleaned" within 20 ended
ok "entries, rows and sessions" all_gone
stop_traffic

# Killed between the closing of a host and the dropping of its flows: the keeper drops them.
# Without a word to the host, which would end the downloads by itself.
configure CLOSED_ACTION=drop
begin
load
on_gate "$BUILD/t/intrude" "$(daemon_pid)" nobody
kill_daemon worker
ok "worker killed after closing a host: its flows are dropped all the same" within 15 eval 'is_over dl && is_over udp'
ok "and the keeper ends" within 20 ended
stop_traffic

# Told to end while the worker dies: it ends.
configure RESTART=yes
begin
keeper=$(keeper_pid)
kill -STOP "$keeper"
kill -KILL "$(daemon_pid)"
kill -TERM "$keeper"
kill -CONT "$keeper"
ok "RESTART=yes: TERM together with the worker's death ends it" within 20 ended
ok "and all is cleaned" all_gone

# A worker that fails once the gate has been driven leaves nobody out, neither at the first start ...
configure LEASE=0
db "CREATE TRIGGER full BEFORE UPDATE OF open ON masq BEGIN SELECT RAISE(ABORT, 'the disk is full'); END;
    REPLACE INTO masq (host, name) VALUES ('10.99.0.2', 'alice')"
on_gate "$BUILD/tcpquotad" -f -c "$CONF" 2>"$TRASH/said"
is "a first pass that cannot be written: 74" $? 74
ok "it says why" grep -q 'the disk is full' "$TRASH/said"
is "and nobody is left out" "$(entries)" 0
db 'DROP TRIGGER full'
# ... nor at a later one.
configure LEASE=0 RESTART=yes
begin
load
db "CREATE TRIGGER full BEFORE UPDATE ON session BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
kill -KILL "$(daemon_pid)"
ok "RESTART=yes: workers that cannot write end it" within 40 ended
is "and nobody is left out" "$(entries)" 0
ok "the download ends" within 5 is_over udp
db 'DROP TRIGGER full'
on_gate "$BUILD/tcpquotad" --clean -c "$CONF"
stop_traffic

# A worker that cannot start is not started for ever.
configure RESTART=yes
begin
mv "$DB" "$TRASH/away"
kill -KILL "$(daemon_pid)"
ok "RESTART=yes: a worker that cannot start ends it in the end" within 30 ended
mv "$TRASH/away" "$DB"
is "with exit code 71" "$(cat "$TRASH/code")" 71
is "and the gate is not left open" "$(entries)" 0
on_gate "$BUILD/tcpquotad" --clean -c "$CONF"

# Stopped, not killed. Each notices the other.
configure LEASE=4
begin
load
worker=$(daemon_pid)
kill -STOP "$worker"
ok "worker stopped: the lease or the keeper shuts the gate" within 20 is_over dl
ok "worker stopped: the keeper notices, kills it, cleans" within 30 ended
ok "the log says so" within 5 logged "worker pid=$worker has been stopped for"
ok "everything is gone" all_gone
stop_traffic
begin
load
worker=$(daemon_pid)
keeper=$(keeper_pid)
kill -STOP "$keeper"
ok "keeper stopped: the lease shuts the gate" within 20 is_over dl
ok "keeper stopped: UDP too" within 20 is_over udp
ok "keeper stopped: the worker notices, and ends" within 40 daemon_is_gone "$worker"
is "rows and sessions are gone" "$(rows)$(open_sessions)" 00
kill -CONT "$keeper"
ok "once it goes on, the keeper cleans up and ends" within 20 ended
ok "everything is gone" all_gone
stop_traffic

# Both stopped for longer than the lease, as in a suspend; then everything goes on. Not for so long that
# one takes the other for dead, which is ten seconds.
configure LEASE=2
begin
session=$(db "SELECT id FROM session WHERE closed IS NULL")
pids="$(keeper_pid) $(daemon_pid)"
kill -STOP $pids
sleep 4
ok "both stopped for longer than the lease: nobody gets out" not reaches
kill -CONT $pids
ok "then everything goes on: the host gets out" within 10 reaches
is "with the row and the session that were there" "$(db "SELECT open FROM masq WHERE host = '10.99.0.2'")|$(db "SELECT id FROM session WHERE closed IS NULL")" "1|$session"
is "and nobody was killed" "$(keeper_pid) $(daemon_pid)" "$pids"
stop_daemon

# At random moments, under load: orders, deposits, traffic.
configure LEASE=3
n=0
while [ $n -lt "$ROUNDS" ]; do
    for whom in worker keeper both; do
        begin
        load
        i=0
        ( while [ $i -lt 40 ]; do
              order 10.99.1.$i alice
              db "UPDATE tcptab SET quota = quota + 1 WHERE name = 'alice'; UPDATE masq SET open = 3 WHERE host = '10.99.1.$((i / 2))'"
              i=$((i + 1))
          done ) >/dev/null 2>&1 &
        orders=$!
        nap 1200
        worker=$(daemon_pid)
        kill_daemon $whom
        wait $orders
        case $whom in
        worker)
            ok "worker killed at random ($n): all is cleaned" within 20 ended
            ok "no entry, no open session ($n)" within 30 nothing_open
            ;;
        keeper)
            ok "keeper killed at random ($n): the worker ends" within 20 daemon_is_gone "$worker"
            ok "no open session ($n)" within 30 same_open_sessions 0
            ;;
        both) ok "both killed at random ($n): nobody is left" within 20 is_free ;;
        esac
        ok "$whom killed at random ($n): TCP stops" within 20 is_over dl
        ok "$whom killed at random ($n): UDP stops" within 20 is_over udp
        stop_traffic
        db "DELETE FROM masq"
    done
    n=$((n + 1))
done
begin
ok "and the next start works as ever" within 5 reaches
is "the host that was ordered is the only one that is open" "$(db "SELECT group_concat(host) FROM masq WHERE open = 1")" 10.99.0.2
stop_daemon
done_testing
