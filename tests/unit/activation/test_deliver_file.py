"""A file goes the way of any channel: plan, approval, receipts; and it holds the whole object."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from orchestration.activation.deliver import DeliveryReport, deliver
from orchestration.destinations.registry import open_destination
from orchestration.settings import Settings
from tests.unit.activation.world import FOUR, SPEC, World, sha, world_in

FILE = replace(SPEC, model="sync_file__vip", destination="file", object="file/vip")


def day(world: World, emails: Mapping[str, str | None]) -> DeliveryReport:
    world.desire(emails, FILE)
    made = world.plan(FILE)
    if made.state == "open":
        world.approve(made.plan_hash)
    return deliver(
        world.settings, world.ledger, open_destination=open_destination, now=world.clock,
        sleep=world.clock.sleep, jitter=lambda: 0.5,
    )  # fmt: skip


def held(home: Path) -> dict[str, str]:
    file = home / "files" / "vip" / "vip.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        return {row["row_key"]: row["email_sha256"] for row in csv.DictReader(stream)}


def test_days_of_changes_leave_the_file_as_desired(tmp_path: Path) -> None:
    account = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)}).destinations["file"]
    with world_in(tmp_path, destinations={"file": account}) as world:
        first = day(world, FOUR)
        assert first.deliveries[0].verdict_counts == {("add", "accepted"): 4}
        assert held(tmp_path) == {key: sha(email) for key, email in FOUR.items()}
        before = (tmp_path / "files" / "vip" / "vip.csv").read_bytes()
        assert day(world, FOUR).deliveries == ()
        assert (tmp_path / "files" / "vip" / "vip.csv").read_bytes() == before
        # A changed identifier replaces the row: nothing of it is taken out afterwards.
        changed = {**FOUR, "customer-0": "new@example.test"}
        assert day(world, changed).deliveries[0].verdict_counts == {("update", "accepted"): 1}
        assert held(tmp_path) == {key: sha(email) for key, email in changed.items()}
        staying = {key: email for key, email in changed.items() if key != "customer-3"}
        assert day(world, staying).deliveries[0].verdict_counts == {("remove", "accepted"): 1}
        assert held(tmp_path) == {key: sha(email) for key, email in staying.items()}


def test_an_edited_file_stops_its_plan_and_says_why(tmp_path: Path) -> None:
    account = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)}).destinations["file"]
    with world_in(tmp_path, destinations={"file": account}) as world:
        day(world, FOUR)
        (tmp_path / "files" / "vip" / "vip.csv").write_text("mine\n")
        report = day(world, {**FOUR, "customer-4": "more@example.test"})
        assert not report.is_complete
        assert "not as it was written here" in str(report.deliveries[0].reason)
