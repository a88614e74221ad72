#!/bin/sh
# Accounting survives kills: worker, keeper or both die KILLS times at random moments, while traffic
# and deposits go on. KILLS=5 for a short look.
. "$(dirname "$0")/lib.sh"

# The sanitizers look at the same paths in fewer rounds.
ldd "$BUILD/tcpquotad" | grep -q libasan && KILLS=${KILLS:-10}
KILLS=${KILLS:-50}
make_network
configure RESTART=yes TICS=1000
random() { od -An -N2 -tu2 /dev/urandom | awk -v n="$1" '{print $1 % n}'; }
seconds() { db "SELECT coalesce(sum(seconds), 0) FROM usage"; }
is_free() { flock -n "$TRASH/pid" true; }

start_daemon
allow alice 1000000
allow bob 1000000
# Traffic without an end: a download on each host, and the next one when it is over.
touch "$TRASH/go"
for host in on_host on_host2; do
    ( while [ -e "$TRASH/go" ]; do $host "$BUILD/t/traffic" get tcp 192.0.2.2 $PORT 60 >/dev/null 2>&1; sleep 0.1; done ) &
    PIDS="$PIDS $!"
done
# Deposits, each counted once it is committed.
( n=0
  while [ -e "$TRASH/go" ]; do
      db "UPDATE tcptab SET quota = quota + 7" && n=$((n + 1)) && echo $n >"$TRASH/deposits.new" && mv "$TRASH/deposits.new" "$TRASH/deposits"
      sleep 0.05
  done ) &
depositor=$!

# live: the hosts are open and in use; returns when the first charges of this life could be made
in_use() { db_is 2 "SELECT count(*) FROM masq WHERE open = 1 AND cnts > 0"; }
live() {
    for host in '10.99.0.2 alice' '10.99.0.3 bob'; do
        set -- $host
        is_open $1 >/dev/null || db "INSERT INTO masq (host, name) VALUES ('$1', '$2') ON CONFLICT (host) DO UPDATE SET open = 2 WHERE open <> 1"
    done
    within 20 in_use
}
takeovers() { grep -c 'notice keep host=10.99.0.3' "$LOG"; }
taken_over() { [ "$(takeovers)" -gt "$known" ]; }

started=$(now_ms)
uncharged=0
worst=0
late=0
kills=0
died=
while [ $kills -lt "$KILLS" ]; do
    live || break
    begun=$(now_ms)
    before=$(seconds)
    nap=$(random 3000)
    sleep "$(awk -v ms="$nap" 'BEGIN {print ms / 1000}')"
    worker=$(daemon_pid)
    known=$(takeovers)
    case $(random 3) in
    0) whom=worker ;;
    1) whom=keeper ;;
    2) whom=both ;;
    esac
    died="$died$(echo $whom | cut -c1)"
    lived=$(($(now_ms) - begun))
    kill_daemon $whom
    within 20 daemon_is_gone "$worker" || break
    # A successor takes over with what is due from then on: it charges a second later at the soonest.
    charged=$(($(seconds) - before))
    if [ $whom = worker ]; then
        within 20 taken_over || break
    else
        # Root's shell may have made the files beside the database, and not given them away yet.
        within 20 is_free && within 5 start_daemon || break
    fi
    # Both hosts were in use all that time: 2 seconds of use a second.
    short=$((2 * lived - 1000 * charged))
    uncharged=$((uncharged + short))
    # When the machine stands still the pass that would have charged is as late as we are.
    excused=$((2 * (lived - nap)))
    late=$((late + excused))
    [ $((short - excused)) -gt $worst ] && worst=$((short - excused))
    kills=$((kills + 1))
done
is "$KILLS kills survived ($died)" $kills "$KILLS"
rm -f "$TRASH/go"
wait $depositor
ip netns pids ${NS}h | xargs -r kill 2>/dev/null
ip netns pids ${NS}i | xargs -r kill 2>/dev/null
within 10 test -s "$TRASH/pid"
stop_daemon
mean=$((uncharged / KILLS))
echo "# uncharged, of two sessions: $mean ms a kill, $worst ms in the worst life"

for user in alice bob; do
    is "$user: deposits minus usage is the balance" "$(db "SELECT t.quota - (SELECT sum(delta) FROM logging WHERE name = t.name) + (SELECT sum(points) FROM usage WHERE name = t.name) FROM tcptab t WHERE name = '$user'")" 0
    is "$user: no deposit is lost" "$(db "SELECT sum(delta) FROM logging WHERE name = '$user'")" $((1000000 + 7 * $(cat "$TRASH/deposits")))
    ok "$user: was charged" db_is 1 "SELECT sum(points) > $KILLS / 2 FROM usage WHERE name = '$user'"
done
is "what sessions say and what usage says is the same: no pass counts twice" "$(db "SELECT (SELECT sum(points) FROM session) - (SELECT sum(points) FROM usage)")" 0
is "no session is charged for longer than it was open" "$(db "SELECT count(*) FROM session WHERE seconds > unixepoch(closed) - unixepoch(opened) + 1")" 0
is "no user is charged for two sessions at once" "$(db "SELECT count(*) FROM session a JOIN session b ON a.id < b.id AND a.host = b.host AND a.closed > b.opened")" 0
# A pass is a second here, and a kill comes at any moment of it: up to a pass of each of the two sessions
# is lost, and what is below a second of use; but a life may begin amid a pass, whose charge it gets.
ok "a kill leaves at most one pass uncharged" between 0 $worst 4500
ok "all in all no pass is lost, and none is charged twice" between -600 $mean $((1800 + late / KILLS))
ok "nobody has paid for more than the time" between 1 "$(seconds)" $((2 * ($(now_ms) - started) / 1000))
is "at the end no session is open" "$(db "SELECT count(*) FROM session WHERE closed IS NULL")" 0
done_testing
