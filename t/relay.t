#!/bin/sh
# tcpquota-server as a relay: what passes through it, and what happens when backends come and go.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/server.sh"

make_gateway
RELAY=$TRASH/tcprelay
ln -s "$SERVER" "$RELAY"
# backend PORT PROGRAM...: in the background; its pid is in $BACKEND
backend() {
    port=$1
    shift
    ip netns exec ${NS}g "$SERVER" -q -H -R -l 0 -c 5000 -b 5000 -x "$TRASH/all" 127.0.0.1 $port "$@" >/dev/null 2>&1 &
    BACKEND=$!
    PIDS="$PIDS $BACKEND"
    within 20 listens $port
}
listens() { ip netns exec ${NS}g ss -Htln "sport = :$1" | grep -q .; }
no_listens() { ! listens "$1"; }
echo ':allow' >"$TRASH/all"
# remotes PORT[:WEIGHT]...: sections for a configuration
remotes() {
    for one; do
        echo "remote = { address = 127.0.0.1 port = ${one%:*} weight = $(case $one in *:*) echo "${one#*:}" ;; *) echo 1 ;; esac) }"
    done
}
DOOR=2222
ROOMY='listen = { port = 2222 backlog = 5000 } spawn { users max = 3000 servers max = 1 }'
# relay_conf LISTEN-AND-SPAWN RELAY
relay_conf() { printf 'id = spawnd { %s }\nid = tcprelay { %s }\n' "$1" "$2" >"$TRASH/relay.cfg"; }
# relay RELAY [LISTEN-AND-SPAWN]: one in the foreground, its lines in $SAID; its pid in $SERVER_PID
relay() {
    relay_conf "${2:-$ROOMY}" "$1"
    start_relay
}
start_relay() {
    : >"$SAID"
    ip netns exec ${NS}g "$RELAY" "$@" "$TRASH/relay.cfg" >"$SAID" 2>&1 &
    SERVER_PID=$!
    PIDS="$PIDS $SERVER_PID"
    within 20 listens 2222
}
workers() { pgrep -P $SERVER_PID | wc -l; }
hup() {
    reloads=$(grep -c 'reload' "$SAID")
    kill -HUP $SERVER_PID
    within 20 eval '[ "$(grep -c reload "$SAID")" -gt $reloads ]'
}
who() { talk 127.0.0.1 x; }

backend 9001 cat
relay "$(remotes 9001)"
is "there and back" "$(talk 127.0.0.1 'hello')" hello
is "IPv6 in front" "$(talk ::1 'hello')" hello
is "a megabyte, to the last byte, with half-close" "$(talk -p 1000000 127.0.0.1)" 1000000
is "2,000 clients of a front door at a time" "$(DOOR=9001; talk -c 2000 127.0.0.1)" 2000
is "2,000 through the relay" "$(talk -c 2000 127.0.0.1)" 2000
is "1 GiB there and back, byte for byte" "$(talk -p 1073741824 127.0.0.1)" 1073741824
ok "the worker is another user" same "$(stat -c %U /proc/$(pgrep -P $SERVER_PID))" tcpquota
ok "and has no capability" same "$(awk '/^Cap(Inh|Prm|Eff|Bnd|Amb):/ {print $2}' /proc/$(pgrep -P $SERVER_PID)/status | sort -u)" 0000000000000000

# Signals
mkfifo "$TRASH/typed"
ip netns exec ${NS}g python3 -c "
import socket, sys, threading
s = socket.create_connection(('127.0.0.1', 2222))
def show():
    while True:
        x = s.recv(1000)
        if not x: break
        sys.stdout.write(x.decode()); sys.stdout.flush()
threading.Thread(target=show, daemon=True).start()
for line in sys.stdin: s.sendall(line.encode())" <"$TRASH/typed" >"$TRASH/held" 2>/dev/null &
HELD=$!
exec 9>"$TRASH/typed"
echo stays >&9
PIDS="$PIDS $HELD"
within 20 grep -q stays "$TRASH/held"
backend 9002 echo second
relay_conf 'listen = { port = 2222 } listen = { port = 2223 }' "$(remotes 9002)"
hup
is "HUP: new connections by the new configuration" "$(who)" second
is "on a new port, too" "$(DOOR=2223; who)" second
is "an old connection goes on, and so does its worker" "$(echo more >&9; within 20 grep -q more "$TRASH/held" && workers)" 2
for signal in HUP INT QUIT; do
    kill -$signal $(pgrep -P $SERVER_PID)
done
is "workers leave HUP, INT and QUIT to the master" "$(echo again >&9; within 20 grep -q again "$TRASH/held" && workers)" 2
relay_conf 'listen = { port = 2222 }' "$(remotes 9002)"
hup
ok "a listen that is gone is gone" within 20 no_listens 2223
echo nonsense >"$TRASH/relay.cfg"
hup
is "with a fault the old one holds on" "$(who)" second
ok "which is told" said 'the configuration of before holds on'
kill $HELD
ok "workers end with their last connection" within 20 eval '[ "$(workers)" = 1 ]'
kill -KILL $(pgrep -P $SERVER_PID)
ok "a worker that dies is followed by another" within 20 eval '[ "$(who)" = second ]'
stop_server
ok "TERM: it is over" within 20 no_listens 2222
is "with 0" $SERVER_CODE 0
is "a configuration with faults at the start: 78" "$(code_of ip netns exec ${NS}g "$RELAY" "$TRASH/relay.cfg")" 78
# Without SCTP in the kernel a listen is an error that says so; with it, it listens.
relay_conf 'listen = { port = 2222 protocol = SCTP }' "$(remotes 9001)"
if ip netns exec ${NS}g python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)' 2>/dev/null; then
    start_relay
    ok "SCTP is listened for" kill -0 $SERVER_PID
    stop_server
