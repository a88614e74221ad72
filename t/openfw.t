#!/bin/sh
# openfw: rooms, by teachers and administrators, against the real daemon.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/login.sh"

own_utmp && make_users || exit 1
make_network
cat /etc/hosts >"$TRASH/hosts"
printf '10.99.0.3 pc3\nfd99::3 pc3\n10.99.0.2 pc2\n192.0.2.9 pc2\n' >>"$TRASH/hosts"
mount --bind "$TRASH/hosts" /etc/hosts
rooms() {
    configure 'GROUPS=LAB HALL ALL' 'LAB=10.99.0.2 pc3' 'HALL=10.99.5.1 10.99.5.2 10.99.5.3' 'ALL=LAB HALL' \
        'OPERATORS=@teachers' 'ADMINS=anna' "$@"
    chmod 644 "$CONF"
}
rooms
start_daemon

openfw() { as tess "$BUILD/openfw" --config "$CONF" "$@"; }
# exits N COMMAND...
exits() {
    expected=$1
    shift
    "$@" >"$TRASH/said" 2>&1
    same $? "$expected" || { cat "$TRASH/said"; return 1; }
}
said() { grep -e "$1" "$TRASH/said" || { cat "$TRASH/said"; return 1; }; }
rows() { db "SELECT host, name, tic, open, free FROM masq WHERE open = 1 ORDER BY host"; }
# reload LINE...: of the configuration; returns once they hold
reload() {
    reloads=$(grep -c 'reload config' "$LOG")
    rooms "$@"
    kill -HUP "$(daemon_pid)"
    within 10 reloaded
}
reloaded() { [ "$(grep -c 'reload config' "$LOG")" -gt "$reloads" ]; }

# Who may.
ok "a user may not" exits 77 as alice "$BUILD/openfw" --config "$CONF" LAB
ok "in a sentence" said '^openfw: you may not do that$'
is "and nothing is opened" "$(rows)" ''
ok "nor may one see who opened what" exits 77 as alice "$BUILD/openfw" --config "$CONF" --log

# A group.
ok "before, the host does not get out" not reaches
ok "a teacher, by the unix group, opens a group" exits 0 openfw LAB
is "every address of it is open, for free" "$(rows)" '10.99.0.2|free|-1|1|1
10.99.0.3|free|-1|1|1
fd99::3|free|-1|1|1'
ok "the host gets out" within 5 reaches
is "the order is the teacher's" "$(db "SELECT DISTINCT user FROM orders")" tess
is "the log has every host" "$(db "SELECT user, action FROM logging_openfw ORDER BY action")" 'tess|opened (LAB/10.99.0.2)
tess|opened (LAB/10.99.0.3)
tess|opened (LAB/fd99::3)'
ok "the answer sums it up" said '3 open, 0 closed'
ok "again: all are open, all are closed" exits 0 openfw lab
is "nothing is open" "$(rows)" ''
ok "the host does not get out" not reaches
is "the log says so" "$(db "SELECT count(*) FROM logging_openfw WHERE action LIKE 'closed (LAB/%'")" 3
is "the cause in the session is admin" "$(db "SELECT DISTINCT cause FROM session")" admin
openfw --open 10.99.0.2 >/dev/null
ok "if one of the group is closed all are opened" exits 0 openfw LAB
is "three" "$(rows | wc -l)" 3
ok "that one is open already is told" said '^openfw: 10.99.0.2 is open already for free'
ok "--open changes nothing then" exits 0 openfw --open LAB
is "three" "$(rows | wc -l)" 3
ok "--close closes them" exits 0 openfw --close LAB
is "none" "$(rows)" ''
ok "--close again is 0" exits 0 openfw --close LAB
ok "a group of groups" exits 0 openfw --open ALL
is "six" "$(rows | wc -l)" 6
ok "closed as well" exits 0 openfw --close ALL

