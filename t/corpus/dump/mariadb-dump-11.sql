/*M!999999\- enable the sandbox mode */ 
-- MariaDB dump 10.19-11.4.3-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: tcpquota
-- ------------------------------------------------------

/*!40101 SET NAMES utf8mb4 */;
/*M!100616 SET @OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY, NOTE_VERBOSITY=0 */;

DROP TABLE IF EXISTS `allowed`;
CREATE TABLE `allowed` (
  `name` char(20) NOT NULL
) ENGINE=MyISAM DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci;

LOCK TABLES `allowed` WRITE;
/*!40000 ALTER TABLE `allowed` DISABLE KEYS */;
set autocommit=0;
INSERT INTO `allowed` VALUES
('anna'),
('bengt');
/*!40000 ALTER TABLE `allowed` ENABLE KEYS */;
UNLOCK TABLES;
commit;
/*M!100616 SET NOTE_VERBOSITY=@OLD_NOTE_VERBOSITY */;
