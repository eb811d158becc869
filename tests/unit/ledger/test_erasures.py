"""The ledger forgets a person whole, keeps everybody else, and its chain stays provable."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from orchestration.ledger import LedgerDamagedError, consent_events, erasures, facts
from orchestration.ledger.consent_events import ERASE, ConsentEvent, PrivacyRequest
from orchestration.ledger.consent_tables import consent_event, privacy_request
from orchestration.ledger.erasures import Person, Work
from orchestration.ledger.facts import Lift, Proof
from orchestration.ledger.privacy_tables import batch_salt
from orchestration.ledger.tables import audit_chain, dead_letter, delivered, receipt, suppression
from tests.unit.activation.world import START, Vendor, World, sha

ANN, JOANN = "ann@example.test", "jo.ann@example.test"
PEOPLE = {"a": ANN, "j": JOANN}
PERSON = Person(
    frozenset({"a"}), frozenset(), frozenset({ANN}), frozenset(),
    frozenset({("email_sha256", sha(ANN))}),
)  # fmt: skip


def fill(world: World, vendor: Vendor) -> Work:
    """Two people in every table; one of them is to be forgotten."""
    world.sync(vendor, PEOPLE)
    with world.ledger.transaction() as connection:
        for number, email in enumerate(PEOPLE.values()):
            subject = ("email_sha256", sha(email))
            said = ConsentEvent(
                "s", "shop", "t", f"e{number}", frozenset({subject}), "marketing", "email",
                "opted_out", START, START,
            )  # fmt: skip
            consent_events.record(connection, [said], START)
        facts.record_suppressions(
            connection,
            [
                {"subject_type": "email_sha256", "subject_value": sha(email), "channel": "email",
                 "purpose": "marketing", "source_event": "e", "suppressed_at": START}
                for email in PEOPLE.values()
            ],
            START,
        )  # fmt: skip
        lift = Lift("email_sha256", sha(ANN), "sms", "marketing", START, Proof("s", "1"))
        facts.record_lifts(connection, [lift], START)
        request = PrivacyRequest(
            "by_hand", "", ERASE, "r", ERASE, frozenset({("email_sha256", sha(ANN))}),
            {"orders": ["1"]}, START, START,
        )  # fmt: skip
        consent_events.record_requests(connection, [request], START)
        connection.execute(
            dead_letter.insert().values(
                destination="d", object="o", key="a", row_hash="h", plan_hash="p",
                rejected_at=START, rejected_count=1,
            )
        )
        connection.execute(
            receipt.insert().values(
                sequence=1_000, destination="d", object="o", key=sha(ANN), operation="suppress",
                verdict="accepted", vendor_id="v", received_at=START,
            )
        )  # fmt: skip
        erasures.begin(connection, 1, PERSON, START)
        (work,) = erasures.under_way(connection)
    return work


def forget(world: World, work: Work) -> dict[str, int]:
    with world.ledger.transaction() as connection:
        counts = erasures.forget(connection, work, START)
        assert erasures.count_hers(connection, PERSON) == {}
        erasures.finish(connection, work.request_sequence)
    return counts


def test_she_is_forgotten_in_every_table_and_nobody_else(world: World, vendor: Vendor) -> None:
    work = fill(world, vendor)
    assert work.person == PERSON
    assert forget(world, work) == {
        "consent_event": 1, "suppression": 1, "suppression_lift": 1, "delivered": 1,
        "dead_letter": 1, "receipt": 1,
    }  # fmt: skip
    assert {row["subject_value"] for row in world.rows(suppression)} == {sha(JOANN)}
    assert [row["key"] for row in world.rows(delivered)] == ["j"], "an address within another"
    assert len(world.rows(consent_event)) == 1
    (request,) = world.rows(privacy_request)
    assert (request["subjects_json"], request["detail_json"]) == ("[]", "{}")
    keys = [row["key"] for row in world.rows(receipt)]
    assert sorted(keys) == ["a", "erasure|1|address", "j"], "receipts stay, addresses do not"


def test_no_byte_of_her_is_left_in_the_file(world: World, vendor: Vendor) -> None:
    work = fill(world, vendor)
    file = world.settings.home / "ledger.sqlite"
    forget(world, work)
    world.ledger.write_anew()
    content = file.read_bytes() + file.with_name("ledger.sqlite-wal").read_bytes()
    assert sha(JOANN).encode() in content
    assert sha(ANN).encode() not in content
    assert f" {ANN}".encode() not in content


def test_the_chain_holds_after_it_and_its_old_digests_prove_nothing(
    world: World, vendor: Vendor
) -> None:
    work = fill(world, vendor)
    salts = {row["table_name"]: row["salt"] for row in world.rows(batch_salt)}
    before = world.ledger.verify()
    forget(world, work)
    assert world.ledger.verify() == before + 1, "one link restates what changed"
    changed = {row["table_name"]: row["salt"] for row in world.rows(batch_salt)}
    assert salts.keys() == changed.keys()
    assert not set(salts.values()) & set(changed.values()) - {salts["consent_event"]}
    links = "".join(row["detail_json"] for row in world.rows(audit_chain))
    assert sha(ANN) not in links


def _drop_a_suppression(world: World) -> None:
    with world.ledger.transaction() as connection:
        connection.execute(suppression.delete())


def _change_a_salt(world: World) -> None:
    with world.ledger.transaction() as connection:
        connection.execute(
            batch_salt.update().where(batch_salt.c.table_name == "suppression").values(salt="x")
        )


def _unsay_the_erasure(world: World) -> None:
    connection = sqlite3.connect(world.settings.home / "ledger.sqlite")
    connection.execute("update audit_chain set detail_json = replace(detail_json, '[[', '[ [')"
                       " where kind = 'erasure'")  # fmt: skip
    connection.commit()
    connection.close()


@pytest.mark.parametrize("harm", [_drop_a_suppression, _change_a_salt, _unsay_the_erasure])
def test_an_erasure_is_no_cover_for_other_changes(
    world: World, vendor: Vendor, harm: Callable[[World], None]
) -> None:
    forget(world, fill(world, vendor))
    harm(world)
    with pytest.raises(LedgerDamagedError):
        world.ledger.verify()


def test_what_is_done_stays_done_and_each_change_is_a_link(world: World) -> None:
    links = world.ledger.verify()
    with world.ledger.transaction() as connection:
        for state in (erasures.OPEN, erasures.OPEN, erasures.DONE, erasures.OPEN):
            erasures.note(connection, 1, "raw tables", state, {}, START)
        (step,) = erasures.steps(connection, 1)
    assert step.state == erasures.DONE
    assert world.ledger.verify() == links + 2
