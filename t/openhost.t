#!/bin/sh
# openhost on a pseudo-terminal, with a login recorded in a real utmp, against the real daemon.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/login.sh"

command -v python3 >/dev/null || { echo "1..0 # SKIP needs python3"; exit 0; }
own_utmp && make_users || exit 1
make_network
configure 'WARN_AT=500 100' TICS=3 NOQUOTAFILE="$TRASH/notice"
printf 'Ask at the desk.\n' >"$TRASH/notice"
chmod 644 "$CONF"
start_daemon

openhost="$BUILD/openhost --config $CONF"
quota() { db "SELECT quota FROM tcptab WHERE name = '$1'"; }
cause_is() { db_is "$2" "SELECT cause FROM session WHERE host = '$1' ORDER BY id DESC LIMIT 1"; }
rows_are() { db_is "$1" "SELECT count(*) FROM masq"; }
# The gateway has their link-layer addresses only when it has had to answer.
be_heard() {
    for address in 10.99.0.1 fd99::1; do
        on_host "$BUILD/t/traffic" probe tcp $address 1
        on_host2 "$BUILD/t/traffic" probe tcp $address 1
    done
}
be_heard 2>/dev/null
# pid_of NAME: of the command of that login
pid_of() { pgrep -P "$(login_pid "$1")"; }

allow alice 1000
allow bob 1000

# The life of a session.
ok "before, the host does not get out" not reaches
mkdir -p "$TRASH/etc"
echo "Welcome to the gateway" >"$TRASH/tcpquota.greet.english"
echo "The rules of the house" >"$TRASH/tcpquota.info.english"
login_as alice 10.99.0.2 one $openhost
ok "it opens" within 5 shows one '10.99.0.2 is open for alice'
ok "with the greeting before" within 5 shows one 'Welcome to the gateway'
ok "and the information after" within 5 shows one 'The rules of the house'
ok "the host gets out" within 5 reaches
ok "over IPv6, too" within 5 reaches6
ok "both addresses are open" within 5 db_is '10.99.0.2|alice|1
fd99::2|alice|1' "SELECT host, name, open FROM masq ORDER BY host"
is "they need refreshing" "$(db "SELECT min(tic) >= 0 FROM masq")" 1
is "the order is the user's" "$(db "SELECT DISTINCT user, cause FROM orders")" 'alice|admin'
ok "the status line is there" within 5 shows one '^alice 0:16:.*(1.67 SEK)  rate [01]  until .*  used 0:00:0.  conn' # near midnight a date takes the room of the rest
sleep 5
is "and the rows are refreshed" "$(db "SELECT max(tic) <= 3 FROM masq")" 1
download dl tcp 192.0.2.2
ok "use is charged once for both addresses" within 20 db_is 1 "SELECT quota < 998 FROM tcptab WHERE name = 'alice'"
ok "what is charged shows" within 5 shows one 'used 0:00:0[2-9]'
presses one q
ok "q ends it" within 5 status_is one 0
ok "what was used is said" within 5 shows one '^Used 0:00:'
ok "both are closed and the rows are gone" within 5 rows_are 0
ok "the cause is user" within 5 cause_is 10.99.0.2 user
ok "the host does not get out any more" not reaches
ok "the download has ended" within 5 is_over dl

# How it ends.
login_as alice 10.99.0.2 one $openhost
within 5 shows one 'is open for alice'
types one ''
ok "Enter ends it" within 5 status_is one 0
for signal in TERM INT HUP; do
    login_as alice 10.99.0.2 one $openhost
    within 5 shows one 'is open for alice'
    kill -$signal "$(pid_of one)"
    ok "$signal ends it in good order" within 5 status_is one 0
    ok "and the rows are gone" within 5 rows_are 0
done
login_as alice 10.99.0.2 one $openhost
within 5 shows one 'is open for alice'
kill -KILL "$(pid_of one)"
# By the loss of its connection: had only its silence been noticed the cause would be another.
ok "killed, its host is closed" within 10 rows_are 0
ok "the cause is user" within 5 cause_is 10.99.0.2 user
within 5 ended one
login_as alice 10.99.0.2 one $openhost
within 5 shows one 'is open for alice'
hang_up one
ok "at a hang-up of the terminal its host is closed" within 5 rows_are 0
login_as alice 10.99.0.2 one $openhost
within 5 shows one 'is open for alice'
kill -STOP "$(pid_of one)"
ok "stopped, it is closed after TICS passes" within 20 db_is idle "SELECT cause FROM session ORDER BY id DESC LIMIT 1"
kill -CONT "$(pid_of one)"
ok "and says so when it goes on" within 5 shows one 'nothing was heard of this program'
ok "it ends with 1" within 5 status_is one 1
ok "its row is gone" within 5 rows_are 0

