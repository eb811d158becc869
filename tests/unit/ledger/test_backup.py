"""Backup and restore: whole, private, verified, and never silently older than the anchor."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.ledger import (
    LeaseHeldError,
    Ledger,
    LedgerDamagedError,
    LedgerError,
    gaps,
    leases,
    open_ledger,
)
from orchestration.ledger.backup import Restored, back_up, restore
from orchestration.ledger.safety_tables import restore_gap
from orchestration.settings import Settings
from tests.unit.activation.world import SPEC, START, Vendor, World
from tests.unit.ledger.test_store import person

FOUR = {f"c{n}": f"p{n}@example.test" for n in range(4)}


@pytest.fixture
def copy(world: World) -> Path:
    """A backup of a ledger with one opt-out; afterwards two more people opt out."""
    world.ledger.record_suppressions([person(1)])
    file = world.settings.home / "backups" / "monday.sqlite"
    back_up(world.settings, file)
    world.ledger.record_suppressions([person(2)])
    world.ledger.record_suppressions([person(3)])
    return file


def put_back(world: World, file: Path, reason: str | None = None) -> Restored:
    world.ledger.close()
    return restore(world.settings, file, reason=reason, actor="ada", now=world.clock)


def reopened(world: World) -> Ledger:
    world.ledger = open_ledger(world.settings, now=world.clock)
    return world.ledger


def suppressed(ledger: Ledger) -> list[str]:
    return [row["subject_value"] for row in ledger.rows_since("suppression", 0, 10)]


def test_a_backup_is_private_and_whole_while_others_write(world: World, copy: Path) -> None:
    anchor = copy.with_name("monday.sqlite.anchor")
    for file in (copy, anchor):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(entry.name for entry in copy.parent.iterdir()) == [copy.name, anchor.name]
    assert json.loads(anchor.read_text())["position"] == 2
    with open_ledger(replace(world.settings, ledger_url=f"sqlite:///{copy}")) as copied:
        assert suppressed(copied) == ["customer-1"]
        assert copied.verify() == 2


def test_a_backup_taken_inside_a_transaction_holds_what_was_committed(world: World) -> None:
    world.ledger.record_suppressions([person(1)])
    file = world.settings.home / "now.sqlite"
    with world.ledger.transaction() as connection:
        gaps.close(connection, actor="ada", reason="", at=START)
        assert back_up(world.settings, file).links == 2


def test_a_backup_replaces_nothing(world: World, copy: Path) -> None:
    content = copy.read_bytes()
    with pytest.raises(LedgerError, match="exists already"):
        back_up(world.settings, copy)
    assert copy.read_bytes() == content


def test_a_changed_ledger_gives_no_backup(world: World) -> None:
    world.ledger.record_suppressions([person(1)])
    world.ledger.close()
    connection = sqlite3.connect(world.settings.home / "ledger.sqlite")
    connection.execute("update suppression set subject_value = 'nobody'")
    connection.commit()
    connection.close()
    file = world.settings.home / "bad.sqlite"
    with pytest.raises(LedgerDamagedError, match="suppression"):
        back_up(world.settings, file)
    assert not file.exists()
    assert not list(world.settings.home.glob(".bad*"))


def test_a_server_has_its_own_backup(world: World) -> None:
    server = replace(world.settings, ledger_url="postgresql+psycopg://localhost/ledger")
    with pytest.raises(LedgerError, match="pg_dump"):
        back_up(server, world.settings.home / "no.sqlite")


def test_the_newest_backup_comes_back_without_a_question(world: World, tmp_path: Path) -> None:
    world.ledger.record_suppressions([person(1)])
    file = tmp_path / "newest.sqlite"
    back_up(world.settings, file)
    world.ledger.close()
    (world.settings.home / "ledger.sqlite").write_bytes(b"a disk's last breath")
    done = put_back(world, file)
    assert (done.links, done.lost_links) == (2, 0)
    ledger = reopened(world)
    assert suppressed(ledger) == ["customer-1"]
    with ledger.read() as connection:
        assert gaps.open_gap(connection) is None
    assert done.replaced is not None
    assert done.replaced.read_bytes() == b"a disk's last breath"


def test_an_older_backup_is_refused_without_a_reason(world: World, copy: Path) -> None:
    for reason in (None, " "):
        with pytest.raises(LedgerError, match="up to 2 links would be lost"):
            put_back(world, copy, reason)
    assert suppressed(reopened(world)) == ["customer-1", "customer-2", "customer-3"]


def test_after_an_older_backup_nothing_is_sent_until_a_person_confirms(
    world: World, vendor: Vendor, copy: Path
) -> None:
    done = put_back(world, copy, "The disk is gone.")
    assert done.lost_links == 2
    ledger = reopened(world)
    assert suppressed(ledger) == ["customer-1"]
    with pytest.raises(LedgerError, match="opt-outs among them; nothing is sent"):
        world.sync(vendor, FOUR)
    assert vendor.calls == []
    world.ledger.record_suppressions([person(2), person(3)])
    with ledger.transaction() as connection:
        assert gaps.close(connection, actor="ada", reason="Landed again.", at=START) == 1
    assert world.deliver(vendor).is_complete
    assert len(vendor.members) == 4
    assert ledger.verify() > 5


def test_a_gap_that_somebody_erases_or_closes_by_hand_is_found(
    world: World, copy: Path
) -> None:
    put_back(world, copy, "The disk is gone.")
    ledger = reopened(world)
    ledger.verify()
    for change in (
        restore_gap.update().values(closed_at=START, closed_by="eve"),
        restore_gap.delete(),
    ):
        with ledger.transaction() as connection:
            connection.execute(change)
        with pytest.raises(LedgerDamagedError, match="restore"):
            ledger.verify()


def test_another_ledgers_backup_counts_as_older(world: World, tmp_path: Path) -> None:
    world.ledger.record_suppressions([person(1)])
    other = replace(world.settings, ledger_url=f"sqlite:///{tmp_path / 'other.sqlite'}")
    with open_ledger(other) as ledger:
        ledger.record_suppressions(person(n) for n in range(9))
        ledger.record_suppressions([person(20)])
        ledger.record_suppressions([person(21)])
    back_up(other, tmp_path / "copy.sqlite")
    with pytest.raises(LedgerError, match="lacks link 2"):
        put_back(world, tmp_path / "copy.sqlite")


def edit(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("delete from suppression")
    connection.commit()
    connection.close()


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def take_anchor(file: Path) -> None:
    file.with_name(f"{file.name}.anchor").unlink()


@pytest.mark.parametrize(
    ("damage", "named"),
    [(edit, "was changed"), (truncate, "cut short"), (take_anchor, "no backup"),
     (Path.unlink, "no backup")],
)  # fmt: skip
def test_a_damaged_backup_is_refused_and_the_ledger_stays(
    world: World, copy: Path, damage: Callable[[Path], None], named: str
) -> None:
    damage(copy)
    with pytest.raises(LedgerError, match=named):
        put_back(world, copy, "The disk is gone.")
    assert len(suppressed(reopened(world))) == 3


def test_nothing_is_restored_under_a_sender(world: World, copy: Path) -> None:
    with world.ledger.transaction() as connection:
        leases.acquire(connection, SPEC.destination, "account-1", "sender", world.clock())
    with pytest.raises(LeaseHeldError, match="sends to meta"):
        put_back(world, copy, "The disk is gone.")
    world.clock.sleep(3600)
    assert put_back(world, copy, "The disk is gone.").links == 2


@pytest.mark.parametrize("step", range(1, 6))
def test_killed_while_restoring_it_refuses_to_open_or_is_whole(
    world: World, copy: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """At the n-th rename the process ends; the restore can be run again."""
    original, count = Path.replace, iter(range(1, 100))

    def dying(self: Path, target: Path) -> Path:
        if next(count) == step:
            raise KeyboardInterrupt
        return original(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dying)
        try:
            put_back(world, copy, "The disk is gone.")
        except KeyboardInterrupt:
            pass
        else:
            pytest.skip("fewer renames than that")
    try:
        with open_ledger(world.settings, now=world.clock) as ledger:
            with ledger.read() as connection:
                is_stopped = gaps.open_gap(connection) is not None
            assert is_stopped or len(suppressed(ledger)) == 3, "sending from an older ledger"
    except LedgerDamagedError:
        pass
    put_back(world, copy, "The disk is gone.")
    ledger = reopened(world)
    with ledger.read() as connection:
        assert gaps.open_gap(connection) is not None
    assert suppressed(ledger) == ["customer-1"]


def test_an_old_file_copied_by_hand_is_refused_at_the_door(world: World, copy: Path) -> None:
    world.ledger.close()
    shutil.copyfile(copy, world.settings.home / "ledger.sqlite")
    for companion in ("-wal", "-shm"):
        (world.settings.home / f"ledger.sqlite{companion}").unlink(missing_ok=True)
    with pytest.raises(LedgerDamagedError, match="lost link"):
        open_ledger(world.settings)


def test_settings_decide_which_ledger(world: World) -> None:
    assert isinstance(world.settings, Settings)
    missing = replace(world.settings, ledger_url=f"sqlite:///{world.settings.home / 'no.sqlite'}")
    with pytest.raises(LedgerDamagedError, match="is missing"):
        back_up(missing, world.settings.home / "copy.sqlite")
