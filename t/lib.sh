# Sourced by the tests in t/*.t: TAP, a trash folder, and a network of namespaces of its own.
#
#   host 10.99.0.2, fd99::2        gateway                     server 192.0.2.2, 2001:db8::2
#   host2 10.99.0.3, fd99::3  ---  lan0 10.99.0.1, fd99::1     (second uplink: 198.51.100.2)
#                                  wan0 192.0.2.1, 2001:db8::1
#                                  wan1 198.51.100.1
#
# Everything a test makes is named after its process and removed when it ends, however it ends.

BUILD=${BUILD:-$PWD/build}
TOP=$(cd "$(dirname "$0")/.." && pwd)
export TCPQUOTA_PID=${TCPQUOTA_PID:-$$}
NS=tq$TCPQUOTA_PID
TESTS_RUN=0
TESTS_FAILED=0
PORT=7000

if [ "$(id -u)" != 0 ]; then
    echo "1..0 # SKIP needs root: network namespaces, iptables"
    exit 0
fi
getent passwd tcpquota >/dev/null || { echo "1..0 # SKIP needs a user tcpquota: init/install-deps makes one"; exit 0; }
for tool in ip iptables-legacy ip6tables-legacy sqlite3 conntrack; do
    command -v $tool >/dev/null || { echo "1..0 # SKIP needs $tool"; exit 0; }
done

# In mounts of its own: the lock of the firewall tables is one for the whole machine, and a test that
# holds it would hold up every other. With OWN_PROCESSES set before this is sourced it is among
# processes of its own, too: whoever has all those of a user ended reaches no others.
if [ -z "${TCPQUOTA_OWN_MOUNTS:-}" ]; then
    export TCPQUOTA_OWN_MOUNTS=1
    exec unshare -m ${OWN_PROCESSES:+-p -f --kill-child=TERM --mount-proc} sh "$0" "$@"
fi

TRASH=$(mktemp -d "${TMPDIR:-/tmp}/tcpquota.XXXXXX")
chmod 711 "$TRASH" # the daemon works in it as a user of its own
[ -e /run/xtables.lock ] || : >/run/xtables.lock
: >"$TRASH/xtables.lock"
mount --bind "$TRASH/xtables.lock" /run/xtables.lock
DB=$TRASH/db/tcpquota.db
CONF=$TRASH/tcpquota.cf
LOG=$TRASH/log
PIDS=

cleanup() {
    trap '' INT TERM HUP
    trap - EXIT
    [ -n "$PIDS" ] && kill $PIDS 2>/dev/null
    for ns in h i g s; do
        if [ -e /run/netns/$NS$ns ]; then
            # Again, until none is left: a process may have been about to start another.
            tries=50
            while [ $tries -gt 0 ] && [ -n "$(ip netns pids $NS$ns)" ]; do
                ip netns pids $NS$ns | xargs -r kill -KILL 2>/dev/null
                tries=$((tries - 1))
            done
            ip netns del $NS$ns
        fi
    done
    wait 2>/dev/null
    rm -rf "$TRASH"
}
trap cleanup EXIT
trap 'cleanup; exit 130' INT TERM HUP

# ok DESCRIPTION COMMAND...: passes if the command succeeds; its output is shown if not.
ok() {
    TESTS_RUN=$((TESTS_RUN + 1))
    description=$1
    shift
    if "$@" >"$TRASH/out" 2>&1; then
        echo "ok $TESTS_RUN - $description"
    else
        TESTS_FAILED=$((TESTS_FAILED + 1))
        echo "not ok $TESTS_RUN - $description"
        echo "# failed: $*"
        sed 's/^/#   /' "$TRASH/out"
        [ -f "$LOG" ] && tail -5 "$LOG" | sed 's/^/#   log: /'
    fi
}

# is DESCRIPTION GOT EXPECTED
is() {
    ok "$1" same "$2" "$3"
}

same() {
    [ "$1" = "$2" ] || { echo "got:      $1"; echo "expected: $2"; return 1; }
}

not() {
    ! "$@"
}

# between LOW VALUE HIGH
between() {
    [ "$2" -ge "$1" ] && [ "$2" -le "$3" ] || { echo "got $2, expected $1 to $3"; return 1; }
}

# charged MACHINES POINTS MS: the points are those of so many machines that were in use for most of the
# time from before their hosts were opened until after they were closed. Who has paid for the time of
# more machines than that, or of fewer, shows however long it took.
charged() {
    between $(((3 * $1 - 1) * $3 / 4000)) "$2" $(($1 * ($3 / 1000 + 1)))
}

# rests COMMAND...: what it prints stays the same for longer than two passes. One that was under way
# may come late: then it is looked at once more.
rests() {
    for look in 1 2 3 4 5; do
        was=$("$@")
        sleep 2.5
        same "$("$@")" "$was" && return
    done
    return 1
}

