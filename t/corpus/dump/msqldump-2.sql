#
# mSQL Dump  (requires mSQL 2.0 Beta 5 or newer)
#
# Host: localhost    Database: tcpquota
#--------------------------------------------------------


#
# Table structure for table 'periodtab'
#
DROP TABLE periodtab \g
CREATE TABLE periodtab (
  id INT NOT NULL,
  period CHAR(20) NOT NULL,
  quota INT
) \g

CREATE UNIQUE  INDEX ix_id ON periodtab (
	id
) \g

CREATE SEQUENCE ON periodtab STEP 1 VALUE 3 \g


#
# Dumping data for table 'periodtab'
#

INSERT INTO periodtab (id, period, quota) VALUES (1,'19970529 21:42',86400)\g
INSERT INTO periodtab (id, period, quota) VALUES (2,'199706 Mån',123456789)\g

#
# Table structure for table 'logging_openfw'
#
DROP TABLE logging_openfw \g
CREATE TABLE logging_openfw (
  when CHAR(14) NOT NULL,
  user CHAR(8) NOT NULL,
  action CHAR(57) NOT NULL,
  seen REAL,
  note TEXT(40)
) \g


#
# Dumping data for table 'logging_openfw'
#

INSERT INTO logging_openfw  VALUES ('19980413103826','root','opened \'10.0.0.7\' for anna',1.500000,'two
lines')\g
INSERT INTO logging_openfw  VALUES ('19980413104000','root','-- # /* \\',-0.250000,'')\g

