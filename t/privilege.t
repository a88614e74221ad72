#!/bin/sh
# What the two processes may, read from the kernel; what happens if it cannot be given up; what a
# worker in other hands gets from the keeper. Users of the gateway are asked to be evicted here.
OWN_PROCESSES=1
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/login.sh"

own_utmp && make_users || exit 1
make_network
configure
status() { awk -v key="$2:" '$1 == key {$1 = ""; sub(/^ /, ""); gsub(/\t/, " "); print}' "/proc/$1/status"; }
no_entries() { same "$(on_gate iptables-legacy-save | grep -c TCPQUOTA)" 0; }
uid=$(id -u tcpquota)
gid=$(id -g tcpquota)

start_daemon
worker=$(daemon_pid)
keeper=$(keeper_pid)
ok "they are two processes" not same "$worker" "$keeper"
is "the worker runs as user tcpquota" "$(status "$worker" Uid)" "$uid $uid $uid $uid"
is "and as its group" "$(status "$worker" Gid)" "$gid $gid $gid $gid"
is "and as no other" "$(status "$worker" Groups | tr -d ' ')" ''
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
    is "the worker has no capabilities: $set" "$(status "$worker" $set)" 0000000000000000
done
is "the worker has no_new_privs" "$(status "$worker" NoNewPrivs)" 1
is "and a seccomp filter" "$(status "$worker" Seccomp)" 2
is "the keeper is root" "$(status "$keeper" Uid)" "0 0 0 0"
# CAP_DAC_READ_SEARCH, KILL, SETGID, SETUID, SETPCAP, NET_ADMIN, NET_RAW, SYS_PTRACE: bits 2, 5, 6,
# 7, 8, 12, 13, 19
for set in CapPrm CapEff; do
    is "with the capabilities that it uses: $set" "$(status "$keeper" $set)" 00000000000831e4
done
is "and passes none on: CapInh" "$(status "$keeper" CapInh)" 0000000000000000
is "and the worker is its child" "$(status "$worker" PPid)" "$keeper"
# The keeper, news of the network, the control socket, and two processes that know names.
is "the worker has no firewall's socket" "$(ls -l "/proc/$worker/fd" | grep -c 'socket:' )" 5
is "the database is the worker's" "$(stat -c '%U %a' "$TRASH/db")|$(stat -c '%U %a' "$DB")" 'tcpquota 700|tcpquota 600'
is "PIDFILE holds the worker's number" "$(cat "$TRASH/pid")" "$worker"

allow alice 100000
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
for signal in USR1 USR2 HUP; do
    kill -$signal "$keeper"
done
ok "the keeper passes signals on: USR1" within 5 logged 'notice debug on'
ok "USR2" within 5 logged 'notice debug off'
ok "HUP" within 5 logged 'notice reload'
kill -TERM "$keeper"
ok "TERM: the worker ends" within 10 daemon_is_gone "$worker"
ok "and the keeper" within 10 daemon_is_gone "$keeper"
ok "everything is clean" no_entries

# The configuration may be root's alone: the worker gets it from the keeper.
chmod 600 "$CONF"
start_daemon
configure HIGH_RATE=3 LOW_RATE=3
chmod 600 "$CONF"
kill -HUP "$(daemon_pid)"
ok "a configuration that only root can read is reloaded" within 10 eval '[ $(grep -c "notice reload" "$LOG") = 2 ]'
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
download dl tcp 192.0.2.2
ok "and in force" within 20 db_is 1 "SELECT sum(points) >= 3 * sum(seconds) AND sum(points) > 0 FROM usage"
stop_daemon
configure

