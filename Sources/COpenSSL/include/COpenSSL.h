#ifndef COPENSSL_H
#define COPENSSL_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// What Swift cannot import: macros over SSL_CTX_ctrl, macro constants with casts, and chains of inline functions.

/// Reads a PEM private key; unlike the library's default it never asks for a password on the terminal.
EVP_PKEY *gtach_read_private_key(const char *pem, int length);
/// Appends to the certificate the extension `nid` with the value in the syntax of x509v3_config(5); 1 or 0.
int gtach_add_extension(X509 *certificate, X509 *issuer, int nid, const char *value);

/// Applies to a context what holds for every gtach connection: TLS 1.3 only, no tickets, no resumption, no
/// renegotiation, partial writes, buffers released when idle, 64 KiB read-ahead; 1 or 0.
int gtach_configure_context(SSL_CTX *context);
/// Restricts a context to one version of the protocol, such as TLS1_2_VERSION; 1 or 0.
int gtach_set_protocol_version(SSL_CTX *context, int version);
/// Sends the certificate after the leaf in the handshake; 1 or 0.
int gtach_add_chain_certificate(SSL_CTX *context, X509 *certificate);

/// Length of the certificate chain that the peer sent, and one of its members (not retained).
int gtach_peer_chain_count(const SSL *connection);
X509 *gtach_peer_chain_certificate(const SSL *connection, int position);

/// The reason code of the oldest error in this thread's queue, 0 where there is none. Leaves the queue as it is.
int gtach_error_reason(void);
/// Whether that error is the library's way of saying that the peer went away without a close_notify.
int gtach_error_is_unexpected_end(void);

/// Whether this machine's processor has instructions for AES (a Raspberry Pi 4 and older has not).
int gtach_has_aes_instructions(void);

#endif