# Closed from elsewhere.
login_as alice 10.99.0.2 one $openhost
within 5 shows one 'is open for alice'
db "UPDATE masq SET open = 3 WHERE host = '10.99.0.2'"
ok "closed by an administrator it says so" within 5 shows one 'an administrator has closed it'
ok "and ends with 1, the other address closed as well" within 5 rows_are 0
ok "status" within 5 status_is one 1
login_as alice 10.99.0.2 one $openhost
within 5 shows one 'is open for alice'
db "DELETE FROM allowed WHERE name = 'alice'"
ok "not allowed any more, it says so" within 5 shows one 'you are not allowed'
within 5 rows_are 0
within 5 ended one
db "INSERT INTO allowed VALUES ('alice'); UPDATE tcptab SET quota = 8 WHERE name = 'alice'"
begun=$(now_ms)
login_as alice 10.99.0.2 one $openhost
within 5 shows one 'is open for alice'
download dl tcp 192.0.2.2
ok "it warns at WARN_AT" within 10 shows one 'Warning: at this rate your quota lasts for 0:00:0'
ok "at zero it says that the quota is used up" within 20 shows one 'your quota is used up'
ok "in the administrator's words, too" within 5 shows one '^Ask at the desk.$'
ok "and ends with 1" within 5 status_is one 1
ok "nobody pays for more than the time" used_up alice 8 $begun
is "it was said once" "$(screen one | grep -c Warning)" 1

# Refusals.
login_as alice 10.99.0.2 one $openhost
ok "without quota: refused in a sentence" within 5 shows one '^openhost: alice has no quota left'
ok "with 1" within 5 status_is one 1
login_as carol 10.99.0.2 one $openhost
ok "not in allowed: refused with 77" within 5 status_is one 77
ok "in a sentence" within 5 shows one '^openhost: carol is not allowed to use the link'
db "UPDATE tcptab SET quota = 1000"
login_as alice - one $openhost
ok "at the console: 77" within 5 status_is one 77
ok "in a sentence" within 5 shows one '^openhost: you sit at the gateway itself'
login_as alice 192.0.2.2 one $openhost
ok "from outside: 77" within 5 status_is one 77
ok "naming the address" within 5 shows one '^openhost: 192.0.2.2 is not in the local network'
login_as 0:root 10.99.0.2 one $openhost
ok "root: 77" within 5 status_is one 77
ok "in a sentence" within 5 shows one '^openhost: root needs no quota'
login_as alice 10.99.0.2 shell /bin/sh
login_as bob 10.99.0.3 one setpriv --reuid bob $openhost
within 5 shows one 'is open for bob'
types shell "$openhost"
ok "one's own opens beside another's" within 5 shows shell 'is open for alice'
is "each has their own" "$(db "SELECT group_concat(name) FROM (SELECT DISTINCT name FROM masq ORDER BY name)")" alice,bob
login_as alice 10.99.0.2 two $openhost
ok "already open from another terminal of one's own: 1" within 5 status_is two 1
ok "naming it" within 5 shows two "already, by you, on $(cat "$TRASH/shell.line")"
login_as bob 10.99.0.2 two $openhost
ok "already open by somebody else: 1" within 5 status_is two 1
ok "naming the user" within 5 shows two 'fd99::2 is open already for alice\|10.99.0.2 is open already for alice'
ok "which changes nothing" db_is alice "SELECT DISTINCT name FROM masq WHERE host = '10.99.0.2'"
types shell q
within 5 db_is bob "SELECT DISTINCT name FROM masq"
presses one q
within 5 rows_are 0
hang_up shell