else
    is "SCTP, which this kernel does not have" "$(code_of ip netns exec ${NS}g "$RELAY" "$TRASH/relay.cfg")" 71
fi

# Reload under load: not one connection is lost.
relay_conf "$ROOMY" "$(remotes 9001)"
start_relay
ip netns exec ${NS}g sh -c "for i in 1 2 3 4 5 6 7 8; do '$TALK' -c 300 127.0.0.1 2222; done" >"$TRASH/crowds" 2>&1 &
crowds=$!
PIDS="$PIDS $crowds"
reloads=0
while kill -0 $crowds 2>/dev/null && [ $reloads -lt 200 ]; do
    kill -HUP $SERVER_PID
    reloads=$((reloads + 1))
    sleep 0.1
done
wait $crowds
is "2,400 connections while it is reloaded: all" "$(sort "$TRASH/crowds" | uniq -c | awk '{print $1 * $2}')" 2400
ok "it was reloaded meanwhile" test $reloads -gt 2
stop_server

# Backends
backend 9003 echo third
third=$BACKEND
relay "$(remotes 9002:1 9003:3) check interval = 1"
for i in $(seq 40); do who; done >"$TRASH/answers"
is "by weight" "$(sort "$TRASH/answers" | uniq -c | awk '{print $2 "=" $1}' | paste -sd,)" second=10,third=30
kill $third
within 20 no_listens 9003
for i in $(seq 10); do who; done >"$TRASH/answers"
is "a dead one is skipped, the client waits and is served" "$(sort -u "$TRASH/answers")" second
ok "it is told once" same "$(grep -c 'backend 127.0.0.1:9003 is down: Connection refused' "$SAID")" 1
backend 9003 echo third
ok "a check finds it alive again" says 'backend 127.0.0.1:9003 is up'
for i in $(seq 8); do who; done >"$TRASH/answers"
ok "and it is used" grep -q third "$TRASH/answers"
third=$BACKEND
stop_server
kill $third
within 20 no_listens 9003
relay "$(remotes 9003 9004) check interval = 0"
is "all are dead: refused" "$(code_of talk 127.0.0.1 x)" 2
ok "after each was tried" eval 'said "127.0.0.1:9003 is down" && said "127.0.0.1:9004 is down"'
ok "and told" said 'refused, no backend answers'
backend 9003 echo third
is "all are tried, though dead: one answers" "$(who)" third
stop_server
relay "$(remotes 9003:9 9004:1) check interval = 0 rebalance = 5"
kill $BACKEND
within 20 no_listens 9003
backend 9004 echo fourth
is "the first is dead" "$(who)" fourth
backend 9003 echo third
is "and stays so" "$(who)" fourth
who >/dev/null
who >/dev/null
ok "rebalance revives" within 20 eval '[ "$(who)" = third ]'
stop_server
# One that takes no connections and says no word: its queue is full.
ip netns exec ${NS}g python3 -c "
import socket, time
s = socket.socket(); s.bind(('127.0.0.1', 9005)); s.listen(0)
c = [socket.socket() for i in range(4)]
for x in c: x.setblocking(False); x.connect_ex(('127.0.0.1', 9005))
time.sleep(300)" &
full=$!
PIDS="$PIDS $full"
within 20 listens 9005
sleep 1
relay "$(remotes 9005:9 9002:1) check interval = 0 connect timeout = 1"
is "one that does not answer in time is skipped" "$(who)" second
ok "and told" said 'backend 127.0.0.1:9005 is down: Connection timed out'
stop_server
kill $full

