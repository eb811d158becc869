"""How a ledger file of an older version becomes one of this version.

What lives here: the version number and the forward steps.
What never does: a way back; a ledger of a newer version is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Column, Connection, Table, and_, delete, func, inspect, select, text, update
from sqlalchemy.schema import CreateColumn

from orchestration.ledger import audit
from orchestration.ledger.consent_tables import (
    consent_event,
    consent_event_subject,
    privacy_request,
)
from orchestration.ledger.delivered import set_first_versions
from orchestration.ledger.errors import LedgerError
from orchestration.ledger.privacy_tables import batch_salt, erasure_work, privacy_step
from orchestration.ledger.safety_tables import (
    restore_gap,
    standing_approval,
    tombstone,
    unanswered,
)
from orchestration.ledger.tables import (
    customer_id_anchor,
    customer_id_change,
    customer_id_register,
    dead_letter,
    delivered,
    identity_instruction,
    metadata,
    outbox,
    plan,
    rate_bucket,
    receipt,
    schema_version,
    suppression_lift,
)

SCHEMA_VERSION = 9


def _remember_changes_of_identity(connection: Connection) -> None:
    """2: what an id was when registered, its anchors and changes, and what people decided."""
    _add_columns(
        connection, customer_id_register, ("first_ordered_at", "first_seen_at", "as_of_at")
    )
    for table in (customer_id_anchor, customer_id_change, identity_instruction):
        table.create(connection, checkfirst=True)


def _let_opt_outs_go_alone(connection: Connection) -> None:
    """3: opt-outs without a plan, rejections that are tried again, spent request limits."""
    for table in (outbox, receipt, delivered):
        _make_anew(connection, table)
    _add_columns(connection, dead_letter, ("rejected_count", "retry_at"))
    rate_bucket.create(connection, checkfirst=True)
    set_first_versions(connection)


def _remember_standing_approvals(connection: Connection) -> None:
    """4: standing approvals, cancelled plans, tombstones, and what a restore lost."""
    _add_columns(connection, plan, ("standing_signature", "cancelled_at"))
    for table in (standing_approval, tombstone, restore_gap):
        table.create(connection, checkfirst=True)


def _remember_consent_events(connection: Connection) -> None:
    """5: what people said about consent and their data, as it came in."""
    for table in (consent_event, consent_event_subject, privacy_request):
        table.create(connection, checkfirst=True)


def _let_opt_outs_find_people(connection: Connection) -> None:
    """6: delivered rows by their key alone, and the later yes that lifts a suppression."""
    suppression_lift.create(connection, checkfirst=True)
    for index in (*delivered.indexes, *customer_id_change.indexes):
        if index.name in ("delivered_by_key", "customer_id_change_by_new"):
            index.create(connection, checkfirst=True)


def _remember_rights(connection: Connection) -> None:
    """7: what became of privacy requests, erasures under way, salts of batches."""
    for table in (privacy_step, erasure_work, batch_salt):
        table.create(connection, checkfirst=True)


def _let_opt_outs_find_jobs(connection: Connection) -> None:
    """8: rows in unfinished jobs by their key alone; old identifiers stand in the row that takes
    them out, which starts over with the first of them."""
    for index in outbox.indexes:
        if index.name == "outbox_in_jobs":
            index.create(connection, checkfirst=True)
    same = [outbox.c[name] == delivered.c[name] for name in ("destination", "object", "key")]
    leaving = connection.execute(
        select(outbox.c.outbox_id, delivered.c.stale_payloads_json)
        .join(delivered, and_(*same))
        .where(outbox.c.operation == "prune")
    ).all()
    for row in leaving:
        this = outbox.c.outbox_id == row.outbox_id
        first = json.loads(row.stale_payloads_json or "[]")[:1]
        step = update(outbox).values(prior_payload_json=json.dumps(first))
        connection.execute((step if first else delete(outbox)).where(this))


def _remember_lost_answers(connection: Connection) -> None:
    """9: whom requests without an answer may still add."""
    unanswered.create(connection, checkfirst=True)


# version -> the step that leads there from the version before, in the caller's transaction.
STEPS: Mapping[int, Callable[[Connection], None]] = {
    2: _remember_changes_of_identity,
    3: _let_opt_outs_go_alone,
    4: _remember_standing_approvals,
    5: _remember_consent_events,
    6: _let_opt_outs_find_people,
    7: _remember_rights,
    8: _let_opt_outs_find_jobs,
    9: _remember_lost_answers,
}


def migrate(connection: Connection, at: datetime) -> None:
    """Create the tables, or bring them to ``SCHEMA_VERSION``, in the caller's transaction.

    Raises:
        LedgerError: the ledger was written by a newer version.
    """
    if not inspect(connection).has_table(schema_version.name):
        metadata.create_all(connection)
        _stamp(connection, SCHEMA_VERSION, at)
        audit.append(connection, "genesis", {"schema_version": SCHEMA_VERSION}, at)
        return
    version = int(connection.execute(select(func.max(schema_version.c.version))).scalar_one())
    if version > SCHEMA_VERSION:
        raise LedgerError(
            f"The ledger has schema version {version}, this program knows {SCHEMA_VERSION}.",
            remedy="Use the program version that wrote it, or a newer one.",
        )
    for step in range(version + 1, SCHEMA_VERSION + 1):
        STEPS[step](connection)
        _stamp(connection, step, at)
        audit.append(connection, "migration", {"schema_version": step}, at)


def _add_columns(connection: Connection, table: Table, names: Sequence[str]) -> None:
    """Add nullable columns; rows that are there keep what they hold."""
    for name in names:
        column: Column[object] = table.c[name]
        specification = CreateColumn(column).compile(dialect=connection.dialect)
        connection.execute(text(f"alter table {table.name} add column {specification}"))


def _make_anew(connection: Connection, table: Table) -> None:
    """Give a table its present constraints, which SQLite cannot alter; its rows are kept."""
    if not inspect(connection).has_table(table.name):
        table.create(connection)
        return
    old = f"{table.name}_before"
    known = {column["name"] for column in inspect(connection).get_columns(table.name)}
    names = ", ".join(f'"{column.name}"' for column in table.columns if column.name in known)
    for index in inspect(connection).get_indexes(table.name):
        if not str(index["name"]).startswith("sqlite_autoindex"):
            connection.execute(text(f'drop index if exists "{index["name"]}"'))
    connection.execute(text(f"alter table {table.name} rename to {old}"))
    table.create(connection)
    connection.execute(text(f"insert into {table.name} ({names}) select {names} from {old}"))
    connection.execute(text(f"drop table {old}"))


def _stamp(connection: Connection, version: int, at: datetime) -> None:
    connection.execute(schema_version.insert().values(version=version, applied_at=at))
