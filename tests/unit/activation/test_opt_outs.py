"""A halted plan holds no opt-out back: it stands in the outbox, once, with nobody's approval."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from orchestration.activation.preview import Plan
from orchestration.ledger import outbox as outbox_rows
from orchestration.ledger.statements import INSERTED_ROWS
from orchestration.ledger.tables import audit_chain, outbox
from tests.unit.activation.world import SPEC, Vendor, World, sha

MANY = {f"c{n:03}": f"p{n}@example.test" for n in range(200)}


def halted(world: World, vendor: Vendor, *, leaving: int = 60, opted_out: int = 3) -> Plan:
    """Sixty of two hundred leave at once; three of them because they asked to."""
    world.sync(vendor, MANY)
    for number in range(opted_out):
        world.suppress("customer_id", f"c{number:03}")
    world.desire(dict(list(MANY.items())[leaving:]))
    made = world.plan()
    assert made.state == "halted"
    return made


def test_its_opt_outs_are_in_the_outbox_and_its_other_removals_wait(
    world: World, vendor: Vendor
) -> None:
    made = halted(world, vendor)
    rows = world.rows(outbox)
    assert [row["key"] for row in rows] == ["c000", "c001", "c002"]
    for row in rows:
        assert (row["plan_hash"], row["operation"], row["state"]) == (None, "remove", "pending")
        assert (row["destination"], row["object"]) == (SPEC.destination, SPEC.object)
        assert row["priority"] == outbox_rows.REMOVE_SUPPRESSED
    assert rows[0]["payload_json"] == f'{{"email_sha256":"{sha("p0@example.test")}"}}'
    planned = {row["key"] for row in pq.read_table(made.file).to_pylist()}
    assert planned == set(list(MANY)[3:60])
    assert (made.seal.remove_count, made.reason) == (57, "57 of 200 delivered rows would leave")


def test_planned_again_they_stand_there_once_and_the_plan_is_the_same(
    world: World, vendor: Vendor
) -> None:
    made = halted(world, vendor)
    for _ in range(3):
        world.clock.sleep(60)
        assert world.plan().plan_hash == made.plan_hash
    assert len(world.rows(outbox)) == 3
    world.suppress("email_sha256", sha("p3@example.test"))
    again = world.plan()
    assert again.plan_hash != made.plan_hash
    assert [row["key"] for row in world.rows(outbox)] == ["c000", "c001", "c002", "c003"]
    links = [row for row in world.rows(audit_chain) if row["kind"] == "opt_outs"]
    assert len(links) == 2, "one link for three people, one for the fourth"


def test_a_plan_that_is_not_halted_keeps_its_opt_outs(world: World, vendor: Vendor) -> None:
    world.sync(vendor, MANY)
    world.suppress("customer_id", "c000")
    world.desire(dict(list(MANY.items())[1:]))
    made = world.plan()
    assert (made.state, made.seal.remove_count) == ("open", 1)
    assert world.rows(outbox) == []


def test_a_later_plan_leaves_alone_who_is_on_the_way_out(world: World, vendor: Vendor) -> None:
    halted(world, vendor)
    world.desire(dict(list(MANY.items())[1:]))
    made = world.plan()
    assert made.state == "nothing_to_do", "c000 leaves without it, c001 and c002 are not undone"
    assert len(world.rows(outbox)) == 3


def test_an_empty_source_lets_opt_outs_go_and_nobody_else(world: World, vendor: Vendor) -> None:
    made = halted(world, vendor, leaving=200, opted_out=200)
    assert "the source is empty" in str(made.reason)
    assert (made.seal.remove_count, len(world.rows(outbox))) == (0, 200)


def test_more_than_a_transaction_takes_go_in_several(
    world: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.activation.leaving.INSERTED_ROWS", 40)
    halted(world, vendor, leaving=200, opted_out=100)
    assert {row["key"] for row in world.rows(outbox)} == set(list(MANY)[:100])
    links = [row for row in world.rows(audit_chain) if row["kind"] == "opt_outs"]
    assert len(links) == 3
    assert world.ledger.verify() > 3
    assert INSERTED_ROWS <= 1_000


def test_a_seal_that_fails_puts_nobody_out(
    world: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("orchestration.activation.sealing.standing.approve_if_inside", fail)
    with pytest.raises(RuntimeError):
        halted(world, vendor)
    assert world.rows(outbox) == []
