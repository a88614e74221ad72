-- tcpquota: balances, hosts, accounts and their audit. See tcpquota-schema(5).
--
-- Every table is STRICT (a text in an integer column is an error) and has no rowid, so that a
-- REPLACE can displace no row but the one of the same key.

CREATE TABLE tcptab (
    name TEXT PRIMARY KEY CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 32 AND instr(CAST(name AS BLOB), x'00') = 0),
    quota INTEGER NOT NULL DEFAULT 0
        CHECK (quota BETWEEN -1000000000000000 AND 1000000000000000)
) STRICT, WITHOUT ROWID;

CREATE TABLE allowed (
    name TEXT PRIMARY KEY CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 32 AND instr(CAST(name AS BLOB), x'00') = 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE masq (
    host TEXT PRIMARY KEY CHECK (length(CAST(host AS BLOB)) BETWEEN 1 AND 45),
    name TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 32 AND instr(CAST(name AS BLOB), x'00') = 0),
    cnts INTEGER NOT NULL DEFAULT 0 CHECK (cnts >= 0),
    tic INTEGER NOT NULL DEFAULT -1 CHECK (tic >= -1),
    counter INTEGER NOT NULL DEFAULT 0 CHECK (counter >= 0),
    open INTEGER NOT NULL DEFAULT 2 CHECK (open IN (0, 1, 2, 3)),
    free INTEGER NOT NULL DEFAULT 0 CHECK (free IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    host TEXT PRIMARY KEY CHECK (length(CAST(host AS BLOB)) BETWEEN 1 AND 45),
    user TEXT NOT NULL DEFAULT 'sqlite3' CHECK (length(CAST(user AS BLOB)) BETWEEN 1 AND 32),
    cause TEXT NOT NULL DEFAULT 'admin' CHECK
        (cause IN ('user', 'quota', 'denied', 'idle', 'moved', 'admin', 'hours', 'exit')),
    until TEXT CHECK (until IS strftime('%Y-%m-%dT%H:%M:%SZ', until, '+0 days'))
) STRICT, WITHOUT ROWID;

CREATE TABLE periodtab (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id >= 0),
    period TEXT NOT NULL DEFAULT (strftime('%Y%m%d %H%M', 'now', 'localtime')),
    quota INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

INSERT INTO periodtab (id) VALUES (0);

CREATE TABLE logging (
    "when" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    user TEXT NOT NULL,
    action TEXT NOT NULL CHECK
        (action IN ('allow', 'deny', 'add', 'take', 'set', 'delete', 'import', 'edit')),
    name TEXT NOT NULL,
    delta INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    reason TEXT
) STRICT;

CREATE INDEX logging_name ON logging (name);

CREATE TABLE logging_openfw (
    "when" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    user TEXT NOT NULL,
    action TEXT NOT NULL
) STRICT;

CREATE TABLE actor (
    user TEXT NOT NULL,
    action TEXT NOT NULL,
    reason TEXT
) STRICT;

CREATE TABLE session (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    opened TEXT NOT NULL,
    closed TEXT,
    seconds INTEGER NOT NULL DEFAULT 0,
    points INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER,
    cause TEXT
) STRICT;

CREATE INDEX session_name ON session (name);
CREATE INDEX session_live ON session (host) WHERE closed IS NULL;

CREATE TABLE usage (
    name TEXT NOT NULL,
    hour TEXT NOT NULL,
    seconds INTEGER NOT NULL DEFAULT 0,
    points INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (name, hour)
) STRICT, WITHOUT ROWID;

-- The balance that an INSERT or a rename is about to displace. REPLACE fires no delete trigger,
-- and what a BEFORE INSERT trigger sees may still be ignored (INSERT OR IGNORE) or become an
-- UPDATE (ON CONFLICT DO UPDATE): so BEFORE only keeps the old balance here, and AFTER, which
-- fires for rows that were really written, does the logging. DELETE and INSERT rather than
-- REPLACE, because the conflict clause of the outer statement overrides that of the inner one.
CREATE TABLE displaced (
    name TEXT PRIMARY KEY,
    quota INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER tcptab_before_insert BEFORE INSERT ON tcptab
BEGIN
    DELETE FROM displaced WHERE name = NEW.name;
    INSERT INTO displaced SELECT name, quota FROM tcptab WHERE name = NEW.name;
END;

CREATE TRIGGER tcptab_after_insert AFTER INSERT ON tcptab
BEGIN
    INSERT INTO logging (user, action, name, delta, balance, reason)
        SELECT coalesce((SELECT user FROM actor), 'sqlite3'),
               coalesce((SELECT action FROM actor), 'edit'), NEW.name,
               NEW.quota - coalesce((SELECT quota FROM displaced WHERE name = NEW.name), 0),
               NEW.quota, (SELECT reason FROM actor)
        WHERE NOT EXISTS (SELECT 1 FROM actor WHERE action = 'charge');
    DELETE FROM displaced WHERE name = NEW.name;
END;

CREATE TRIGGER tcptab_before_rename BEFORE UPDATE OF name ON tcptab WHEN NEW.name <> OLD.name
BEGIN
    DELETE FROM displaced WHERE name = NEW.name;
    INSERT INTO displaced SELECT name, quota FROM tcptab WHERE name = NEW.name;
END;

CREATE TRIGGER tcptab_after_rename AFTER UPDATE OF name ON tcptab WHEN NEW.name <> OLD.name
BEGIN
    INSERT INTO logging (user, action, name, delta, balance, reason)
        VALUES (coalesce((SELECT user FROM actor), 'sqlite3'),
                coalesce((SELECT action FROM actor), 'edit'), OLD.name, -OLD.quota, 0,
                coalesce((SELECT reason FROM actor), 'renamed to ' || NEW.name));
    INSERT INTO logging (user, action, name, delta, balance, reason)
        VALUES (coalesce((SELECT user FROM actor), 'sqlite3'),
                coalesce((SELECT action FROM actor), 'edit'), NEW.name,
                NEW.quota - coalesce((SELECT quota FROM displaced WHERE name = NEW.name), 0),
                NEW.quota, coalesce((SELECT reason FROM actor), 'renamed from ' || OLD.name));
    DELETE FROM displaced WHERE name = NEW.name;
END;

CREATE TRIGGER tcptab_after_update AFTER UPDATE OF quota ON tcptab
    WHEN NEW.name = OLD.name AND NEW.quota <> OLD.quota
BEGIN
    INSERT INTO logging (user, action, name, delta, balance, reason)
        SELECT coalesce((SELECT user FROM actor), 'sqlite3'),
               coalesce((SELECT action FROM actor), 'edit'), NEW.name,
               NEW.quota - OLD.quota, NEW.quota, (SELECT reason FROM actor)
        WHERE NOT EXISTS (SELECT 1 FROM actor WHERE action = 'charge');
END;

-- With recursive_triggers on, REPLACE does fire this one: then nothing is displaced any more.
CREATE TRIGGER tcptab_after_delete AFTER DELETE ON tcptab
BEGIN
    INSERT INTO logging (user, action, name, delta, balance, reason)
        VALUES (coalesce((SELECT user FROM actor), 'sqlite3'),
                coalesce((SELECT action FROM actor), 'edit'), OLD.name, -OLD.quota, 0,
                (SELECT reason FROM actor));
    DELETE FROM displaced WHERE name = OLD.name;
END;

CREATE TRIGGER allowed_after_insert AFTER INSERT ON allowed
BEGIN
    INSERT INTO logging (user, action, name, delta, balance, reason)
        VALUES (coalesce((SELECT user FROM actor), 'sqlite3'),
                coalesce((SELECT action FROM actor), 'edit'), NEW.name, 0,
                coalesce((SELECT quota FROM tcptab WHERE name = NEW.name), 0),
                coalesce((SELECT reason FROM actor), 'allowed'));
END;

CREATE TRIGGER allowed_after_rename AFTER UPDATE OF name ON allowed WHEN NEW.name <> OLD.name
BEGIN
    INSERT INTO logging (user, action, name, delta, balance, reason)
        VALUES (coalesce((SELECT user FROM actor), 'sqlite3'),
                coalesce((SELECT action FROM actor), 'edit'), OLD.name, 0,
                coalesce((SELECT quota FROM tcptab WHERE name = OLD.name), 0),
                coalesce((SELECT reason FROM actor), 'denied, renamed to ' || NEW.name));
    INSERT INTO logging (user, action, name, delta, balance, reason)
        VALUES (coalesce((SELECT user FROM actor), 'sqlite3'),
                coalesce((SELECT action FROM actor), 'edit'), NEW.name, 0,
                coalesce((SELECT quota FROM tcptab WHERE name = NEW.name), 0),
                coalesce((SELECT reason FROM actor), 'allowed, renamed from ' || OLD.name));
END;

CREATE TRIGGER allowed_after_delete AFTER DELETE ON allowed
BEGIN
    INSERT INTO logging (user, action, name, delta, balance, reason)
        VALUES (coalesce((SELECT user FROM actor), 'sqlite3'),
                coalesce((SELECT action FROM actor), 'edit'), OLD.name, 0,
                coalesce((SELECT quota FROM tcptab WHERE name = OLD.name), 0),
                coalesce((SELECT reason FROM actor), 'denied'));
END;

-- A plain INSERT opens a host that is closed: its row with open=0 makes room.
CREATE TRIGGER masq_before_insert BEFORE INSERT ON masq
BEGIN
    DELETE FROM masq WHERE host = NEW.host AND open = 0;
END;

-- An order ends when its host is closed, and with its row. A row with open=0 has none left, so an
-- order written just before a plain INSERT over such a row stays.
CREATE TRIGGER masq_after_close AFTER UPDATE OF open ON masq WHEN NEW.open = 0 AND OLD.open <> 0
BEGIN
    DELETE FROM orders WHERE host = NEW.host;
END;

CREATE TRIGGER masq_after_delete AFTER DELETE ON masq WHEN OLD.open <> 0
BEGIN
    DELETE FROM orders WHERE host = OLD.host;
END;

CREATE TRIGGER masq_after_rename AFTER UPDATE OF host ON masq WHEN NEW.host <> OLD.host
BEGIN
    DELETE FROM orders WHERE host = NEW.host AND EXISTS (SELECT 1 FROM orders WHERE host = OLD.host);
    UPDATE orders SET host = NEW.host WHERE host = OLD.host;
END;
