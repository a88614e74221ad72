#!/bin/sh
# The daemon as a process: options, configuration, signals, leftovers, a second one.
. "$(dirname "$0")/lib.sh"

make_network
configure
run() { on_gate "$BUILD/tcpquotad" "$@" >"$TRASH/said" 2>&1; code=$?; }
# exits CODE TEXT OPTION...: what it prints holds the text
exits() {
    expected=$1 text=$2
    shift 2
    run "$@"
    [ $code = "$expected" ] && { [ -z "$text" ] || grep -q -- "$text" "$TRASH/said"; } && return
    echo "exit $code, expected $expected, and \`$text' in:"
    cat "$TRASH/said"
    return 1
}
faulty() { # DESCRIPTION EXPECTED-TEXT LINE...
    description=$1 text=$2
    shift 2
    configure "$@"
    mv "$CONF" "$TRASH/bad.cf"
    ok "$description" exits 78 "bad.cf:[0-9]*: *$text" -n -c "$TRASH/bad.cf"
    configure
}

ok "--help" exits 0 'usage: tcpquotad' --help
ok "--version" exits 0 'tcpquotad [0-9]' -V
ok "an unknown option" exits 64 'command line: unknown option' --nonsense
ok "an argument" exits 64 'takes no arguments' nonsense
ok "--check with --once" exits 64 'only one of' --check --once
ok "--dry-run with --clean" exits 64 'neither --check nor --clean' --dry-run --clean
ok "a configuration that is not there" exits 78 'nowhere.cf: .*No such file' -c "$TRASH/nowhere.cf"

