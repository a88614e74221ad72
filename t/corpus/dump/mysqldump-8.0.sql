-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
--
-- Host: localhost    Database: tcpquota
-- ------------------------------------------------------
-- Server version	8.0.36

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!50503 SET NAMES utf8mb4 */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

--
-- Current Database: `tcpquota`
--

CREATE DATABASE /*!32312 IF NOT EXISTS*/ `tcpquota` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci */ /*!80016 DEFAULT ENCRYPTION='N' */;

USE `tcpquota`;

--
-- Table structure for table `tcptab`
--

DROP TABLE IF EXISTS `tcptab`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `tcptab` (
  `name` char(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci NOT NULL COMMENT 'user''s name, not `id`',
  `quota` decimal(10,2) DEFAULT '0.00' CHECK ((`quota` > -(5))),
  `key` enum('a),b','c''d') DEFAULT NULL,
  `odd``name` varbinary(8) DEFAULT NULL /*!80023 INVISIBLE */,
  PRIMARY KEY (`name`),
  UNIQUE KEY `q` (`quota`,`key`),
  CONSTRAINT `c` FOREIGN KEY (`name`) REFERENCES `allowed` (`name`) ON DELETE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=12 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci
/*!50100 PARTITION BY KEY (name) */;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `tcptab`
--

LOCK TABLES `tcptab` WRITE;
/*!40000 ALTER TABLE `tcptab` DISABLE KEYS */;
INSERT INTO `tcptab` VALUES ('anna',3600.00,'a),b',_binary 'x\0y'),('björn',-0.50,NULL,NULL);
INSERT INTO `tcptab` (`name`, `quota`) VALUES ('smörgås -- # /* */ ;',1e20);
/*!40000 ALTER TABLE `tcptab` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER `t` AFTER INSERT ON `tcptab` FOR EACH ROW BEGIN
  -- it's a comment; and /* this
  INSERT INTO allowed VALUES (NEW.name); /* isn't one */
  INSERT INTO logging VALUES ('*/;;');
END */;;
DELIMITER ;
/*!50001 DROP VIEW IF EXISTS `v`*/;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */
/*!50001 VIEW `v` AS select `tcptab`.`name` AS `name` from `tcptab` */;

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

-- Dump completed on 2024-02-01 12:00:00
