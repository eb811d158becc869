"""An instruction names the right records, or says why it would do nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from orchestration.identity import instruct
from orchestration.identity.errors import InstructionRefusedError, UnknownIdentityError
from orchestration.identity.instruct import MOST_INSTRUCTIONS, Outcome, Signed
from orchestration.ledger import open_ledger
from orchestration.settings import Settings
from tests.unit.identity.world import addresses_in

SIGNED = Signed("said so on the phone, ticket 7", "dana")
ANN_EMAIL, ANN_WORK, BOB_EMAIL = "annlee@gmail.com", "ann@work.example", "bob@home.example"
ACCOUNT, ORDER_103, PROFILE = (
    "main|shopify.customer|1", "main|shopify.order|103", "mail|klaviyo.person|K1",
)  # fmt: skip
BOB = "main|shopify.customer|2"


def now() -> datetime:
    return datetime(2025, 9, 1, tzinfo=UTC)


def link(settings: Settings, left: str, right: str) -> Outcome:
    return instruct.link(settings, left, right, SIGNED, now=now)


def unlink(settings: Settings, left: str, right: str) -> Outcome:
    return instruct.unlink(settings, left, right, SIGNED, now=now)


def block(
    settings: Settings, text: str, *, lift: bool = False, force: bool = False
) -> Outcome:
    return instruct.block(settings, text, SIGNED, lift=lift, force=force, now=now)


def recorded(settings: Settings) -> list[dict[str, Any]]:
    with open_ledger(settings, now=now) as ledger:
        ledger.verify()
        return ledger.rows_since("identity_instruction", 0, 1_000)


def pairs(settings: Settings) -> list[tuple[str, str, str]]:
    return [
        (row["kind"], row["left_node_key"], row["right_node_key"]) for row in recorded(settings)
    ]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("cus_ann", "cus_bob", (ACCOUNT, BOB)),
        (ANN_WORK, BOB_EMAIL, (ORDER_103, BOB)),
        ("main|shopify.order|102", "shopify_order_id:201",
         ("main|shopify.order|102", "main|shopify.order|201")),
        ("cus_eldest", "shopify_customer_id@second:1", (ACCOUNT, "second|shopify.customer|1")),
    ],
)  # fmt: skip
def test_a_link_names_one_record_of_each_side(
    settings: Settings, left: str, right: str, expected: tuple[str, str]
) -> None:
    outcome = link(settings, left, right)
    assert pairs(settings) == [("link", *expected)]
    assert "next `tributary run`" in outcome.message
    (row,) = recorded(settings)
    assert (row["reason"], row["actor"]) == (SIGNED.reason, SIGNED.actor)


def test_linking_what_is_one_already_records_nothing(settings: Settings) -> None:
    assert link(settings, ANN_WORK, "cus_ann").message == "They are one customer already: cus_ann."
    assert "One record shows both" in link(settings, ACCOUNT, "cus_ann").message
    assert recorded(settings) == []


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        ("anonymous_id:D1", "cus_bob", "is a browser"),
        ("shopify_order_id:901", "cus_bob", "belongs to no customer"),
        ("cus_bob", "+14155550101", "second name is shown by 2 customers"),
    ],
)
def test_a_link_needs_one_record_of_one_customer(
    settings: Settings, left: str, right: str, message: str
) -> None:
    with pytest.raises(InstructionRefusedError, match=message):
        link(settings, left, right)
    assert recorded(settings) == []


def test_every_record_that_shows_an_email_leaves(settings: Settings) -> None:
    outcome = unlink(settings, ANN_WORK, ANN_EMAIL)
    assert pairs(settings) == [("unlink", ORDER_103, ACCOUNT), ("unlink", PROFILE, ACCOUNT)]
    assert "and 1 more" in outcome.message
    assert [one["sequence"] for one in outcome.instructions] == [1, 2]


@pytest.mark.parametrize("name", [PROFILE, "klaviyo_profile_id:K1"])
def test_a_record_leaves_alone(settings: Settings, name: str) -> None:
    unlink(settings, name, "cus_ann")
    assert pairs(settings) == [("unlink", PROFILE, ACCOUNT)]


def test_what_stays_is_a_record_that_does_not_leave(settings: Settings) -> None:
    # The phone stands on the account and on the guest's order; the account would stay by itself.
    unlink(settings, ANN_EMAIL, "cus_ann")
    assert {right for _, _, right in pairs(settings)} == {ORDER_103}


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        ("cus_ann", ANN_EMAIL, "is a whole customer"),
        (ANN_EMAIL, BOB_EMAIL, "are not one customer"),
        ("anonymous_id:D1", "cus_ann", "is a browser"),
        ("cus_ann", "cus_ann", "is a whole customer"),
        (ANN_EMAIL, "main|shopify.order|101", "would leave with the first"),
        (PROFILE, "anonymous_id:D1", "second name is a browser"),
    ],
)
def test_an_unlink_needs_something_that_leaves_and_something_that_stays(
    settings: Settings, left: str, right: str, message: str
) -> None:
    with pytest.raises(InstructionRefusedError, match=message):
        unlink(settings, left, right)
    assert recorded(settings) == []


def test_an_address_on_too_many_records_is_not_unlinked(settings: Settings) -> None:
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            "insert into identity.int_identity_observations select 'main|shopify.order|m' || n,"
            " 'main', 'shopify.order', 'm' || n, 'email', '', 'ann@work.example', 'S2', false,"
            " timestamp '2025-05-05', timestamp '2025-05-05' from range($n) as numbers (n)",
            {"n": MOST_INSTRUCTIONS},
        )
        connection.execute(
            "insert into identity.int_identity_members"
            " select 'main|shopify.order|m' || n, 'cus_ann' from range($n) as numbers (n)",
            {"n": MOST_INSTRUCTIONS},
        )
    with pytest.raises(InstructionRefusedError, match="102 records would leave") as raised:
        unlink(settings, ANN_WORK, ANN_EMAIL)
    assert "Block the identifier" in raised.value.remedy
    assert recorded(settings) == []


def test_a_link_takes_back_every_unlink_between_the_two(settings: Settings) -> None:
    unlink(settings, ANN_WORK, ANN_EMAIL)
    # The build still has them as one; without taking back, the unlink would hold.
    link(settings, ANN_WORK, ANN_EMAIL)
    assert pairs(settings)[2:] == [("link", ORDER_103, ACCOUNT), ("link", PROFILE, ACCOUNT)]
    assert "already" in link(settings, ANN_WORK, ANN_EMAIL).message


def test_an_unlink_takes_back_a_link_that_no_build_has_seen(settings: Settings) -> None:
    link(settings, "cus_ann", "cus_bob")
    unlink(settings, ANN_EMAIL, BOB_EMAIL)
    assert pairs(settings)[1:] == [("unlink", ACCOUNT, BOB)]
    with pytest.raises(InstructionRefusedError, match="are not one customer"):
        unlink(settings, ANN_EMAIL, BOB_EMAIL)


def test_a_block_and_its_lifting(settings: Settings) -> None:
    outcome = block(settings, "Office@tower.example")
    assert addresses_in(outcome.message + str(outcome.as_json())) == []
    assert "stands already" in block(settings, "email:office@tower.example").message
    block(settings, "office@tower.example", lift=True)
    assert [
        (row["kind"], row["identifier_type"], row["identifier_scope"], row["identifier_value"])
        for row in recorded(settings)
    ] == [
        ("block", "email", "", "office@tower.example"),
        ("unblock", "email", "", "office@tower.example"),
    ]


def test_a_block_of_a_number_names_its_scope(settings: Settings) -> None:
    block(settings, "shopify_customer_id@second:1")
    assert recorded(settings)[0]["identifier_scope"] == "second"


def test_what_nobody_has_shown_is_blocked_only_by_force(settings: Settings) -> None:
    with pytest.raises(UnknownIdentityError):
        block(settings, "new@shop.example")
    block(settings, "new@shop.example", force=True)
    assert recorded(settings)[0]["identifier_value"] == "new@shop.example"


def test_only_a_block_by_hand_can_be_lifted(settings: Settings) -> None:
    with pytest.raises(InstructionRefusedError, match="No block by hand"):
        block(settings, "till@pos.example", lift=True)


@pytest.mark.parametrize(
    ("signed", "message"),
    [(Signed(" ", "dana"), "reason is empty"), (Signed("so", ""), "actor is empty"),
     (Signed("ann@work.example said so", "dana"), "reason holds an e-mail"),
     (Signed("call +14155550101", "dana"), "reason holds an e-mail"),
     (Signed("so", "dana@shop.example"), "actor holds an e-mail")],
)  # fmt: skip
def test_reason_and_actor_are_given_and_hold_no_address(
    settings: Settings, signed: Signed, message: str
) -> None:
    with pytest.raises(InstructionRefusedError, match=message) as raised:
        instruct.link(settings, "cus_ann", "cus_bob", signed, now=now)
    assert addresses_in(str(raised.value)) == []
    assert recorded(settings) == []