faulty "a key nobody knows: file, line, key" 'NONSENSE: no such key' 'nonsense=1'
faulty "a key given twice" 'TICS: given twice' TICS=5 tics=6
faulty "a number that is none" 'TICS: `12abc' TICS=12abc
faulty "a number out of range" 'FW_STOP: 25 is not from 0 to 24' FW_STOP=25
faulty "a boolean that is none" 'SHARED_LINE: `perhaps' SHARED_LINE=perhaps
faulty "a word nobody knows" 'ON_EXIT: `stay.*clean keep' ON_EXIT=stay
faulty "a line that is none" 'not of the form KEY=value' 'just words'
faulty "a section nobody knows" 'KEY: stands in a section' '[nonsense]' KEY=1
faulty "days that are none" 'FW_DAYS: `someday' FW_DAYS=someday
faulty "an address that is none" 'LOC_ADDR: `1.2.3' LOC_ADDR=1.2.3
faulty "a group without its line" 'ROOM1: is named in GROUPS' GROUPS=ROOM1
printf 'LOCALNET=10.0.0.1/8\nTICS=x\nDATABASE=relative\n' >"$TRASH/three.cf"
run -n -c "$TRASH/three.cf"
is "every fault of a file is told" "$(grep -c 'three.cf:[123]:' "$TRASH/said")" 3
printf 'PERIOD=5\n' >"$TRASH/none.cf"
ok "without LOCALNET: 78, and candidates" exits 78 'LOCALNET=10.99.0.0/24.*lan0' -n -c "$TRASH/none.cf"
ok "with the way to the Internet marked" grep -q 'LOCALNET=192.0.2.0/24.*wan0, the way to the Internet' "$TRASH/said"
chmod 666 "$CONF"
ok "a configuration that others can write" exits 78 'writable by nobody else' -n -c "$CONF"
chmod 600 "$CONF"
configure WAN_IF=wna0
ok "a WAN_IF that is not there is told of" exits 0 'WAN_IF=wna0: there is no such interface' -n -c "$CONF"
configure
ok "--check on a fresh machine is green" exits 0 'in order' -n -c "$CONF"
ok "and has made nothing" not test -e "$TRASH/db"
ok "nor any entry" same "$(on_gate iptables-legacy-save | grep -c TCPQUOTA)" 0
chmod 755 "$TRASH"
chmod 644 "$CONF"
as_nobody() { on_gate setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
cp "$BUILD/tcpquotad" "$TRASH/tcpquotad"
no_root() { as_nobody "$TRASH/tcpquotad" -f -c "$CONF" 2>"$TRASH/said"; [ $? = 77 ] && grep -q 'run by root' "$TRASH/said"; }
ok "not root: 77" no_root
cat >"$TRASH/nolegacy.sh" <<'EOF'
exec setpriv --bounding-set -net_admin --inh-caps -net_admin "$@"
EOF
no_admin() { on_gate sh "$TRASH/nolegacy.sh" "$BUILD/tcpquotad" -n -c "$CONF" >"$TRASH/said" 2>&1; [ $? = 71 ] && grep -q 'gate: IPv4 table' "$TRASH/said"; }
ok "no access to the tables: 71, and which" no_admin

mkfifo "$TRASH/fifo.cf"
ok "a configuration that is a fifo" exits 78 'fifo.cf: .*has to be a regular file' -n -c "$TRASH/fifo.cf"

ok "it starts in the background" start_daemon
ok "a second one on the same PIDFILE is refused" exits 1 "another tcpquotad runs, pid $(daemon_pid)" -f -c "$CONF"
ok "so is --once" exits 1 'another tcpquotad runs' --once -c "$CONF"
ok "so is --clean" exits 1 'another tcpquotad runs' --clean -c "$CONF"
sed "s|^PIDFILE=.*|PIDFILE=$TRASH/pid2|" "$CONF" >"$TRASH/second.cf"
rules >"$TRASH/rules"
ok "so is --clean with another PIDFILE, by the database" exits 1 'another tcpquotad works with it' --clean -c "$TRASH/second.cf"
rules >"$TRASH/rules.now"
ok "and no entry is touched" cmp "$TRASH/rules" "$TRASH/rules.now"
ok "the first one goes on" kill -0 "$(daemon_pid)"
allow alice 100000
order 10.99.0.2 alice
within 5 is_open 10.99.0.2

download dl tcp 192.0.2.2
within 10 arrives tcp 192.0.2.2
configure 'HIGH_RATE=2' 'LOW_RATE=2'
mv "$LOG" "$LOG.1"
: >"$LOG"
kill -HUP "$(daemon_pid)"
ok "HUP: the new log is used" within 5 logged 'notice reload'
ok "and the new rate" within 5 eval '[ "$(db "SELECT sum(points) > sum(seconds) FROM usage")" = 1 ]'
order 10.99.0.3 alice
ok "after a HUP the database is still watched" within 5 is_open 10.99.0.3
db "UPDATE masq SET open = 3 WHERE host = '10.99.0.3'"
configure 'TICS=nothing'
kill -HUP "$(daemon_pid)"
ok "HUP with a broken file: the fault is logged" within 5 logged "tcpquota.cf:[0-9]*: TICS: .nothing. is no whole number"
ok "and the old configuration goes on" within 5 logged 'the old configuration goes on'
ok "nobody was dropped" not is_over dl
configure
kill -HUP "$(daemon_pid)"
kill -USR1 "$(daemon_pid)"
ok "USR1: debugging is on" within 5 logged ' debug charge host=10.99.0.2'
kill -USR2 "$(daemon_pid)"
within 5 logged 'debug off'
ok "USR2: it is off" rests grep -c ' debug ' "$LOG"
ok "log lines: local time with offset, level, event" eval '! grep -Evq "^[0-9-]{10}T[0-9:]{8}[+-][0-9]{2}:[0-9]{2} (err|warning|notice|info|debug) " "$LOG"'

# Killed, both processes of it, and started again: what it finds goes on.
kill_daemon both
ok "killed: the entries stay" eval 'on_gate iptables-legacy -S TCPQUOTA-00 | grep -q 10.99.0.2'
on_gate iptables-legacy -A TCPQUOTA-00 -s 10.99.0.3 -j ACCEPT
session=$(db "SELECT id FROM session WHERE closed IS NULL AND host = '10.99.0.2'")
ok "it starts on the leftovers" start_daemon
ok "the download has gone on all the time" not is_over dl
ok "the host that has a row stays open" is_open 10.99.0.2
is "in the same session" "$(db "SELECT id FROM session WHERE closed IS NULL")" "$session"
is "an entry without a row is closed" "$(on_gate iptables-legacy -S TCPQUOTA-00 | grep -c 10.99.0.3)" 0
stop_daemon -RTMIN
ok "RTMIN (restart): the entries stay" eval 'on_gate iptables-legacy -S TCPQUOTA-00 | grep -q 10.99.0.2'
is "and the row" "$(db "SELECT open FROM masq WHERE host = '10.99.0.2'")" 1
ok "the session's charges are written" db_is 1 "SELECT (SELECT sum(points) FROM session) = (SELECT sum(points) FROM usage)"
start_daemon
kill_daemon both
ok "--clean after a kill" exits 0 '' --clean -c "$CONF"
is "nothing is left: entries, rows, sessions" "$(on_gate iptables-legacy-save | grep -c TCPQUOTA)$(db "SELECT count(*) FROM masq")$(db "SELECT count(*) FROM session WHERE closed IS NULL")" 000
ok "the download was cut" within 5 is_over dl

order 10.99.0.2 alice
ok "--once carries out orders and leaves them standing" exits 0 '' --once -c "$CONF"
ok "the host is open" within 5 reaches
on_gate "$BUILD/tcpquotad" --clean -c "$CONF"
order 10.99.0.2 alice
ip netns exec ${NS}g "$BUILD/tcpquotad" --dry-run -c "$CONF" 2>"$TRASH/said" &
pid=$!
PIDS="$PIDS $pid"
ok "--dry-run tells what it would do" within 20 grep -q 'open host=10.99.0.2 user=alice' "$TRASH/said"
kill $pid
ok "and ends when it is told to" within 20 daemon_is_gone $pid
is "and does none of it" "$(db "SELECT open FROM masq")$(on_gate iptables-legacy-save | grep -c TCPQUOTA)" 20
db "DELETE FROM masq"

rm -f "$LOG"
start_closed() { (umask 077; on_gate timeout 60 "$BUILD/tcpquotad" -c "$CONF" <&- >&- 2>&-); }
ok "it starts with nothing open, and returns" start_closed
is "files have their modes, whatever the umask" "$(stat -c %a "$LOG" "$TRASH/pid" | tr '\n' ' ')" '640 644 '
stop_daemon
for signal in TERM INT QUIT; do
    start_daemon
    order 10.99.0.2 alice
    within 5 is_open 10.99.0.2
    stop_daemon -$signal
    is "$signal cleans entries, rows, pidfile" "$(on_gate iptables-legacy-save | grep -c TCPQUOTA)$(db "SELECT count(*) FROM masq")$(ls "$TRASH/pid" 2>/dev/null)" 00
done
configure ON_EXIT=keep
start_daemon
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
stop_daemon
is "ON_EXIT=keep keeps them" "$(on_gate iptables-legacy -S TCPQUOTA-00 | grep -c 10.99.0.2)$(db "SELECT open FROM masq")" 11
on_gate "$BUILD/tcpquotad" --clean -c "$CONF"
ok "cause exit for the sessions" db_is exit "SELECT cause FROM session ORDER BY id DESC LIMIT 1"

# The check of the link, while somebody is online.
: >"$TRASH/verified"
cat >"$TRASH/verify" <<EOF
#!/bin/sh
echo x >>$TRASH/verified
exit 3
EOF
chmod 755 "$TRASH/verify"
configure VERIFY=1 "VERIFY_CMD=$TRASH/verify"
start_daemon
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
sleep 2.5
verified() { wc -l <"$TRASH/verified"; }
before=$(verified)
begun=$(now_ms)
download dl tcp 192.0.2.2
verified_again() { [ "$(verified)" -ge $((before + 2)) ]; }
ok "VERIFY_CMD is run while somebody is online" within 20 verified_again
ok "and no more often than VERIFY says" between 0 $(($(verified) - before)) $((($(now_ms) - begun) / 1000 + 2))
ok "its failure is logged" within 5 logged 'the check of the link failed, status=3'
ip netns pids ${NS}h | xargs -r kill
ok "and it is not run while nobody is" rests verified
stop_daemon

# A link that is down costs nothing.
configure PROTOCOL=ppp
start_daemon
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
before=$(db "SELECT quota FROM tcptab")
download dl tcp 192.0.2.2
within 10 db_is 1 "SELECT cnts > 0 FROM masq WHERE host = '10.99.0.2'"
sleep 2
is "PROTOCOL=ppp without a link: nobody is charged" "$(db "SELECT quota FROM tcptab")" "$before"
ip -n ${NS}g link add ppp0 type veth peer name far0
ip -n ${NS}g link set far0 up
ip -n ${NS}g link set ppp0 up
ip -n ${NS}g route add 198.18.0.0/15 dev ppp0
ok "the link is noticed" within 5 logged 'notice link up channels=1'
ok "and charged for" within 20 db_is 1 "SELECT quota < $before FROM tcptab"
stop_daemon

# WAN_IF follows the default route.
configure
start_daemon
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
ip -n ${NS}g route replace default via 198.51.100.2
ok "the default route moves: so does masquerading" within 5 eval 'on_gate iptables-legacy -t nat -S | grep -q "10.99.0.2/32 -o wan1"'
ok "no entry is left on the old one" within 5 not eval 'on_gate iptables-legacy -t nat -S | grep -q "o wan0"'
nft -v >/dev/null 2>&1 && {
    on_gate nft 'add table inet theirs; add chain inet theirs mine { type filter hook forward priority 10; policy drop; }'
    stop_daemon
    start_daemon
    ok "an nftables chain that drops everything is warned of" within 5 logged 'nftables chain "theirs mine" drops'
    ok "by --check too" exits 0 'nftables chain "theirs mine" drops' -n -c "$CONF"
}
sed -i 's/ fd99::\/64//' "$CONF"
ok "IPv6 forwarding without IPv6 in LOCALNET is warned of" exits 0 'IPv6 is not guarded' -n -c "$CONF"
stop_daemon
done_testing
