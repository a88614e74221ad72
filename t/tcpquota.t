#!/bin/sh
# tcpquota(1): every command, as those who may and those who may not, with and without a daemon.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/login.sh"
command -v python3 >/dev/null || { echo "1..0 # SKIP needs python3"; exit 0; }

own_utmp
make_users
make_network
# Other processes of these uids, on the rest of the machine, are left alone.
configure ADMINS=anna 'OPERATORS=@teachers' 'USERS=admin' TICS=60 MIN_UID=2001 MAX_UID=2006 \
    ENFORCE_LOCAL=log

# Where users reach them, whatever the rights of the folder that this is built in.
mkdir "$TRASH/bin"
cp "$BUILD/tcpquota" "$BUILD/tcpquotad" "$BUILD/t/traffic" "$TRASH/bin"
tool() { "$TRASH/bin/tcpquota" -c "$CONF" "$@"; }
# as USER ARGUMENT...
as() {
    who=$1
    shift
    if [ "$who" = root ]; then
        on_gate "$TRASH/bin/tcpquota" -c "$CONF" "$@"
    else
        on_gate setpriv --reuid $who --regid $who --init-groups --reset-env \
            "$TRASH/bin/tcpquota" -c "$CONF" "$@"
    fi
}
# says CODE TEXT USER ARGUMENT...: that exit code, and a line that matches the text on stdout if it
# is 0 or 1 and something stands there, and otherwise on stderr
says() {
    expected=$1 text=$2
    shift 2
    as "$@" >"$TRASH/said" 2>"$TRASH/complained" </dev/null
    code=$?
    [ $code = "$expected" ] && { [ -z "$text" ] || grep -q -e "$text" "$TRASH/said" "$TRASH/complained"; } && return
    echo "exit $code, expected $expected, and \`$text' in:"
    cat "$TRASH/said" "$TRASH/complained"
    return 1
}
# refused CODE TEXT USER ARGUMENT...: the same, and nothing on stdout, one line on stderr
refused() {
    says "$@" || return 1
    [ ! -s "$TRASH/said" ] && grep -q '^tcpquota: ' "$TRASH/complained" && [ "$(wc -l <"$TRASH/complained")" = 1 ] && return
    echo "more, or not of the form tcpquota: what: why:"
    cat "$TRASH/said" "$TRASH/complained"
    return 1
}
# json EXPRESSION USER ARGUMENT...: what python makes of the object `o`
json() {
    expression=$1
    shift
    as "$@" --json 2>/dev/null | python3 -c 'import json, sys
o = json.load(sys.stdin)
print(eval(sys.argv[1]))' "$expression"
}
balance() { db "SELECT quota FROM tcptab WHERE name = '$1'"; }

# What needs no daemon.
ok "the tests see another exit code" not says 1 '^usage' alice --help
ok "and other words" not says 0 '^nonsense' alice --help
ok "--help" says 0 '^usage: tcpquota' alice --help
ok "-h" says 0 '^usage: tcpquota' alice -h
ok "-V" says 0 '^tcpquota [0-9]' alice -V
ok "--version behind a command" says 0 '^tcpquota [0-9]' alice list --version
ok "an option nobody knows" refused 64 'tcpquota: --nonsense: not understood' alice --nonsense
ok "a short one" refused 64 'tcpquota: -x: not understood' alice list -x
ok "an option with a value that takes none" refused 64 '--json=yes: not understood' alice --json=yes
ok "a value that is missing" refused 64 '--reason: its value is missing' alice deny bob --reason
ok "an option of another command" refused 64 '--reason: this command has no such option' alice list --reason x
ok "a command nobody knows" refused 64 'tcpquota: nonsense: no such command' alice nonsense
ok "nor an empty one" refused 64 'no such command' alice ''
ok "control characters in it are not repeated" refused 64 'tcpquota: a?\[2Jb: no such command' alice "$(printf 'a\033[2Jb')"
ok "but other letters are" refused 64 'tcpquota: löst: no such command' alice löst
ok "a word too many" refused 64 'tcpquota: bob: not understood' alice show alice bob
ok "a word too few" refused 64 'allowed: something is missing: tcpquota allowed USER' alice allowed
ok "an amount that is missing" refused 64 'add: something is missing' anna add alice
ok "a configuration that is not there" refused 78 nowhere.cf alice -c "$TRASH/nowhere.cf" list

