/* Who may do what: names in the certificate, FQDNs, Ua* ids, serving networks. */
#include "policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char msgin5g_name[] = "msgin5g-server", anybody[] = "*", fqdn_one[] = "One.example", fqdn_two[] = "two.example",
            tls13[] = "0100000007", ausf[] = "ausf.example", network[] = "5G:mnc001.mcc001.3gppnetwork.org";
static char *fqdns_one[] = { fqdn_one };
static char *fqdns_both[] = { fqdn_one, fqdn_two };
static char *ua_ids[] = { tls13 };
static char *anchors[] = { ausf };
static char *everybody[] = { anybody };
static char *networks[] = { network };

static struct af_config afs[] = {
    { .certificate = msgin5g_name,
        .fqdns = { fqdns_one, 1 },
        .ua_ids = { ua_ids, 1 },
        .identity = IDENTITY_GPSI,
        .k_af_lifetime_ms = 60000 },
    { .certificate = anybody, .fqdns = { fqdns_both, 2 }, .identity = IDENTITY_ANONYMOUS },
};

static struct aanf_config config(size_t af_count)
{
    return (struct aanf_config){
        .afs = { afs, af_count }, .k_af_lifetime_ms = 3600000, .anchor_key_consumers = { anchors, 1 }
    };
}

static struct tls_peer_names peer(const char *name)
{
    struct tls_peer_names names = { .count = 2, .names = { "Somebody" } };
    memcpy(names.names[1], name, strlen(name) + 1);
    return names;
}

static void test_first_fitting_row_decides(void **state)
{
    (void)state;
    struct aanf_config both = config(2);
    struct tls_peer_names server = peer("MSGin5G-Server");
    struct af_grant grant;
    assert_true(policy_af(&both, &server, "one.example", &ua_id_tls_1_3, &grant));
    assert_int_equal(grant.identity, IDENTITY_GPSI);
    assert_int_equal(grant.k_af_lifetime_s, 60);
    assert_true(policy_af(&both, &server, "one.example", &ua_id_dtls_1_3, &grant)); /* the second row */
    assert_int_equal(grant.identity, IDENTITY_ANONYMOUS);
    assert_int_equal(grant.k_af_lifetime_s, 3600);
    assert_true(policy_af(&both, NULL, "two.example", &ua_id_dtls_1_3, &grant));
    assert_false(policy_af(&both, &server, "three.example", &ua_id_dtls_1_3, &grant));
}

/* N4: not in the policy, the FQDN or the Ua* protocol of another AF. */
static void test_refusals(void **state)
{
    (void)state;
    struct aanf_config one = config(1);
    struct aanf_config none = config(0);
    struct tls_peer_names server = peer("msgin5g-server");
    struct tls_peer_names stranger = peer("msgin5g-server.evil");
    struct af_grant grant;
    assert_true(policy_af(&one, &server, "one.example", &ua_id_tls_1_3, &grant));
    assert_false(policy_af(&one, &stranger, "one.example", &ua_id_tls_1_3, &grant));
    assert_false(policy_af(&one, NULL, "one.example", &ua_id_tls_1_3, &grant));
    assert_false(policy_af(&one, &server, "two.example", &ua_id_tls_1_3, &grant));
    assert_false(policy_af(&one, &server, "one.example", &ua_id_dtls_1_3, &grant));
    assert_false(policy_af(&none, &server, "one.example", &ua_id_tls_1_3, &grant));
}

static void test_other_operations(void **state)
{
    (void)state;
    struct aanf_config some = config(0);
    struct tls_peer_names the_ausf = peer("ausf.example");
    struct tls_peer_names other = peer("other.example");
    assert_true(policy_may_anchor(&some, &the_ausf));
    assert_false(policy_may_anchor(&some, &other));
    assert_false(policy_may_anchor(&some, NULL));
    assert_false(policy_may_authenticate(&some, &the_ausf));
    some.authentication_consumers = (struct config_strings){ everybody, 1 };
    assert_true(policy_may_authenticate(&some, &other));
    assert_true(policy_may_authenticate(&some, NULL));
}

static void test_serving_networks(void **state)
{
    (void)state;
    struct aanf_config some = config(0);
    assert_true(policy_serving_network(&some, "5G:mnc099.mcc001.3gppnetwork.org"));
    some.serving_networks = (struct config_strings){ networks, 1 };
    assert_false(policy_serving_network(&some, "5G:mnc099.mcc001.3gppnetwork.org"));
    assert_true(policy_serving_network(&some, "5G:mnc001.mcc001.3gppnetwork.org"));
}

/* An NF instance: by the URI in its certificate, or by the table, whose NF type then counts. */
static void test_instances(void **state)
{
    static char id[] = "22222222-2222-4222-8222-222222222222", other_id[] = "33333333-3333-4333-8333-333333333333",
                type[] = "AUSF";
    struct instance_config row = { .certificate = ausf, .nf_instance_id = other_id, .nf_type = type };
    struct aanf_config some = config(2);
    struct tls_peer_names by_uri = peer("urn:uuid:22222222-2222-4222-8222-222222222222");
    struct tls_peer_names by_table = peer("ausf.example");
    (void)state;
    some.oauth_instances = (struct config_items){ &row, 1 };
    assert_true(policy_is_instance(&some, &by_uri, id, ""));
    assert_true(policy_is_instance(&some, &by_uri, id, "AF"));
    assert_false(policy_is_instance(&some, &by_uri, other_id, ""));
    assert_true(policy_is_instance(&some, &by_table, other_id, ""));
    assert_true(policy_is_instance(&some, &by_table, other_id, "AUSF"));
    assert_false(policy_is_instance(&some, &by_table, other_id, "AF"));
    assert_false(policy_is_instance(&some, &by_table, id, ""));
    assert_false(policy_is_instance(&some, NULL, id, ""));
    assert_false(policy_is_instance(&some, &by_uri, "", ""));
}

static void test_rows_for_an_af(void **state)
{
    struct aanf_config both = config(2);
    struct aanf_config one = config(1);
    struct tls_peer_names server = peer("msgin5g-server");
    struct tls_peer_names stranger = peer("stranger.example");
    (void)state;
    assert_true(policy_is_af(&one, &server, false));
    assert_false(policy_is_af(&one, &server, true)); /* its row gives the GPSI */
    assert_false(policy_is_af(&one, &stranger, false));
    assert_true(policy_is_af(&both, &stranger, false));
}

static void test_notices_stay_in_their_place(void **state)
{
    (void)state;
    static char base[] = "https://af.example:8445";
    static char *bases[] = { base };
    static const char *const elsewhere[] = { "https://af.example:84450/x", "https://af.example:8445@evil/x",
        "https://af.example:8445.evil/x", "http://af.example:8445/x", "https://af.example:8445", "https://af.example/x",
        "https://af.example:8445/x#y", "" };
    const struct config_strings places = { bases, 1 };
    const struct af_grant grant = { .notif_uris = &places };
    assert_true(policy_may_notify(&grant, "https://AF.example:8445/gone?x=1"));
    assert_string_equal(policy_uri_path("https://af.example:8445/", "https://AF.example:8445/gone?x=1"), "/gone?x=1");
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        assert_false(policy_may_notify(&grant, elsewhere[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_fitting_row_decides),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_other_operations),
        cmocka_unit_test(test_serving_networks),
        cmocka_unit_test(test_instances),
        cmocka_unit_test(test_rows_for_an_af),
        cmocka_unit_test(test_notices_stay_in_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
