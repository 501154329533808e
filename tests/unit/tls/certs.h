/* Certificates made at run time in a folder of their own, for unit tests; the working directory is tests/. */
#ifndef UNIT_TLS_CERTS_H
#define UNIT_TLS_CERTS_H

#define CERTS_PATH_MAX 256

struct certs {
    char folder[64];
};

/** Run support/make_certs.sh with @p arguments ("server:localhost,127.0.0.1"); ends the test program when that fails.
 */
void certs_make(struct certs *certs, const char *arguments);
/** Add entities of the same CA, with options in front ("--key rsa"). */
void certs_add(const struct certs *certs, const char *options, const char *arguments);
/** Path of one file in the folder, in @p out. @return @p out. */
const char *certs_path(const struct certs *certs, const char *file, char out[CERTS_PATH_MAX]);
/** Remove the folder. */
void certs_remove(const struct certs *certs);

#endif
