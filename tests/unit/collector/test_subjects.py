"""Digests of ids are those that the warehouse makes."""

from __future__ import annotations

from pathlib import Path

from orchestration.collector.subjects import issued_digest
from orchestration.settings import PROJECT_DIR

UNIT_TESTS = Path("models/intermediate/consent/_consent__unit_tests.yml")


def test_the_digest_of_a_browser_is_the_one_that_the_models_are_tested_with() -> None:
    digest = issued_digest("browser", "d1")
    assert digest == "4f6404b42457481302e447f260b1d4968d2ce482de14faf3937bf786a6f40fa8"
    assert digest in (PROJECT_DIR / UNIT_TESTS).read_text(encoding="utf-8")