# Killed in the middle of a transfer: no end that could be taken for a whole.
cat >"$TRASH/half.py" <<'END'
import socket, struct, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('127.0.0.1', 9006)); s.listen(50)
while True:
    c, _ = s.accept()
    c.sendall(b'x' * 100000); time.sleep(0.3)
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); c.close()
END
ip netns exec ${NS}g timeout 300 python3 "$TRASH/half.py" &
PIDS="$PIDS $!"
within 20 listens 9006
relay "$(remotes 9006) check interval = 0"
timeout 60 ip netns exec ${NS}g "$TALK" -k 127.0.0.1 2222 >"$TRASH/part"
is "a backend that dies in the middle: a reset, not an end" $? 2
is "what it had sent has come" "$(wc -c <"$TRASH/part")" 100000
stop_server

# A server that ends its half first goes on to get what the client sends.
cat >"$TRASH/early.py" <<'END'
import socket, sys
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('127.0.0.1', 9008)); s.listen(50)
while True:
    c, _ = s.accept()
    c.sendall(b'early'); c.shutdown(socket.SHUT_WR)
    got = b''
    while True:
        x = c.recv(1000)
        if not x: break
        got += x
    open(sys.argv[1], 'wb').write(got); c.close()
END
ip netns exec ${NS}g timeout 300 python3 "$TRASH/early.py" "$TRASH/late" 2>/dev/null &
PIDS="$PIDS $!"
within 20 listens 9008
relay "$(remotes 9008) check interval = 0"
is "a server that ends its half first is heard" "$(talk -s 100 127.0.0.1 'all of this')" early
ok "and gets all that comes after" within 20 eval '[ "$(cat "$TRASH/late")" = "all of this" ]'
stop_server

# Limits of a relay itself
relay "$(remotes 9001) idle timeout = 3"
is "idle timeout" "$(code_of talk -k 127.0.0.1 x)" 2
ok "is told" said 'idle, ended'
is "who goes on is not idle" "$(talk -s 300 127.0.0.1 abcdefghijklmnopqrst)" abcdefghijklmnopqrst
stop_server
relay "$(remotes 9001)" 'listen = { port = 2222 } spawn = { users min = 1 users max = 1 servers min = 1 servers max = 2 }'
ip netns exec ${NS}g "$TALK" -k 127.0.0.1 2222 one >"$TRASH/one" 2>&1 &
one=$!
PIDS="$PIDS $one"
ip netns exec ${NS}g "$TALK" -k 127.0.0.1 2222 two >"$TRASH/two" 2>&1 &
PIDS="$PIDS $!"
within 20 eval 'grep -q one "$TRASH/one" && grep -q two "$TRASH/two"'
ip netns exec ${NS}g "$TALK" 127.0.0.1 2222 three >"$TRASH/three" 2>&1 &
PIDS="$PIDS $!"
sleep 0.5
ok "users and servers: a third waits" test ! -s "$TRASH/three"
kill $one
ok "until there is room" within 20 grep -q three "$TRASH/three"
stop_server
relay "$(remotes 9001) retire = 3"
first=$(pgrep -P $SERVER_PID)
for i in 1 2 3 4 5; do talk 127.0.0.1 x >/dev/null || echo lost; done >"$TRASH/lost"
ok "retire: another worker, and nobody is lost" eval '[ ! -s "$TRASH/lost" ] && within 20 daemon_is_gone $first'
is "it serves" "$(talk 127.0.0.1 x)" x
stop_server
# Slow clients hinder nobody.
relay "$(remotes 9001)"
for i in $(seq 50); do
    ip netns exec ${NS}g "$TALK" -k -s 200 127.0.0.1 2222 "a slow client that goes on and on" >/dev/null 2>&1 &
    PIDS="$PIDS $!"
