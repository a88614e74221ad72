#
# mSQL Dump  (requires mSQL-1.0.6 or better)
#
# Host: localhost    Database: tcpquota
#--------------------------------------------------------


#
# Table structure for table 'tcptab'
#
CREATE TABLE tcptab (
  name CHAR(20) NOT NULL PRIMARY KEY,
  quota INT
) \g


#
# Dumping data for table 'tcptab'
#

INSERT INTO tcptab VALUES ('anna',3600)\g
INSERT INTO tcptab VALUES ('björn               ',-120)\g
INSERT INTO tcptab VALUES ('o\'brien',0)\g
INSERT INTO tcptab VALUES ('back\\slash;\\g',NULL)\g

#
# Table structure for table 'allowed'
#
CREATE TABLE allowed (
  name CHAR(20) NOT NULL
) \g


#
# Dumping data for table 'allowed'
#

INSERT INTO allowed VALUES ('anna')\g

#
# Table structure for table 'masq'
#
CREATE TABLE masq (
  host CHAR(15) NOT NULL,
  name CHAR(20) NOT NULL,
  cnts INT,
  tic INT,
  counter INT,
  open INT,
  free INT
) \g


#
# Dumping data for table 'masq'
#

INSERT INTO masq VALUES ('10.0.0.7','anna',3,0,17,1,0)\g

