CREATE TABLE `tcptab` (
  `name` char(20) NOT NULL,
  `quota` int(11)
);
INSERT INTO `tcptab` VALUES ('anna',3600),('bengt',36