CREATE TABLE tcptab (
  name char(20),
  quota int(11)
);
LOCK TABLES tcptab WRITE
INSERT INTO tcptab VALUES ('anna',3600);
UNLOCK TABLES;
