-- --compatible=ansi, --complete-insert, from a machine with other line ends
CREATE TABLE "tcptab" (
  "name" char(20) NOT NULL,
  "quota" int(11)
);
INSERT INTO "tcptab" ("name", "quota") VALUES ('say "hej"',1);
INSERT INTO "tcptab" VALUES ("it's",2);
