# MySQL dump 7.1
#
# Host: localhost    Database: tcpquota
#--------------------------------------------------------
# Server version	3.22.32

#
# Table structure for table 'tcptab'
#
DROP TABLE IF EXISTS tcptab;
CREATE TABLE tcptab (
  name char(20) DEFAULT '' NOT NULL,
  quota int(11),
  PRIMARY KEY (name),
  KEY quota (quota,name(4))
);

#
# Dumping data for table 'tcptab'
#

LOCK TABLES tcptab WRITE;
INSERT INTO tcptab VALUES ('anna',3600),('björn',-120),('åsa; \'quoted\'',NULL);
UNLOCK TABLES;

#
# Table structure for table 'logging'
#
CREATE TABLE logging (
  when char(14) DEFAULT '' NOT NULL,
  user char(8) DEFAULT '' NOT NULL,
  action char(57) DEFAULT '' NOT NULL
);

#
# Dumping data for table 'logging'
#

INSERT INTO logging (when, user, action) VALUES ('19980413103826','root','set \"anna\" to 3600\r\n');