done
is "among 50 that drip" "$(talk -p 3000000 127.0.0.1)" 3000000
stop_server

# PROXY protocol, local address
backend 9007 sh -c 'head -c 28 | od -An -tx1 -v | tr -d " \n"; echo " $TCPREMOTEIP"'
relay "$(remotes 9007) proxy protocol = yes local address = 1.2.3.4"
answer=$(timeout 60 ip netns exec ${NS}g "$TALK" -f 5.6.7.8 9.9.9.9 2222 x)
is "PROXY protocol: what the server is told" "$(echo "$answer" | cut -c1-48)" "0d0a0d0a000d0a515549540a2111000c0506070809090909"
is "its own port" "$(echo "$answer" | cut -c53-56)" 08ae
is "local address" "${answer#* }" 1.2.3.4
stop_server

# TLS
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=one -keyout "$TRASH/key" -out "$TRASH/crt" 2>/dev/null
relay "$(remotes 9001) tls certfile = $TRASH/crt tls keyfile = $TRASH/key" 'listen = { port = 2222 tls = yes }'
cat >"$TRASH/tls.py" <<'END'
import socket, ssl, sys, threading
c = ssl.create_default_context(cafile=sys.argv[1]); c.check_hostname = False
s = c.wrap_socket(socket.create_connection(('127.0.0.1', 2222)))
data = bytes(range(256)) * (int(sys.argv[2]) // 256)
def send():
    s.sendall(data)
threading.Thread(target=send, daemon=True).start()
got = b''
while len(got) < len(data):
    x = s.recv(65536)
    if not x: break
    got += x
print(s.version(), got == data)
END
tls() { timeout 60 ip netns exec ${NS}g python3 "$TRASH/tls.py" "$TRASH/crt" "$1"; }
is "TLS" "$(tls 256)" "TLSv1.3 True"
is "5 MB" "$(tls 5242880)" "TLSv1.3 True"
ok "TLS 1.1 is refused" eval 'timeout 20 ip netns exec ${NS}g openssl s_client -connect 127.0.0.1:2222 -tls1_1 -cipher ALL:@SECLEVEL=0 </dev/null 2>&1 | grep -q "alert protocol version"'
# Some that connect, and never begin with TLS.
for i in 1 2 3 4 5; do
    ip netns exec ${NS}g "$TALK" -k 127.0.0.1 2222 >"$TRASH/loris$i" 2>&1 &
    LORIS=$!
    PIDS="$PIDS $LORIS"
done
is "among some that never begin" "$(tls 256)" "TLSv1.3 True"
ok "whose time ends" within 25 daemon_is_gone $LORIS
is "who speaks no TLS" "$(code_of talk 127.0.0.1 'GET / HTTP/1.0')" 2
ok "is told" said 'no TLS'
is "the end of TLS is passed on, and the answer comes after it" \
    "$({ echo whole; sleep 1; } | timeout 20 ip netns exec ${NS}g openssl s_client -quiet -connect 127.0.0.1:2222 2>/dev/null)" whole
stop_server

# Clients that reset when nothing is expected of them any more: their places come free.
ip netns exec ${NS}g "$TALK" -w 9010 &
PIDS="$PIDS $!"
within 20 listens 9010
relay "$(remotes 9010:9 9001:1) check interval = 0" 'listen = { port = 2222 } spawn = { users max = 5 servers max = 1 }'
ip netns exec ${NS}g python3 -c "
import socket, struct
for i in range(5):
    s = socket.create_connection(('127.0.0.1', 2222))
    s.sendall(b'x'); s.shutdown(socket.SHUT_WR)
    globals()['s%d' % i] = s
import time; time.sleep(0.5)
for i in range(5):
    s = globals()['s%d' % i]
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); s.close()"
connections() { ip netns exec ${NS}g ss -Htn state established "dport = :9010" | wc -l; }
ok "clients that reset in silence are noticed" within 20 eval '[ "$(connections)" = 0 ]'
kill -STOP $(pgrep -P $SERVER_PID)
stop_server
ok "TERM ends a worker that stands still" no_listens 2222