# Others' sessions, and what is forged.
login_as alice 10.99.0.2 shell /bin/sh
terminal=$(cat "$TRASH/shell.line")
login_as mallory - two setpriv --reuid 2004 $openhost
ok "from the console, with another's login on the gateway" within 5 status_is two 77
start_login two -u carol -r 10.99.0.2 -n $openhost
ok "a login that is not recorded: 77" within 5 status_is two 77
ok "in a sentence" within 5 shows two 'no login of yours'
login_as 0:bob 10.99.0.3 two setpriv --reuid alice --regid alice --clear-groups $openhost
ok "su to a user who is logged in elsewhere: 77" within 5 status_is two 77
ok "in a sentence" within 5 shows two 'after su or sudo nothing is opened'
for variable in SSH_CONNECTION='10.99.0.2 1 10.99.0.1 22' SSH_CLIENT='10.99.0.2 1 22' USER=alice LOGNAME=alice SUDO_USER=alice "SSH_TTY=/dev/$terminal"; do
    start_login forged -u mallory -r 192.0.2.2 -E "$variable" $openhost
    ok "forged ${variable%%=*}: 77" within 5 status_is forged 77
done
ok "nothing was opened by any of them" rows_are 0
start_login forged -u mallory -r 192.0.2.2 sh -c "exec $openhost <>/dev/$terminal"
within 5 ended forged
ok "another's terminal cannot be opened" not status_is forged 0
python3 - "$TRASH/run/ctl" "$terminal" >"$TRASH/forged" 2>&1 <<'END'
import os, socket, sys
os.setgid(2004); os.setuid(2004)
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
s.send(('{"command": "openhost", "terminal": "%s"}' % sys.argv[2]).encode())
print(s.recv(65536).decode())
END
ok "another's terminal, claimed in the request: 77" grep '"end":77' "$TRASH/forged"
ok "nothing was opened" rows_are 0
hang_up shell

# Away from the terminal.
login_as alice 10.99.0.2 shell /bin/sh
types shell "$openhost --detach; echo code=\$?"
ok "--detach comes back with 0" within 5 shows shell 'code=0'
ok "with the host open" is_open 10.99.0.2
sleep 5
ok "which stays so" is_open 10.99.0.2
types shell 'stty -a | tr -d "\n" | sed "s/.*\(-*icanon\).*/terminal \1/"'
ok "the terminal is as it was" within 5 shows shell '^terminal icanon'
types shell "$openhost --close; echo close=\$?"
ok "--close closes it" within 5 shows shell 'close=0'
ok "and the rows are gone" within 5 rows_are 0
types shell "$openhost --close; echo again=\$?"
ok "a second time there is nothing to close: 1" within 5 shows shell 'again=1'
types shell "$openhost --detach >&- 2>&-; echo shut=\$?"
ok "with stdout closed it opens all the same" within 5 shows shell 'shut=0'
sleep 2
ok "and stays so" is_open 10.99.0.2
types shell "$openhost --close; echo closed=\$?"
within 5 shows shell 'closed=0'
within 5 rows_are 0
types shell "$openhost --detach; echo second=\$?"
within 5 shows shell 'second=0'
hang_up shell
ok "at logout it is closed" within 10 rows_are 0
login_as alice 10.99.0.2 shell /bin/sh
types shell "$openhost </dev/null >lines 2>&1 &"
lines=$TRASH/home/alice/lines
ok "without a terminal it opens, and prints lines" within 5 grep 'is open for alice' "$lines"
sleep 2
ok "without escapes or status lines" not grep -E "$(printf '\033')|rate" "$lines"
types shell 'kill $!'
ok "and says what was used" within 5 grep '^Used' "$lines"
within 5 rows_are 0
hang_up shell

# As a login shell.
start_login shell -u alice -r 10.99.0.2 -a -openhost $openhost
ok "as a login shell it opens" within 5 shows shell 'is open for alice'
hang_up shell
ok "logged out, it is closed" within 5 rows_are 0
as alice $BUILD/openhost -c 'cat /etc/shadow' >"$TRASH/out1" 2>&1
is "-c COMMAND is refused with 77" "$?" 77
is "in one sentence" "$(wc -l <"$TRASH/out1")" 1
as alice $BUILD/openhost --nonsense >/dev/null 2>&1
is "an unknown option is 64" "$?" 64
as alice $BUILD/openhost more words >/dev/null 2>&1
is "words are 64" "$?" 64

