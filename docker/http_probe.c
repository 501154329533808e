/* http_probe: the health check of images that hold no shell and no curl. One GET in clear, exit code 0 or 1. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define TIMEOUT_S  2
#define ANSWER_MAX (1 << 20)

static int connect_to(const char *address, const char *port)
{
    struct timeval timeout = { .tv_sec = TIMEOUT_S };
    struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (inet_pton(AF_INET, address, &peer.sin_addr) != 1 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) != 0 ||
        connect(fd, (struct sockaddr *)&peer, sizeof peer) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static bool send_request(int fd, const char *address, const char *path)
{
    char request[512];
    int length =
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, address);

    return length > 0 && (size_t)length < sizeof request &&
           send(fd, request, (size_t)length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* The whole answer, NUL-terminated; NULL when none came or it is too long. */
static char *read_answer(int fd)
{
    char *answer = malloc(ANSWER_MAX + 1);
    size_t length = 0;
    ssize_t got = 0;

    if (answer == NULL)
        return NULL;
    while (length < ANSWER_MAX && (got = recv(fd, answer + length, ANSWER_MAX - length, 0)) > 0)
        length += (size_t)got;
    answer[length] = '\0';
    if (got == 0 && length > 0)
        return answer;
    free(answer);
    return NULL;
}

static bool has_line(const char *text, const char *line)
{
    size_t length = strlen(line);

    for (; text != NULL; text = strchr(text, '\n')) {
        text += *text == '\n';
        if (strncmp(text, line, length) == 0 && (text[length] == '\n' || text[length] == '\0'))
            return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 5) {
        (void)fprintf(stderr, "usage: http_probe IPV4-ADDRESS PORT PATH [LINE]\n"
                              "Exit code 0 when GET answers 200, and LINE is a line of the answer if it is given.\n");
        return 2;
    }
    int fd = connect_to(argv[1], argv[2]);
    char *answer = fd >= 0 && send_request(fd, argv[1], argv[3]) ? read_answer(fd) : NULL;
    bool good = answer != NULL && strncmp(answer, "HTTP/1.1 200", 12) == 0 && (argc == 4 || has_line(answer, argv[4]));

    free(answer);
    if (fd >= 0)
        (void)close(fd);
    return good ? 0 : 1;
}