now_ms() { date +%s%3N; }

# used_up USER QUOTA SINCE: nothing is left of the quota, with which it began at that time. Should the
# machine have stood still at its end there is less than nothing, but nobody pays for more than the
# time, and the second that had begun.
used_up() {
    between $(($2 - 1 - ($(now_ms) - $3) / 1000)) "$(db "SELECT quota FROM tcptab WHERE name = '$1'")" 0
}

done_testing() {
    echo "1..$TESTS_RUN"
    [ $TESTS_FAILED = 0 ]
}

# within SECONDS COMMAND...: tries again every 20 ms until it succeeds. No test asserts how soon.
within() {
    tries=$(($1 * 50))
    shift
    while [ $tries -gt 0 ]; do
        "$@" >/dev/null 2>&1 && return 0
        tries=$((tries - 1))
        sleep 0.02
    done
    "$@"
}

# What tests write is never given up because the daemon is slow.
db() {
    sqlite3 -cmd '.timeout 20000' "$DB" "$@"
}

# lock_database: as root's shell does; returns once it is locked. It stays so until unlock_database,
# however long what is done meanwhile may take; for two minutes at most.
lock_database() {
    rm -f "$TRASH/locked" "$TRASH/unlocked"
    sqlite3 "$DB" >/dev/null 2>&1 <<END &
.timeout 20000
BEGIN IMMEDIATE;
.shell touch $TRASH/locked
.shell timeout 120 sh -c 'while [ -e $TRASH/locked ]; do sleep 0.02; done'
COMMIT;
.shell touch $TRASH/unlocked
END
    PIDS="$PIDS $!"
    within 20 test -e "$TRASH/locked"
}

# unlock_database: returns once that is committed
unlock_database() {
    rm -f "$TRASH/locked"
    within 20 test -e "$TRASH/unlocked"
}

# as USER|UID COMMAND...: on the gateway
as() {
    user=$1
    shift
    case $user in
    *[!0-9]*) on_gate setpriv --reuid "$user" --regid "$user" --init-groups --reset-env "$@" ;;
    *) on_gate setpriv --reuid "$user" --regid "$user" --clear-groups "$@" ;;
    esac </dev/null
}

# db_is EXPECTED SQL
db_is() {
    same "$(db "$2")" "$1"
}

on_host() { ip netns exec ${NS}h "$@"; }
on_host2() { ip netns exec ${NS}i "$@"; }
on_gate() { ip netns exec ${NS}g "$@"; }
on_server() { ip netns exec ${NS}s "$@"; }

# background COMMAND...: its pid is in $!
background() {
    "$@" >/dev/null 2>&1 &
    PIDS="$PIDS $!"
}

add_host() { # NAMESPACE DEVICE LAST
    ip netns add $NS$1
    ip -n $NS$1 link set lo up
    ip -n ${NS}g link add $2 type veth peer name eth0 netns $NS$1
    ip -n ${NS}g link set $2 master lan0
    ip -n ${NS}g link set $2 up
    ip -n $NS$1 addr add 10.99.0.$3/24 dev eth0
    ip -n $NS$1 addr add fd99::$3/64 dev eth0 nodad
    ip -n $NS$1 link set eth0 up
    ip -n $NS$1 route add default via 10.99.0.1
    ip -n $NS$1 -6 route add default via fd99::1
}

