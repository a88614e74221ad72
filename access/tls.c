#include "tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Never asks on the terminal. */
static int give_pass(char *buffer, int size, int writing, void *context)
{
    const char *pass = context;
    size_t len = pass ? strlen(pass) : 0;

    (void)writing;
    if (!pass || size < 0 || len > (size_t)size)
        return -1;
    memcpy(buffer, pass, len);
    return (int)len;
}

static int fail(const char *file, const char *what, char why[TLS_WHY_LEN])
{
    unsigned long error = ERR_peek_last_error();
    const char *reason = error ? ERR_reason_error_string(error) : NULL;

    /* What OpenSSL says of a file that cannot be opened names neither it nor the reason. */
    if (access(file, R_OK) != 0)
        reason = strerror(errno);
    snprintf(why, TLS_WHY_LEN, "%s: %s: %s", file, what, reason ? reason : "unknown error");
    ERR_clear_error();
    return -EINVAL;
}

static int load(SSL_CTX *context, const char *cert, const char *key, char why[TLS_WHY_LEN])
{
    if (SSL_CTX_use_certificate_chain_file(context, cert) != 1)
        return fail(cert, "no certificate", why);
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        return fail(key, "no key that can be read", why);
    if (SSL_CTX_check_private_key(context) != 1)
        return fail(key, "no key of this certificate", why);
    return 0;
}

int tls_open(SSL_CTX **out, const char *cert, const char *key, const char *pass,
             char why[TLS_WHY_LEN])
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    int err;

    if (!context)
        return -ENOMEM;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    /* What a write could not send may stand elsewhere at the next try. */
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_default_passwd_cb(context, give_pass);
    SSL_CTX_set_default_passwd_cb_userdata(context, (void *)(uintptr_t)pass);
    err = load(context, cert, key ? key : cert, why);
    SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
    if (err)
        SSL_CTX_free(context);
    else
        *out = context;
    return err;
}

void tls_close(SSL_CTX *context)
{
    SSL_CTX_free(context);
}
