"""Each row of the AKMA digest's matrix has a test on each profile where it applies, and the page about it is true.

MSGIN5G_WRITE_DOCS=1 writes the page instead of comparing it.
"""

import os

import pytest

import conformance


@pytest.fixture(scope="module")
def proofs():
    return conformance.collect()


def test_every_row_is_proven_on_every_profile(proofs):
    assert conformance.problems(proofs) == []


def test_the_page_is_true(proofs):
    if os.environ.get("MSGIN5G_WRITE_DOCS"):
        conformance.PAGE.write_text(conformance.page(proofs))
    assert conformance.PAGE.read_text() == conformance.page(proofs)
