#!/bin/sh
# The stand-in for sshd: what a program that runs in it finds, and that nothing of it stays.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/login.sh"
command -v utmpdump >/dev/null || { echo "1..0 # SKIP needs utmpdump"; exit 0; }

# A test that is interrupted. Ours has mounts of its own too, which stand for the machine's here.
cat >"$TRASH/interrupted.t" <<'END'
report=$1
tests=$2
. "$tests/lib.sh"
. "$tests/login.sh"
case $3 in
before) own_utmp && make_users && make_network ;;
after) make_network && own_utmp && make_users ;;
esac
login_as alice 10.99.0.2 one sh -c 'trap "" HUP; echo $$; exec sleep 1000'
login_as bob - two sh -c 'echo $$; exec sleep 1000'
within 5 shows two '[0-9]'
within 5 shows one '[0-9]'
echo "$TRASH $NS $(cat "$TRASH/one.pid" "$TRASH/two.pid") $(screen one) $(screen two)" \
    $(getent passwd alice | cut -d: -f3) $(recorded user) >"$report"
while :; do sleep 0.05; done
END
machine() {
    cut -d' ' -f5- /proc/self/mountinfo
    ls -d /run/utmp /run/systemd/* 2>&1
    cksum /run/utmp /etc/passwd /etc/group /etc/shadow 2>&1
    getent passwd alice bob carol mallory tess anna
}
machine >"$TRASH/machine"
shadow_mode=$(stat -c %a /etc/shadow)
for signal in INT TERM; do for order in before after; do
    report=$TRASH/report.$signal.$order
    # The shell has INT ignored in the background, and so would be what runs there.
    env --default-signal=INT -u TCPQUOTA_OWN_MOUNTS sh "$TRASH/interrupted.t" \
        "$report" "$TOP/t" $order >/dev/null 2>"$report.err" &
    victim=$!
    PIDS="$PIDS $victim"
    within 20 test -s "$report"
    set -- $(cat "$report")
    is "users and utmp $order the network: they are there" "$(echo $7 $8 $9)" '2001 alice bob'
    ok "and the network too" test -e /run/netns/${2}g
    ok "and logins, and their commands" kill -0 $3 $4 $5 $6
    kill -$signal $victim
    ok "$signal ends the test" within 20 daemon_is_gone $victim
    for pid in $3 $4 $5 $6; do
        ok "$signal: process $pid is gone" within 5 daemon_is_gone $pid
    done
    ok "$signal: its folder is gone" not test -e $1
    is "$signal: its namespaces are gone" "$(ls /run/netns | grep "^$2")" ''
    is "$signal: it had nothing to say" "$(cat "$report.err")" ''
    machine >"$TRASH/machine.now"
    ok "$signal: mounts, users, utmp of the machine are as they were" diff "$TRASH/machine" "$TRASH/machine.now"
done; done

ok "an utmp of our own" own_utmp
ok "users of our own" make_users
make_network
is "it is empty" "$(recorded type)" ''
is "there are no sessions of systemd" "$(ls -A /run/systemd/sessions /run/systemd/users | grep -v :)" ''
ok "namespaces are there" test -e /run/netns/${NS}g
is "and the lock" "$(stat -c %i /run/xtables.lock)" "$(stat -c %i "$TRASH/xtables.lock")"
is "seen from the gateway, too" "$(on_gate stat -c %i /run/utmp)" "$(stat -c %i "$TRASH/utmp")"
for user in alice:2001 bob:2002 carol:2003 mallory:2004 tess:2005 anna:2006; do
    is "user ${user%:*}" "$(getent passwd ${user%:*} | cut -d: -f1,3,4,6)" "$user:${user#*:}:$TRASH/home/${user%:*}"
    is "has a home" "$(stat -c %U "$TRASH/home/${user%:*}")" ${user%:*}
done
is "tess is a teacher" "$(id -Gn tess)" 'tess teachers'
is "alice is none" "$(id -Gn alice)" alice
is "the shadow is read by no more than before" "$(stat -c %a /etc/shadow)" "$shadow_mode"

# What is recorded.
ok "alice from IPv4" login_as alice 10.99.0.2 first /bin/sh
is "her record" "$(recorded type pid id user line host address)" \
    "7 $(login_pid first) ts/$(sed 's/.*\///' "$TRASH/first.line") alice $(cat "$TRASH/first.line") 10.99.0.2 10.99.0.2"
ok "who shows it" eval 'who /run/utmp | grep -q "^alice .*(10.99.0.2)"'
ok "at the time it is" between $(($(date +%s) - 60)) "$(date -d "$(utmpdump /run/utmp 2>/dev/null | sed 's/.*\[\(.*\)\]$/\1/; s/,.*//')Z" +%s)" $(($(date +%s) + 1))
is "its process is sshd" "$(cat "/proc/$(login_pid first)/comm")" sshd
is "and root's" "$(stat -c %u "/proc/$(login_pid first)")" 0
is "on the gateway" "$(ip netns identify "$(login_pid first)")" ${NS}g
is "the terminal is hers" "$(stat -c '%U %a' "/dev/$(cat "$TRASH/first.line")")" 'alice 620'
ok "bob from IPv6" login_as bob fd99::2 second /bin/sh
ok "carol from the console" login_as carol - third /bin/sh
ok "tess by a name, in a process of another" start_login fourth -u tess -r ::ffff:192.0.2.7 -R pc7.example.net -s login /bin/sh
ok "somebody of no name" login_as 2345:nobody2 10.99.0.9 fifth /bin/sh
recorded user host address >"$TRASH/got"
printf '%s\n' 'alice 10.99.0.2 10.99.0.2' 'bob fd99::2 fd99::2' 'carol - 0.0.0.0' \
    'tess pc7.example.net 192.0.2.7' 'nobody2 10.99.0.9 10.99.0.9' >"$TRASH/expected"
ok "all of them in the utmp" diff "$TRASH/expected" "$TRASH/got"
ok "a command that looks for its record at once" login_as anna 10.99.0.4 early utmpdump /run/utmp
ok "finds it" within 5 shows early "^\[7\] \[0*$(login_pid early)\].*\[anna .*\[10.99.0.4 "
is "-s names the process" "$(cat "/proc/$(login_pid fourth)/comm")" login
ok "-n records nothing" start_login sixth -u mallory -r 10.99.0.3 -n /bin/sh
is "not her" "$(recorded user | grep -c mallory)" 0
ok "she is there for all that" stat "/proc/$(login_pid sixth)"

# What the command finds.
ok "a prompt" within 5 shows first '^\$'
ok "(what has not been typed is not shown)" not shows first uid=
types first 'id; pwd; tty; stty size; echo "[$USER $HOME $TERM $(env | wc -l)]"'
ok "it runs as alice" within 5 shows first '^uid=2001(alice) gid=2001(alice) groups=2001(alice)$'
ok "at home" within 5 shows first "^$TRASH/home/alice$"
ok "on the terminal that is recorded" within 5 shows first "^/dev/$(cat "$TRASH/first.line")$"
ok "of the usual size" within 5 shows first '^24 80$'
ok "with an environment" within 5 shows first "^\[alice $TRASH/home/alice xterm 5\]$" # and PWD, PATH
ok "what is typed is echoed" within 5 shows first 'stty size; echo'
within 5 shows fourth '^\$'
types fourth id
ok "groups" within 5 shows fourth '^uid=2005(tess) gid=2005(tess) groups=2005(tess),2100(teachers)$'
within 5 shows fifth '^\$'
types fifth id
ok "a number that nobody has" within 5 shows fifth '^uid=2345 gid=2345 groups=2345$'
start_login forged -u alice -r 10.99.0.2 -c 132x50 -E USER=root -E SSH_CONNECTION='1.2.3.4 5 6.7.8.9 22' \
    -a -openhost sh -c 'stty size; echo "$USER $SSH_CONNECTION"; tr "\0" " " </proc/$$/cmdline; ls /proc/self/fd | xargs'
ok "-c is the size" within 5 shows forged '^50 132$'
ok "-E is believed by nobody but found" within 5 shows forged '^root 1.2.3.4 5 6.7.8.9 22$'
ok "-a is the name it was called by" within 5 shows forged '^-openhost -c'
ok "no descriptors but the terminal" within 5 shows forged '0 1 2 3$' # and that of ls
ok "it ends" within 5 status_is forged 0

# How it ends.
ok "(it has not)" not ended first
presses first 'echo begun; sleep 1000\r'
within 5 shows first '^begun$'
presses first '\003'
types first 'echo "got $?"'
ok "^C interrupts what runs in front" within 5 shows first 'got 130$'
types first 'exit 7'
ok "its status" within 5 status_is first 7
record_has_ended() { same "$(recorded type user line | grep -c "^8 - $(cat "$TRASH/first.line")$")" 1; }
ok "and the record ends" within 5 record_has_ended
ok "others stay" same "$(recorded type user | grep -c '^7 bob$')" 1
# The numbers of terminals are the machine's, and used again; most likely ours.
for again in 1 2 3; do
    login_as alice 10.99.0.2 first sh -c 'kill -KILL $$'
    ok "a signal's status" within 5 status_is first 137
done
is "a terminal that is used again has one record" "$(recorded line | sort | uniq -d)" ''
ok "all that was shown is there" login_as alice 10.99.0.2 first seq 20000
ok "it ends" within 10 ended first
is "to the last line" "$(screen first | grep -c '[0-9]')" 20000
start_login first -u alice /nowhere
ok "no such command" within 5 status_is first 127

# The connection is lost.
lost='trap "echo lost >$HOME/lost; exit 3" HUP; echo ready; while :; do sleep 0.02; done'
for way in HUP TERM KILL parent; do
    rm -f "$TRASH/home/alice/lost"
    if [ $way = parent ]; then
        (
            start_login lost.$way -u alice -r 10.99.0.2 sh -c "$lost"
            while :; do sleep 0.02; done
        ) &
        parent=$!
        PIDS="$PIDS $parent"
    else
        login_as alice 10.99.0.2 lost.$way sh -c "$lost"
    fi
    ok "$way: alice is there" within 10 shows lost.$way ready
    ok "$way: and was not told to go" not test -e "$TRASH/home/alice/lost"
    case $way in
    HUP) ok "the connection is lost" hang_up lost.$way ;;
    parent) kill -KILL $parent ;;
    *) kill -$way "$(login_pid lost.$way)" ;;
    esac
    ok "$way: the login is gone" within 5 daemon_is_gone "$(login_pid lost.$way)"
    ok "$way: the command is told" within 5 test -s "$TRASH/home/alice/lost"
    case $way in
    HUP | parent) ok "$way: its status" within 5 status_is lost.$way 129 ;;
    TERM) ok "$way: its status" within 5 status_is lost.$way 143 ;;
    KILL) ok "$way: none says so" not ended lost.$way ;;
    esac
    is "$way: the record (of one that was killed it stays, of a process that is no more)" \
        "$(recorded pid type | grep "^$(login_pid lost.$way) ")" "$(login_pid lost.$way) $([ $way = KILL ] && echo 7 || echo 8)"
