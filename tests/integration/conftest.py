"""One test bed a file: daemons start once, tests share them and leave no registration behind."""

import pytest

import testbed


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