# Without a daemon, and without a database.
ok "without a daemon: 69" refused 69 'does not answer: No such file' alice
ok "for root, without a database: 74" refused 74 'cannot be used: .*not there yet' root list
start_daemon
allow alice 3600
allow bob -100
allow admin 100
db "INSERT INTO tcptab VALUES ('zoe', 7)"

# Reading.
ok "one's own balance" says 0 '^alice: 3600 points, 1:00:00, 6.00 SEK$' alice
ok "that nobody is charged for" says 0 '^nothing is charged now$' alice
ok "show of oneself" says 0 '^alice: 3600 points' alice show alice
ok "show of somebody else is refused" refused 77 'you may not do that' alice show bob
ok "but not to an administrator" says 0 '^bob: -100 points, -0:01:40, -0.17 SEK$' anna show bob
ok "nor to root" says 0 '^bob: -100 points' root show bob
# Money as the reader's own configuration has it.
{ cat "$CONF"; echo "RATE_QUOTA=6"; echo "tcpquota.MONEY_VALUE=EUR"; } >"$TRASH/euro.cf"
chmod 644 "$TRASH/euro.cf"
ok "money as in one's own configuration" says 0 '^alice: 3600 points, 1:00:00, 360.00 EUR$' alice -c "$TRASH/euro.cf"
ok "of all, and of the sums" says 0 '^positive balances: 3607 points, 1:00:07, 360.70 EUR$' anna list -c "$TRASH/euro.cf"
is "with --json" "$(json 'o["list"][0]["money"], o["total"]["free"]["money"]' anna list -c "$TRASH/euro.cf")" "('10.00 EUR', '10.00 EUR')"
ok "and what is given" says 0 '^zoe: 67 points, 0:01:07, 6.70 EUR$' anna add zoe 6EUR -c "$TRASH/euro.cf"
as anna take zoe 60 --reason back >/dev/null
ok "who is not allowed is told so" says 0 '^zoe is not allowed' anna show zoe
ok "who is free, too" says 0 '^admin is never cut off' anna show admin
ok "a name that nobody has" refused 1 "there is no a' OR '1" anna show "a' OR '1"
ok "--json has no object then" refused 1 'there is no nobody' anna show nobody --json
ok "who has nothing yet may ask of themselves" says 0 '^tess: 0 points' tess
ok "a name that is none" refused 65 '0001. is no name of a user: 1 to 32 bytes' anna show "$(printf %033d 1)"
as anna list >"$TRASH/list"
is "list: all of them, in columns" "$(cat "$TRASH/list")" "name   points   as time   as money  allowed  free
admin     100   0:01:40   0.17 SEK  yes      yes
alice    3600   1:00:00   6.00 SEK  yes      no
bob      -100  -0:01:40  -0.17 SEK  yes      no
zoe         7   0:00:07   0.01 SEK  no       no
positive balances: 3607 points, 1:00:07, 6.01 SEK
free users: 100 points, 0:01:40, 0.17 SEK"
is "list of a user: their own" "$(as alice list | awk 'NR == 2 {print $1} END {print NR}')" "alice
4"
is "list --json" "$(json '[r["name"] for r in o["list"]], o["total"]["positive"]["quota"]' anna list)" "(['admin', 'alice', 'bob', 'zoe'], 3607)"
is "--json before the command" "$(as anna --json list | python3 -m json.tool | grep -c '"name"')" 4
full() { as anna list >/dev/full; }
full 2>"$TRASH/complained"
is "what finds no room: 74" $? 74
ok "which is told" grep -q '^tcpquota: what it prints cannot be written: No space' "$TRASH/complained"
ok "a refusal with --json: no object" refused 77 'may not' alice show bob --json
ok "allowed: yes" says 0 '^yes$' anna allowed alice
ok "allowed: no" says 1 '^no$' anna allowed zoe
ok "which is an answer, and no complaint" test ! -s "$TRASH/complained"
ok "allowed: a free user" says 0 '^yes$' anna allowed admin
ok "allowed of somebody else" refused 77 'may not' alice allowed bob
ok "allowed, a name like SQL" says 1 '^no$' anna allowed "a' OR '1"
is "allowed --json of one who is not" "$(json 'o["allowed"][0]["allowed"]' anna allowed zoe)" False
ok "hosts: none" says 0 '^host  name' alice hosts
is "hosts --json: none" "$(as alice hosts --json | python3 -m json.tool --compact)" '{"hosts":[]}'

