#!/bin/sh
# Local users attack the control socket: nobody else notices, and nothing of it stays behind.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/login.sh"

own_utmp && make_users || exit 1
printf "x' OR '1:x:2301:2301::/:/bin/sh\n" >>"$TRASH/etc/passwd"
printf 'passwd: files\ngroup: files\n' >"$TRASH/etc/nsswitch.conf"
mount --bind "$TRASH/etc/nsswitch.conf" /etc/nsswitch.conf || exit 1
make_network
background on_host2 "$BUILD/t/traffic" probe tcp 10.99.0.1 1
socket=$TRASH/run/ctl
usual() { configure TICS=3 USERS='free admin' OPERATORS=@teachers "$@"; }
usual ADMINS=anna
chmod 644 "$CONF"
start_daemon
worker=$(daemon_pid)
db "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19999)
    INSERT INTO tcptab SELECT 'u' || i, 1000000000 FROM n;
    INSERT INTO allowed SELECT name FROM tcptab"
for user in alice bob mallory; do allow $user 1000000; done
order 10.99.0.2 alice
within 5 is_open 10.99.0.2

# abuse USER MODE SECONDS [ARGUMENT]
abuse() (
    user=$1
    mode=$2
    shift 2
    as "$user" timeout -k 1 40 "$BUILD/t/abuse" "$mode" "$socket" "$@"
)
asks() { abuse "$1" ask 5 "$2"; }
answers() { asks "$1" "$2" | grep -q -- "$3"; }
counter() { db "SELECT counter FROM masq WHERE host = '10.99.0.2'"; }
goes_up() { [ "$(counter)" -ge "$1" ]; }
descriptors() { ls "/proc/$worker/fd" | wc -l; }
memory() { awk '/^VmRSS:/ {print $2}' "/proc/$worker/status"; }
lives() { [ "$(daemon_pid)" = "$worker" ] && ! daemon_is_gone "$worker"; }
# SQLite keeps one of each query for the next (unixClose, while another connection has locks): not
# more than there may be queries at once.
few_descriptors() { between 0 "$(descriptors)" $((before_fds + 8)); }
# What the address sanitizer keeps is not the daemon's.
little_memory() { grep -q libasan "/proc/$worker/maps" || between 0 "$(memory)" $((before_kb + 4096)); }
# What no attack may change: every balance but that of alice, who is charged, and of who holds a host.
state() {
    db "SELECT * FROM tcptab WHERE name NOT IN ('alice', 'mallory'); SELECT * FROM allowed;
        SELECT host, name, open, free FROM masq WHERE name <> 'mallory';
        SELECT * FROM logging; SELECT * FROM logging_openfw" | md5sum
}

ended_well() { [ "$1" = 0 ] && ! grep '^wrong' "$TRASH/attack" || { cat "$TRASH/attack"; return 1; }; }
after() {
    ok "$1: the daemon lives" lives
    ok "$1: nothing was changed" same "$(state)" "$before"
    ok "$1: its descriptors are closed" within 20 few_descriptors
    ok "$1: its memory is free" within 20 little_memory
}
# The host's connection lasts for a minute; before that there is another.
use() { background on_host "$BUILD/t/traffic" get tcp 192.0.2.2 $PORT 60; }
use
sleep 2
asks anna '{"command": "list"}' >/dev/null
before_fds=$(descriptors)
before_kb=$(memory)
before=$(state)
reload() {
    kill -HUP "$worker"
    within 20 eval '[ "$(grep -c " reload " "$LOG")" = '"$1"' ]'
}

