/*
 * tls: certificate and key of a relay, OpenSSL's. TLS 1.2 at least, no renegotiation, no
 * compression.
 */
#ifndef TCPQUOTA_TLS_H
#define TCPQUOTA_TLS_H

#include <openssl/types.h>

#define TLS_WHY_LEN 256

/* Reads a chain of certificates and a key, PEM; `key` NULL: it stands in the same file; `pass`
 * NULL: it has none, nobody is asked. 0; -EINVAL with file and reason in `why`; -ENOMEM. */
int tls_open(SSL_CTX **out, const char *cert, const char *key, const char *pass,
             char why[TLS_WHY_LEN]);
void tls_close(SSL_CTX *context);

#endif