# Hosts by name and by number.
ok "a name: only its addresses in LOCALNET" exits 0 openfw pc2
is "one" "$(rows)" '10.99.0.2|free|-1|1|1'
ok "without a group the log has the address alone" db_is 1 "SELECT count(*) > 0 FROM logging_openfw WHERE action = 'opened (10.99.0.2)'"
openfw pc2 >/dev/null
ok "an unknown name is 65" exits 65 openfw no-such-host
ok "and named" said '^openfw: no-such-host: '
ok "an address that is not of the local network is refused" exits 1 openfw --open 192.0.2.2
ok "and named" said '192.0.2.2 is not in the local network'
ok "the gateway itself, too" exits 1 openfw --open 10.99.0.1
for way in --close -c; do
    ok "$way: neither is closed" exits 1 openfw $way 192.0.2.2 10.99.0.1 10.99.0.77
    ok "$way: the one is named" said '^openfw: 192.0.2.2 is not in the local network$'
    ok "$way: so is the other" said '^openfw: 10.99.0.1 is the gateway itself$'
    ok "$way: and no more" same "$(grep -c '^openfw: ' "$TRASH/said")" 3
done
ok "half an address is none" exits 65 openfw 10.99.2
ok "and named" said '^openfw: 10.99.2: '
ok "closing goes as far as the hosts are known" exits 65 openfw --close no-such-host 10.99.0.2
ok "and says which was not" said '^openfw: no-such-host: '
ok "and that the other is" said '0 open, 1 closed'
ok "a name with quotes is only a name" exits 65 openfw "a' OR '1"
ok "nothing is open" db_is 0 "SELECT count(*) FROM masq WHERE open = 1"

# The group of the host one comes from.
login_as tess 10.99.0.3 tess "$BUILD/openfw" --config "$CONF"
ok "without arguments: the group of the host one comes from" within 10 status_is tess 0
is "it is open" "$(rows | wc -l)" 3
ok "-g HOST: its group" exits 0 openfw -g 10.99.5.2
is "that is open, too" "$(rows | grep -c 10.99.5)" 3
ok "-g with two hosts: the groups of both" exits 0 openfw --close -g 10.99.5.1 10.99.0.2
ok "of six hosts" said '0 open, 6 closed'
ok "-g: a host in no group" exits 1 openfw -g 10.99.0.77
openfw --close ALL >/dev/null
login_as tess - tess "$BUILD/openfw" --config "$CONF"
ok "from the console there is no such host: 77" within 10 status_is tess 77

# For administration.
ok "-a HOST" exits 0 openfw -a 10.99.0.2
is "is admin's, and not free" "$(rows)" '10.99.0.2|admin|-1|1|0'
is "the log says so" "$(db "SELECT action FROM logging_openfw ORDER BY rowid DESC LIMIT 1")" 'opened (admin/10.99.0.2)'
ok "-a HOST again closes it" exits 0 openfw -a 10.99.0.2
is "none" "$(rows)" ''

# Whose host it is.
allow alice 1000
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
ok "what a user has open is left to them" exits 0 openfw --close LAB
is "it is hers" "$(rows)" '10.99.0.2|alice|-1|1|0'
ok "and that is told" said '10.99.0.2 is open already for alice'
ok "-c closes it, whoever has it" exits 0 openfw -c 10.99.0.2
is "none" "$(rows)" ''
is "the log says so" "$(db "SELECT action FROM logging_openfw ORDER BY rowid DESC LIMIT 1")" 'force close (10.99.0.2)'
login_as alice 10.99.0.2 alice "$BUILD/openhost" --config "$CONF"
within 5 shows alice 'is open for alice'
openfw -c 10.99.0.2 >/dev/null
ok "openhost says that an administrator has closed it" within 5 shows alice 'an administrator has closed it'

# For a while.
ok "--for 8s" exits 0 openfw --for 8s HALL
is "is open" "$(rows | wc -l)" 3
ok "and closes by itself" within 20 db_is 0 "SELECT count(*) FROM masq WHERE open = 1"
ok "and says until when" said "^until 20"
openfw --open 10.99.5.2 >/dev/null
ok "--for, where one is open already" exits 0 openfw --open --for 1h HALL
ok "says of how many it is true" said '^2 of them until 20'
is "and that one has no end" "$(db "SELECT host FROM orders WHERE until IS NULL")" 10.99.5.2
ok "--for, where all are open already" exits 0 openfw --open --for 1h HALL
ok "says no time" not grep until "$TRASH/said"
openfw --close HALL >/dev/null
ok "--until the next minute but one" exits 0 openfw --until "$(date -d '+2 minutes' +%H:%M)" HALL
ok "has its time in orders" db_is 3 "SELECT count(*) FROM orders WHERE until > strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
openfw --close ALL >/dev/null
for bad in "--for 45" "--for soon" "--until 25:00" "--open --close LAB" "--for 1h --close LAB" "-c" "-g" "--nonsense" \
    "-l -c 10.99.0.2" "-l --open" "-l --close" "-l --for 1h" "-l -a" "-l -g 10.99.0.2" "--log -c LAB" \
    "--log --until 15:00" "--log -l" "-a -c 10.99.0.2"; do
    ok "$bad is 64" exits 64 openfw $bad