# Addresses that come later, and that move.
on_gate ip neigh flush all
on_host "$BUILD/t/traffic" probe tcp 10.99.0.1 1 2>/dev/null
login_as alice 10.99.0.2 one $openhost
within 5 shows one 'is open for alice'
ip -n ${NS}h addr add 10.99.0.77/24 dev eth0
on_host "$BUILD/t/traffic" probe tcp fd99::1 1 2>/dev/null
ok "an address that is seen later is opened, too" within 5 is_open fd99::2
db "UPDATE masq SET open = 3 WHERE host = 'fd99::2'"
within 5 not is_open fd99::2
sleep 3
ok "one that an administrator closes stays closed" not is_open fd99::2
ok "while the one they come from is open" is_open 10.99.0.2
presses one q
within 5 rows_are 0
within 5 ended one
login_as alice 10.99.0.2 one $openhost
within 5 is_open fd99::2
on_gate ip neigh replace fd99::2 lladdr 02:00:00:00:00:99 dev lan0
ok "an address that moves to another machine is closed" within 5 not is_open fd99::2
ok "cause moved" within 5 cause_is fd99::2 moved
ok "the others stay open" is_open 10.99.0.2
on_gate ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:98 dev lan0
ok "the address one comes from moves: it says so" within 5 shows one '10.99.0.2 is now another machine'
ok "and ends" within 5 status_is one 1
ok "cause moved" within 5 cause_is 10.99.0.2 moved
on_gate ip neigh flush nud permanent dev lan0
on_gate ip neigh flush all
be_heard 2>/dev/null

# No machine has addresses without end.
mac=$(on_host cat /sys/class/net/eth0/address)
login_as alice 10.99.0.2 one $openhost
within 5 shows one 'is open for alice'
for part in 1 2 3; do
    i=1
    while [ $i -le 40 ]; do
        echo "neigh replace fd99::$part:$i lladdr $mac dev lan0"
        i=$((i + 1))
    done | on_gate ip -batch -
    newest_are() { db_is 40 "SELECT count(*) FROM masq WHERE open = 1 AND host LIKE 'fd99::$part:%'"; }
    ok "new addresses of a machine are opened, be there ever so many" within 10 newest_are
    ok "but not more than 64" db_is 1 "SELECT count(*) <= 64 FROM masq"
    on_gate ip -6 neigh flush nud permanent dev lan0
done
presses one q
ok "and all are closed in the end" within 10 rows_are 0
within 5 ended one
be_heard 2>/dev/null

# Rows that openhost has not made are not its own.
db "INSERT INTO masq (host, name, tic) VALUES ('10.99.0.2', 'alice', 0)"
within 5 is_open 10.99.0.2
login_as alice 10.99.0.2 one $openhost
ok "a row that was made by hand is in the way" within 5 status_is one 1
ok "and stays" is_open 10.99.0.2
db "DELETE FROM masq"
sleep 1

# Locked, and without a daemon.
lock_database
login_as alice 10.99.0.2 one $openhost
ok "the database locked by root's shell: it says that it waits" within 20 shows one 'waiting for tcpquotad'
unlock_database
ok "and opens when the lock is gone" within 10 shows one 'is open for alice'
presses one q
within 5 rows_are 0
within 5 ended one
lock_database
login_as alice 10.99.0.2 one $openhost
within 4 shows one 'waiting for tcpquotad'
presses one q
ok "q while it waits ends it" within 10 status_is one 0
ok "without a complaint" not shows one '^openhost:'
for signal in TERM INT HUP; do
    login_as alice 10.99.0.2 one $openhost
    within 4 shows one 'waiting for tcpquotad'
    kill -$signal "$(pid_of one)"
    ok "$signal as well" within 10 status_is one 0
