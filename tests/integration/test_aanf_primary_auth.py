"""5G AKA against the AUSF emulation: only the right RES* makes an A-KID, and the AAnF then serves the key we compute."""

import json
import subprocess

import pytest

import milenage
import sbi
import testbed

pytestmark = pytest.mark.proves(on="sbi")

AF_ID = "msgin5g.lab.example:0100000009"
OTHER_NETWORK = "5G:mnc099.mcc001.3gppnetwork.org"


@pytest.fixture(scope="module")
def home(bed):
    """AAnF and AUSF with four subscribers; the last one has no AKMA."""
    bed.add_subscribers(3)
    bed.subscribers.append(testbed.Subscriber(4, akma_allowed=False))
    bed.start_aanf()
    bed.ue = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    bed.af = sbi.Consumer(bed.aanf_url, bed.certs, "server")
    return bed


def derive(subscriber, k_ausf):
    """What the `akma` command makes of K_AUSF."""
    run = subprocess.run([testbed.program("akma"), "derive", "--supi", subscriber.supi, "--k-ausf", "-", "--rid", "0",
                          "--af", "msgin5g.lab.example", "--ua-id", "0100000009", "--json"], input=k_ausf.hex() + "\n",
                         capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def authenticate(home, subscriber):
    """One whole run: what the UE derives from it."""
    usim = milenage.Usim(subscriber)
    challenge = home.ue.authenticate(subscriber.supi, testbed.SN_NAME)
    assert challenge.status == 201
    res_star, k_ausf = usim.answer(challenge, testbed.SN_NAME)
    result = home.ue.confirm(challenge, res_star)
    assert result.status == 200
    assert result.body["authResult"] == "AUTHENTICATION_SUCCESS"
    assert result.body["supi"] == subscriber.supi
    assert result.body["kseaf"] == milenage.kdf(k_ausf, 0x6C, testbed.SN_NAME.encode()).hex()
    return derive(subscriber, k_ausf)


def test_right_answer_gives_the_af_the_key_the_ue_computes(home):
    subscriber = home.subscribers[0]
    keys = authenticate(home, subscriber)
    answer = home.af.retrieve(keys["a_kid"], AF_ID, suppFeat="1")
    assert answer.status == 200
    assert answer.body["kaf"] == keys["k_af"]
    assert answer.body["supi"] == subscriber.supi


def test_challenge_is_a_resource(home):
    challenge = home.ue.authenticate(home.subscribers[0].supi, testbed.SN_NAME)
    assert challenge.headers["content-type"] == "application/3gppHal+json"
    assert challenge.headers["location"].startswith(home.aanf_url + "/nausf-auth/v1/ue-authentications/")
    assert challenge.body["_links"]["5g-aka"]["href"] == challenge.headers["location"] + "/5g-aka-confirmation"
    assert challenge.body["authType"] == "5G_AKA"
    assert challenge.body["servingNetworkName"] == testbed.SN_NAME


@pytest.mark.proves("N20")
def test_wrong_answer_registers_nothing(home):
    """N20; and there is no second try on the same challenge."""
    subscriber = home.subscribers[1]
    challenge = home.ue.authenticate(subscriber.supi, testbed.SN_NAME)
    res_star, k_ausf = milenage.Usim(subscriber).answer(challenge, testbed.SN_NAME)
    wrong = "%032x" % (int(res_star, 16) ^ 1)
    result = home.ue.confirm(challenge, wrong)
    assert result.status == 200
    assert result.body == {"authResult": "AUTHENTICATION_FAILURE"}
    again = home.ue.confirm(challenge, res_star)
    assert (again.status, again.cause) == (404, "CONTEXT_NOT_FOUND")
    answer = home.af.retrieve(derive(subscriber, k_ausf)["a_kid"], AF_ID)
    assert (answer.status, answer.cause) == (403, "K_AKMA_NOT_PRESENT")


@pytest.mark.proves("N20")
def test_no_answer_at_all_is_a_failure(home):
    challenge = home.ue.authenticate(home.subscribers[1].supi, testbed.SN_NAME)
    assert home.ue.confirm(challenge, None).body == {"authResult": "AUTHENTICATION_FAILURE"}


@pytest.mark.proves("N3")
def test_subscriber_without_akma(home):
    """N3: the authentication succeeds, but no A-KID comes of it."""
    keys = authenticate(home, home.subscribers[3])
    answer = home.af.retrieve(keys["a_kid"], AF_ID)
    assert (answer.status, answer.cause) == (403, "K_AKMA_NOT_PRESENT")


@pytest.mark.proves("N11")
def test_new_authentication_ends_the_old_a_kid(home):
    """N11 at the AAnF."""
    subscriber = home.subscribers[2]
    first = authenticate(home, subscriber)
    second = authenticate(home, subscriber)
    assert first["a_kid"] != second["a_kid"]
    assert home.af.retrieve(first["a_kid"], AF_ID).cause == "K_AKMA_NOT_PRESENT"
    assert home.af.retrieve(second["a_kid"], AF_ID).body["kaf"] == second["k_af"]


def test_sequence_number_grows(home):
    subscriber = home.subscribers[0]
    usim = milenage.Usim(subscriber)
    numbers = [usim.sqn(home.ue.authenticate(subscriber.supi, testbed.SN_NAME)) for _ in range(3)]
    assert numbers == sorted(set(numbers))


@pytest.mark.proves("N20")
def test_resynchronisation(home):
    """AUTS moves SQN to that of the USIM, once, and only for the last challenge."""
    subscriber = home.subscribers[0]
    usim = milenage.Usim(subscriber)
    older = home.ue.authenticate(subscriber.supi, testbed.SN_NAME)
    challenge = home.ue.authenticate(subscriber.supi, testbed.SN_NAME)

    def resynchronise(about, auts):
        return home.ue.authenticate(subscriber.supi, testbed.SN_NAME, resynchronizationInfo={
            "rand": about.body["5gAuthData"]["rand"], "auts": auts})

    forged = usim.auts(challenge, 0x100000)[:-2] + "00"
    assert (resynchronise(challenge, forged).status, resynchronise(older, usim.auts(older, 0x100000)).status) == (403, 403)
    answer = resynchronise(challenge, usim.auts(challenge, 0x100000))
    assert answer.status == 201
    assert usim.sqn(answer) > 0x100000
    assert usim.sqn(answer) < 0x100100
    replayed = resynchronise(challenge, usim.auts(challenge, 0x100000))
    assert (replayed.status, replayed.cause) == (403, "AUTHENTICATION_REJECTED")


def test_refusals(home):
    supi = home.subscribers[0].supi
    rows = [
        (home.ue.authenticate("imsi-001019999999999", testbed.SN_NAME), 404, "USER_NOT_FOUND"),
        (home.ue.authenticate(supi, OTHER_NETWORK), 403, "SERVING_NETWORK_NOT_AUTHORIZED"),
        (home.ue.authenticate(supi, "6G:x"), 400, "MANDATORY_IE_INCORRECT"),
        (home.ue.authenticate("suci-0-001-01-0-1-27-00", testbed.SN_NAME), 501, "UNSUPPORTED_PROTECTION_SCHEME"),
        (home.ue.request("POST", "/nausf-auth/v1/ue-authentications", {"supiOrSuci": supi}), 400, "MANDATORY_IE_MISSING"),
        (home.ue.request("PUT", "/nausf-auth/v1/ue-authentications/00/5g-aka-confirmation", {"resStar": "00" * 16}), 404,
         "CONTEXT_NOT_FOUND"),
        (home.ue.request("PUT", "/nausf-auth/v1/ue-authentications/00/5g-aka-confirmation", {}), 400,
         "MANDATORY_IE_MISSING"),
    ]
    for answer, status, cause in rows:
        assert (answer.status, answer.cause) == (status, cause)


def test_null_scheme_suci(home):
    supi = home.subscribers[0].supi
    assert home.ue.authenticate("suci-0-001-01-0-0-0-" + supi[-10:], testbed.SN_NAME).status == 201


def test_methods(home):
    """TS 29.500 5.2.7.2: what another resource of the API knows is 405, what none knows 501."""
    put = home.ue.request("PUT", "/nausf-auth/v1/ue-authentications")
    assert (put.status, put.headers["allow"]) == (405, "POST")
    assert home.ue.request("GET", "/nausf-auth/v1/ue-authentications").status == 501


def test_deregistration_ends_the_context(home):
    subscriber = home.subscribers[1]
    keys = authenticate(home, subscriber)
    answer = home.ue.request("POST", "/nausf-auth/v1/ue-authentications/deregister", {"supi": subscriber.supi})
    assert answer.status == 204
    assert home.af.retrieve(keys["a_kid"], AF_ID).cause == "K_AKMA_NOT_PRESENT"
    unknown = home.ue.request("POST", "/nausf-auth/v1/ue-authentications/deregister", {"supi": "imsi-001019999999999"})
    assert (unknown.status, unknown.cause) == (404, "USER_NOT_FOUND")


def test_no_key_in_the_log(home):
    keys = authenticate(home, home.subscribers[0])
    log = home.aanf.log()
    for secret in (keys["k_akma"], keys["k_af"], home.subscribers[0].k, home.subscribers[0].opc):
        assert secret not in log