done

# What is open, and who did it.
openfw --for 1h 10.99.5.1 >/dev/null
ok "-l lists what is open" exits 0 openfw -l
ok "with who has it, who opened it, and until when" said '^10.99.5.1 *free *tess .*20[0-9][0-9]-.*20[0-9][0-9]-'
ok "-l HOST that one" exits 0 openfw -l 10.99.5.1
ok "-l of another is empty" exits 0 openfw -l 10.99.5.2
ok "no line" not said 10.99.5
ok "--log has what was done" exits 0 openfw --log
ok "with times and users" said 'tess *opened (LAB/10.99.0.2)'
ok "--log USER" exits 0 openfw --log nobody-else
ok "only theirs" not said tess
as tess "$BUILD/openfw" --config "$CONF" --json --open HALL >"$TRASH/json" 2>&1
ok "--json: one row a host" python3 -c "import json,sys; d=json.load(open(sys.argv[1])); assert len(d['openfw']) == 3 and d['openfw'][0]['state'] == 'open', d" "$TRASH/json"
as tess "$BUILD/openfw" --config "$CONF" --json -l >"$TRASH/json" 2>&1
ok "-l --json: one row an open host" python3 -c "import json,sys; d=json.load(open(sys.argv[1])); assert len(d['hosts']) == 3, d" "$TRASH/json"
openfw --close ALL >/dev/null

# Out of hours, and slow.
hour=$(date +%H | sed 's/^0//')
reload "FW_START=$(((hour + 2) % 24))" "FW_STOP=$(((hour + 3) % 24))"
ok "outside the hours of free use: 1" exits 1 openfw --open HALL
ok "in a sentence" said '10.99.5.1: it is outside the hours of free use'
ok "for administration it is always time" exits 0 openfw -a --open HALL
reload USERS=other
ok "where free is nobody special" exits 1 openfw --open HALL
ok "it is named" said '^openfw: 10.99.5.1: free is not allowed to use the link$'
openfw -a --close HALL >/dev/null 2>&1
ok "with -a" exits 1 openfw -a --open 10.99.5.1
ok "it is admin" said '^openfw: 10.99.5.1: admin is not allowed to use the link$'
reload
openfw -a --close HALL >/dev/null
lock_database
ok "after half a minute it gives up: 69" exits 69 openfw --open HALL
ok "in a sentence" said 'it took too long'
unlock_database
sleep 6
ok "and what it gave up is not done later" db_is 0 "SELECT count(*) FROM masq WHERE open = 1"
lock_database
openfw --open HALL >"$TRASH/said" 2>&1 &
opener=$!
ok "while the database is locked it waits, and says how far it has come" within 20 said 'waiting: 0 of 3'
unlock_database
wait $opener
is "and opens when it is not" $? 0
openfw --close ALL >/dev/null

# Somebody else's row takes the place of the one that is to be closed, before that is written.
openfw --open 10.99.0.2 >/dev/null
rm -f "$TRASH/locked"
sqlite3 "$DB" >/dev/null 2>&1 <<END &
.timeout 5000
BEGIN IMMEDIATE;
UPDATE masq SET name = 'alice', free = 0, open = 2 WHERE host = '10.99.0.2';
.shell touch $TRASH/locked
.shell sleep 3
COMMIT;
END
PIDS="$PIDS $!"
within 5 test -e "$TRASH/locked"
ok "a host that is somebody else's meanwhile does not hold up --close" exits 0 as tess timeout 15 "$BUILD/openfw" --config "$CONF" --close 10.99.0.2
ok "it is told whose it is" said '10.99.0.2 is open already for alice'
ok "and stays theirs" within 5 db_is 'alice|1' "SELECT name, open FROM masq WHERE host = '10.99.0.2'"
openfw -c 10.99.0.2 >/dev/null
for lost in --help --version "-l --json" "--json --close HALL"; do
    ok "$lost: what cannot be printed is 74" exits 74 as tess sh -c "'$BUILD/openfw' --config '$CONF' $lost >/dev/full"
done
stop_daemon
ok "without a daemon: 69" exits 69 openfw LAB
done_testing