# In use.
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
download use tcp 192.0.2.2
charged() { db_is 1 "SELECT points > 1 FROM session WHERE name = 'alice'"; }
ok "alice uses the link" within 30 charged
ok "her host" says 0 '^10.99.0.2: open, since 20[0-9-]* [0-9:]*: ' alice
ok "how fast it goes" says 0 '^1 points a second are charged now: that is enough until 20' alice
ok "hosts" says 0 '^10.99.0.2  alice  open   no  ' tess hosts
ok "a user sees no others'" says 0 '^host  name' bob hosts
ok "none at all" not grep -q alice "$TRASH/said"
ok "hosts --json" same "$(json 'o["hosts"][0]["host"], o["hosts"][0]["name"], o["hosts"][0]["open"]' alice hosts)" "('10.99.0.2', 'alice', 1)"
ok "why: may" says 0 '^alice: may: ok$' alice why alice
ok "and the last hours" grep -q '^20.*:00:00  *0:00:' "$TRASH/said"
is "the verdict comes first" "$(sed -n '1p' "$TRASH/said")" "alice: may: ok"
ok "why: may not" says 1 '^bob: may not: no-quota$' anna why bob
ok "which is no complaint either" test ! -s "$TRASH/complained"
ok "why: free" says 0 '^admin: may: free$' anna why admin
ok "why: not allowed" says 1 '^zoe: may not: not-allowed$' anna why zoe
ok "why of a host" says 0 '^10.99.0.2: may: ok$' anna why 10.99.0.2
ok "why of one outside" says 1 '^192.0.2.2: may not: not-local$' anna why 192.0.2.2
ok "why of the gateway" says 1 '^fd99::1: may not: own-address$' anna why fd99::1
ok "why of somebody else" refused 77 'may not' alice why bob
is "why --json" "$(json 'o["why"][0]["may"], o["why"][0]["rule"]' anna why bob)" "(False, 'no-quota')"
ok "sessions" says 0 '^alice  10.99.0.2  20' alice sessions
ok "of somebody else" refused 77 'may not' bob sessions alice
is "sessions --json" "$(json 'o["sessions"][0]["closed"]' anna sessions alice)" None
ok "top, without a terminal: one picture" says 0 '^alice  *1  *[0-9]' anna top
is "top --json" "$(json 'o["top"][0]["name"], o["top"][0]["rate"], o["top"][0]["hosts"]' anna top)" "('alice', 1, ['10.99.0.2'])"
ok "usage" says 0 '^alice  20[0-9-]* [0-9]*:00:00  *0:00:' alice usage
ok "usage by days" says 0 "^alice  20[0-9-]*  *0:00:" alice usage --by day
ok "by something else" refused 64 'week: --by' alice usage --by week
today=$(date +%F)
ok "usage of today" says 0 '^alice ' alice usage --from "$today" --to "$today" --by=month
ok "before today: none" says 0 '^all: 0 points' alice usage --to "${today}T00:00"
ok "a date that is none" refused 64 'yesterday: no date' alice usage --from yesterday
ok "with something behind it" refused 64 'no date' alice usage --from "${today}T09:00:00"
ok "a day that there is not" refused 64 '2026-02-30: there is no such day' alice usage --from 2026-02-30
ok "usage of somebody else" refused 77 'may not' bob usage alice
ok "connections" says 0 '^alice  10.99.0.2  *192.0.2.2  *tcp  *1$' root connections
is "connections --json" "$(json '[c["to"] for c in o["connections"] if c["name"] == "alice"]' root connections)" "['192.0.2.2']"
ok "are for root" refused 77 'connections: only root' anna connections

# top on a terminal.
start_login top -u anna -c 100x30 "$TRASH/bin/tcpquota" -c "$CONF" top
ok "top on a terminal" within 5 shows top ' 10.99.0.2'
ok "with a title" within 5 shows top '  20.*q ends this'
stty -F "/dev/$(cat "$TRASH/top.line")" cols 40 rows 10
sleep 1.5
ok "it survives another size" not ended top
presses top q
ok "q ends it" within 5 status_is top 0
start_login top -u bob -c 100x30 "$TRASH/bin/tcpquota" -c "$CONF" top
within 5 shows top 'q ends this'
ok "others see themselves only" not shows top alice
presses top q
within 5 ended top
db "UPDATE masq SET open = 3"
within 5 db_is 0 "SELECT count(*) FROM session WHERE closed IS NULL"

