#!/bin/sh
# The rows of masq: the database is the way in, and nothing an administrator writes is overwritten.
. "$(dirname "$0")/lib.sh"

make_network
configure TICS=4
start_daemon
allow alice 100000
allow bob 100000
entries() { on_gate iptables-legacy -S TCPQUOTA-00 | grep -c -- '-j ACCEPT'; }
# The gate is shut first, and what it was for is written after it.
last_cause_is() { db_is "$1" "SELECT cause FROM session ORDER BY id DESC LIMIT 1"; }
row() { db "SELECT open, name FROM masq WHERE host = '$1'"; }

order 10.99.0.2 alice
within 5 is_open 10.99.0.2
download dl tcp 192.0.2.2
within 10 arrives tcp 192.0.2.2
db "DELETE FROM masq"
ok "row deleted by hand: the download ends" within 5 is_over dl
ok "and the host is closed" not reaches
ok "its cause is admin" within 5 last_cause_is admin

order 10.99.0.2 alice
within 5 is_open 10.99.0.2
db "UPDATE masq SET open = 0"
ok "0 written by hand closes as well" within 5 not reaches
db "INSERT INTO masq (host, name) VALUES ('10.99.0.2', 'bob')"
ok "re-opening by plain INSERT" within 5 is_open 10.99.0.2
is "for the user it names" "$(row 10.99.0.2)" '1|bob'
db "UPDATE masq SET open = 3 WHERE host = '10.99.0.2'"
within 5 is_closed 10.99.0.2
sleep 1.2
ok "after one pass the row with 0 is still there" is_closed 10.99.0.2
ok "0 for longer than TICS passes: the row is deleted" within 20 has_no_row 10.99.0.2

db "INSERT INTO masq (host, name, tic) VALUES ('10.99.0.2', 'alice', 0)"
within 5 is_open 10.99.0.2
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    sleep 0.5
    db "UPDATE masq SET tic = 0 WHERE host = '10.99.0.2'"
done
is "a row that is refreshed stays open" "$(row 10.99.0.2)" '1|alice'
ok "one that is not is closed after TICS passes" within 20 is_closed 10.99.0.2
ok "its cause is idle" within 5 last_cause_is idle

# Spellings.
db "DELETE FROM masq; INSERT INTO masq (host, name) VALUES ('FD99:0::2', 'alice'), ('::ffff:10.99.0.2', 'alice')"
ok "other spellings are opened: IPv6" within 5 is_open fd99::2
ok "other spellings are opened: IPv4-mapped" within 5 is_open 10.99.0.2
is "and rewritten" "$(db "SELECT group_concat(host, ' ') FROM masq")" "10.99.0.2 fd99::2"
db "INSERT INTO masq (host, name) VALUES ('::ffff:10.99.0.2', 'bob')"
ok "another spelling of a host that is held is refused" within 5 is_closed ::ffff:10.99.0.2
ok "and logged" within 5 logged 'user=bob reason="host is held by another user"'
is "the holder keeps it" "$(row 10.99.0.2)" '1|alice'
ok "and its traffic" within 5 reaches

db "INSERT INTO masq (host, name, open) VALUES ('::ffff:10.99.0.2', 'alice', 3)"
ok "a 3 in another spelling closes the host" within 5 not reaches
ok "in its own row" within 5 is_closed 10.99.0.2
ok "and that row goes" within 5 has_no_row ::ffff:10.99.0.2
db "INSERT INTO masq (host, name) VALUES ('10.99.0.2', 'alice')"
within 5 is_open 10.99.0.2
db "BEGIN; INSERT INTO orders (host, cause, until) VALUES ('FD99::2', 'admin', '9999-12-31T23:59:59Z');
    INSERT INTO masq (host, name) VALUES ('FD99::2', 'alice'); COMMIT"