ok "the client that asks here gets answers" answers bob '{"command": "ping"}' '"end":0'
chmod 600 "$TRASH/etc/passwd"
ok "a user database that cannot be read makes nobody nameless" answers bob '{"command": "ping"}' '"end":69,"why":"names"'
chmod 644 "$TRASH/etc/passwd"
chmod 600 "$TRASH/etc/group"
ok "nor does one of groups" answers bob '{"command": "ping"}' '"end":69,"why":"names"'
chmod 644 "$TRASH/etc/group"
ok "and when it can be, there are answers" answers bob '{"command": "ping"}' '"end":0'
ok "a uid that has no name is told so" answers 2999 '{"command": "ping"}' '"end":77,"why":"nobody"'
ok "and is refused what is another's" not answers bob '{"command": "show", "user": "alice"}' '"row"'
room() { answers root "{\"command\": \"openfw\", \"way\": \"open\", \"hosts\": [{\"host\": \"10.99.0.7\"}, $1]}" "$2"; }
ok "a host of a room that is none is named" room '{"host": "10.99.0.300"}' '"10.99.0.300: not an address"'
ok "and a group that is none" room '{"host": "10.99.0.8", "group": "ATTIC"}' '"ATTIC: no such group"'
ok "and which of them is no host at all" room 7 '"detail":"host 2: '
ok "and nothing of it is done" db_is 0 "SELECT count(*) FROM masq WHERE host = '10.99.0.7'"
# meanwhile WHAT COMMAND...: the command is the attack, with its time limit, and ends with 0.
meanwhile() {
    what=$1
    shift
    use
    "$@" >"$TRASH/attack" 2>&1 &
    attack=$!
    PIDS="$PIDS $attack"
    sleep 0.5
    passes=$(counter)
    ok "$what: others are served" answers bob '{"command": "show"}' '"name":"bob"'
    ok "$what: while it lasts" not daemon_is_gone $attack
    ok "$what: alice is charged pass by pass" within 10 goes_up $((passes + 3))
    ok "$what: others are served still" answers bob '{"command": "show"}' '"name":"bob"'
    ok "$what: root is" answers root '{"command": "show", "user": "alice"}' '"name":"alice"'
    wait $attack
    ok "$what: the attacker got nothing" ended_well $?
    after "$what"
}

for mode in short huge endless flood fds; do
    meanwhile "$mode" abuse mallory $mode 8
done
meanwhile "huge, of an operator" abuse tess huge 8
meanwhile "list, without end" abuse mallory flood 8 '{"command": "list"}'
meanwhile "whence, without end" abuse mallory flood 8 '{"command": "whence", "terminal": "pts/1"}'
meanwhile "mute" abuse anna mute 8
meanwhile "drip" abuse anna drip 8

# Who is beyond the limit is told so. The abuser looks after a second: on a slow machine some have not
# been refused by then, and it is tried again.
kept_32() { grep 'kept 32 refused 968' "$TRASH/attack"; }
many_again() {
    for try in 1 2 3; do
        kept_32 && return
        abuse mallory many 3 >"$TRASH/attack"
    done
    kept_32
}
meanwhile "many" abuse mallory many 8
ok "many: 32 were kept" many_again
abuse mallory many 15 >"$TRASH/attack" &
PIDS="$PIDS $!"
within 10 grep -q kept "$TRASH/attack"
ok "many: one more of that user's is refused plainly" answers mallory '{"command": "ping"}' '"end":69,"why":"too-many"'
wait $!
ok "many: and not when they are gone" within 5 answers mallory '{"command": "ping"}' '"end":0'

# Uids of a user namespace, as many as one likes: together they are one.
crowd() {
    crowd=
    for i in 1 2 3 4 5 6 7 8; do
        abuse 10000$i many 8 >"$TRASH/crowd.$i" &
        crowd="$crowd $!"
    done
    wait $crowd
}
meanwhile "uids of no user" crowd
crowd_kept_32() { same "$(cat "$TRASH"/crowd.? | awk '/^kept/ {n += $2} END {print n}')" 32; }
crowd_again() {
    for try in 1 2; do
        crowd_kept_32 && return
        crowd
    done
    crowd_kept_32
}
ok "uids of no user: all together keep 32" crowd_again

