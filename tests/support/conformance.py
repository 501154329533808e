"""Which test proves which row of the AKMA digest on which profile: read from the tests, written as a page.

A test proves the rows in its name (test_n5_..., test_n7_n8_...) and those of its marker `proves`; on the profile it is
parametrised with (profiles.each), else on those the marker names: `@pytest.mark.proves(on="dtls1.2 tls{version}")`, where
{version} and {transport} come from the test's own parameters (1.2, coaps+tcp and so on). Rows of the AAnF alone need none.
"""

import os
import pathlib
import re
import subprocess
import sys

import profiles

SUPPORT = pathlib.Path(__file__).resolve().parent
TESTS = SUPPORT.parent / "integration"
PAGE = SUPPORT.parent.parent / "docs" / "akma-conformance.md"
HANDSHAKES = tuple(profile.name for profile in profiles.ALL)
UA = (*HANDSHAKES, "oscore")
# sbi: Naanf_AKMA, tokens and primary authentication, the same whatever Ua* is
COLUMNS = {**{profile.name: profile.title for profile in profiles.ALL}, "oscore": "OSCORE", "sbi": "AAnF"}

# Row: (case, columns it applies to, why not the others). Rows of the negative matrix, section 7.2 of the AKMA digest.
MATRIX = {
    "N1": ("unknown A-KID", (*UA, "sbi"), ""),
    "N2": ("malformed A-KID", (*UA, "sbi"), ""),
    "N3": ("subscriber without AKMA", (*UA, "sbi"), ""),
    "N4": ("AF or FQDN not in the policy", (*UA, "sbi"), ""),
    "N5": ("Ua* id differs between UE and server", UA, ""),
    "N6": ("K_AF expired, before a handshake and in a session", UA, ""),
    "N7": ("expiry in the past or unparsable", UA, ""),
    "N8": ("K_AF that is none", UA, ""),
    "N9": ("AAnF unreachable, slow, failing", UA, ""),
    "N10": ("AAnF not trusted, token endpoint down", UA, ""),
    "N11": ("old A-KID after a new registration", (*UA, "sbi"), ""),
    "N12": ("Context_Remove or notice while connected", (*UA, "sbi"), ""),
    "N13": ("replayed opening of a session", UA, ""),
    "N14": ("two peers with one A-KID, one without the key", UA, ""),
    "N15": ("another UE's Service ID", UA, ""),
    "N16": ("downgrade: no PSK, psk_ke, other suites, no server name", HANDSHAKES, "OSCORE has no handshake to weaken"),
    "N17": ("neither SUPI nor GPSI in the answer", UA, ""),
    "N18": ("forged, expired, foreign tokens; scope missing", ("sbi",), "tokens are between AF and AAnF"),
    "N19": ("A-KID of another SUPI; no token; unknown SUPI", ("sbi",), "between AUSF and AAnF"),
    "N20": ("primary authentication fails", ("sbi",), "before any Ua*"),
    "N21": ("crooked requests on the service-based interface", ("sbi",), "between NFs"),
    "N22": ("crooked establishment of OSCORE", ("oscore",), "of Annex D alone"),
}
# Cases of TS 33.537 and TS 33.117: by name, or by the clause where section 7.4 of the digest has no name. Value: clause and
# what it asks; what proves it beside tests of this suite.
CASES = {
    "TC_AKMA_Key_Storage_Update": ("TS 33.537 4.2.2.1: a new K_AKMA replaces the old one", ""),
    "TC_PROTECT_SBA_AAnF_AUSF": ("TS 33.537 4.2.3.2.4.1: confidential, integrity- and replay-protected", ""),
    "TC_PROTECT_AAnF_AF_NEF": ("TS 33.537 4.2.3.2.4.2: the same towards the AF", ""),
    "TC_PROTECT_TRANSPORT_LAYER": ("TS 33.117 4.2.2.2.2: mutual TLS, its versions and suites", ""),
    "TC_AUTHORIZATION_TOKEN_VERIFICATION_FAILURE_ONE_PLMN": (
        "TS 33.117 4.2.2.2.3.1: bad signature, audience, scope, expired", ""),
    "33.117-4.2.3.2.2": ("no function shows keys in the clear", ""),
    "33.117-4.2.3.2.3": ("stored keys are sealed or readable by nobody else", ""),
    "33.117-4.2.3.2.4": ("only protected protocols, no NULL encryption (also 4.2.5.1)", ""),
    "33.117-4.2.3.2.5": ("access to personal data is logged, without the data", ""),
    "33.117-4.2.3.3": ("overload: documented limits (docs/operations.md) and behaviour", ""),
    "33.117-4.2.3.6.1": ("security events are logged with time and source (also 4.2.5.2.1)", ""),
    "33.117-4.3.2": ("no service but the documented ones", ""),
    "33.117-4.3.4.2": ("no root privileges", ""),
    "33.117-4.3.4.3": ("unused HTTP methods are off", ""),
    "33.117-4.3.4.11": ("no software version in headers and error bodies (also 4.3.4.12)", ""),
    "33.117-4.3.6": ("lengths, formats, depth; duplicate members (also 4.2.3.3.4)", ""),
    "33.117-4.4.4": ("robustness and fuzzing: TCP, HTTP/2, JSON (TS 33.537 4.4.4), DTLS, TLS, CoAP",
                     "`ctest -R fuzz_`: every decoder with its corpus; `cmake --preset fuzz` to go on from there"),
}
NOT_APPLICABLE = {
    "TC_AUTHORIZATION_TOKEN_VERIFICATION_FAILURE_DIFF_PLMN": (
        "TS 33.117 4.2.2.2.3", "it is for producers that understand producerPlmnId; ours ignores it, as TS 29.510 6.3.5.2.4 "
        "allows"),
    "Four of eight cases of TC_AUTHORIZATION_TOKEN_VERIFICATION_FAILURE_ONE_PLMN": (
        "TS 33.117 4.2.2.2.3.1", "S-NSSAI, NSI, NF set, additional scope: claims that are not understood, as above"),
    "TC_CLIENT_CREDENTIALS_ASSERTION_VALIDATION": (
        "TS 33.117 4.2.2.2", "there are no client credentials assertions: every consumer is directly connected and has "
        "shown its certificate"),
    "SYN floods, buffer overflow protection": (
        "TS 33.117 4.3.3.1.4, 4.3.3.1.5", "the operating system's (SYN cookies) and the compiler's (hardening flags of the "
        "release build)"),
    "Accounts, passwords, sessions of operators": (
        "TS 33.117 4.2.3.4, 4.3.4 but for the above", "there are none"),
}