ok "a 2 for its user in another spelling is carried out" within 5 has_no_row FD99::2
ok "and the host stays open" is_open fd99::2
db "UPDATE masq SET open = 3 WHERE host = 'fd99::2'"
within 5 is_closed fd99::2
db "REPLACE INTO orders (host, cause, until) VALUES ('fd99::2', 'user', '9999-12-31T23:59:59Z'); INSERT INTO masq (host, name) VALUES ('fd99::2', 'alice')"
ok "until the year 9999 is no end" within 5 is_open fd99::2
db "UPDATE masq SET open = 3 WHERE host = 'fd99::2'"
within 5 is_closed fd99::2
ok "a 3 ends the session with the cause of its order" within 5 db_is user "SELECT cause FROM session WHERE host = 'fd99::2' ORDER BY id DESC LIMIT 1"

# Bad rows.
for host in nonsense 8.8.8.8 2001:db8::99 10.99.0.1 192.0.2.1 fd99::1 10.99.0.300 10.99.0.0/16; do
    db "INSERT INTO masq (host, name) VALUES ('$host', 'alice')"
    ok "refused: $host" within 5 is_closed $host
    ok "and logged: $host" within 5 logged "refuse host=$host "
done
is "no entry for any of them" "$(entries)" 1
ok "a name with blanks and quotes cannot pretend to be a key in the log" eval '
    db "INSERT INTO masq (host, name) VALUES ('"'10.99.7.7', 'x reason=may open host=1'"')"
    within 5 logged "user=.x reason=may open host=1. reason=.user is not allowed"'

# Orders that arrive while another is carried out. The last word counts, for every one of them.
db "DELETE FROM masq"
i=0
while [ $i -lt 40 ]; do
    db "INSERT INTO masq (host, name) VALUES ('10.99.0.2', 'alice') ON CONFLICT (host) DO UPDATE SET open = 2"
    [ $((i % 3)) = 0 ] && sleep 0.00$((i % 7))
    db "UPDATE masq SET open = 3 WHERE host = '10.99.0.2'"
    [ $((i % 4)) = 0 ] && sleep 0.00$((i % 5))
    i=$((i + 1))
done
ok "40 times 2 and 3: it ends closed" within 5 is_closed 10.99.0.2
ok "and is" not reaches
i=0
while [ $i -lt 40 ]; do
    db "UPDATE masq SET open = 3 WHERE host = '10.99.0.2'"
    db "INSERT INTO masq (host, name) VALUES ('10.99.0.2', 'bob') ON CONFLICT (host) DO UPDATE SET open = 2, name = 'bob'"
    i=$((i + 1))
done
ok "40 times 3 and 2: it ends open" within 5 is_open 10.99.0.2
ok "and is" within 5 reaches
ok "no session is left over" within 5 db_is 1 "SELECT count(*) FROM session WHERE closed IS NULL"

db "DELETE FROM masq; WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1999)
    INSERT INTO masq (host, name) SELECT '10.99.' || (1 + i / 250) || '.' || (i % 250), 'alice' FROM n"
ok "2000 rows in one transaction are all opened" within 60 db_is 2000 "SELECT count(*) FROM masq WHERE open = 1"
is "each has its entry" "$(on_gate iptables-legacy-save -t filter | grep -c -- '-s 10.99.*/32 -j ACCEPT')" 2000
ok "no chain holds more than sixteen of them" eval '[ "$(on_gate iptables-legacy-save -t filter | sed -n "s/^-A \(TCPQUOTA-00[0-9a-f]*\) .*/\1/p" | sort | uniq -c | sort -rn | awk "{print \$1; exit}")" -le 16 ]'
db "DELETE FROM masq"
no_hosts_left() { same "$(on_gate iptables-legacy-save -t filter | grep -c -- '/32 -j ACCEPT')" 0; }
root_chain_alone() { same "$(on_gate iptables-legacy-save -t filter | grep -c '^:TCPQUOTA-00')" 1; }
ok "all deleted: no entry is left" within 60 no_hosts_left
ok "and no chain but the root" within 20 root_chain_alone
stop_daemon
done_testing
