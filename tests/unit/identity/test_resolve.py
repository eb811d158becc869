"""What a person types means what the warehouse holds, or fails with the remedy, never quoted."""

from __future__ import annotations

import pytest

from orchestration.errors import TributaryError
from orchestration.identity.door import Connection
from orchestration.identity.errors import AmbiguousIdentityError, UnknownIdentityError
from orchestration.identity.resolve import named_identifier, resolve

ANN = ("cus_ann",)


@pytest.mark.parametrize(
    ("text", "records", "customers"),
    [
        ("main|shopify.order|102", ("main|shopify.order|102",), ANN),
        ("shopify_order_id:102", ("main|shopify.order|102",), ANN),
        ("SHOPIFY_ORDER_ID:102", ("main|shopify.order|102",), ANN),
        ("klaviyo_profile_id@mail:K1", ("mail|klaviyo.person|K1",), ANN),
        ("ann@work.example", ("main|shopify.order|103", "mail|klaviyo.person|K1"), ANN),
        (" email:Ann@Work.example. ", ("main|shopify.order|103", "mail|klaviyo.person|K1"), ANN),
        (
            "Ann.Lee+shop@googlemail.com",
            ("main|shopify.customer|1", "main|shopify.order|101", "main|shopify.order|102"),
            ANN,
        ),
        ("shopify_customer_id@second:1", ("second|shopify.customer|1",), ("cus_ed",)),
        ("anonymous_id:D1", ("main|web.anonymous_id|D1",), ANN),
        ("main|web.anonymous_id|D1", ("main|web.anonymous_id|D1",), ANN),
        ("anonymous_id:D9", ("main|web.anonymous_id|D9",), ()),
        ("shopify_order_id:901", ("main|shopify.order|901",), ()),
        (
            "+14155550101",
            ("main|shopify.customer|1", "main|shopify.customer|2", "main|shopify.order|103"),
            ("cus_ann", "cus_bob"),
        ),
    ],
)
def test_each_form_finds_its_records_and_customers(
    connection: Connection, text: str, records: tuple[str, ...], customers: tuple[str, ...]
) -> None:
    found = resolve(connection, text, place="X")
    assert (found.records, found.customers) == (records, customers)


def test_a_customer_stands_for_all_its_records_and_starts_at_its_seed(
    connection: Connection,
) -> None:
    found = resolve(connection, "cus_ann", place="X")
    assert len(found.records) == 5
    assert found.starts == ("main|shopify.customer|1",)
    assert found.followed == ()


def test_a_retired_id_is_followed_through_every_id_it_became(connection: Connection) -> None:
    found = resolve(connection, "cus_eldest", place="X")
    assert found.customer_id == "cus_ann"
    assert [row.customer_id for row in found.followed] == ["cus_elder", "cus_ann"]


def test_an_id_that_stands_for_itself_again_is_not_followed(connection: Connection) -> None:
    assert resolve(connection, "cus_fay", place="X").customers == ("cus_fay",)


@pytest.mark.parametrize(
    ("text", "own"),
    [("main|shopify.order|102", "main|shopify.order|102"),
     ("shopify_customer_id@main:1", "main|shopify.customer|1"),
     ("ann@work.example", None), ("cus_ann", None)],
)  # fmt: skip
def test_only_a_key_or_an_own_number_names_one_record(
    connection: Connection, text: str, own: str | None
) -> None:
    assert resolve(connection, text, place="X").own_record == own


def test_a_number_of_two_shops_needs_its_scope(connection: Connection) -> None:
    with pytest.raises(AmbiguousIdentityError, match="main, second") as raised:
        resolve(connection, "shopify_customer_id:1", place="X")
    assert "shopify_customer_id@main:VALUE" in raised.value.remedy


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nobody@nowhere.example", "no record and no browser shows"),
        ("email:nobody@nowhere.example", "no record and no browser shows"),
        ("email:nobody.nowhere", "no valid email"),
        ("phone:4155550101", "no valid phone"),
        ("4155550101", "no form"),
        ("nobody", "no form"),
        ("", "no form"),
        ("nobody:nobody@nowhere.example", "no known type"),
        ("person_name:key-of-ann", "no known type"),
        ("visitor@home.example", "known from browsers only"),
        ("cus_nobody", "no customer has the id cus_nobody"),
        ("main|shopify.order|nobody", "no record"),
        ("shopify_order_id@nowhere:102", "in that scope, but in: main"),
    ],
)
def test_what_is_not_known_says_so_and_how_to_go_on(
    connection: Connection, text: str, message: str
) -> None:
    with pytest.raises(UnknownIdentityError, match=message) as raised:
        resolve(connection, text, place="X")
    assert raised.value.remedy


@pytest.mark.parametrize(
    "text",
    ["secret@nowhere.example", "secret:secret@nowhere.example", "email:secret@", "secret@x:y",
     "+19998887777", "phone:+19998887777", "phone:999 888 7777", "secret|+19998887777|secret"],
)  # fmt: skip
def test_no_error_quotes_what_was_typed(connection: Connection, text: str) -> None:
    with pytest.raises(TributaryError) as raised:
        resolve(connection, text, place="X")
    for part in ("secret", "nowhere", "999"):
        assert part not in str(raised.value)


def test_an_identifier_may_be_named_before_it_is_seen(connection: Connection) -> None:
    found = named_identifier(connection, "New.One@gmail.com", place="X", must_be_known=False)
    assert (found.type, found.scope, found.value) == ("email", "", "newone@gmail.com")
    with pytest.raises(UnknownIdentityError, match="no scope is given"):
        named_identifier(connection, "shopify_customer_id:9", place="X", must_be_known=False)
    scoped = named_identifier(
        connection, "shopify_customer_id@main:9", place="X", must_be_known=False
    )
    assert scoped.scope == "main"
