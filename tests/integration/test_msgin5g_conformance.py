"""The page of edge cases and conflicts is true: each test it names exists, and each row names one or says what is missing."""

import re

import testbed

PAGE = testbed.SUPPORT.parent.parent / "docs" / "msgin5g-conformance.md"
TESTS = testbed.SUPPORT.parent / "integration"


def rows():
    found = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and not line.startswith(("| case", "| row"))]
    assert len(found) > 40
    return found


def test_named_tests_exist():
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", PAGE.read_text())
    assert len(named) > 40
    missing = [name for name in named if "\ndef %s(" % name[1] not in (TESTS / name[0]).read_text()]
    assert missing == []


def test_every_row_names_a_test_or_what_is_missing():
    silent = [row for row in rows() if not re.search(r"::test_|not yet|unit tests of|nothing to do", row)]
    assert silent == []


def test_every_edge_test_is_named():
    defined = re.findall(r"^def (test_(?:edge|conflict)_\w+)", (TESTS / "test_edge_messages.py").read_text(), re.M)
    assert [name for name in defined if name not in PAGE.read_text()] == []