# Changing.
db "UPDATE tcptab SET quota = 3600 WHERE name = 'alice'"
for command in 'allow carol' 'add alice 1' 'set alice 1' 'take alice 1 --reason x' 'deny alice --reason x' 'delete alice --reason x' 'period new --yes'; do
    # shellcheck disable=SC2086
    ok "a user may not: $command" refused 77 'you may not do that' alice $command
    # shellcheck disable=SC2086
    ok "nor an operator: $command" refused 77 'you may not do that' tess $command
done
is "and nothing has happened" "$(balance alice) $(db "SELECT count(*) FROM allowed")" "3600 3"
ok "add: points" says 0 '^alice: 3700 points' anna add alice 100
ok "add: time" says 0 '^alice: 9100 points' anna add alice 1h30m
ok "add: money" says 0 '^alice: 21100 points, 5:51:40, 35.17 SEK$' anna add alice 20SEK
ok "add: no amount" refused 64 'tcpquota: plenty: no amount' anna add alice plenty
ok "add: nothing" refused 64 'tcpquota: 0: out of range' anna add alice 0
ok "add: less than nothing" refused 64 'tcpquota: -5: ' anna add alice -5
ok "take needs a reason" refused 64 'take: say why, with --reason' anna take alice 1h
ok "that is not blank" refused 64 'take: say why' anna take alice 1h --reason ' '
ok "take" says 0 '^alice: 17500 points' anna take alice 1h --reason 'never paid'
is "the reason is in the log" "$(db "SELECT user, action, delta, reason FROM logging ORDER BY rowid DESC LIMIT 1")" "anna|take|-3600|never paid"
ok "set, below zero" says 0 '^alice: -300 points' anna set alice -300
ok "set with --json" same "$(json 'o["set"][0]["quota"]' anna set alice 5)" 5
ok "too much" refused 64 'out of range' anna add alice 9999999999999999
ok "what the balance does not hold" refused 65 'balance of alice would be out of range' anna add alice 1000000000000000
ok "allow" says 0 '^carol: 0 points' anna allow carol
ok "allow again" says 0 '^carol is allowed already$' anna allow carol
ok "deny needs a reason" refused 64 'deny: say why' anna deny carol
ok "deny" says 0 '^carol is not allowed' anna deny carol --reason 'told to'
ok "a name that is no user's is refused" refused 1 'alcie is no user of this system: --new' anna add alcie 1h
is "and not made" "$(db "SELECT count(*) FROM tcptab WHERE name = 'alcie'")" 0
ok "to allow, too" refused 1 'alcie is no user' anna allow alcie
ok "to set, too" refused 1 'alcie is no user' anna set alcie 1h
is "and not made either" "$(db "SELECT count(*) FROM tcptab WHERE name = 'alcie'")" 0
ok "set with --new" says 0 '^alcie: 5 points' anna set alcie 5 --new
ok "set of one that has a row" says 0 '^alcie: 6 points' anna set alcie 6
as anna delete alcie --reason 'misspelt' >/dev/null
ok "but with --new" says 0 '^alcie: 3600 points' anna add alcie 1h --new
ok "and once it is known" says 0 '^alcie: 3601 points' anna add alcie 1
ok "zoe, of whom there is a row" says 0 '^zoe: 8 points' anna add zoe 1
ok "delete needs a reason" refused 64 'delete: say why' anna delete alcie
ok "delete" says 0 '^alcie: 0 points' anna delete alcie --reason 'misspelt'
ok "which is not known then" refused 1 'no alcie' anna delete alcie --reason again
ok "a name like SQL" says 0 "^a' OR '1: 60 points" anna add "a' OR '1" 1m --new
is "is a name" "$(db "SELECT quota FROM tcptab WHERE name = 'a'' OR ''1'")" 60
ok "a name with control characters" refused 65 'a?.2J. is no name of a user' anna add "$(printf 'a\033[2J')" 1 --new
ok "a name that is too long" refused 65 '0001. is no name of a user: 1 to 32 bytes' anna add "$(printf %033d 1)" 1 --new
ok "none at all" refused 64 'add: something is missing: tcpquota add USER' anna add '' 1
ok "nor where it may be left out" refused 64 'show: something is missing' anna show ''
ok "a reason that is too long says how long" refused 64 'tcpquota: --reason: .* at most 200 bytes.* has 201$' anna add alice 1 --reason "$(printf %0201d 1)"
ok "one that is not" says 0 '^alice: 6 points' anna add alice 1 --reason "$(printf %0200d 1)"
ok "back" says 0 '^alice: 5 points' anna take alice 1 --reason "back"
db "INSERT INTO tcptab VALUES ('e' || char(27) || '[2J' || char(155) || char(8238) || 'l', 1), ('åäö', 2)"
ok "one that stands there is not shown raw" says 0 '^e?\[2J??l ' anna list
ok "UTF-8 is" says 0 '^åäö      *2  *0:00:02' anna list
ok "the log" says 0 'anna     take    alice   -3600    17500  never paid$' anna log alice
ok "of somebody else" refused 77 'may not' alice log bob
ok "one's own" says 0 'never paid$' alice log
is "log --json" "$(json 'o["log"][0]["action"]' anna log carol)" allow
ok "period" says 0 '^ *0  20' alice period
ok "period list" says 0 '^ *0  20' alice period list
ok "period new, without a terminal" refused 64 'period new: .* --yes' anna period new
ok "period, something else" refused 64 'tcpquota: next: ' anna period next
ok "period new --yes" says 0 '^ *1  20' anna period new --yes
start_login period -u anna "$TRASH/bin/tcpquota" -c "$CONF" period new
ok "on a terminal it asks" within 5 shows period 'Really'
types period n
ok "and takes a no" within 5 status_is period 1
is "for one" "$(db 'SELECT max(id) FROM periodtab')" 1
start_login period -u anna "$TRASH/bin/tcpquota" -c "$CONF" period new
within 5 shows period 'Really'
types period y
ok "and a yes" within 5 status_is period 0
is "for the other" "$(json '[p["id"] for p in o["period"]]' anna period)" "[0, 1, 2]"
ok "audit" says 0 'users: balances, log and use add up$' anna audit
ok "is for administrators" refused 77 'may not' tess audit
db "UPDATE usage SET points = points + 1000"
ok "what does not add up" says 1 '^alice .* 1000$' anna audit
ok "and how many" grep -q '^tcpquota: the audit does not hold for 1 of' "$TRASH/complained"
is "audit --json" "$(json 'o["audit"][0]["name"], o["total"]["wrong"]' anna audit)" "('alice', 1)"
db "UPDATE usage SET points = points - 1000"
ok "openfw-log, for operators" says 0 '^when  by  action' tess openfw-log
ok "and nobody else" refused 77 'may not' alice openfw-log