# In the background
relay_conf "background = yes pidfile = relay.pid listen = { port = 2222 }" "$(remotes 9001)"
is "a pidfile that is no absolute path" "$(code_of ip netns exec ${NS}g "$RELAY" "$TRASH/relay.cfg")" 78
relay_conf "background = yes pidfile = $TRASH/pid listen = { port = 2222 }" "$(remotes 9001)"
is "background: whoever started it is told, and waits for no more" "$(timeout 20 ip netns exec ${NS}g "$RELAY" "$TRASH/relay.cfg" 2>&1; echo "code $?")" "code 0"
is "it serves" "$(talk 127.0.0.1 x)" x
ok "its pid is in the file" kill -0 "$(cat "$TRASH/pid")"
is "another one beside it" "$(code_of ip netns exec ${NS}g "$RELAY" -f "$TRASH/relay.cfg")" 71
kill "$(cat "$TRASH/pid")"
ok "TERM ends it" within 20 no_listens 2222
ok "and the file is gone" within 20 not test -e "$TRASH/pid"

# Event mechanisms
for mechanism in 4:epoll 8:poll 16:select; do
    relay_conf "$ROOMY" "$(remotes 9001)"
    sed -i "1i setenv IO_POLL_MECHANISM = ${mechanism%:*}" "$TRASH/relay.cfg"
    start_relay
    is "IO_POLL_MECHANISM=${mechanism%:*}, ${mechanism#*:}" "$(talk -p 100000 127.0.0.1)" 100000
    if [ ${mechanism%:*} = 16 ]; then
        # More than select(2) knows descriptors for: those that come late wait.
        ip netns exec ${NS}g timeout 20 "$TALK" -c 700 127.0.0.1 2222 >/dev/null 2>&1
        is "after more clients than it can watch" "$(talk -p 100000 127.0.0.1)" 100000
        ok "nobody has died of it" not said 'has died'
    fi
    ok "it is that one" eval '[ "$(ls -l /proc/$(pgrep -P $SERVER_PID)/fd | grep -c eventpoll)" = '$([ ${mechanism%:*} = 4 ] && echo 1 || echo 0)' ]'
    stop_server
done

# -d: to the terminal, whatever the configuration says; backlog
relay_conf 'listen = { port = 2222 backlog = 9 }' "$(remotes 9009) syslog ident = mine check interval = 0"
start_relay -d 1
is "backlog" "$(ip netns exec ${NS}g ss -Hltn 'sport = :2222' | awk '{print $3}' | sort -u)" 9
code_of talk 127.0.0.1 x >/dev/null
ok "-d: lines come to the terminal" says 'backend 127.0.0.1:9009 is down'
stop_server

# Syslog, last of all: a /dev of our own, in mounts of our own, with a socket in it.
mkdir "$TRASH/dev"
mount -t tmpfs none "$TRASH/dev"
for device in null zero random urandom; do
    : >"$TRASH/dev/$device"
    mount --bind /dev/$device "$TRASH/dev/$device"
done
timeout 100 python3 -c "
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('ready', flush=True)
while True: print(s.recv(2000).decode(), flush=True)" "$TRASH/dev/log" >"$TRASH/syslog" 2>/dev/null &
PIDS="$PIDS $!"
within 20 grep -q ready "$TRASH/syslog"
mount --rbind "$TRASH/dev" /dev
relay "$(remotes 9009) syslog ident = mine syslog facility = LOCAL3 syslog severity = WARNING check interval = 0"
code_of talk 127.0.0.1 x >/dev/null
# 19 for LOCAL3, times 8, and 4 for a warning: syslog(3)
ok "syslog: its facility, level and name" within 20 grep -qE '^<156>.*mine\[[0-9]+\]: backend 127.0.0.1:9009 is down' "$TRASH/syslog"
stop_server
umount -R -l /dev
umount -R -l "$TRASH/dev"
done_testing
