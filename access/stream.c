#include "stream.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

int stream_begin_tls(struct stream *s, SSL_CTX *context)
{
    s->ssl = SSL_new(context);
    if (!s->ssl)
        return -ENOMEM;
    if (SSL_set_fd(s->ssl, s->fd) != 1) {
        SSL_free(s->ssl);
        s->ssl = NULL;
        return -ENOMEM;
    }
    SSL_set_accept_state(s->ssl);
    return 0;
}

/* What a call of OpenSSL that gave `rc` means; its errors are of this thread, and not left to be
 * found by the next call. */
static int tls_error(struct stream *s, int rc, short *wants)
{
    int error = SSL_get_error(s->ssl, rc), saved = errno;

    ERR_clear_error();
    switch (error) {
    case SSL_ERROR_WANT_READ:
        *wants = EV_READ;
        return -EAGAIN;
    case SSL_ERROR_WANT_WRITE:
        *wants = EV_WRITE;
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        return saved ? -saved : -ECONNRESET;
    default:
        return -EPROTO;
    }
}

int stream_handshake(struct stream *s, short *wants)
{
    int rc, err;

    errno = 0;
    rc = SSL_do_handshake(s->ssl);
    if (rc == 1)
        return 0;
    err = tls_error(s, rc, wants);
    return err ? err : -EPROTO;
}

static int cut_to_int(size_t len)
{
    return len > INT_MAX ? INT_MAX : (int)len;
}

ssize_t stream_read(struct stream *s, void *buffer, size_t len, short *wants)
{
    ssize_t n;

    if (s->ssl) {
        errno = 0;
        n = SSL_read(s->ssl, buffer, cut_to_int(len));
        return n > 0 ? n : tls_error(s, (int)n, wants);
    }
    *wants = EV_READ;
    do
        n = recv(s->fd, buffer, len, 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

bool stream_holds(const struct stream *s)
{
    return s->ssl && SSL_pending(s->ssl) > 0;
}

ssize_t stream_write(struct stream *s, const void *buffer, size_t len, short *wants)
{
    ssize_t n;

    if (s->ssl) {
        errno = 0;
        n = SSL_write(s->ssl, buffer, cut_to_int(len));
        if (n > 0)
            return n;
        n = tls_error(s, (int)n, wants);
        return n ? n : -EPIPE;
    }
    *wants = EV_WRITE;
    do
        n = send(s->fd, buffer, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

int stream_end(struct stream *s, short *wants)
{
    if (s->ssl) {
        int rc, err;

        errno = 0;
        rc = SSL_shutdown(s->ssl);
        err = rc < 0 ? tls_error(s, rc, wants) : 0;
        if (err)
            return err;
    }
    return shutdown(s->fd, SHUT_WR) == 0 ? 0 : -errno;
}

void stream_close(struct stream *s, bool reset)
{
    const struct linger at_once = {.l_onoff = 1};

    if (s->fd < 0)
        return;
    if (reset)
        setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    SSL_free(s->ssl);
    close(s->fd);
    *s = (struct stream){.fd = -1};
}
