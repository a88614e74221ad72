#!/bin/sh
# ENFORCE_LOCAL: users on the gateway itself who may not use the link, and use it. Their processes
# are ended, or their connections alone; nobody else's are.
OWN_PROCESSES=1
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/login.sh"

own_utmp && make_users || exit 1
make_network
traffic=$BUILD/t/traffic
grace=1
rule() { configure MIN_UID=2001 MAX_UID=2007 KILL_GRACE=$grace TICS=2 "$@"; }
again() {
    reloads=$(grep -c 'reload config' "$LOG")
    rule "$@" && kill -HUP "$(daemon_pid)" && within 10 times_logged $((reloads + 1)) 'reload config'
}

# uses USER COMMAND...: in the background
uses() {
    as "$@" >/dev/null 2>&1 &
    PIDS="$PIDS $!"
}
holds() { uses "$1" "$traffic" hold "${2:-192.0.2.2}" $PORT 900; }
idles() { uses "$1" sleep 900; }
lives() { pgrep -u "$1" >/dev/null; }
is_gone() { not lives "$1"; }
ends() { pkill -KILL -u "$1"; within 10 is_gone "$1"; }
points() { db "SELECT points FROM session WHERE host = 'local' AND name = '$1' ORDER BY id DESC LIMIT 1"; }
is_charged() { [ "$(points "$1")" -ge "${2:-1}" ]; }
passes() { # COUNT: so many that charge bob, who is on the net and may be
    passed=$(($(points bob) + $1))
    within 40 is_charged bob $passed
}
charged_now() { db_is 1 "SELECT count(*) FROM session WHERE host = 'local' AND name = '$1' AND closed IS NULL AND points > 0"; }
cause() { db "SELECT cause FROM session WHERE host = 'local' AND name = '$1' AND closed IS NOT NULL ORDER BY id DESC LIMIT 1"; }
cause_is() { same "$(cause "$1")" "$2"; }
still_gone() { passes 3; is_gone mallory; }
times_logged() { same "$(grep -c -- "$2" "$LOG")" "$1"; }

# Nobody is in allowed: then nothing is done to anybody.
rule
start_daemon
holds alice
ok "while allowed is empty a line says what is not done" within 10 logged 'notice refuse user=alice uid=2001 reason="user is not allowed" cnts=1, nothing is done: nobody is in allowed'
sleep 3
ok "and who is not in it lives" lives alice
ok "it is said once" within 5 times_logged 1 'refuse user=alice'
ends alice

# Whom the contract protects, and who does nothing.
stop_daemon
rule NEVER_KILL='carol' ADMINS=anna OPERATORS=@teachers USERS='free admin mallory'
start_daemon
allow bob 100000
for user in bob carol anna tess mallory 2000 2008; do holds $user; done
idles alice
for user in bob carol anna tess mallory; do within 10 is_charged $user; done
passes 4
ok "with quota one lives" lives bob
ok "in NEVER_KILL" lives carol
ok "in ADMINS" lives anna
ok "in a group of OPERATORS" lives tess
ok "in USERS" lives mallory
ok "below MIN_UID" lives 2000
ok "above MAX_UID" lives 2008
ok "and without use, though not allowed" lives alice
ok "nobody of them is told" not logged 'evict'
for user in carol anna tess mallory 2000 2008; do ends $user; done
ends alice

# Killed, with everything they run; nobody else is.
login_as alice - desk /bin/sh
types desk "echo on \$(tty)"
within 5 shows desk '^on /dev/pts'
holds alice
ok "who is not allowed and uses the link is told on their terminal" within 10 shows desk 'you are not allowed to use the link'
ok "and every process of theirs ends" within 10 is_gone alice
ok "the one on the net" within 5 logged 'notice evict user=alice pid=[0-9]* name=traffic signal=TERM'
ok "the shell that does nothing of the kind" within 5 logged 'notice evict user=alice pid=[0-9]* name=sh signal='
ok "that is logged with the reason, once" within 5 times_logged 1 'notice evict user=alice uid=2001 reason="user is not allowed" cnts=1$'
ok "and when it is over" within 5 logged 'notice evicted user=alice processes='
ok "the session ends" within 10 cause_is alice denied
ok "a bystander lives" lives bob

# At zero, at once.
allow carol 3
db "INSERT OR IGNORE INTO allowed VALUES ('carol'); UPDATE tcptab SET quota = 3 WHERE name = 'carol'"
again
begun=$(now_ms)
login_as carol - desk2 /bin/sh
types desk2 "echo on"
within 5 shows desk2 '^on'
as carol "$traffic" get tcp 192.0.2.2 $PORT 60 >"$TRASH/carol" 2>&1 &
PIDS="$PIDS $!"
ok "when the quota is used up" within 20 is_gone carol
ok "they are told that" within 5 shows desk2 'your quota is used up'
ok "cause quota" within 10 cause_is carol quota
ok "for no more than they had, and what was used since" between 3 "$(points carol)" $((($(now_ms) - begun) / 1000 + 2))

