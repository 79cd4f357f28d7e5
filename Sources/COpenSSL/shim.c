#include "COpenSSL.h"

#if defined(__linux__) && (defined(__aarch64__) || defined(__arm__))
#include <sys/auxv.h>
#endif

static int no_password(char *buffer, int size, int writing, void *context) {
  (void)buffer;
  (void)size;
  (void)writing;
  (void)context;
  return -1;
}

EVP_PKEY *gtach_read_private_key(const char *pem, int length) {
  BIO *memory = BIO_new_mem_buf(pem, length);
  if (memory == NULL) return NULL;
  EVP_PKEY *key = PEM_read_bio_PrivateKey(memory, NULL, no_password, NULL);
  BIO_free(memory);
  return key;
}

int gtach_add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
  if (extension == NULL) return 0;
  int added = X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  return added;
}

int gtach_configure_context(SSL_CTX *context) {
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // TLS 1.3 sends session tickets whatever SSL_OP_NO_TICKET says, unless their number is 0.
  if (SSL_CTX_set_num_tickets(context, 0) != 1) return 0;
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, 64 * 1024);
  const char *aes_first = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";
  const char *chacha_first = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
  return gtach_set_protocol_version(context, TLS1_3_VERSION) &&
         SSL_CTX_set_ciphersuites(context, gtach_has_aes_instructions() ? aes_first : chacha_first) == 1 &&
         SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1 && SSL_CTX_set1_sigalgs_list(context, "ed25519") == 1;
}

int gtach_set_protocol_version(SSL_CTX *context, int version) {
  return SSL_CTX_set_min_proto_version(context, version) == 1 && SSL_CTX_set_max_proto_version(context, version) == 1;
}

int gtach_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
  return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

int gtach_peer_chain_count(const SSL *connection) {
  STACK_OF(X509) *chain = SSL_get_peer_cert_chain(connection);
  return chain == NULL ? 0 : sk_X509_num(chain);
}

X509 *gtach_peer_chain_certificate(const SSL *connection, int position) {
  return sk_X509_value(SSL_get_peer_cert_chain(connection), position);
}

int gtach_error_reason(void) { return ERR_GET_REASON(ERR_peek_error()); }

int gtach_error_is_unexpected_end(void) {
  unsigned long error = ERR_peek_error();
  return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

int gtach_has_aes_instructions(void) {
#if defined(__x86_64__) || defined(__i386__)
  return __builtin_cpu_supports("aes") != 0;
#elif defined(__APPLE__)
  return 1;
#elif defined(__linux__) && defined(__aarch64__)
  return (getauxval(AT_HWCAP) & (1UL << 3)) != 0;   // HWCAP_AES
#elif defined(__linux__) && defined(__arm__)
  return (getauxval(AT_HWCAP2) & (1UL << 0)) != 0;  // HWCAP2_AES
#else
  return 0;
#endif
}