# Nothing is started that could not give up what it has.
fails() { # DESCRIPTION TEXT COMMAND...
    description=$1 text=$2
    shift 2
    on_gate "$@" "$BUILD/tcpquotad" -f -c "$CONF" >"$TRASH/said" 2>&1
    is "$description: 71" $? 71
    ok "$description: it says so" grep -q "$text" "$TRASH/said"
    ok "$description: nothing was begun" no_entries
}
fails "a keeper without CAP_SETUID" 'tcpquotad: capabilities: ' setpriv --bounding-set -setuid --inh-caps -setuid
if ldd "$BUILD/tcpquotad" | grep -q libasan; then
    echo "# sanitizers: no step of giving up is made to fail, that needs LD_PRELOAD"
else
    for step in 'become user tcpquota' 'landlock_add landlock' 'seccomp seccomp' 'no_new_privs no_new_privs'; do
        set -- $step
        fails "a worker for which $1 fails" "privilege cannot be given up: $2" env MISSING="$1" LD_PRELOAD="$BUILD/t/missing.so"
    done
fi
grep -v '^tcpquota:' /etc/passwd >"$TRASH/passwd"
sed 's/^tcpquota:x:[0-9]*:[0-9]*:/tcpquota:x:0:0:/' /etc/passwd >"$TRASH/passwd.root"
chmod 644 "$TRASH"/passwd*
cat >"$TRASH/with-passwd" <<'EOF'
file=$1
shift
exec unshare -m sh -c 'mount --bind "$0" /etc/passwd && exec "$@"' "$file" "$@"
EOF
fails "without the user" 'user tcpquota: there is no such user' sh "$TRASH/with-passwd" "$TRASH/passwd"
fails "with a user that is root" 'user tcpquota: it is root' sh "$TRASH/with-passwd" "$TRASH/passwd.root"

# The place of the database: what root left there is given to the worker, and nothing else.
rm -rf "$TRASH/db"
mkdir -m 700 "$TRASH/db"
ok "a private empty folder of root's is taken" start_daemon
stop_daemon
is "and is the worker's now" "$(stat -c %U "$TRASH/db")" tcpquota
chown root "$DB"
ok "a database that root put back is taken" start_daemon
stop_daemon
is "and is the worker's again" "$(stat -c %U "$DB")" tcpquota
echo secret >"$TRASH/secret"
chmod 600 "$TRASH/secret"
mv "$DB-wal" "$TRASH/" 2>/dev/null
ln "$TRASH/secret" "$DB-journal"
on_gate "$BUILD/tcpquotad" --once -c "$CONF" 2>/dev/null
is "but no file of root's that has another name" "$(stat -c %U "$TRASH/secret")" root
rm -f "$DB-journal"
ln -s "$TRASH/secret" "$DB-journal"
on_gate "$BUILD/tcpquotad" --once -c "$CONF" 2>/dev/null
is "nor what a link leads to" "$(stat -c %U "$TRASH/secret")" root
rm -f "$DB-journal"
mkdir "$TRASH/shared"
touch "$TRASH/shared/somebody's"
sed "s|^DATABASE=.*|DATABASE=$TRASH/shared/tcpquota.db|" "$CONF" >"$TRASH/shared.cf"
on_gate "$BUILD/tcpquotad" -f -c "$TRASH/shared.cf" >"$TRASH/said" 2>&1
is "a folder that others use is left alone: 74" "$?|$(stat -c %U "$TRASH/shared")" '74|root'
ok "and it says who cannot write there" grep -q "shared/tcpquota.db: its folder cannot be written by uid $uid" "$TRASH/said"