# For root.
ok "check" says 0 'the daemon answers: tcpquotad ' root check
ok "check, for others, does not say what it has not seen" says 77 'firewall: not looked at' anna check
ok "and not that it is not in order" not grep -q 'in order' "$TRASH/said"
ok "check" says 0 'the daemon answers: tcpquotad ' root check
ok "with what tcpquotad says" grep -q 'in order' "$TRASH/said"
is "sql" "$(as root sql 'SELECT quota FROM tcptab WHERE name = '"'åäö'")" 2
is "with options of sqlite3" "$(as root sql -json "SELECT name FROM tcptab WHERE quota = 2")" '[{"name":"åäö"}]'
ok "not for administrators" refused 77 'sql: only root' anna sql 'SELECT 1'
ok "prune needs a date" refused 64 'prune: something is missing' root prune
ok "that is past" refused 64 '2199-01-01: still to come' root prune --before 2199-01-01
ok "what is within an hour stays" says 0 '^pruned: 0 lines' root prune --before 2020-01-01T00:30
ok "prune" says 0 '^pruned: 0 lines of the log' root prune --before 2020-01-01
ok "is for root" refused 77 'prune: only root' anna prune --before 2020-01-01
ok "a date past all others" refused 64 '9999-01-01: ' root prune --before 9999-01-01
ok "backup" says 0 '' root backup "$TRASH/copy"
is "the copy" "$(sqlite3 "$TRASH/copy" "SELECT quota FROM tcptab WHERE name = 'zoe'; PRAGMA quick_check")" "8
ok"
ok "what is there is not overwritten" refused 74 "copy: " root backup "$TRASH/copy"
ok "a file without a name" refused 64 'backup: something is missing: tcpquota backup FILE' root backup ''
ok "backup is for root" refused 77 'backup: only root' anna backup "$TRASH/home/anna/copy"
printf 'INSERT INTO tcptab VALUES ("dora",5);\n' >"$TRASH/dump"
ok "import where there is something already" refused 1 'dump: ' root import "$TRASH/dump"
ok "is for root, too" refused 77 'import: only root' anna import "$TRASH/dump"

