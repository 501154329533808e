#include "result.h"

#include "base/exit_code.h"
#include "base/json_writer.h"
#include "base/secret.h"

#include <stdio.h>
#include <string.h>

#define JSON_MAX 4096

static bool print_json(const struct result *results, size_t count)
{
    uint8_t text[JSON_MAX];
    size_t length = 0;
    struct json_writer writer;
    bool done;

    json_writer_init(&writer, text, sizeof text);
    json_object_begin(&writer, NULL);
    for (size_t i = 0; i < count; i++)
        json_text(&writer, results[i].name, results[i].value);
    json_object_end(&writer);
    done = json_writer_finish(&writer, &length) == MSGIN5G_OK && fwrite(text, 1, length, stdout) == length &&
           putchar('\n') != EOF;
    secret_wipe(text, sizeof text);
    return done;
}

static bool print_lines(const struct result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (printf("%-14s%s\n", results[i].name, results[i].value) < 0)
            return false;
    return true;
}

int result_print(const struct result *results, size_t count, bool json)
{
    if ((json ? print_json : print_lines)(results, count) && fflush(stdout) == 0)
        return EXIT_CODE_OK;
    (void)fputs("akma: cannot write the result to standard output\n", stderr);
    return EXIT_CODE_OTHER;
}
