"""Python's normal forms are the macros', letter for letter; masks show no more than they may."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.identity.normal_forms import (
    email_for_matching,
    masked,
    phone_for_matching,
    value_for_matching,
)
from tests.rendering import by_macro

EMAILS = [
    "ann@shop.example", "  Ann@SHOP.example  ", "\tann@shop.example\r\n", "ann@shop.example.",
    "ann@shop.example...", "ann@shop.example .", "Ann.Lee+news@Gmail.com", "a.n.n@googlemail.com",
    "+tag@gmail.com", "...@gmail.com", "ann+tag@shop.example", "a+b+c@gmail.com", "ann@shop",
    "ann@@shop.example", "ann lee@shop.example", "", " ", "@shop.example", "ann@.example",
    "ann@shop..example", "JOSÉ@EXAMPLE.COM", "JOSE\u0301@EXAMPLE.COM", "ΟΔΟΣ@EXAMPLE.GR",
    "İ@example.com", "ann\u00a0@shop.example", "\u00a0ann@shop.example", "ann\x0b@shop.example",
    "ann@shop.example\n", "ann@münchen.example", "62a14e44f765419d10fea99367361a72",
]  # fmt: skip
PHONES = [
    "+14155550101", "+1415555010", "+123456", "+1234567", "+0415555010", "14155550101",
    "+1 415 555 0101", "+141555501011234", "+1415555010112345", "", "+14155550101\n", "+١٤١٥٥٥٥",
]  # fmt: skip


def test_emails_are_normalised_like_the_macro() -> None:
    expected = by_macro("normalise_email_for_matching", EMAILS)
    assert [email_for_matching(text) for text in EMAILS] == expected
    assert "annlee@gmail.com" in expected
    assert expected.count(None) > 5


def test_phones_are_normalised_like_the_macro() -> None:
    expected = by_macro("normalise_phone", PHONES)
    assert [phone_for_matching(text) for text in PHONES] == expected
    assert 2 < expected.count(None) < len(PHONES)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.text(st.sampled_from("aA.+ @\tgmail.com\u00a0éÉ\u0301ΣİK-"), max_size=24),
        min_size=20, max_size=20,
    )
)  # fmt: skip
def test_any_text_is_normalised_like_the_macro(texts: list[str]) -> None:
    texts = [*texts, *(f"{text}@gmail.com" for text in texts), *(f"a{t}@b.c" for t in texts)]
    expected = by_macro("normalise_email_for_matching", texts)
    assert [email_for_matching(text) for text in texts] == expected


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [("email", " A.B@gmail.com", "ab@gmail.com"), ("email", "ann", None),
     ("phone", " +14155550101 ", "+14155550101"), ("phone", "415", None),
     ("shopify_order_id", " 12 ", "12"), ("shopify_order_id", " ", None)],
)  # fmt: skip
def test_a_value_takes_the_form_of_its_type(kind: str, text: str, expected: str | None) -> None:
    assert value_for_matching(kind, text) == expected


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [("email", "annlee@work.example", "a***@w***.example"),
     ("email", "a@b.co", "a***@b***.co"), ("email", "ann@mail.shop.co.uk", "a***@m***.uk"),
     ("phone", "+14155551212", "+1******1212"), ("phone", "+1234567", "+1****4567"),
     ("shopify_customer_id", "123", "123"), ("anonymous_id", "D1", "D1"),
     ("anonymous_id", "6341f43ed77d7990", "6341f43e…")],
)  # fmt: skip
def test_masks_keep_little(kind: str, value: str, expected: str) -> None:
    assert masked(kind, value) == expected
