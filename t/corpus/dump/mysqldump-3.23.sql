-- MySQL dump 8.22
--
-- Host: localhost    Database: tcpquota
---------------------------------------------------------
-- Server version	3.23.52-log

--
-- Table structure for table 'allowed'
--

DROP TABLE IF EXISTS allowed;
CREATE TABLE allowed (
  name char(20) NOT NULL default '',
  UNIQUE KEY k_name(name)
) TYPE=MyISAM COMMENT='who may; it''s (a) list';

/*!40000 ALTER TABLE allowed DISABLE KEYS */;

--
-- Dumping data for table 'allowed'
--


LOCK TABLES allowed WRITE;
INSERT IGNORE INTO allowed VALUES ('anna'),
('bj\\örn'),('a\0b\Z\tc');
REPLACE INTO allowed VALUES ('');
/*!40000 ALTER TABLE allowed ENABLE KEYS */;
UNLOCK TABLES;

