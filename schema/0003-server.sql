-- tcpquota-server(8): whose connections are accepted, and where a relay takes them. See
-- tcpquota-schema(5).

-- IPv4 alone, for every service. Nobody but the administrator writes here; what cannot be meant is
-- refused, and a decision that is none denies.
CREATE TABLE tcpserver_rules (
    itime INTEGER,
    ip_start INTEGER CHECK (ip_start BETWEEN 0 AND 4294967295),
    ip_end INTEGER CHECK (ip_end BETWEEN coalesce(ip_start, 0) AND 4294967295),
    decision INTEGER,
    env TEXT
) STRICT;

-- The same for one service, for the addresses of a host group, for a network of IPv4 or IPv6; NULL
-- is any.
CREATE TABLE tcpserver_scope (
    service TEXT CHECK (length(CAST(service AS BLOB)) BETWEEN 1 AND 64),
    hostgroup TEXT CHECK (length(CAST(hostgroup AS BLOB)) BETWEEN 1 AND 64),
    net TEXT CHECK (length(net) BETWEEN 2 AND 91 AND NOT net GLOB '*[^0-9a-fA-F:./-]*'),
    decision INTEGER,
    env TEXT,
    itime INTEGER DEFAULT (CAST(strftime('%s', 'now') AS INTEGER))
) STRICT;

-- Where the relay of this name takes connections, beside what its configuration says. A weight of 0
-- drains: what is there goes on, nothing new comes.
CREATE TABLE backends (
    service TEXT NOT NULL CHECK (length(CAST(service AS BLOB)) BETWEEN 1 AND 64),
    address TEXT NOT NULL CHECK (length(address) BETWEEN 2 AND 45 AND NOT address GLOB '*[^0-9a-fA-F:.]*'),
    port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    protocol TEXT NOT NULL DEFAULT 'TCP' COLLATE NOCASE CHECK (protocol IN ('TCP', 'SCTP')),
    weight INTEGER NOT NULL DEFAULT 1 CHECK (weight BETWEEN 0 AND 1000),
    PRIMARY KEY (service, address, port, protocol)
) STRICT, WITHOUT ROWID;

INSERT INTO policy (topic) VALUES ('rules'), ('backends');

CREATE TRIGGER tcpserver_rules_after_insert AFTER INSERT ON tcpserver_rules
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'rules';
END;

CREATE TRIGGER tcpserver_rules_after_update AFTER UPDATE ON tcpserver_rules
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'rules';
END;

CREATE TRIGGER tcpserver_rules_after_delete AFTER DELETE ON tcpserver_rules
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'rules';
END;

CREATE TRIGGER tcpserver_scope_after_insert AFTER INSERT ON tcpserver_scope
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'rules';
END;

CREATE TRIGGER tcpserver_scope_after_update AFTER UPDATE ON tcpserver_scope
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'rules';
END;

CREATE TRIGGER tcpserver_scope_after_delete AFTER DELETE ON tcpserver_scope
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'rules';
END;

CREATE TRIGGER backends_after_insert AFTER INSERT ON backends
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'backends';
END;

CREATE TRIGGER backends_after_update AFTER UPDATE ON backends
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'backends';
END;

CREATE TRIGGER backends_after_delete AFTER DELETE ON backends
BEGIN
    UPDATE policy SET generation = generation + 1 WHERE topic = 'backends';
END;
