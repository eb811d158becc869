"""A ledger of an older version opens as one of this version, with everything it held."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from orchestration.activation import fast_lane
from orchestration.activation.fast_lane import OptOut
from orchestration.ledger import audit, delivered, open_ledger
from orchestration.ledger.delivered import DeliveredRow
from orchestration.ledger.tables import outbox
from orchestration.settings import Settings
from tests.unit.activation.world import START, settings_in

ADDED = (
    "batch_salt", "consent_event", "consent_event_subject", "customer_id_anchor",
    "customer_id_change", "erasure_work", "identity_instruction", "privacy_request",
    "privacy_step", "rate_bucket", "restore_gap", "standing_approval", "suppression_lift",
    "tombstone", "unanswered",
)  # fmt: skip
INDEXES = ("delivered_by_key", "customer_id_change_by_new", "outbox_in_jobs")
COLUMNS = {
    "customer_id_register": ("first_ordered_at", "first_seen_at", "as_of_at"),
    "dead_letter": ("rejected_count", "retry_at"),
    "plan": ("standing_signature", "cancelled_at"),
}
# As they were: one row per key in the outbox, always of a plan.
OUTBOX_1 = """
create table outbox (
    outbox_id integer primary key, plan_hash varchar, destination varchar not null,
    object varchar not null, key varchar not null, operation varchar not null,
    priority integer not null, state varchar not null, row_hash varchar,
    payload_json text not null, prior_payload_json text, vendor_id varchar, job_id varchar,
    attempt_count integer not null, last_reason varchar, unique (destination, object, key)
);
create index outbox_by_turn on outbox (plan_hash, priority, state, outbox_id);
insert into outbox values
    (7, 'plan', 'meta', 'custom_audience/vip', 'k', 'add', 1, 'sending', 'h', '{}',
     null, null, null, 1, null);
"""
ROW = {"source_relation": "shop", "source_table": "customer", "source_row_id": "1"}
NODES = {"left_node_key": "shop|customer|1", "right_node_key": "shop|customer|2"}


@pytest.fixture
def version_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A ledger as version 1 left it, with an id and a suppression."""
    settings = settings_in(tmp_path)
    monkeypatch.setattr(audit, "salt_batch", lambda *_: None)
    with open_ledger(settings) as ledger:
        ledger.register_customer_ids([{**ROW, "customer_id": "old"}])
        ledger.record_suppressions(
            [
                {
                    "subject_type": "customer_id",
                    "subject_value": "old",
                    "channel": "email",
                    "purpose": "marketing",
                    "source_event": "event",
                    "suppressed_at": START,
                }
            ]
        )
    connection = sqlite3.connect(settings.home / "ledger.sqlite")
    for table in ADDED:
        connection.execute(f"drop table {table}")
    for table, columns in COLUMNS.items():
        for column in columns:
            connection.execute(f"alter table {table} drop column {column}")
    for index in INDEXES:
        connection.execute(f"drop index if exists {index}")
    connection.execute("drop table outbox")
    connection.executescript(OUTBOX_1)
    connection.execute("update schema_version set version = 1")
    connection.commit()
    connection.close()
    monkeypatch.undo()
    return settings


def test_version_1_becomes_this_version_and_keeps_what_it_held(version_1: Settings) -> None:
    with open_ledger(version_1) as ledger:
        (kept,) = ledger.rows_since("customer_id_register", 0, 10)
        assert (kept["customer_id"], kept["source_row_id"], kept["sequence"]) == ("old", "1", 1)
        assert (kept["first_ordered_at"], kept["first_seen_at"], kept["as_of_at"]) == (None,) * 3
        assert len(ledger.rows_since("suppression", 0, 10)) == 1
        assert ledger.verify() == 10, "genesis, the suppression, eight migrations"


