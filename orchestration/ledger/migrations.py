"""How a ledger file of an older version becomes one of this version.

What lives here: the version number and the forward steps.
What never does: a way back; a ledger of a newer version is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection, func, inspect, select

from orchestration.ledger import audit
from orchestration.ledger.errors import LedgerError
from orchestration.ledger.tables import metadata, schema_version

SCHEMA_VERSION = 1

# version -> the step that leads there from the version before, in the caller's transaction.
STEPS: Mapping[int, Callable[[Connection], None]] = {}


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


def _stamp(connection: Connection, version: int, at: datetime) -> None:
    connection.execute(schema_version.insert().values(version=version, applied_at=at))
