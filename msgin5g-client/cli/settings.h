/* The configuration file of the command: its keys, read and released (decision D9). */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

/** The keys of the configuration file; options of the same name win. Owned texts. */
struct settings {
    char *server;
    char *server_name;
    char *service_id;
    char *usim;
    char *ausf_url, *ausf_ca, *ausf_certificate, *ausf_key;
    char *sn_name;
    int64_t lifetime_s;
    int64_t keep_alive_s;
    int version; /* enum msgin5g_version */
    bool ccm8;
    bool oscore;
};

/** Defaults, then the file at @p path (NULL: none). @return false after saying on standard error what is wrong. Release
 * @p out with settings_free() either way. */
bool settings_load(const char *path, struct settings *out);
/** Every key with its default and meaning on standard output. */
void settings_print(void);
void settings_free(struct settings *settings);
/** "auto", "1.2" or "1.3" as the value of version. */
bool settings_version(const char *text, int *out);
/** Another text for one of them; ends the process when memory is short. */
void settings_replace(char **setting, const char *value);

#endif
