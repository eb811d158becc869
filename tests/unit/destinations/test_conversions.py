from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.destinations.batches import Unfit, encode
from orchestration.destinations.conversions import time_of, value_of

cents = st.decimals(min_value="-9999999.9999", max_value="9999999.9999", places=4)


@given(cents)
def test_a_value_is_written_as_it_was_to_the_last_digit(amount: Decimal) -> None:
    value = value_of({"amount": str(amount), "currency": "eur"}, "amount")
    assert isinstance(value, tuple)
    written = encode({"value": value[0]}).decode()
    assert json.loads(written, parse_float=Decimal, parse_int=Decimal)["value"] == amount
    assert value[1] == "EUR"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"amount": "1,50", "currency": "USD"}, "no_number:amount"),
        ({"amount": "-Infinity", "currency": "USD"}, "no_number:amount"),
        ({"amount": "1.50", "currency": ""}, "no_currency"),
        ({"amount": "1.50", "currency": "US1"}, "no_currency"),
    ],
)
def test_a_value_that_is_no_money_is_not_sent(payload: dict[str, str], reason: str) -> None:
    assert value_of(payload, "amount") == Unfit(reason)


def test_no_value_is_none_and_zero_is_a_value() -> None:
    assert value_of({"currency": "USD"}, "amount") is None
    assert value_of({"amount": "0.0000", "currency": "USD"}, "amount") == (0.0, "USD")


@pytest.mark.parametrize("text", [None, "", "2026-11-20", "2026-11-20T10:00:00", "soon"])
def test_a_time_without_a_zone_is_no_time(text: str | None) -> None:
    assert time_of({"event_at": text}) == Unfit("no_time:event_at")


def test_a_time_of_any_zone_is_one_moment() -> None:
    texts = ("2026-11-20T10:00:00Z", "2026-11-20T11:00:00+01:00", "2026-11-20 10:00:00+00:00")
    assert len({time_of({"event_at": text}) for text in texts}) == 1