# Those who do not want to go.
db "INSERT OR IGNORE INTO allowed VALUES ('mallory'); INSERT OR REPLACE INTO tcptab VALUES ('mallory', 0)"
uses mallory sh -c "trap '' TERM HUP INT; while :; do sleep 300; done"
uses mallory sh -c 'kill -STOP $$; sleep 300'
within 10 pgrep -u mallory -x sleep
within 10 pgrep -u mallory -r T
holds mallory
ok "TERM-proof and stopped ones are killed" within 15 is_gone mallory
ok "which is logged" within 5 logged 'notice evict user=mallory pid=[0-9]* name=sh signal=KILL'
uses mallory sh -c "trap '' TERM; while :; do i=0; while [ \$i -lt 20 ]; do (trap '' TERM; sleep 0.05) & i=\$((i + 1)); done; sleep 0.01; done"
within 5 lives mallory
uses mallory sh -c "trap '' TERM; f() { sleep 0.02; f & }; f; wait; sleep 5"
holds mallory
within 10 logged 'evict user=mallory uid'
ok "a swarm of short-lived ones ends" within 30 is_gone mallory
ok "and stays away" still_gone
ok "through all that a bystander lives" lives bob

# Who becomes another on the way: only those are hit that are theirs at that moment.
uses root "$BUILD/t/serve_as" -w "$TRASH/becomes" 7110 2004 300
within 5 test -e "$TRASH/becomes.ready"
background on_server "$traffic" hold 192.0.2.1 7110 300
passes 3
ok "a service of root's that serves nobody yet lives" pgrep -f 'serve_as -w'
: >"$TRASH/becomes"
is_served_alone() { same "$(pgrep -u root -f 'serve_as -w' | wc -l)" 0; }
service=$(pgrep -o -f 'serve_as -w')
ok "when it serves somebody without quota, the process that does is ended" within 15 logged 'name=serve_as signal=TERM'
ok "root's part of it goes by itself" within 10 is_served_alone
ok "and is not killed" not logged "evict user=mallory pid=$service "

# Root's own process that acts as the user is not killed; what it serves is cut off.
uses root "$BUILD/t/serve_as" -e 7112 2004 300
within 5 on_gate sh -c 'ss -ltn | grep -q :7112'
on_server "$traffic" get tcp 192.0.2.1 7112 60 >"$TRASH/acted" 2>&1 &
ok "root acting as somebody without quota: the connection is cut" within 15 is_over acted
ok "the process lives" pgrep -f 'serve_as -e'
pkill -f 'serve_as -e'

# Called off: whoever has not ended by then lives on, also when the use itself has ended.
ends mallory
grace=12
survives() { # WHAT COMMAND...
    what=$1
    shift
    ordered=$(grep -c 'evict user=mallory uid' "$LOG")
    called=$(grep -c 'evict user=mallory is called off' "$LOG")
    db "UPDATE tcptab SET quota = 0 WHERE name = 'mallory'"
    uses mallory sh -c "trap '' TERM; while :; do sleep 0.2; done"
    within 10 pgrep -u mallory -x sleep
    holds mallory
    within 10 times_logged $((ordered + 1)) 'evict user=mallory uid'
    within 10 has_no_use
    passes 4
    "$@"
    ok "$what: it is called off" within 10 times_logged $((called + 1)) 'evict user=mallory is called off'
    passes 10
    ok "$what: mallory lives" lives mallory
    ends mallory
}
has_no_use() { ! pgrep -u mallory -x traffic; }
again
survives "a deposit" db "UPDATE tcptab SET quota = 100000 WHERE name = 'mallory'"
survives "NEVER_KILL" again NEVER_KILL=mallory
again
echo 'malvina:x:2004:2004::/:/bin/sh' >>"$TRASH/etc/passwd"
survives "NEVER_KILL, by a second name" again NEVER_KILL=malvina
again
survives "ENFORCE_LOCAL=log" again ENFORCE_LOCAL=log
# The next pass, which learns who that is now, comes after the grace.
grace=4
slowly() { rule "$@" && sed -i 's/^PERIOD=.*/PERIOD=10/' "$CONF" && kill -HUP "$(daemon_pid)"; }
slowly
ordered=$(grep -c 'evict user=mallory uid' "$LOG")
called=$(grep -c 'evict user=mallory is called off' "$LOG")
db "UPDATE tcptab SET quota = 0 WHERE name = 'mallory'"
uses mallory sh -c "trap '' TERM; while :; do sleep 0.2; done"
holds mallory
within 25 times_logged $((ordered + 1)) 'evict user=mallory uid'
slowly NEVER_KILL=mallory
ok "a reload calls off at once" within 2 times_logged $((called + 1)) 'evict user=mallory is called off'
sleep 6
ok "and whom it spares is not killed at the end of the grace" lives mallory
ends mallory
grace=1