# Four who may read everything, and do not: their queries give way.
usual ADMINS='anna carol tess mallory'
reload 1
stalled() {
    mutes=
    for user in anna carol tess mallory; do
        abuse $user mute 10 >/dev/null &
        mutes="$mutes $!"
    done
    wait $mutes
}
meanwhile "all queries stalled" stalled
usual ADMINS=anna
reload 2

# What nobody may, and what is none of theirs.
for user in mallory carol; do
    abuse $user wrong 30 $user >"$TRASH/attack" 2>&1
    ok "wrong: $user is refused all of it" ended_well $?
    after "wrong, $user"
done
quoted="x' OR '1"
ok "a name with quotes has no balance of others" not answers 2301 '{"command": "list"}' '"name":"u1"'
is "it is a name, and sees itself" "$(asks 2301 '{"command": "show"}' | grep -c "\"name\":\"$quoted\"")" 1
ok "an administrator gives it quota" answers anna "{\"command\": \"add\", \"user\": \"$quoted\", \"points\": 7, \"reason\": \"'; DROP TABLE tcptab; --\"}" '"end":0'
ok "which nobody else has" db_is 1 "SELECT count(*) FROM tcptab WHERE quota = 7"
ok "and it is in its own list" answers 2301 '{"command": "list"}' "\"name\":\"$quoted\""
db "DELETE FROM tcptab WHERE quota = 7; DELETE FROM allowed WHERE name LIKE 'x%'"
before=$(state)

# Those who may open a host, and abuse that.
use
login_as mallory 10.99.0.3 attack "$BUILD/t/abuse" endless "$socket" 15 openhost
ok "endless, holding a host: it opens" within 5 is_open 10.99.0.3
passes=$(counter)
ok "endless, holding a host: others are served" answers bob '{"command": "show"}' '"name":"bob"'
ok "endless, holding a host: others are charged" within 10 goes_up $((passes + 3))
ok "endless, holding a host: it stays open" is_open 10.99.0.3
within 40 ended attack
ok "endless, holding a host: it got what it is to get" status_is attack 0
ok "endless, holding a host: it is closed when they go" within 5 has_no_row 10.99.0.3
after "endless, holding a host"
login_as mallory 10.99.0.3 attack "$BUILD/t/abuse" endless "$socket" 60 broken
within 20 shows attack packets
ok "after a packet that is no request the host is closed" within 20 has_no_row 10.99.0.3
ok "it had been open" db_is user "SELECT cause FROM session WHERE host = '10.99.0.3' ORDER BY id DESC LIMIT 1"
ok "while the connection is still there" not ended attack
hang_up attack
use
# It may be closed again before one has looked at its row; the session stays.
sessions=$(db "SELECT count(*) FROM session WHERE host = '10.99.0.3'")
login_as mallory 10.99.0.3 attack "$BUILD/t/abuse" stopped "$socket" 5
ok "stopped: the host opens" within 10 db_is $((sessions + 1)) "SELECT count(*) FROM session WHERE host = '10.99.0.3'"
ok "stopped: it is closed" within 20 not is_open 10.99.0.3
ok "stopped: as idle" within 5 db_is idle "SELECT cause FROM session WHERE host = '10.99.0.3' ORDER BY id DESC LIMIT 1"
ok "stopped: others are served" answers bob '{"command": "show"}' '"name":"bob"'
hang_up attack
after stopped
use
login_as mallory 10.99.0.3 attack "$BUILD/t/abuse" cycle "$socket" 8
passes=$(counter)
ok "cycle: others are served" answers bob '{"command": "show"}' '"name":"bob"'
ok "cycle: others are charged" within 10 goes_up $((passes + 3))
within 30 ended attack
ok "cycle: it was opened, again and again" within 5 shows attack 'opened [1-9]'
ok "cycle: and is closed in the end" within 5 has_no_row 10.99.0.3
after cycle
ok "nothing went wrong in the log" not grep -E ' (err|warning) ' "$LOG"
done_testing