done
login_as alice 10.99.0.2 one $openhost
within 4 shows one 'waiting for tcpquotad'
login_as alice 10.99.0.2 two $openhost --close
ok "--close from another terminal ends it, too" within 10 status_is one 0
ok "it says so" shows one '^closed'
ok "and --close is done" within 10 status_is two 0
ok "all of that while the database was locked" not test -e "$TRASH/unlocked"
unlock_database
sleep 1
ok "nothing is opened afterwards" rows_are 0
served_names() { for namer in $(pgrep -P "$(daemon_pid)"); do pkill -$1 -P "$namer"; done; }
served_names STOP
login_as alice 10.99.0.2 one $openhost
within 4 shows one 'waiting for tcpquotad'
presses one q
ok "q before it is known who asks ends it" within 10 status_is one 0
ok "without a complaint" not shows one '^openhost:'
served_names CONT
login_as alice 10.99.0.2 one $openhost
within 10 shows one 'is open for alice'
login_as alice 10.99.0.2 shell /bin/sh
lock_database
types shell "$openhost --close; echo slow=\$?"
sleep 1
ok "--close does not say that it is done before it is" not shows shell 'slow=0'
unlock_database
ok "but then" within 10 shows shell 'slow=0'
ok "with the host closed" not is_open 10.99.0.2
hang_up shell
for namer in $(pgrep -P "$(daemon_pid)"); do pkill -KILL -P "$namer"; done
login_as alice 10.99.0.2 one $openhost
ok "the process that knows names is started again" within 15 shows one 'is open for alice'
opened_times() { same "$(screen one | grep -c 'is open for alice')" "$1" || { screen one; return 1; }; }
stop_daemon -RTMIN
ok "when the daemon is restarted it waits" within 5 shows one 'waiting for it to come again'
start_daemon
ok "the host has stayed open" within 5 is_open 10.99.0.2
ok "and is held again" within 20 opened_times 2
sleep 5
ok "which lasts" is_open 10.99.0.2
is "in the same session" "$(db "SELECT count(*) FROM session WHERE host = '10.99.0.2' AND closed IS NULL AND name = 'alice'")" 1
kill_daemon both
start_daemon
ok "after a crash it is held again, too" within 20 opened_times 3
ok "the host is open" is_open 10.99.0.2
stop_daemon
ok "when the daemon ends it says so" within 5 shows one 'tcpquotad has ended'
ok "and ends with 69" within 5 status_is one 69
login_as alice 10.99.0.2 one $openhost
ok "without a daemon: 69" within 5 status_is one 69
ok "in a sentence" within 5 shows one '^openhost: tcpquotad does not answer'

# What a daemon may say: here it says what it is told to.
cat >"$TRASH/says.py" <<'END'
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
server.listen(5)
rates = [1 / 3, 1e6, 0.0001, 2.5, 6.0]
while True:
    client = server.accept()[0]
    say = lambda **line: client.send((json.dumps(line) + "\n").encode())
    status = lambda points, rate: say(event="status", name="alice", quota=36000, points=points, cnts=12,
                                      rate=rate, runs_out="2036-11-22T04:02:00Z")
    while True:
        message = client.recv(65536)
        if not message:
            break
        request = json.loads(message)
        if request.get("command") == "openhost":
            say(event="open", host="10.99.0.2", user="alice")
        elif request.get("ask") == "status":
            for rate in rates:
                status(12, rate)
        elif request.get("ask") == "close":
            status(0, 777)
            say(end=0, why="user", seconds=12, points=12)
END
sed "s|^SOCKET=.*|SOCKET=$TRASH/run/said|" "$CONF" >"$TRASH/said.cf"
chmod 644 "$TRASH/said.cf"
background on_gate python3 "$TRASH/says.py" "$TRASH/run/said"
within 5 test -S "$TRASH/run/said"
login_as alice 10.99.0.2 one "$BUILD/openhost" --config "$TRASH/said.cf"
ok "a third of a point: two decimals, and when it ends" within 5 shows one 'rate 0.33  until 2036-11-22 [0-9:]*  used 0:00:12'
ok "a million: no exponent" shows one 'rate 1000000  until'
ok "next to nothing" shows one 'rate <0.01  until'
ok "no nought behind" shows one 'rate 2.5  until'
ok "nor behind a whole number" shows one 'rate 6  until'
presses one q
ok "q ends it" within 5 status_is one 0
ok "what was used" shows one '^Used 0:00:12, charged 0:00:12'
ok "nothing of a session that is over" not shows one 777

# One that is about to go takes a connection still, and answers nothing any more.
cat >"$TRASH/goes.py" <<'END'
import os, socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
server.listen(5)
for answers in True, False, True, True:
    client = server.accept()[0]
    client.recv(65536)
    if answers:
        client.send(b'{"event": "open", "host": "10.99.0.2", "user": "alice"}\n')
    else:
        open(sys.argv[1] + ".taken", "w").close()
    client.close()
END
sed "s|^SOCKET=.*|SOCKET=$TRASH/run/goes|" "$CONF" >"$TRASH/goes.cf"
chmod 644 "$TRASH/goes.cf"
background on_gate python3 "$TRASH/goes.py" "$TRASH/run/goes"
within 5 test -S "$TRASH/run/goes"
login_as alice 10.99.0.2 one "$BUILD/openhost" --config "$TRASH/goes.cf"
ok "while it waits it comes to one that is about to go" within 10 test -e "$TRASH/run/goes.taken"
ok "and goes on waiting for the next" within 10 opened_times 3
hang_up one
done_testing
