"""People read the answer first, and no address unless they ask for it."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from orchestration.identity.explain import explain_identity
from orchestration.identity.report import SHOWN_ROWS, _first, as_lines
from orchestration.settings import Settings
from tests.unit.identity.world import addresses_in

QUESTIONS = [
    ("cus_ann", None), ("ann@work.example", None), ("+14155550101", None),
    ("shopify_order_id:102", "ann@work.example"), ("anonymous_id:D1", "annlee@gmail.com"),
    ("annlee@gmail.com", "bob@home.example"), ("cus_fay", "cus_bob"), ("cus_cleo", "cus_ann"),
    ("shopify_order_id:901", None), ("cus_eldest", "cus_ann"), ("till@pos.example", "cus_ann"),
]  # fmt: skip


def shown(settings: Settings, left: str, right: str | None, *, reveal: bool = False) -> str:
    console = Console(width=200, file=StringIO(), record=True)
    for line in as_lines(explain_identity(settings, left, right), reveal=reveal):
        console.print(line)
    return console.export_text()


@pytest.mark.parametrize(("left", "right"), QUESTIONS)
def test_no_address_is_shown(shared_settings: Settings, left: str, right: str | None) -> None:
    text = shown(shared_settings, left, right)
    assert len(text) > 20
    assert addresses_in(text) == []


def test_an_address_is_shown_if_asked(shared_settings: Settings) -> None:
    text = shown(shared_settings, "cus_ann", "bob@home.example", reveal=True)
    assert "bob@home.example" in text
    assert "+14155550101" in text


def test_one_customer_is_told_by_its_way_and_how_to_part_it(shared_settings: Settings) -> None:
    text = shown(shared_settings, "shopify_order_id:102", "ann@work.example")
    assert "are one customer: cus_ann." in text.splitlines()[0]
    assert "phone +1******0101" in text
    assert "The weakest link is S3." in text
    assert "tributary identity unlink 'main|shopify.order|102' 'main|shopify.order|103'" in text


def test_two_customers_are_told_by_what_keeps_them_apart(shared_settings: Settings) -> None:
    text = shown(shared_settings, "cus_ann", "bob@home.example")
    assert "e-mail b***@h***.example belongs to cus_bob." in text
    assert "verified people of different first names" in text
    assert "tributary identity link 'main|shopify.customer|1' 'main|shopify.customer|2'" in text


def test_strangers_are_told_so(shared_settings: Settings) -> None:
    text = shown(shared_settings, "cus_cleo", "cus_ann")
    assert "They have no identifier in common." in text
    assert "differ by one slip" in text
    assert "0.94" in text


def test_a_retired_id_says_what_it_became(shared_settings: Settings) -> None:
    text = shown(shared_settings, "cus_eldest", None)
    assert "cus_eldest became cus_elder on 2025-04-01 (phone)." in text
    assert "cus_elder became cus_ann on 2025-05-01 (email)." in text


def test_a_long_table_says_how_much_more_there_is() -> None:
    rows = [(str(at), at) for at in range(SHOWN_ROWS + 7)]
    assert _first(rows)[-1] == ("… and 7 more", "")
    assert _first(rows[:SHOWN_ROWS]) == rows[:SHOWN_ROWS]
