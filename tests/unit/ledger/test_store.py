"""The door to the ledger: it opens what is whole and refuses everything else."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.errors import UnknownNameError
from orchestration.ledger import Ledger, LedgerDamagedError, LedgerError, open_ledger
from orchestration.ledger.tables import suppression
from orchestration.settings import Settings
from tests.unit.activation.world import START, settings_in


def person(number: int, **given: object) -> dict[str, object]:
    row: dict[str, object] = {
        "subject_type": "customer_id",
        "subject_value": f"customer-{number}",
        "channel": "email",
        "purpose": "marketing",
        "source_event": f"event-{number}",
        "suppressed_at": START,
    }
    return {**row, **given}


def seed(number: int, **given: str) -> dict[str, str]:
    row = {
        "customer_id": f"customer-{number}",
        "source_relation": "shop",
        "source_table": "customer",
        "source_row_id": str(number),
    }
    return {**row, **given}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


def filled(settings: Settings) -> None:
    with open_ledger(settings) as ledger:
        ledger.record_suppressions(person(n) for n in range(3))
        ledger.record_suppressions([person(9)])


def test_a_missing_ledger_is_made_private_and_durable(settings: Settings) -> None:
    with open_ledger(settings) as ledger, ledger.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"pragma {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    for name in ("ledger.sqlite", "ledger.sqlite.anchor"):
        assert stat.S_IMODE((settings.home / name).stat().st_mode) == 0o600


def test_wal_and_shared_memory_are_private_too(settings: Settings) -> None:
    with open_ledger(settings) as ledger:
        ledger.record_suppressions([person(1)])
        files = list(settings.home.glob("ledger.sqlite*"))
        assert len(files) == 4
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_facts_are_recorded_once_and_read_by_watermark(settings: Settings) -> None:
    with open_ledger(settings) as ledger:
        many = [person(n) for n in range(2_500)]
        assert ledger.record_suppressions(many) == 2_500
        assert ledger.record_suppressions([*many[:5], person(5_000)]) == 1
        assert ledger.record_suppressions([person(6_000), person(6_000)]) == 1
        assert ledger.register_customer_ids(seed(n) for n in range(1_000)) == 1_000
        assert ledger.register_customer_ids([seed(3, source_row_id="other"), seed(1_000)]) == 1
        first = ledger.rows_since("suppression", 0, 1_000)
        rest = ledger.rows_since("suppression", first[-1]["sequence"], 10_000)
        assert [row["sequence"] for row in first + rest] == list(range(1, 2_503))
        registered = ledger.rows_since("customer_id_register", 0, 10_000)
        assert registered[3]["source_row_id"] == "3", "a known id keeps its first source row"
        assert first[0]["suppressed_at"] == START


def test_unknown_names_answer_with_the_known_ones(settings: Settings) -> None:
    with open_ledger(settings) as ledger:
        with pytest.raises(UnknownNameError, match="customer_id_register"):
            ledger.rows_since("outbox", 0, 1)
        with pytest.raises(UnknownNameError, match="email_sha256"):
            ledger.record_suppressions([person(1, subject_type="e-mail")])
        with pytest.raises(UnknownNameError, match="Unknown plan"):
            ledger.plan("f" * 64)


def test_naive_times_are_refused(settings: Settings) -> None:
    with open_ledger(settings) as ledger, pytest.raises(Exception, match="aware times"):
        ledger.record_suppressions([person(1, suppressed_at=datetime(2026, 1, 1))])


def test_a_failed_transaction_leaves_nothing(settings: Settings) -> None:
    with open_ledger(settings) as ledger:
        ledger.record_suppressions([person(1)])

        def fail_halfway() -> None:
            with ledger.transaction() as connection:
                connection.execute(suppression.delete())
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail_halfway()
        assert len(ledger.rows_since("suppression", 0, 10)) == 1
        assert ledger.verify() == 2


def remove_ledger(file: Path) -> None:
    file.unlink()


def empty_ledger(file: Path) -> None:
    file.write_bytes(b"")


def cut_in_half(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def overwrite_header(file: Path) -> None:
    file.write_bytes(b"no ledger" + file.read_bytes()[9:])


def overwrite_pages(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096:20_480] = b"\xff" * 16_384
    file.write_bytes(content)


def make_another(file: Path) -> None:
    file.unlink()
    sqlite3.connect(file).close()


def statement(text: str) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        with sqlite3.connect(file) as connection:
            assert connection.execute(text).rowcount > 0
        connection.close()

    return change


@pytest.mark.parametrize(
    "damage",
    [
        remove_ledger,
        empty_ledger,
        cut_in_half,
        overwrite_header,
        overwrite_pages,
        make_another,
        statement("update audit_chain set detail_json = '{}' where position = 2"),
        statement("update audit_chain set recorded_at = '2020-01-01 00:00:00' where position = 2"),
        statement("delete from audit_chain where position = 2"),
        statement("delete from audit_chain where position = 3"),
        statement("update audit_chain set position = 9 where position = 2"),
        statement("delete from audit_chain"),
    ],
)
def test_a_damaged_ledger_is_refused_and_never_started_empty(
    settings: Settings, damage: Callable[[Path], None]
) -> None:
    filled(settings)
    damage(settings.home / "ledger.sqlite")
    for _ in range(2):
        with pytest.raises(LedgerDamagedError, match=r"backup"):
            open_ledger(settings)


def test_a_lost_or_unreadable_anchor_is_refused(settings: Settings) -> None:
    filled(settings)
    anchor = settings.home / "ledger.sqlite.anchor"
    anchor.write_text("{", encoding="utf-8")
    with pytest.raises(LedgerDamagedError, match="cannot be read"):
        open_ledger(settings)
    anchor.unlink()
    with pytest.raises(LedgerDamagedError, match="anchor"):
        open_ledger(settings)


def test_an_anchor_behind_the_chain_is_what_a_crash_leaves(settings: Settings) -> None:
    filled(settings)
    anchor = settings.home / "ledger.sqlite.anchor"
    before = anchor.read_bytes()
    with open_ledger(settings) as ledger:
        ledger.record_suppressions([person(20)])
    anchor.write_bytes(before)
    with open_ledger(settings) as ledger:
        assert ledger.verify() == 4
    assert anchor.read_bytes() != before, "the next transaction moves it on"


def test_a_ledger_that_died_at_its_birth_is_finished(settings: Settings) -> None:
    open_ledger(settings).close()
    (settings.home / "ledger.sqlite.anchor").unlink()
    open_ledger(settings).close()
    (settings.home / "ledger.sqlite.anchor").unlink()
    (settings.home / "ledger.sqlite").write_bytes(b"")
    with open_ledger(settings) as ledger:
        assert ledger.verify() == 1


@pytest.mark.parametrize(
    "text",
    [
        "delete from suppression where subject_value = 'customer-1'",
        "update suppression set channel = 'ads' where subject_value = 'customer-1'",
        "update suppression set suppressed_at = '2030-01-01 00:00:00.000000'",
    ],
)
def test_verify_finds_a_changed_suppression(settings: Settings, text: str) -> None:
    filled(settings)
    statement(text)(settings.home / "ledger.sqlite")
    with (
        open_ledger(settings) as ledger,
        pytest.raises(LedgerDamagedError, match=r"link \d+ \(suppression\)"),
    ):
        ledger.verify()


def test_a_newer_schema_is_refused(settings: Settings) -> None:
    open_ledger(settings).close()
    statement("update schema_version set version = 99")(settings.home / "ledger.sqlite")
    with pytest.raises(LedgerError, match="newer"):
        open_ledger(settings)


def test_errors_of_the_store_show_no_values(settings: Settings) -> None:
    with open_ledger(settings) as ledger:
        row = person(1, subject_value="canary@example.test")
        ledger.record_suppressions([row])
        with pytest.raises(LedgerError) as caught, ledger.transaction() as connection:
            connection.execute(suppression.insert(), [{**row, "sequence": 1, "recorded_at": START}])
        assert "canary" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_full_or_locked_store_is_an_error_not_an_empty_list(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.ledger.engine.BUSY_TIMEOUT_MS", 10)
    with open_ledger(settings) as ledger:
        holder = sqlite3.connect(settings.home / "ledger.sqlite", isolation_level=None)
        holder.execute("begin immediate")
        with pytest.raises(LedgerError, match="SQLITE_BUSY"):
            ledger.record_suppressions([person(1)])
        assert ledger.rows_since("suppression", 0, 1) == [], "readers are not kept out"
        holder.close()


def test_a_ledger_in_memory_is_refused(settings: Settings) -> None:
    with pytest.raises(LedgerError, match="memory"):
        open_ledger(replace(settings, ledger_url="sqlite://"))


def test_a_missing_driver_is_named_without_the_url(settings: Settings) -> None:
    url = "postgresql+nodriver://user:canary@localhost/ledger"
    with pytest.raises(LedgerError) as caught:
        open_ledger(replace(settings, ledger_url=url))
    assert "canary" not in str(caught.value)


def test_two_ledgers_at_once_keep_one_chain(settings: Settings) -> None:
    with open_ledger(settings) as first, open_ledger(settings) as second:
        for number in range(6):
            ledger: Ledger = (first, second)[number % 2]
            ledger.record_suppressions([person(number)])
        assert first.verify() == second.verify() == 7


def test_moments_survive_another_time_zone(settings: Settings) -> None:
    from datetime import timedelta, timezone

    east = START.astimezone(timezone(timedelta(hours=9)))
    with open_ledger(settings, now=lambda: east) as ledger:
        ledger.record_suppressions([person(1, suppressed_at=east)])
        assert ledger.verify() == 2
        assert ledger.rows_since("suppression", 0, 1)[0]["suppressed_at"] == START.astimezone(UTC)