# Told in words of the administrator's, and in Swedish; and before it comes to that.
printf 'No more for you.\033[2J\nAsk at the desk.\n' >"$TRASH/notice"
again NOQUOTAFILE="$TRASH/notice" LANGUAGE=svenska WARN_AT='14 7'
db "UPDATE tcptab SET quota = 17 WHERE name = 'mallory'"
login_as mallory - desk3 /bin/sh
types desk3 "echo on"
within 5 shows desk3 '^on'
holds mallory
ok "the words of NOQUOTAFILE" within 40 shows desk3 '^Ask at the desk.$'
ok "without what a terminal would obey" within 5 shows desk3 '^No more for you.?.2J'
ok "before that a warning at WARN_AT" within 5 shows desk3 'räcker din kvot'
warned_times() { same "$(screen desk3 | grep -c 'räcker din kvot')" "$1"; }
ok "at each of its times" within 5 warned_times 2
within 15 is_gone mallory

# A process that is not ended but looked at: log.
again ENFORCE_LOCAL=log
db "UPDATE tcptab SET quota = 0 WHERE name = 'mallory'"
holds mallory
ok "log: a line" within 10 logged 'refuse user=mallory uid=2004 reason="quota is used up" cnts=1, nothing is done: ENFORCE_LOCAL=log'
passes 3
ok "and nothing else" lives mallory
ok "they go on to pay" within 5 db_is 1 "SELECT quota < 0 FROM tcptab WHERE name = 'mallory'"
db "UPDATE tcptab SET quota = 100000 WHERE name = 'mallory'"
passes 3
ok "after a deposit it is not said again" within 5 times_logged 1 'refuse user=mallory uid=2004 reason="quota'
db "UPDATE tcptab SET quota = 0 WHERE name = 'mallory'"
ok "but when that is gone" within 10 times_logged 2 'refuse user=mallory uid=2004 reason="quota'
ends mallory

# An edit by hand takes effect at once.
again
allow mallory 100000
holds mallory
within 10 is_charged mallory
db "DELETE FROM allowed WHERE name = 'mallory'"
ok "out of allowed" within 10 is_gone mallory

ends mallory

# Spared by a group that they have come into since: the keeper sees that, and tells it, alone.
again OPERATORS=@teachers
allow mallory 100000
sessions() { db_is "$1" "SELECT count(*) FROM session WHERE host = 'local' AND name = 'mallory' AND closed IS NULL"; }
within 10 sessions 0
holds mallory
within 10 sessions 1
sed 's/^teachers:.*/&,mallory/' "$TRASH/etc/group" >"$TRASH/group"
cat "$TRASH/group" >"$TRASH/etc/group"
spared=$(grep -c 'spare uid=2004' "$LOG")
db "UPDATE tcptab SET quota = 0 WHERE name = 'mallory'"
ok "spared by the keeper" within 10 times_logged $((spared + 1)) 'spare uid=2004 it is in ADMINS, OPERATORS or NEVER_KILL'
passes 3
ok "which is told once" times_logged $((spared + 1)) 'spare uid=2004'
ok "and by nobody else" not logged 'uid=2004 cannot be cut off'
ok "mallory lives" lives mallory
ends mallory
sed 's/,mallory$//' "$TRASH/group" >"$TRASH/etc/group"

