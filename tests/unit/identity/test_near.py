"""One slip of the finger, and nothing further."""

from __future__ import annotations

import pytest

from orchestration.identity.near import is_one_slip, nearest_miss
from orchestration.identity.records import Identifier


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [("ann@x.co", "amn@x.co", True), ("ann@x.co", "an@x.co", True), ("an@x.co", "ann@x.co", True),
     ("ann@x.co", "nan@x.co", True), ("ann@x.co", "ann@x.com", True),
     ("ann@x.co", "xann@x.co", True),
     ("ann@x.co", "ann@x.co", False), ("ann@x.co", "bob@x.co", False),
     ("ann@x.co", "nna@x.co", False), ("ann@x.co", "annie@x.co", False), ("", "a", True),
     ("+14155550101", "+14155550110", True), ("+14155550101", "+14155559901", False)],
)  # fmt: skip
def test_one_slip(left: str, right: str, expected: bool) -> None:
    assert is_one_slip(left, right) is expected
    assert is_one_slip(right, left) is expected


def test_only_addresses_of_one_kind_are_compared() -> None:
    account, other = (Identifier("shopify_customer_id", "main", value) for value in ("11", "12"))
    email = Identifier("email", "", "ann@x.co")
    assert nearest_miss([account], [other]) is None
    assert nearest_miss([account, email], [other, email]) is None
    near = Identifier("email", "", "ann@x.com")
    assert nearest_miss([account, email], [other, near]) == (email, near)
