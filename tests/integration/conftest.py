"""One test bed a file: daemons start once, tests share them and leave no registration behind."""

import pytest

import conformance
import testbed


def pytest_addoption(parser):
    parser.addoption("--proofs", action="store_true", help="print what each collected test proves")


def pytest_configure(config):
    config.addinivalue_line("markers", "proves(*rows, on=''): rows and profiles of tests/support/conformance.py")


def pytest_collection_finish(session):
    if session.config.getoption("--proofs"):
        for proof in filter(None, map(conformance.proof_of, session.items)):
            print(conformance.line_of(proof))


@pytest.fixture(scope="module")
def bed(tmp_path_factory):
    """Certificates and a folder; nothing runs yet."""
    with testbed.Testbed(tmp_path_factory.mktemp("bed")) as made:
        yield made


@pytest.fixture(scope="module")
def lab(bed):
    """AAnF and server with eight subscribers, ready."""
    bed.add_subscribers(8)
    bed.start_aanf()
    bed.start_server()
    return bed
