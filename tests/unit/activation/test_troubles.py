"""Odd answers and bad days of a delivery: pauses, double answers, a full disk, edited settings."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from orchestration.destinations.base import Limits, Receipt, Row
from orchestration.ledger import LedgerError
from orchestration.ledger.delivered import REJECTED_PAUSE
from tests.unit.activation.world import FOUR, Vendor, World


def test_rejected_content_is_offered_again_when_its_pause_is_over(
    world: World, vendor: Vendor
) -> None:
    def refuse(row: Row) -> Receipt:
        return Receipt(row.key, "rejected" if row.key == "customer-0" else "accepted")

    vendor.script = [refuse]
    world.sync(vendor, FOUR)
    pause = REJECTED_PAUSE
    for _ in range(3):
        world.clock.moment += pause - timedelta(seconds=1)
        assert world.plan().state == "nothing_to_do"
        world.clock.moment += timedelta(seconds=1)
        vendor.script = [refuse]
        world.sync(vendor, FOUR)
        assert [row.key for row in vendor.calls[-1][1]] == ["customer-0"]
        pause *= 2


def test_of_two_answers_for_one_row_the_first_counts(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    world.approve(world.plan().plan_hash)

    class Twice(Vendor):
        def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
            told = super().upsert(rows)
            return [*told, *(Receipt(row.key, "rejected") for row in rows)]

    report = world.deliver(Twice())
    assert report.deliveries[0].verdict_counts == {("add", "accepted"): 4}


def test_nothing_starts_while_the_ledger_cannot_be_written(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    world.approve(world.plan().plan_hash)

    def full(*_: object) -> None:
        raise OperationalError("insert", {}, sqlite3.OperationalError("database or disk is full"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestration.activation.turns.leases.acquire", full)
        with pytest.raises(LedgerError, match="Free the disk"):
            world.deliver(vendor)
    assert vendor.calls == []
    assert world.deliver(vendor).is_complete


def test_settings_that_change_under_way_change_nothing_of_this_run(
    world: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.desire(FOUR)
    world.approve(world.plan().plan_hash)

    def edit(row: Row) -> Receipt:
        monkeypatch.setenv("TRIBUTARY_META_ACCOUNT_ID", "another")
        monkeypatch.setenv("TRIBUTARY_DESTINATIONS", "klaviyo")
        return Receipt(row.key, "accepted")

    vendor.script, vendor.limits = [edit], Limits(rows_per_request=1)
    assert world.deliver(vendor).is_complete
    assert len(vendor.members) == 4