class Proof:
    """One test and what it proves: rows and columns."""

    def __init__(self, where, rows, columns):
        self.where, self.rows, self.columns = where, rows, columns


def rows_of(name):
    """Rows in the name of a test."""
    found = re.match(r"test((?:_n\d+)+)(?:_|$)", name)
    return ["N" + number for number in re.findall(r"\d+", found.group(1))] if found else []


def columns_of(item, marks):
    params = item.callspec.params if hasattr(item, "callspec") else {}
    if "profile" in params:
        return [params["profile"].on]
    words = re.findall(r"(?<![\w.])(1\.[23]|auto|coaps(?:\+tcp)?)(?![\w.+])", item.callspec.id) if params else []
    version = next((word for word in words if word[0] in "1a"), "").replace("auto", "1.3")
    transport = {"coaps": "dtls", "coaps+tcp": "tls"}.get(next((word for word in words if word[0] == "c"), ""), "")
    closest = next((mark.kwargs["on"] for mark in marks if "on" in mark.kwargs), "")
    return closest.format(version=version, transport=transport).split()


def proof_of(item):
    """None when the test proves no row."""
    marks = list(item.iter_markers("proves"))
    rows = rows_of(item.originalname) + [row for mark in marks for row in mark.args]
    if not rows:
        return None
    columns = columns_of(item, marks) + ["sbi"] * any(row in CASES or MATRIX.get(row, ("", ()))[1] == ("sbi",) for row in rows)
    return Proof("%s::%s" % (item.path.name, item.originalname), list(dict.fromkeys(rows)), list(dict.fromkeys(columns)))


