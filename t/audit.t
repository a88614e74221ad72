#!/bin/sh
# The schema by itself: whatever an administrator does to balances in the sqlite3 shell, the sum
# of the logged deltas is the balance.
. "$(dirname "$0")/lib.sh"

mkdir "$TRASH/db"
db ".read $TOP/schema/0001-base.sql"
user=0

# audit DESCRIPTION EXPECTED-BALANCE EXPECTED-DELTAS SQL (with :u for a user of its own)
audit() {
    user=$((user + 1))
    sql=$(printf '%s' "$4" | sed "s/:u/u$user/g; s/:v/v$user/g")
    db "$sql" >"$TRASH/said" 2>&1
    is "$1" "$(db "SELECT coalesce((SELECT quota FROM tcptab WHERE name = 'u$user'), 0), coalesce((SELECT sum(delta) FROM logging WHERE name = 'u$user'), 0), coalesce((SELECT group_concat(delta, ' ') FROM (SELECT delta FROM logging WHERE name = 'u$user' AND reason IS NOT 'allowed' ORDER BY rowid)), '')")" "$2|$2|$3"
}

audit "INSERT" 5 "5" "INSERT INTO tcptab VALUES (':u', 5)"
audit "REPLACE over a balance" 7 "5 2" "INSERT INTO tcptab VALUES (':u', 5); REPLACE INTO tcptab VALUES (':u', 7)"
audit "REPLACE with recursive_triggers" 7 "5 -5 7" "INSERT INTO tcptab VALUES (':u', 5); PRAGMA recursive_triggers = 1; REPLACE INTO tcptab VALUES (':u', 7)"
audit "INSERT OR IGNORE that is ignored" 5 "5" "INSERT INTO tcptab VALUES (':u', 5); INSERT OR IGNORE INTO tcptab VALUES (':u', 70)"
audit "an ignored INSERT, then a REPLACE" 9 "5 4" "INSERT INTO tcptab VALUES (':u', 5); INSERT OR IGNORE INTO tcptab VALUES (':u', 70); REPLACE INTO tcptab VALUES (':u', 9)"
audit "upsert that becomes an UPDATE" 12 "5 7" "INSERT INTO tcptab VALUES (':u', 5); INSERT INTO tcptab VALUES (':u', 7) ON CONFLICT (name) DO UPDATE SET quota = quota + excluded.quota"
audit "UPDATE, relative" 15 "5 10" "INSERT INTO tcptab VALUES (':u', 5); UPDATE tcptab SET quota = quota + 10 WHERE name = ':u'"
audit "UPDATE to the same value logs nothing" 5 "5" "INSERT INTO tcptab VALUES (':u', 5); UPDATE tcptab SET quota = 5 WHERE name = ':u'"
audit "DELETE" 0 "5 -5" "INSERT INTO tcptab VALUES (':u', 5); DELETE FROM tcptab WHERE name = ':u'"
audit "rename away" 0 "5 -5" "INSERT INTO tcptab VALUES (':u', 5); UPDATE tcptab SET name = ':v' WHERE name = ':u'"
audit "rename to here" 6 "6" "INSERT INTO tcptab VALUES (':v', 6); UPDATE tcptab SET name = ':u' WHERE name = ':v'"
audit "rename with a new balance" 0 "5 -5" "INSERT INTO tcptab VALUES (':u', 5); UPDATE tcptab SET name = ':v', quota = 50 WHERE name = ':u'"
audit "rename over another's balance (UPDATE OR REPLACE)" 3 "8 -5" "INSERT INTO tcptab VALUES (':u', 8), (':v', 3); UPDATE OR REPLACE tcptab SET name = ':u' WHERE name = ':v'"
audit "rename over another's balance that is ignored" 8 "8" "INSERT INTO tcptab VALUES (':u', 8), (':v', 3); UPDATE OR IGNORE tcptab SET name = ':u' WHERE name = ':v'"
audit "rolled back" 0 "" "BEGIN; INSERT INTO tcptab VALUES (':u', 8); ROLLBACK"
audit "allow and deny leave the balance" 5 "5 0" "INSERT INTO tcptab VALUES (':u', 5); INSERT INTO allowed VALUES (':u'); DELETE FROM allowed WHERE name = ':u'"

