"""The vendors' record of effects by the clock: when somebody left a list, when a fact was noted.

What lives here: triggers over the vendors' tables, and reading what they wrote down, also while the
server runs in another process.
What never does: changing who is where; additions. A sandbox keeps this record only where a test
asks for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from orchestration.sandbox.truth import Truth

_SCHEMA = """
create table if not exists effect (
    sequence integer primary key, at_seconds real not null, vendor text not null,
    kind text not null, object_id text not null, key text not null
);
"""
# Seconds since 1970 in UTC, to the millisecond; SQLite before 3.42 has no shorter way to say it.
_NOW = "(julianday('now') - 2440587.5) * 86400.0"
# A list holds the vendor's own ids: its members are noted by the customer id that we gave.
_TRIGGERS: Mapping[str, tuple[str, str]] = {
    "effect_left": (
        "after delete on member",
        "old.vendor, 'left', old.object_id, coalesce((select external_id from profile"
        " where id = old.member), nullif(old.identifier, ''), old.member)",
    ),
    "effect_noted": (
        "after insert on fact",
        "new.vendor, new.kind, new.object_id, new.key",
    ),
}


@dataclass(frozen=True)
class Effect:
    """One effect: ``kind`` is ``left``, or the kind of the fact; ``key`` names the person as the
    vendor does."""

    sequence: int
    at_seconds: float
    vendor: str
    kind: str
    object_id: str
    key: str


class EffectLog:
    """The record in the vendors' own file below ``state_dir``; it survives the process."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir

    def install(self) -> EffectLog:
        """Begin to note effects, or go on."""
        truth = Truth(self._state_dir)
        truth.run_script(_SCHEMA)
        for name, (event, values) in _TRIGGERS.items():
            truth.run_script(
                f"create trigger if not exists {name} {event} begin"
                " insert into effect (at_seconds, vendor, kind, object_id, key)"
                f" values ({_NOW}, {values}); end;"
            )
        truth.close()
        return self

    def since(self, sequence: int) -> list[Effect]:
        """Every effect after ``sequence``, in order; 0 for all."""
        file = self._state_dir / "vendors.sqlite"
        with closing(sqlite3.connect(file, timeout=30.0)) as connection:
            rows = connection.execute(
                "select sequence, at_seconds, vendor, kind, object_id, key from effect"
                " where sequence > ? order by sequence",
                (sequence,),
            ).fetchall()
        return [Effect(*row) for row in rows]
