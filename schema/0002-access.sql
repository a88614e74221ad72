-- tcpquota-authd(8): who may connect, asked for each new connection. See tcpquota-schema(5).

CREATE TABLE hostgroup (
    hgId INTEGER PRIMARY KEY,
    name TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 64 AND instr(CAST(name AS BLOB), x'00') = 0)
) STRICT;

-- An address, a network (10.0.0.0/8) or a range (10.0.0.1-10.0.0.9) of IPv4 or IPv6 each.
CREATE TABLE validipaddress (
    hostGroup INTEGER NOT NULL,
    hostAddress TEXT NOT NULL
        CHECK (length(hostAddress) BETWEEN 2 AND 91 AND NOT hostAddress GLOB '*[^0-9a-fA-F:./-]*'),
    PRIMARY KEY (hostGroup, hostAddress)
) STRICT, WITHOUT ROWID;

CREATE TABLE lookuplog (
    hostAddress TEXT NOT NULL,
    hostGroup INTEGER,
    allow INTEGER NOT NULL CHECK (allow IN (0, 1)),
    lookupWhen TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
) STRICT;

-- A generation is a number that grows whenever something changes that answers are made of: `lists`
-- for addresses and groups, `hosts` for who is open, allowed and paid for. Programs that keep
-- answers look at it after every commit of others. What is charged does not count.
CREATE TABLE policy (
    topic TEXT PRIMARY KEY,
    generation INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

INSERT INTO policy (topic) VALUES ('lists'), ('hosts');

-- The last changes of validipaddress, each with the generation of `lists` that it made, so that a
-- long list is not read anew for one line of it. A generation without a row here has changed more.
CREATE TABLE addresschange (
    generation INTEGER PRIMARY KEY,
    hostGroup INTEGER NOT NULL,
    hostAddress TEXT NOT NULL,
    delta INTEGER NOT NULL
) STRICT;

-- Rows that an INSERT is about to displace; as with `displaced` of the base tables, a REPLACE fires
-- no delete trigger, and what BEFORE INSERT sees may still be ignored.
CREATE TABLE addressdisplaced (
    hostGroup INTEGER NOT NULL,
    hostAddress TEXT NOT NULL,
    PRIMARY KEY (hostGroup, hostAddress)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER addresschange_after_insert AFTER INSERT ON addresschange
BEGIN
    DELETE FROM addresschange WHERE generation <= NEW.generation - 1000;
END;

CREATE TRIGGER validipaddress_before_insert BEFORE INSERT ON validipaddress
BEGIN
    DELETE FROM addressdisplaced WHERE hostGroup = NEW.hostGroup AND hostAddress = NEW.hostAddress;
    INSERT INTO addressdisplaced SELECT hostGroup, hostAddress FROM validipaddress
        WHERE hostGroup = NEW.hostGroup AND hostAddress = NEW.hostAddress;
END;

CREATE TRIGGER validipaddress_after_insert AFTER INSERT ON validipaddress
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'lists';
    INSERT INTO addresschange
        SELECT generation, NEW.hostGroup, NEW.hostAddress, NOT EXISTS (SELECT 1 FROM addressdisplaced
            WHERE hostGroup = NEW.hostGroup AND hostAddress = NEW.hostAddress)
        FROM policy WHERE topic = 'lists';
    DELETE FROM addressdisplaced WHERE hostGroup = NEW.hostGroup AND hostAddress = NEW.hostAddress;
END;

-- With recursive_triggers on, REPLACE does fire this one: then nothing is displaced any more.
CREATE TRIGGER validipaddress_after_delete AFTER DELETE ON validipaddress
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'lists';
    INSERT INTO addresschange SELECT generation, OLD.hostGroup, OLD.hostAddress, -1
        FROM policy WHERE topic = 'lists';
    DELETE FROM addressdisplaced WHERE hostGroup = OLD.hostGroup AND hostAddress = OLD.hostAddress;
END;

-- No row in addresschange: the lists are read anew.
CREATE TRIGGER validipaddress_after_update AFTER UPDATE ON validipaddress
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'lists';
END;

CREATE TRIGGER hostgroup_after_insert AFTER INSERT ON hostgroup
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'lists';
END;

CREATE TRIGGER hostgroup_after_update AFTER UPDATE ON hostgroup
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'lists';
END;

CREATE TRIGGER hostgroup_after_delete AFTER DELETE ON hostgroup
BEGIN
    DELETE FROM validipaddress WHERE hostGroup = OLD.hgId;
    UPDATE policy SET generation = generation + 1 WHERE topic = 'lists';
END;

-- Every change of a balance or of `allowed` that is not a charge has a row in logging.
CREATE TRIGGER logging_after_insert AFTER INSERT ON logging
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'hosts';
END;

CREATE TRIGGER masq_after_insert AFTER INSERT ON masq
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'hosts';
END;

CREATE TRIGGER masq_after_removal AFTER DELETE ON masq
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'hosts';
END;

CREATE TRIGGER masq_after_change AFTER UPDATE OF host, name, open, free ON masq
    WHEN NEW.host <> OLD.host OR NEW.name <> OLD.name OR NEW.open <> OLD.open OR NEW.free <> OLD.free
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'hosts';
END;