# close: the connections, and nothing else.
background on_host "$traffic" serve $PORT
background on_gate "$traffic" serve $PORT
within 5 on_gate "$traffic" probe tcp 10.99.0.2 $PORT
within 5 on_gate "$traffic" probe tcp 127.0.0.1 $PORT
again ENFORCE_LOCAL=close
allow mallory 100000
# Those of mallory, once each stands: two that lead out and one inside, by TCP; one by UDP; and that of
# the service.
sockets() { on_gate awk '$8 == 2004 && $4 == "01"' /proc/net/$1 /proc/net/${1}6 | wc -l; }
all_stand() { same "$(sockets tcp) $(sockets udp) $(on_gate ss -Htn state established '( sport = :7111 )' | wc -l)" '3 1 1'; }
reaches_as() { as "$1" timeout 3 "$traffic" probe "$2" "$3" $PORT; }
ok "with quota mallory gets out" within 5 reaches_as mallory tcp 192.0.2.2
ok "by UDP" within 5 reaches_as mallory udp 192.0.2.2
ok "by IPv6" within 5 reaches_as mallory tcp 2001:db8::2
login_as mallory - desk4 /bin/sh
types desk4 "echo on"
within 5 shows desk4 '^on'
as mallory "$traffic" get tcp 192.0.2.2 $PORT 60 >"$TRASH/tcp" 2>&1 &
as mallory "$traffic" get udp 192.0.2.2 $PORT 60 >"$TRASH/udp" 2>&1 &
as mallory "$traffic" get tcp 2001:db8::2 $PORT 60 >"$TRASH/tcp6" 2>&1 &
as mallory "$traffic" get tcp 10.99.0.2 $PORT 60 >"$TRASH/inside" 2>&1 &
as bob "$traffic" get tcp 192.0.2.2 $PORT 60 >"$TRASH/bob" 2>&1 &
uses root "$BUILD/t/serve_as" 7111 2004 300
within 5 on_gate sh -c 'ss -ltn | grep -q :7111'
on_server "$traffic" get tcp 192.0.2.1 7111 60 >"$TRASH/served" 2>&1 &
within 10 all_stand
within 10 charged_now mallory
db "UPDATE tcptab SET quota = 0 WHERE name = 'mallory'"
ok "without quota: the connection ends" within 10 is_over tcp
ok "by UDP" within 10 is_over udp
ok "by IPv6" within 10 is_over tcp6
ok "that of a service that serves them, too" within 10 is_over served
ok "the other end hears of it" within 5 grep -q 'end=reset' "$TRASH/served"
ok "that to LOCALNET goes on" not is_over inside
ok "a bystander's as well" not is_over bob
ok "the shell lives" pgrep -u mallory -x sh
ok "it is told why" within 5 shows desk4 'Your connections from this machine to the outside are closed'
ok "it is logged" within 5 logged 'notice block user=mallory uid=2004 reason="quota is used up"'
ok "with how many were cut" within 5 logged 'notice cut user=mallory uid=2004 connections='
ok "a new connection is rejected" not reaches_as mallory tcp 192.0.2.2
ok "by UDP" not reaches_as mallory udp 192.0.2.2
ok "by IPv6" not reaches_as mallory tcp 2001:db8::2
ok "inside it is not" within 5 reaches_as mallory tcp 10.99.0.2
ok "to the machine itself neither" within 5 reaches_as mallory tcp 127.0.0.1
ok "others get out" within 5 reaches_as bob tcp 192.0.2.2
passes 6
ok "that lasts, though nothing is in use" not reaches_as mallory tcp 192.0.2.2
db "UPDATE tcptab SET quota = 1000 WHERE name = 'mallory'"
ok "until there is quota again" within 10 logged 'notice admit user=mallory uid=2004'
ok "then they get out" within 5 reaches_as mallory tcp 192.0.2.2
no_block() { ! on_gate iptables-legacy-save | grep -E "uid-owner|TCPQUOTA-LOCAL"; }
ok "and nothing of it is left in the firewall" within 5 no_block
ok "nobody else has changed entries" not logged 'somebody else had changed'
db "UPDATE tcptab SET quota = 0 WHERE name = 'mallory'"
holds mallory
within 10 times_logged 2 'notice block user=mallory'
ok "blocked once more" within 5 not reaches_as mallory tcp 192.0.2.2
again ENFORCE_LOCAL=close NEVER_KILL=mallory
ok "in NEVER_KILL now: the block goes" within 5 reaches_as mallory tcp 192.0.2.2
again ENFORCE_LOCAL=close
holds mallory
ok "no longer: it comes back" within 10 times_logged 3 'notice block user=mallory'
again ENFORCE_LOCAL=log
ok "ENFORCE_LOCAL=log: the block goes" within 5 reaches_as mallory tcp 192.0.2.2
again ENFORCE_LOCAL=close
holds mallory
ok "and comes back" within 10 times_logged 4 'notice block user=mallory'
db "DELETE FROM allowed"
ok "with nobody in allowed nobody is blocked" within 5 reaches_as mallory tcp 192.0.2.2
db "INSERT INTO allowed VALUES ('bob')"
holds mallory
within 10 times_logged 5 'notice block user=mallory'
ok "out of allowed: blocked" within 5 not reaches_as mallory tcp 192.0.2.2
stop_daemon
ok "the daemon's end is that of the block" within 5 reaches_as mallory tcp 192.0.2.2
done_testing
