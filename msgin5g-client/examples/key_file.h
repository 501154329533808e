/* Reads K_AKMA from a file of 64 hexadecimal digits, as the `akma` command prints it. */
#ifndef KEY_FILE_H
#define KEY_FILE_H

/** @return 0, or -1 after saying what is wrong on standard error. */
int key_file_read(const char *path, unsigned char k_akma[32]);

#endif
