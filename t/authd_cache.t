#!/bin/sh
# The cache of tcpquota-authd: lines, their time, their end; the FIFO, signals, sets of the kernel.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/authd.sh"

auth
with # makes the database
db "INSERT INTO hostgroup (name) VALUES ('lab'); INSERT INTO validipaddress VALUES (1, '10.99.0.2'), (1, 'fd99::2')"
facts() { kill -USR1 "$(authd_pid)"; within 5 eval "grep -q 'NOTICE. $1 .*$2' '$OUT'"; }
fact() { # NAME: of the last facts told
    lines_are_written
    grep -aE 'NOTICE. (cache|database) ' "$OUT" | tail -2 | grep -oE "(^| )$1=[^ ]*" | cut -d= -f2
}
addresses() { # FIRST LAST: more of the host's own, 10.99.8.FIRST ...
    for i in $(seq $1 $2); do on_host ip addr add 10.99.8.$i/16 dev eth0 2>/dev/null; done
}
connects_from() { # ADDRESS [PORT]
    on_host timeout 5 python3 -c "
import socket, sys
s = socket.create_connection(('10.99.0.1', ${2:-7001}), 2, ('$1', 0))"
}
from() { for i in $(seq $1 $2); do connects_from 10.99.8.$i; done; }

connects on_host
connects on_host
is "without a cache nothing is one" "$(packets) $(hits)" '2 0'
ok "and the facts say so" facts 'cache' off

# A reset is the end of it: who hears nothing asks again, now and then.
with return-reset=yes cache
for i in 1 2 3; do connects on_host; done
connects on_host2
connects on_host2
is "the first is looked up, the others are hits; blocks as well" "$(packets) $(hits)" '5 3'
ok "as the log has it" answers 'PASS 10.99.0.2 7001  [CACHE HIT],BLOCK 10.99.0.3 7001,BLOCK 10.99.0.3 7001  [CACHE HIT]' 3
connects on_host 10.99.0.1 7002
connects on_host fd99::1
is "another port, another address: other lines" "$(hits)" 3
is "facts: hits, misses, lines" "$(fact hits) $(fact misses) $(fact used) $(fact size)" '3 4 4 256'
is "facts: their share" "$(fact ratio)" 0.429
is "facts: the database was asked as often" "$(fact queries)" 4
kill -USR2 "$(authd_pid)"
ok "USR2 purges it" within 5 says '\[NOTICE\] the internal authorization cache has been purged'
is "no line is left" "$(fact used)" 0
connects on_host
is "and all is looked up anew" "$(hits)" 3

# What is in it follows the database.
connects on_host2
unlist 10.99.0.2
ok "a line that a commit has made wrong goes at once" not connects on_host
list 10.99.0.3
ok "a block as well" connects on_host2
hit=$(hits)
connects on_host2
is "what the commit has left right stays" "$(hits)" $((hit + 1))
db "INSERT INTO lookuplog (hostAddress, allow) VALUES ('x', 1); DELETE FROM lookuplog; UPDATE tcptab SET quota = quota"
connects on_host2
is "commits of other things change nothing" "$(hits)" $((hit + 2))
i=0 wrong=0
while [ $i -lt 20 ]; do
    unlist 10.99.0.3
    connects on_host2 && wrong=$((wrong + 1))
    list 10.99.0.3
    connects on_host2 || wrong=$((wrong + 1))
    i=$((i + 1))
done
is "forty changes, each seen by the next connection" $wrong 0
list 10.99.0.2

# The FIFO.
is "the FIFO's mode and owner" "$(stat -c '%a %U %G %F' "$FIFO")" '620 root tcpquota fifo'
cached() { hit=$(hits); connects "$@"; [ "$(hits)" -gt $hit ]; }
fill() { connects on_host; connects on_host 10.99.0.1 7002; connects on_host2; }
evicted() { says "\[NOTICE\] invalidating $1 in cache"; }
fill
echo 10.99.0.2 >"$FIFO"
ok "an address that is written to it" within 5 evicted 10.99.0.2
is "is evicted, all its ports" "$(cached on_host || echo no)$(cached on_host 10.99.0.1 7002 || echo no)" nono
ok "and no other" cached on_host2
forget() { : >"$OUT"; }
forget
printf '10.99.' >"$FIFO"; sleep 0.3; printf '0.3 fd9' >"$FIFO"; sleep 0.3; printf '9::2\n' >"$FIFO"
ok "a word in three parts" within 5 evicted 10.99.0.3
ok "and the next one" within 5 evicted fd99::2
forget
printf '10.99.0.2' >"$FIFO"
ok "one without an end" within 5 evicted 10.99.0.2
sleep 0.5
ok "it is told of once" eval '[ "$(grep -ac "invalidating 10.99.0.2 " "$OUT")" = 1 ]'
forget
printf '\n' >"$FIFO"
printf 'nonsense 10.99.0.400 %s\0\1\377 10.99.0.77\t\r\n' "$(head -c 300000 /dev/zero | tr '\0' x)" >"$FIFO" &
PIDS="$PIDS $!"
ok "garbage and a huge word are survived" within 10 evicted 10.99.0.77
ok "and told" says 'WARNING. cache-invalidate: nonsense is no address'
forget
for writer in 1 2 3 4; do
    (for i in $(seq 1 50); do echo "10.98.$writer.$i"; done >"$FIFO") &
    PIDS="$PIDS $!"
