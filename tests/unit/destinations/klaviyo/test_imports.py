from __future__ import annotations

import pytest

from orchestration.destinations.base import Row
from orchestration.destinations.klaviyo.api import ImportFailure, ImportResult
from orchestration.destinations.klaviyo.imports import import_receipts

ROWS = [
    Row("k1", {"external_id": "k1", "email": "One@x.example"}),
    Row("k2", {"external_id": "k2", "email": "shared@x.example"}),
    Row("k3", {"email": "shared@x.example", "phone_number": "+16505550103"}),
]


def result(*failures: ImportFailure, failed: int | None = None, total: int = 3) -> ImportResult:
    return ImportResult(True, total, len(failures) if failed is None else failed, list(failures))


def failure(**identifiers: str) -> ImportFailure:
    return ImportFailure("invalid", identifiers)


@pytest.mark.parametrize(
    ("outcome", "verdicts"),
    [
        (result(), ["accepted"] * 3),
        (result(failure(external_id="k2")), ["accepted", "rejected", "accepted"]),
        (result(failure(email="one@X.example")), ["rejected", "accepted", "accepted"]),
        (result(failure(phone_number="+16505550103")), ["accepted", "accepted", "rejected"]),
        # Our id is trusted before an address that two rows share.
        (
            result(failure(external_id="k2", email="shared@x.example")),
            ["accepted", "rejected", "accepted"],
        ),
        (result(failure(email="shared@x.example")), ["accepted", "ambiguous", "ambiguous"]),
        # One failure that nobody answers to, and one that the vendor counts and does not show.
        (result(failure(email="who@x.example")), ["ambiguous"] * 3),
        (
            result(failure(external_id="k1"), failed=2),
            ["rejected", "ambiguous", "ambiguous"],
        ),
        # The job held more rows than are asked for: the failure is another row's.
        (result(failure(email="who@x.example"), total=9), ["accepted"] * 3),
        (result(failure(), total=9), ["ambiguous"] * 3),
        (ImportResult(False, 0, 0), ["ambiguous"] * 3),
    ],
)
def test_failures_are_mapped_back_by_identifiers(
    outcome: ImportResult, verdicts: list[str]
) -> None:
    receipts = import_receipts(outcome, ROWS)
    assert [receipt.key for receipt in receipts] == ["k1", "k2", "k3"]
    assert [receipt.verdict for receipt in receipts] == verdicts
