#include "answer_json.h"

#include "base/json_check.h"

#include <cjson/cJSON.h>
#include <stdio.h>

static cJSON *parse(struct msgin5g_str body)
{
    const char *problem;
    if (json_check((const uint8_t *)body.octets, body.length, NULL, &problem) != MSGIN5G_OK)
        return NULL;
    return cJSON_ParseWithLength(body.octets, body.length);
}

/* A string or a boolean as text; "-" for what is not there. */
static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsBool(member))
        return cJSON_IsTrue(member) ? "yes" : "no";
    return cJSON_IsString(member) && member->valuestring[0] != '\0' ? member->valuestring : "-";
}

void answer_json_detail(struct msgin5g_str body, char *out, size_t size)
{
    cJSON *root = parse(body);
    const char *detail = text_of(root, "detail");
    const char *cause = text_of(root, "cause");
    const char *said = detail[0] != '-' ? detail : cause;
    (void)snprintf(out, size, "%s", said[0] != '-' ? said : "");
    cJSON_Delete(root);
}

static void print_subscriber(const cJSON *one)
{
    (void)printf("%-24s %-24s %-4s %-5s %-12s %s\n", text_of(one, "supi"), text_of(one, "gpsi"), text_of(one, "rid"),
        text_of(one, "akma_allowed"), text_of(one, "sqn"), text_of(one, "origin"));
}

static void print_context(const cJSON *one)
{
    const cJSON *key = NULL;
    const char *supi = text_of(one, "supi");
    (void)printf("%-24s %s\n", supi[0] != '-' ? supi : text_of(one, "gpsi"), text_of(one, "aKId"));
    cJSON_ArrayForEach(key, cJSON_GetObjectItemCaseSensitive(one, "keys"))(void)
        printf("    %-46s until %s\n", text_of(key, "afId"), text_of(key, "expiry"));
}

static bool print_all(struct msgin5g_str body, const char *name, const char *head, void (*print)(const cJSON *one))
{
    cJSON *root = parse(body);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, name);
    const cJSON *one = NULL;
    bool good = cJSON_IsObject(root);
    if (good)
        (void)puts(head);
    if (good && list == NULL)
        print(root);
    cJSON_ArrayForEach(one, list) print(one);
    if (good && cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(root, "complete")))
        (void)puts("... there are more");
    cJSON_Delete(root);
    return good;
}

bool answer_json_print_subscribers(struct msgin5g_str body)
{
    return print_all(body, "subscribers",
        "SUPI                     GPSI                     RID  AKMA  SQN          ORIGIN", print_subscriber);
}

bool answer_json_print_contexts(struct msgin5g_str body)
{
    return print_all(body, "contexts", "SUBSCRIBER               A-KID", print_context);
}
