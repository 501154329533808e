#include "certs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run(const char *command)
{
    if (system(command) != 0) {
        fprintf(stderr, "this failed: %s\n", command);
        exit(1);
    }
}

void certs_add(const struct certs *certs, const char *options, const char *arguments)
{
    char command[1024];
    snprintf(command, sizeof command, "support/make_certs.sh %s %s %s", options, certs->folder, arguments);
    run(command);
}

void certs_make(struct certs *certs, const char *arguments)
{
    strcpy(certs->folder, "/tmp/msgin5g-certs-XXXXXX");
    if (mkdtemp(certs->folder) == NULL) {
        perror(certs->folder);
        exit(1);
    }
    certs_add(certs, "", arguments);
}

const char *certs_path(const struct certs *certs, const char *file, char out[CERTS_PATH_MAX])
{
    snprintf(out, CERTS_PATH_MAX, "%s/%s", certs->folder, file);
    return out;
}

void certs_remove(const struct certs *certs)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", certs->folder);
    run(command);
}