def line_of(proof):
    return "proof %s %s on %s" % (proof.where, " ".join(proof.rows), " ".join(proof.columns))


def collect():
    """Every proof of the suite, once; pytest runs no test for it."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(SUPPORT), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run([sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--collect-only", "--proofs",
                           str(TESTS)], capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    lines = sorted({line for line in done.stdout.splitlines() if line.startswith("proof ")})
    found = [re.fullmatch(r"proof (\S+) (.+) on ?(.*)", line).groups() for line in lines]
    return [Proof(where, rows.split(), columns.split()) for where, rows, columns in found]


def problems(proofs):
    """What is wrong, a line each: no profile, unknown rows, and cells nobody proves."""
    found = ["%s: proves %s on no profile" % (p.where, " ".join(p.rows)) for p in proofs if not p.columns]
    for proof in proofs:
        found += ["%s: no such row %s" % (proof.where, row) for row in proof.rows if row not in MATRIX and row not in CASES]
        found += ["%s: no such profile %s" % (proof.where, column) for column in proof.columns if column not in COLUMNS]
    for row, (_, columns, _) in MATRIX.items():
        found += ["%s on %s: no test" % (row, column) for column in columns if not cell(proofs, row, column)]
    return found + ["%s: no test" % case for case, (_, beside) in CASES.items() if not beside and not cell(proofs, case, "sbi")]


def cell(proofs, row, column):
    """Tests that prove this row there."""
    return sorted({proof.where for proof in proofs if row in proof.rows and column in proof.columns})


def matrix_lines(proofs):
    yield "| row | case | %s |" % " | ".join(COLUMNS.values())
    yield "|---|---|%s" % ("---|" * len(COLUMNS))
    for row, (title, columns, _) in MATRIX.items():
        counts = [str(len(cell(proofs, row, column))) if column in columns else "–" for column in COLUMNS]
        yield "| %s | %s | %s |" % (row, title, " | ".join(counts))


def list_lines(proofs):
    for row, (title, columns, why) in MATRIX.items():
        yield "### %s: %s" % (row, title)
        yield ""
        if why:
            yield "Not on the others: %s." % why
            yield ""
        tests = {where: [c for c in columns if where in cell(proofs, row, c)] for c in columns for where in cell(proofs, row, c)}
        for where, proven in sorted(tests.items()):
            everywhere = len(proven) == len(columns) > 1
            yield "- `%s`: %s" % (where, "everywhere" if everywhere else ", ".join(COLUMNS[c] for c in proven))
        yield ""


def case_lines(proofs):
    for case, (what, beside) in CASES.items():
        yield "### %s" % case.replace("33.117-", "TS 33.117 ")
        yield ""
        yield what[0].upper() + what[1:] + "."
        yield ""
        yield from ("- `%s`" % where for where in cell(proofs, case, "sbi"))
        yield from ["- " + beside] * bool(beside)
        yield ""
    yield "### Not applicable"
    yield ""
    yield "| case | clause | why |"
    yield "|---|---|---|"
    for case, (clause, why) in NOT_APPLICABLE.items():
        yield "| %s | %s | %s |" % (case, clause, why)


INTRODUCTION = """# What proves AKMA

Written by `MSGIN5G_WRITE_DOCS=1 ctest -R integration_akma_conformance` from the tests themselves: their names and their
`proves` markers (`tests/support/conformance.py`). The same test fails when a row has no test on a profile where it applies,
and when this page is out of date. Every test named here drives real programs over real sockets.

## Negative matrix

How many tests prove a row on a profile; – means that the row does not apply there.
"""


def page(proofs):
    parts = [INTRODUCTION, *matrix_lines(proofs), "", "## Tests by row", "", *list_lines(proofs),
             "## Cases of TS 33.537 and TS 33.117", "", *case_lines(proofs)]
    return "\n".join(parts) + "\n"
