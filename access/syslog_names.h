/* syslog_names: the words for levels and facilities of syslog(3), in any case. */
#ifndef TCPQUOTA_SYSLOG_NAMES_H
#define TCPQUOTA_SYSLOG_NAMES_H

/* LOG_INFO for `info` or `LOG_INFO`; -EINVAL if it is none. */
int syslog_level(const char *name);
/* LOG_UUCP for `uucp`; the same. */
int syslog_facility(const char *name);

#endif