# A worker in other hands.
start_daemon
allow alice 100000
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
on_gate "$BUILD/t/intrude" "$(daemon_pid)" outside
ok "a host that is not in LOCALNET is refused" within 5 logged 'refused to the worker: host=8.8.8.8 is not in LOCALNET'
is "and has no entry" "$(on_gate iptables-legacy-save | grep -c 8.8.8.8)" 0
stop_daemon 2>/dev/null # the worker may have ended: the answer was none of its own
start_daemon
on_gate "$BUILD/t/intrude" "$(daemon_pid)" own
ok "so is the gateway itself" within 5 logged 'refused to the worker: host=10.99.0.1 is the gateway itself'
stop_daemon 2>/dev/null
for message in count kind short way inodes reason empty leave; do
    : >"$LOG"
    start_daemon
    order 10.99.0.2 alice
    within 5 is_open 10.99.0.2
    worker=$(daemon_pid)
    keeper=$(keeper_pid)
    on_gate "$BUILD/t/intrude" "$worker" $message
    case $message in
    empty) words="worker pid=$worker was killed" ;;
    leave) words='worker left without cleaning up' ;;
    *) words="pid=$worker sends what is no message, it is killed" ;;
    esac
    ok "$message: the log says so" within 5 logged "$words"
    ok "$message: the worker is dead" within 5 daemon_is_gone "$worker"
    ok "$message: the gate is shut and all is cleaned" within 10 daemon_is_gone "$keeper"
    is "$message: entries, rows, sessions" "$(on_gate iptables-legacy-save | grep -c TCPQUOTA)$(db "SELECT count(*) FROM masq")$(db "SELECT count(*) FROM session WHERE closed IS NULL")" 000
done

# Users on the gateway: whom the keeper protects lives, and who else does not.
victims=
lives() { not daemon_is_gone "$1"; }
all_live() { for victim in $victims; do lives $victim || return 1; done; }
# sleeper UID: its number is in $sleeper
sleeper() {
    setpriv --reuid "$1" --regid "$1" --clear-groups sleep 900 >/dev/null 2>&1 &
    sleeper=$!
    PIDS="$PIDS $sleeper"
    within 5 eval '[ "$(status $sleeper Uid)" = "'"$1 $1 $1 $1"'" ]'
}
for victim in 0 "$uid" 2000 2006 2008; do
    sleeper $victim
    victims="$victims $sleeper"
done
sleeper 2004
local_rules() { configure MIN_UID=2001 MAX_UID=2007 KILL_GRACE=1 ADMINS=anna "$@"; }
# asks WHAT UID WHY: what the log says
asks() {
    : >"$LOG"
    start_daemon
    on_gate "$BUILD/t/intrude" "$(daemon_pid)" $1 $2
    ok "$1 uid $2: the log says why not" within 5 logged "warning spare uid=$2 it $3"
    ok "$1 uid $2: nobody ends" all_live
    stop_daemon 2>/dev/null
}
local_rules ENFORCE_LOCAL=kill
asks evict 0 'is not between MIN_UID and MAX_UID'
asks evict 2000 'is not between MIN_UID and MAX_UID'
asks evict 2008 'is not between MIN_UID and MAX_UID'
asks evict 4294967295 'is not between MIN_UID and MAX_UID'
asks evict 2006 'is in ADMINS, OPERATORS or NEVER_KILL'
asks evict 2007 'has no name: it might be anybody.s'
configure MIN_UID=1 MAX_UID=65000 KILL_GRACE=1 ENFORCE_LOCAL=kill
asks evict "$uid" 'is the user of tcpquotad'
asks evict 0 'is not between MIN_UID and MAX_UID'
local_rules ENFORCE_LOCAL=close
asks block 0 'is not between MIN_UID and MAX_UID'
asks block 2006 'is in ADMINS, OPERATORS or NEVER_KILL'
start_daemon
: >"$LOG"
on_gate "$BUILD/t/intrude" "$(daemon_pid)" evict 2004
sleep 1 # for what shall not happen
ok "with ENFORCE_LOCAL=close nobody is evicted" lives $sleeper
stop_daemon 2>/dev/null
local_rules ENFORCE_LOCAL=kill
start_daemon
on_gate "$BUILD/t/intrude" "$(daemon_pid)" evict 2004
ok "with kill a user is whom nothing protects" within 10 daemon_is_gone $sleeper
ok "which is logged" within 5 logged "notice evict user=mallory pid=.* name=sleep signal=TERM"
ok "and nobody else" all_live
stop_daemon 2>/dev/null
done_testing