# On the gateway itself.
allow tess 3600
ok "before, nobody is on the gateway itself" says 0 '^host  *name' anna hosts
ok "not one" not grep -q local "$TRASH/said"
is "nor in use" "$(json 'o["top"]' tess top)" "[]"
background on_gate setpriv --reuid tess --regid tess --init-groups --reset-env \
    "$TRASH/bin/traffic" get tcp 192.0.2.2 $PORT 300
uses() { same "$(json 'o["top"][0]["name"], o["top"][0]["hosts"], o["top"][0]["cnts"]' "$1" top)" "$2"; }
ok "who uses the link there is in top" within 10 uses tess "('tess', ['local'], 1)"
ok "for administrators, too" uses anna "('tess', ['local'], 1)"
ok "at the rate of one session" says 0 '^tess  *1  *1  *[0-9]* .* 20[0-9-]* [0-9:]*  local$' anna top
ok "hosts" says 0 '^local  *tess  *open  *no  *1  20[0-9-]* [0-9:]*  *0:' tess hosts
ok "a user sees no others'" says 0 '^host  *name' alice hosts
ok "no local one either" not grep -q local "$TRASH/said"
is "hosts --json" "$(json 'o["hosts"][0]["host"], o["hosts"][0]["name"], o["hosts"][0]["cnts"], o["hosts"][0]["open"]' anna hosts)" "('local', 'tess', 1, 1)"
ok "one's own balance" says 0 '^local: on the gateway itself since 20[0-9-]* [0-9:]*, connections 1: [0-9]* points, 0:0' tess
ok "and how long it is enough" grep -q '^1 points a second are charged now: that is enough until 20' "$TRASH/said"
is "show --json" "$(json '[(h["host"], h["cnts"]) for h in o["show"][0]["hosts"]]' anna show tess)" "[('local', 1)]"
ok "sessions" says 0 '^tess   *local  *20' tess sessions
ok "why" says 0 '^tess: may: ok$' anna why tess
on_gate "$BUILD/openfw" --config "$CONF" -l >"$TRASH/said"
ok "openfw -l is of rooms" not grep -q local "$TRASH/said"
order 10.99.0.2 tess
within 5 is_open 10.99.0.2
download both tcp 192.0.2.2
ok "on a host as well: both, and the connections of both" within 10 uses tess "('tess', ['local', '10.99.0.2'], 2)"
ok "at the rate of two" within 5 says 0 '^tess  *2  *2  *[0-9]* ' tess top
is "hosts --json" "$(json '[(h["host"], h["cnts"]) for h in o["hosts"]]' tess hosts)" "[('local', 1), ('10.99.0.2', 1)]"
on_gate "$BUILD/openfw" --config "$CONF" -l >"$TRASH/said"
ok "openfw -l has the host" grep -q '^10.99.0.2 ' "$TRASH/said"
ok "and it alone" not grep -q local "$TRASH/said"
db "UPDATE tcptab SET quota = 0 WHERE name = 'tess'"
ok "cut off: why says why" says 1 '^tess: may not: no-quota$' tess why tess

# Deleted while they are charged: what comes in behind is accounted for, and no account.
db "DELETE FROM masq WHERE host = '10.99.0.2'"
allow carol 1000
order 10.99.0.2 carol
within 5 is_open 10.99.0.2
download gone tcp 192.0.2.2
ok "carol is charged" within 10 db_is 1 "SELECT quota < 998 FROM tcptab WHERE name = 'carol'"
ok "delete" says 0 '^carol: 0 points' anna delete carol --reason 'left'
ok "the host is closed" within 5 db_is 0 "SELECT count(*) FROM session WHERE name = 'carol' AND closed IS NULL"
# At rate 1 the last charge may be of nothing: one more, as the daemon makes it.
db "INSERT INTO actor VALUES ('tcpquotad', 'charge', NULL);
    INSERT OR IGNORE INTO tcptab VALUES ('carol', 0);
    UPDATE tcptab SET quota = quota - 1 WHERE name = 'carol';
    INSERT INTO usage VALUES ('carol', '2020-01-01T00:00:00Z', 1, 1); DELETE FROM actor"