is "the shell is user sqlite3, action edit" "$(db "SELECT DISTINCT user, action FROM logging")" 'sqlite3|edit'
db "BEGIN; INSERT INTO actor VALUES ('root', 'add', 'paid cash'); INSERT INTO tcptab VALUES ('payer', 600); DELETE FROM actor; COMMIT"
is "actor tells who acts" "$(db "SELECT user, action, reason FROM logging WHERE name = 'payer'")" 'root|add|paid cash'
db "BEGIN; INSERT INTO actor VALUES ('tcpquotad', 'charge', NULL); UPDATE tcptab SET quota = 599 WHERE name = 'payer'; DELETE FROM actor; COMMIT"
is "a charge is not logged" "$(db "SELECT count(*) FROM logging WHERE name = 'payer'")" 1

# refused DESCRIPTION SQL
refused() { ok "refused: $1" not db "$2"; }
refused "a balance that is text" "INSERT INTO tcptab VALUES ('x', 'many')"
refused "a balance out of range" "INSERT INTO tcptab VALUES ('x', 9223372036854775807)"
refused "an empty name" "INSERT INTO tcptab VALUES ('', 1)"
refused "a name of 33 bytes" "INSERT INTO tcptab VALUES ('123456789012345678901234567890123', 1)"
refused "a name of 17 letters that are 34 bytes" "INSERT INTO allowed VALUES ('ååååååååååååååååå')"
refused "open=7" "INSERT INTO masq (host, name, open) VALUES ('10.0.0.1', 'x', 7)"
refused "a negative counter" "INSERT INTO masq (host, name, counter) VALUES ('10.0.0.1', 'x', -1)"
refused "negative cnts" "INSERT INTO masq (host, name, cnts) VALUES ('10.0.0.1', 'x', -1)"
refused "tic=-2" "INSERT INTO masq (host, name, tic) VALUES ('10.0.0.1', 'x', -2)"
refused "free=2" "INSERT INTO masq (host, name, free) VALUES ('10.0.0.1', 'x', 2)"
refused "a cause nobody knows" "INSERT INTO orders (host, cause) VALUES ('10.0.0.1', 'whim')"
refused "until that is no time" "INSERT INTO orders (host, until) VALUES ('10.0.0.1', 'tomorrow')"
refused "until on 31 February" "INSERT INTO orders (host, until) VALUES ('10.0.0.1', '2027-02-31T00:00:00Z')"

is "masq has its columns in their order" "$(db "SELECT group_concat(name, ' ') FROM pragma_table_info('masq')")" "host name cnts tic counter open free"
is "its defaults" "$(db "INSERT INTO masq (host, name) VALUES ('10.0.0.9', 'x'); SELECT * FROM masq WHERE host = '10.0.0.9'")" '10.0.0.9|x|0|-1|0|2|0'
refused "a plain INSERT over an open row" "INSERT INTO masq (host, name) VALUES ('10.0.0.9', 'y')"
db "UPDATE masq SET open = 0, counter = 5 WHERE host = '10.0.0.9'; INSERT INTO masq (host, name) VALUES ('10.0.0.9', 'y')"
is "a plain INSERT over a closed row replaces it" "$(db "SELECT * FROM masq WHERE host = '10.0.0.9'")" '10.0.0.9|y|0|-1|0|2|0'
db "INSERT INTO orders (host, user) VALUES ('10.0.0.9', 'root'); DELETE FROM masq WHERE host = '10.0.0.9'"
is "an order goes with its row" "$(db "SELECT count(*) FROM orders")" 0
db "INSERT INTO masq (host, name, open) VALUES ('10.0.0.9', 'y', 1); INSERT INTO orders (host, until) VALUES ('10.0.0.9', '2026-01-01T00:00:00Z'); UPDATE masq SET open = 0"
is "and with the closing of its host" "$(db "SELECT count(*) FROM orders")" 0
is "a new database has period 0" "$(db "SELECT id, quota FROM periodtab")" '0|0'
done_testing