make_network() {
    ip netns add ${NS}g
    ip netns add ${NS}s
    ip -n ${NS}g link set lo up
    ip -n ${NS}s link set lo up
    ip -n ${NS}g link add lan0 type bridge
    ip -n ${NS}g addr add 10.99.0.1/24 dev lan0
    ip -n ${NS}g addr add fd99::1/64 dev lan0 nodad
    ip -n ${NS}g link set lan0 up
    add_host h port0 2
    add_host i port1 3
    ip -n ${NS}g link add wan0 type veth peer name eth0 netns ${NS}s
    ip -n ${NS}g link add wan1 type veth peer name eth1 netns ${NS}s
    ip -n ${NS}g addr add 192.0.2.1/24 dev wan0
    ip -n ${NS}g addr add 2001:db8::1/64 dev wan0 nodad
    ip -n ${NS}g addr add 198.51.100.1/24 dev wan1
    ip -n ${NS}s addr add 192.0.2.2/24 dev eth0
    ip -n ${NS}s addr add 2001:db8::2/64 dev eth0 nodad
    ip -n ${NS}s addr add 198.51.100.2/24 dev eth1
    for link in g.wan0 g.wan1 s.eth0 s.eth1; do
        ip -n $NS${link%.*} link set ${link#*.} up
    done
    ip -n ${NS}g route add default via 192.0.2.2
    ip -n ${NS}g -6 route add default via 2001:db8::2
    # The server knows the way back, so that what leaks shows.
    ip -n ${NS}s route add 10.99.0.0/24 via 192.0.2.1
    ip -n ${NS}s -6 route add fd99::/64 via 2001:db8::1
    on_gate sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    on_gate sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
    for link in lan0 wan0 wan1; do
        on_gate sysctl -qw net.ipv4.conf.$link.rp_filter=0
    done
    background on_server "$BUILD/t/traffic" serve $PORT
    within 20 serves
}

serves() { on_server "$BUILD/t/traffic" probe tcp 127.0.0.1 $PORT; }

# configure LINE...: a configuration for the tests, with these lines added
configure() {
    {
        echo "LOCALNET=10.99.0.0/16 fd99::/64"
        echo "DATABASE=$DB"
        echo "LOGFILE=$LOG"
        echo "PIDFILE=$TRASH/pid"
        echo "SOCKET=$TRASH/run/ctl"
        echo "PERIOD=1"
        for line; do echo "$line"; done
    } >"$CONF"
}

# PIDFILE holds the number of the worker; its parent is the keeper.
daemon_pid() { cat "$TRASH/pid"; }
keeper_pid() { awk '/^PPid:/ {print $2}' "/proc/$(daemon_pid)/status"; }

# kill_daemon [worker|keeper|both]: with SIGKILL; returns when those are gone. Of both neither
# notices that the other is dead.
kill_daemon() {
    case ${1:-both} in
    worker) victims=$(daemon_pid) ;;
    keeper) victims=$(keeper_pid) ;;
    both) victims="$(keeper_pid) $(daemon_pid)" ;;
    esac
    kill -STOP $victims
    kill -KILL $victims
    for pid in $victims; do
        within 10 daemon_is_gone "$pid"
    done
}

# start_daemon OPTION...: returns once it serves
start_daemon() {
    on_gate "$BUILD/tcpquotad" -c "$CONF" "$@"
}

# Dead is enough: whoever inherited it may take its time to reap it.
daemon_is_gone() {
    case "$(awk '/^State:/ {print $2}' "/proc/$1/status" 2>/dev/null)" in
    '' | Z | X) ;;
    *) return 1 ;;
    esac
}

# The keeper goes last: it cleans up when the worker is gone, and holds PIDFILE until then.
pidfile_is_free() { [ ! -e "$TRASH/pid" ] || (flock -n 9) 9<"$TRASH/pid"; }

# stop_daemon [-SIGNAL]: returns when both processes of it have ended
stop_daemon() {
    pid=$(daemon_pid) || return 0
    kill "${1:--TERM}" "$pid"
    within 20 daemon_is_gone "$pid" && within 20 pidfile_is_free
}

# allow NAME QUOTA
allow() {
    db "INSERT OR IGNORE INTO allowed VALUES ('$1'); INSERT OR REPLACE INTO tcptab VALUES ('$1', $2)"
}

# order HOST NAME [OPEN]
order() {
    db "REPLACE INTO masq (host, name, open) VALUES ('$1', '$2', ${3:-2})"
}

is_open() { db_is 1 "SELECT open FROM masq WHERE host = '$1'"; }
is_closed() { db_is 0 "SELECT open FROM masq WHERE host = '$1'"; }
has_no_row() { db_is 0 "SELECT count(*) FROM masq WHERE host = '$1'"; }

# reaches [tcp|udp] [ADDRESS]: from the host to the server
reaches() { on_host "$BUILD/t/traffic" probe ${1:-tcp} ${2:-192.0.2.2} $PORT; }
reaches6() { reaches ${1:-tcp} 2001:db8::2; }

# download NAME tcp|udp ADDRESS: in the background, for longer than a slow machine takes for what is
# done meanwhile; its line goes to $TRASH/NAME
download() {
    on_host "$BUILD/t/traffic" get $2 $3 $PORT 300 >"$TRASH/$1" 2>&1 &
    PIDS="$PIDS $!"
}

# arrives tcp|udp ADDRESS: what the host downloads from there has begun to come
arrives() {
    case $2 in
    *:*) family=ipv6 peer=[$2] ;;
    *) family=ipv4 peer=$2 ;;
    esac
    case $1 in
    tcp) on_host ss -Htni state established dst "$peer" | grep 'bytes_received:[1-9]' ;;
    udp)
        for port in $(on_host ss -Hun state established dst "$peer" | awk '{sub(/.*:/, "", $3); print $3}'); do
            on_gate conntrack -L -f $family -p udp --dst "$2" --sport $port | grep -v UNREPLIED | grep dport && return
        done
        return 1
        ;;
    esac
}

is_over() { [ -s "$TRASH/$1" ]; }

logged() { grep -q -- "$1" "$LOG"; }

rules() { on_gate iptables-legacy-save | grep -v '^[#:]'; }
