/*
 * stream: the bytes of one connection, plain or inside TLS, by a socket that does not block.
 *
 * Where a call cannot go on it is -EAGAIN, and *wants says for what to wait: EV_READ or EV_WRITE.
 * Inside TLS it may be the other one than the call's own.
 */
#ifndef TCPQUOTA_STREAM_H
#define TCPQUOTA_STREAM_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct stream {
    int fd;   /* -1: closed */
    SSL *ssl; /* NULL: plain */
};

/* The server's side of TLS on a socket. 0 or -ENOMEM. */
int stream_begin_tls(struct stream *s, SSL_CTX *context);
/* 0 once it is done; -EAGAIN; -EPROTO. */
int stream_handshake(struct stream *s, short *wants);
/* Bytes; 0: the other side has ended its half; -EAGAIN; -EPROTO; -errno. */
ssize_t stream_read(struct stream *s, void *buffer, size_t len, short *wants);
/* Whether it has bytes to be read that the kernel does not tell of any more. */
bool stream_holds(const struct stream *s);
/* Bytes, at least 1; -EAGAIN, and then the same bytes have to come next; -EPROTO; -errno. */
ssize_t stream_write(struct stream *s, const void *buffer, size_t len, short *wants);
/* Ends our half. 0, -EAGAIN, -errno. */
int stream_end(struct stream *s, short *wants);
/* Closes it; `reset`: the other side shall not take what it has got for all there is. */
void stream_close(struct stream *s, bool reset);

#endif