done

# A process of the user's is recorded.
start_login worker -u bob -r 10.99.0.3 -w sh -c "$lost"
ok "-w: it runs" within 5 shows worker ready
worker=$(recorded user pid host | awk '$1 == "bob" && $3 == "10.99.0.3" {print $2}')
is "-w: recorded is a process of the user's" "$(stat -c %U "/proc/$worker")" bob
is "-w: that is sshd" "$(cat "/proc/$worker/comm")" sshd
is "-w: of which the login is the parent" "$(awk '/^PPid:/ {print $2}' "/proc/$worker/status")" "$(login_pid worker)"
is "-w: and which has no end of the terminal" "$(ls -l "/proc/$worker/fd" | grep -c 'pts\|ptmx')" 0
ok "-w: the connection is lost" hang_up worker
ok "-w: the command is told" within 5 test -s "$TRASH/home/bob/lost"
ok "-w: it is gone" within 5 daemon_is_gone "$worker"
start_login worker -u bob -w sh -c 'exit 9'
ok "-w: the status of the command" within 5 status_is worker 9

# Pipes.
before=$(recorded user | sort)
start_login pipes -u alice -r 10.99.0.2 -p sh -c 'tty; echo to stderr >&2; read word; echo "got $word"; exit 4'
ok "-p: no terminal" within 5 shows pipes '^not a tty$'
is "-p: by name" "$(cat "$TRASH/pipes.line")" notty
ok "-p: both outputs" within 5 shows pipes '^to stderr$'
ok "-p: (nothing was typed)" not shows pipes got
types pipes 'a word'
ok "-p: the input" within 5 shows pipes '^got a word$'
ok "-p: the status" within 5 status_is pipes 4
is "-p: nothing recorded" "$(recorded user | sort)" "$before"
is "-p: without -i there is no input" "$("$BUILD/t/login" -u alice -p sh -c 'cat; echo end')" end

# The screen is read without what only a terminal understands.
printf '\033]0;title\007\033[1;31mred\033[0m word\r\nold\rnew\033[2;5Hthere\033(B\016!\tx\r\n' >"$TRASH/made.tty"
printf '%s\n' 'red word' '' 'old' 'new' "there!	x" '' >"$TRASH/expected"
screen made >"$TRASH/got"
ok "a screen as lines" diff "$TRASH/expected" "$TRASH/got"
ok "a pattern on a line of it" shows made '^new$'
ok "(one that is not there)" not shows made title

for wrong in '-u nosuch sh' '-u 2001: -c 80 sh' '-u 2001x:alice sh' '-u alice -r pc7 sh' '-u alice -E HOME sh' '-u alice' sh; do
    ok "refused: login $wrong" eval "'$BUILD/t/login' $wrong 2>'$TRASH/err'; [ \$? = 125 ] && [ -s '$TRASH/err' ]"
done
mount -o remount,bind,ro /run/utmp
ok "without an utmp nothing begins" eval "not '$BUILD/t/login' -u alice touch '$TRASH/home/alice/begun' && not test -e '$TRASH/home/alice/begun'"
done_testing