ok "the audit holds" says 0 'add up$' anna audit
ok "who comes again is let in" says 0 '^carol: 3[56][0-9]* points' anna add carol 1h
is "at once" "$(as anna allowed carol)" yes

# A daemon that is stopped: nobody waits for it for a minute, nor without a word.
kill -STOP "$(keeper_pid)" # which would end a worker that is stopped
kill -STOP "$(daemon_pid)"
begun=$(date +%s)
ok "a daemon that says nothing: 69" says 69 'does not answer: Connection timed out' alice
ok "soon" between 3 $(($(date +%s) - begun)) 14
ok "it said meanwhile that it waits" grep -q '^tcpquota: waiting for tcpquotad' "$TRASH/complained"
kill -CONT "$(daemon_pid)"
kill -CONT "$(keeper_pid)"
ok "a little later it is well" says 0 '^alice' alice
ok "and what was given up is forgotten" not grep -q waiting "$TRASH/complained"

# A database that is read by others, after the daemon has answered.
ok "the daemon is well" says 0 '^alice' anna list
stop_daemon

# Without a daemon.
ok "no daemon: others get 69" refused 69 'does not answer' alice
ok "administrators, too" refused 69 'does not answer' anna add alice 1
is "root reads" "$(json '[r["name"] for r in o["list"] if r["quota"] == 5]' root list)" "['alice']"
ok "and changes" says 0 '^alice: 65 points' root add alice 1m
is "which is logged" "$(db "SELECT user, action, delta FROM logging ORDER BY rowid DESC LIMIT 1")" "root|add|60"
ok "refusals are the same" refused 64 'take: say why' root take alice 1m
ok "a name that is no user's, too" refused 1 'no user of this system' root add alcie 1
ok "why" says 1 '^bob: may not: no-quota$' root why bob
ok "why of a host" says 1 '^10.99.0.1: may not: own-address$' root why 10.99.0.1
ok "hosts" says 0 '^host  name' root hosts
ok "nobody is on the gateway itself" not grep -q local "$TRASH/said"
db "INSERT INTO session (name, host, opened) VALUES ('tess', 'local', '2026-11-21T09:00:00Z')"
ok "but for what a daemon has left open, of unknown connections" says 0 '^local  *tess  *open  *no  *0  20' root hosts
ok "show" says 0 '^local: on the gateway itself since 20[0-9-]* [0-9:]*, connections 0: 0 points' root show tess
ok "top" says 0 '^name  points/s' root top
ok "of nobody" not grep -q tess "$TRASH/said"
ok "check says that it is not there" says 69 'does not answer' root check
is "the files are the daemon's" "$(find "$TRASH/db" -type f ! -user tcpquota)" ""
lock_database
ok "a database that is locked" refused 74 'database is locked' root add alice 1m
unlock_database
ok "and once it is not" says 0 '^alice: 125 points' root add alice 1m

# More than a number holds.
ok "a sum that can be counted" says 0 '^positive balances' root list
ok "is not said to be larger" not grep -q larger "$TRASH/said"
db "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 9300)
    INSERT INTO tcptab SELECT 'rich' || i, 1000000000000000 FROM n"
ok "one that cannot is" says 0 '^that is as far as it can be counted: the sum is larger$' root list
is "it stands where counting ends" "$(json 'o["total"]["positive"]["quota"] == 2 ** 63 - 1' root list)" True

# A new one, from a dump.
rm -rf "$TRASH/db"
printf "CREATE TABLE tcptab (name CHAR(32), quota INT);\nINSERT INTO tcptab VALUES ('dora',5);\n" >"$TRASH/dump"
start_daemon
ok "import" says 0 '^taken over: 1 balances' root import "$TRASH/dump"
ok "which is there" says 0 '^dora: 5 points' root show dora
stop_daemon
done_testing
