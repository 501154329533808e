#include "key_file.h"

#include <stdio.h>

int key_file_read(const char *path, unsigned char k_akma[32])
{
    FILE *file = fopen(path, "r");
    int complete = 0;

    if (file == NULL) {
        perror(path);
        return -1;
    }
    while (complete < 32) {
        unsigned int octet;

        if (fscanf(file, "%2x", &octet) != 1)
            break;
        k_akma[complete++] = (unsigned char)octet;
    }
    fclose(file);
    if (complete == 32)
        return 0;
    fprintf(stderr, "%s: needs 64 hexadecimal digits\n", path);
    return -1;
}