def test_people_are_found_by_an_index_after_the_migration(version_1: Settings) -> None:
    open_ledger(version_1).close()
    connection = sqlite3.connect(version_1.home / "ledger.sqlite")
    kept = {row[0] for row in connection.execute("select name from sqlite_master")}
    statement = "explain query plan select * from delivered where key in ('a', 'b')"
    (step,) = connection.execute(statement).fetchall()
    connection.close()
    assert set(INDEXES) <= kept
    assert "delivered_by_key" in step[3]


def test_a_row_under_way_survives_and_an_opt_out_may_wait_behind_it(version_1: Settings) -> None:
    with open_ledger(version_1) as ledger, ledger.transaction() as connection:
        opt_out = OptOut("meta", "custom_audience/vip", "k", "remove", "{}")
        assert fast_lane.enqueue(connection, [opt_out, opt_out], START) == 1
        assert fast_lane.enqueue(connection, [opt_out], START) == 0
        rows = connection.execute(outbox.select().order_by(outbox.c.outbox_id)).all()
        assert [(row.outbox_id, row.plan_hash, row.state) for row in rows] == [
            (7, "plan", "sending"),
            (8, None, "pending"),
        ]


def test_a_migrated_ledger_takes_every_new_fact(version_1: Settings) -> None:
    with open_ledger(version_1) as ledger:
        new = {**ROW, "customer_id": "new", "first_ordered_at": START, "as_of_at": START}
        assert ledger.register_customer_ids([new]) == 1
        assert ledger.register_customer_anchors([{**new, "anchor_number": 1}] * 2) == 1
        change = {
            "old_customer_id": "old",
            "customer_id": "new",
            "kind": "merge",
            "reason": "email",
            "changed_at": START,
        }
        assert ledger.record_customer_id_changes([change, change]) == 1
        assert ledger.record_identity_instruction("link", **NODES, reason="r", actor="a") == 1
    with open_ledger(version_1) as ledger:
        assert ledger.rows_since("customer_id_register", 1, 10)[0]["first_ordered_at"] == START
        assert ledger.verify() == 11, "opening again migrates nothing"


def test_a_migration_that_fails_leaves_version_1(
    version_1: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("orchestration.ledger.migrations.audit.append", fail)
    with pytest.raises(RuntimeError):
        open_ledger(version_1)
    connection = sqlite3.connect(version_1.home / "ledger.sqlite")
    tables = {name for (name,) in connection.execute("select name from sqlite_master")}
    columns = {row[1] for row in connection.execute("pragma table_info(customer_id_register)")}
    connection.close()
    assert tables.isdisjoint(ADDED)
    assert "as_of_at" not in columns


def test_a_row_that_takes_old_identifiers_out_learns_which(tmp_path: Path) -> None:
    """Version 7 meant the first of those that were left; where none was left there is nothing."""
    settings, where = settings_in(tmp_path), {"destination": "google", "object": "customer_match/v"}
    old = [{"payload": {"email_sha256": name}, "vendor_id": None} for name in ("one", "two")]
    with open_ledger(settings) as ledger, ledger.transaction() as connection:
        for number, (key, stale) in enumerate({"k": json.dumps(old), "nothing": None}.items()):
            held = DeliveredRow(key, None, None, stale, None, is_removed=True)
            delivered.write(connection, *where.values(), None, [held], START)
            row = {"outbox_id": number, "plan_hash": "p", "key": key, "operation": "prune"}
            rest = {"priority": 3, "state": "submitted", "payload_json": "{}", "attempt_count": 1}
            connection.execute(outbox.insert().values(**where, **row, **rest))
        connection.exec_driver_sql("drop index outbox_in_jobs")
        connection.exec_driver_sql("update schema_version set version = 7")
    with open_ledger(settings) as ledger, ledger.read() as reader:
        (kept,) = reader.execute(outbox.select()).all()
    assert (kept.key, kept.state) == ("k", "submitted")
    assert json.loads(kept.prior_payload_json) == old[:1]
