"""The page of failures names tests that are there.

What lives here: the page against the names of tests.
What never does: whether a test shows what its line says; whoever writes the line reads the test.
"""

from __future__ import annotations

from tests.architecture.pages import NAMED, missing_tests, page, rows

PAGE = page("failures.md")


def test_every_test_that_is_named_is_there() -> None:
    assert not missing_tests(PAGE)


def test_every_line_names_a_test() -> None:
    lines = rows(PAGE, "when")
    assert len({line[0] for line in lines}) == len(lines) >= 50
    assert not [line[0] for line in lines if len(line) != 3 or not NAMED.search(line[2])]
