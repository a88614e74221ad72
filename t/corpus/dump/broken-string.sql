CREATE TABLE tcptab (
  name CHAR(20) NOT NULL,
  quota INT
) \g
INSERT INTO tcptab VALUES ('anna',3600)\g
INSERT INTO tcptab VALUES ('bengt,60)\g
INSERT INTO tcptab VALUES ('cecilia',60)\g
