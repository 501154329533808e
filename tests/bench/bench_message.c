/* Time to decode and to encode one MSG with a payload of 64 octets. Usage: bench_message [ROUNDS] */
#include "msgin5g/message.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char body[] =
    "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"MSG\","
    "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:meter-0001@iot.example\"},"
    "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"im:valve-0002@iot.example\"},"
    "\"msgId\":\"4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f\",\"appId\":\"valvectl\",\"isDelivStatReq\":true,"
    "\"sfFlag\":false,\"payload\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}";

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void fail(const char *what)
{
    (void)fprintf(stderr, "bench_message: %s failed\n", what);
    exit(1);
}

static void decode(struct msgin5g_message *message)
{
    if (msgin5g_message_decode((const uint8_t *)body, sizeof body - 1, message, NULL, NULL) != MSGIN5G_OK)
        fail("decode");
}

static int64_t decode_ns(long rounds)
{
    int64_t start = now_ns();
    for (long i = 0; i < rounds; i++) {
        struct msgin5g_message message;
        decode(&message);
        msgin5g_message_free(&message);
    }
    return (now_ns() - start) / rounds;
}

static int64_t encode_ns(long rounds)
{
    uint8_t out[MSGIN5G_MESSAGE_MAX];
    size_t length = 0;
    struct msgin5g_message message;
    decode(&message);
    message.delivery_copy = true;
    int64_t start = now_ns();
    for (long i = 0; i < rounds; i++) {
        if (msgin5g_message_encode(&message, out, sizeof out, &length) != MSGIN5G_OK)
            fail("encode");
    }
    int64_t end = now_ns();
    msgin5g_message_free(&message);
    return (end - start) / rounds;
}

static int64_t service_id_ns(long rounds)
{
    struct msgin5g_str text = msgin5g_str("im:meter-0001@iot.example");
    struct msgin5g_service_id id;
    int64_t start = now_ns();
    for (long i = 0; i < rounds; i++) {
        if (msgin5g_service_id_parse(text, &id) != MSGIN5G_OK)
            fail("service id");
    }
    return (now_ns() - start) / rounds;
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 1000000;
    if (rounds < 1)
        fail("reading ROUNDS");
    printf("%-32s %8s\n", "operation", "ns");
    printf("%-32s %8" PRId64 "\n", "decode MSG, 64 octets", decode_ns(rounds));
    printf("%-32s %8" PRId64 "\n", "encode MSG, 64 octets", encode_ns(rounds));
    printf("%-32s %8" PRId64 "\n", "parse Service ID", service_id_ns(rounds));
    return 0;
}