done
timeout 2 yes garbage >"$FIFO"
ok "endless garbage: a line a second at most" eval '[ "$(grep -ac "is no address" "$OUT")" -le 6 ]'
ok "several writers at once: all is heard" within 10 eval '[ "$(grep -c "invalidating 10.98" "$OUT")" = 200 ]'
fill
ok "and it goes on" cached on_host

# Time, room and growth.
with cache 'ttl=3'
connects on_host
connects on_host
sleep 3.3
connects on_host
is "a line lives for its ttl" "$(answers 'PASS 10.99.0.2 7001' && echo asked) $(hits)" 'asked 1'
addresses 1 40
on_gate ip route add 10.99.8.0/24 dev lan0
list 10.99.8.0/24
with cache 'size=4'
from 1 4
from 1 4
is "four lines hold four addresses" "$(hits)" 4
from 5 5
from 2 5
is "a fifth evicts the oldest" "$(hits)" 8
from 1 1
is "which was the first" "$(hits)" 8
is "there are still four" "$(fact used) $(fact size)" '4 4'
with cache 'size=4' 'adaptive=yes' 'grow-by=3' 'critical-fraction=0.50'
from 1 4
from 1 4
from 5 5
is "few misses: an adaptive one evicts" "$(fact size)" 4
from 6 6
is "many: it grows" "$(fact size)" 7
from 7 40
ok "for as long as there are" eval '[ "$(fact size)" -ge 34 ]'
for search in default oldest-first newest-first stateful; do
    with cache 'size=8' "search=$search"
    from 1 8
    from 1 8
    from 8 8
    from 3 4
    is "search=$search: every line is found" "$(hits)" 11
    from 9 10
    from 3 10
    from 1 2
    is "search=$search: and none that is gone" "$(hits)" 19
done
with cache 'honor-ip-port=no'
connects on_host
connects on_host 10.99.0.1 7002
on_host "$BUILD/t/traffic" probe udp 10.99.0.1 7001
is "one line for an address" "$(hits) $(fact used)" '2 1'

# HUP: the cache is dumped, the database opened anew, the configuration read again.
fd_of_database() { ls -l "/proc/$(pgrep -P "$(authd_pid)" -n)/fd" | awk '/tcpquota.db$/ {print $9}'; }
with cache
connects on_host
sed -i 's/^\[auth\]/[auth]\nports=7001/; s/^enabled=yes/enabled=yes\nsize=12/' "$CONF"
kill -HUP "$(authd_pid)"
ok "HUP" within 10 says '\[NOTICE\] reload config='
ok "dumps the cache" says '\[NOTICE\] the internal authorization cache has been purged'
is "with the new configuration" "$(fact size) $(fact used)" '12 0'
ok "whose entries are there" eval 'on_gate iptables-legacy -S TCPQUOTA-AUTH | grep -q -- "--dport 7001 "'
connects on_host2 10.99.0.1 7002
ok "a port that is not named any more is open" connects on_host2 10.99.0.1 7002
unlist 10.99.0.2
ok "the database is watched still" not connects on_host
list 10.99.0.2
sed -i 's/^ports=7001/sql="SELECT 1 FROM nowhere"/' "$CONF"
kill -HUP "$(authd_pid)"
ok "a question that is none is told" within 10 says 'sql: no such table: nowhere'
ok "and the old configuration goes on" within 10 connects on_host
sed -i 's/^sql=.*/ports=7001/; s/^size=12/size=none/' "$CONF"
kill -HUP "$(authd_pid)"
ok "a broken one is told with its line" within 10 says 'ERROR.*tcpquota.cf:[0-9]*: SIZE:'
ok "and the old one goes on" eval 'connects on_host && [ "$(fact size)" = 12 ]'

# -q, -a, -d.
stop_authd
auth cache
: >"$OUT"
on_gate "$AUTHD" -q -c "$CONF" -i "$FIFO" >>"$OUT" 2>&1 &
PIDS="$PIDS $!"
within 10 not connects on_host2 10.99.0.1 7002
sed -i 's/^\[auth\]/[auth]\nports=7001/' "$CONF"
kill -HUP "$(authd_pid)"
within 10 eval 'on_gate iptables-legacy -S TCPQUOTA-AUTH | grep -q -- "--dport 7001 "'
is "-q says nothing of what is not critical" "$(cat "$OUT")" ''
stop_authd
start_authd -a
connects on_host
ok "-a says more" within 5 says '\[DEBUG\]'
stop_authd
on_gate "$AUTHD" -d -c "$CONF" -i "$FIFO" >"$OUT" 2>&1
is "-d: it returns when it works" "$?|$(on_gate iptables-legacy-save | grep -c 'A INPUT -j TCPQUOTA-AUTH$')|$(cat "$OUT")" '0|1|'
connects on_host2 10.99.0.1 7001
ok "-d: it logs to its file" within 5 grep -q 'PACKET.*BLOCK\|PACKET.*PASS' "$TRASH/authd.log"
mv "$TRASH/authd.log" "$TRASH/authd.log.1"
kill -HUP "$(authd_pid)"
ok "-d: which is opened anew" within 10 grep -q reload "$TRASH/authd.log"
stop_authd

# Sets of the kernel.
# in_set 4|6 ADDRESS: how many lines of it the set has. An answer is noted there once it is on its way.
in_set() {
    lines_are_written
    on_gate ipset list tcpquota-authp$1 | grep -c "^$2,tcp:7001 timeout"
}
with cache kernel=yes
connects on_host
is "kernel=yes: what has passed is in a set" "$(in_set 4 10.99.0.2)" 1
before=$(packets)
ok "kernel=yes: so it passes" connects on_host
is "kernel=yes: and is not asked for" "$(packets)" "$before"
not connects on_host2
connects on_host fd99::1
is "kernel=yes: IPv6 as well" "$(in_set 6 fd99::2)" 1
echo 10.99.0.2 >"$FIFO"
within 5 evicted 10.99.0.2
is "kernel=yes: eviction takes it out" "$(on_gate ipset list tcpquota-authp4 | grep -c '10.99.0.2,')" 0
connects on_host
unlist 10.99.0.2
ok "kernel=yes: so does a commit, as soon as it is seen" within 5 not connects on_host
list 10.99.0.2
connects on_host
kill -USR2 "$(authd_pid)"
ok "kernel=yes: and a purge" within 5 eval '[ "$(on_gate ipset list tcpquota-authp4 | grep -c "10.99.0.2,")" = 0 ]'
worker=$(pgrep -P "$(authd_pid)" -n)
connects on_host
is "kernel=yes: then it is in again" "$(in_set 4 10.99.0.2)" 1
kill -KILL $worker
ok "kernel=yes: what a killed worker has left is taken out" within 20 eval '[ "$(on_gate ipset list tcpquota-authp4 | grep -c "10.99.0.2,")" = 0 ]'
ok "kernel=yes: another worker lets it pass" within 20 connects on_host
is "kernel=yes: and puts it in anew" "$(in_set 4 10.99.0.2)" 1
kill -KILL "$(authd_pid)"
ok "kernel=yes, closed: the keeper killed, it does not pass either" within 10 not connects on_host
start_authd
stop_authd
is "kernel=yes: no set is left" "$(on_gate ipset list -n | grep -c tcpquota)" 0
with cache kernel=yes honor-ip-port=no
connects on_host
before=$(packets)
ok "without ports: the other one passes as well" connects on_host 10.99.0.1 7002
is "  unasked" "$(packets)" "$before"
stop_authd

# Many.
db "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
    INSERT INTO validipaddress SELECT 1, '10.97.' || (i / 256) || '.' || (i % 256) FROM n"
with cache
is "ten thousand addresses" "$(fact addresses)" "$(db 'SELECT count(*) FROM validipaddress')"
ok "(the host is in another one)" connects on_host
on_host ip addr add 10.97.39.15/32 dev eth0
on_host ip addr add 10.97.39.16/32 dev eth0
on_gate ip route add 10.97.0.0/16 dev lan0
ok "the last one of them connects" connects_from 10.97.39.15
ok "the one behind it does not" not connects_from 10.97.39.16
db "DELETE FROM validipaddress WHERE hostAddress LIKE '10.97.%'"
ok "all at once are gone" not connects_from 10.97.39.15 7002
ok "from the cache, too" not connects_from 10.97.39.15
stop_authd
done_testing
