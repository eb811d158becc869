"""The vendors' record of single rows: who came in, who went out, who was changed, and when.

What lives here: triggers over the vendors' tables, and reading what they wrote down.
What never does: changing who is where. A sandbox keeps this record only where a test asks for it:
an addition of somebody who is in already is noted as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestration.sandbox.truth import Truth

_SCHEMA = """
create table if not exists row_log (
    sequence integer primary key, moment integer not null, change text not null,
    vendor text not null, object_id text not null, member text not null, identifier text
);
create table if not exists row_moment (moment integer not null);
insert into row_moment select 0 where not exists (select 1 from row_moment);
"""
# A profile is noted by the customer id that we gave it, and by its address.
_TRIGGERS: Mapping[str, tuple[str, str]] = {
    "member_added": (
        "before insert on member",
        "'add', new.vendor, new.object_id, new.member, new.identifier",
    ),
    "member_removed": (
        "after delete on member",
        "'remove', old.vendor, old.object_id, old.member, old.identifier",
    ),
    "profile_saved": (
        "before insert on profile",
        "'save', 'klaviyo', 'profiles', coalesce(new.external_id, new.id), new.email",
    ),
}


@dataclass(frozen=True)
class LoggedRow:
    """One change of one row; ``moment`` is the number that ``stamp`` set before."""

    sequence: int
    moment: int
    change: str
    vendor: str
    object_id: str
    member: str
    identifier: str | None


class RowLog:
    """The record in the vendors' own file; it survives the process that wrote it."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def install(self) -> RowLog:
        """Begin to note changes, or go on."""
        self._truth.run_script(_SCHEMA)
        for name, (event, values) in _TRIGGERS.items():
            self._truth.run_script(
                f"create trigger if not exists {name} {event} begin"
                " insert into row_log (moment, change, vendor, object_id, member, identifier)"
                f" select moment, {values} from row_moment; end;"
            )
        return self

    def stop(self) -> None:
        """Note nothing from now on: a million rows need no record of each."""
        for name in _TRIGGERS:
            self._truth.run_script(f"drop trigger if exists {name};")

    def stamp(self, moment: int) -> None:
        """Changes from now on happen at ``moment``."""
        self._truth.query("update row_moment set moment = ? returning moment", moment)

    def rows(self) -> list[LoggedRow]:
        """Every change in order."""
        names = "sequence, moment, change, vendor, object_id, member, identifier"
        found = self._truth.query(f"select {names} from row_log order by sequence")
        return [LoggedRow(*row) for row in found]

    def member_pairs(self, vendor: str, object_id: str) -> set[tuple[str, str]]:
        """Who is in, with every identifier: (member, identifier)."""
        found = self._truth.query(
            "select member, identifier from member where (vendor, object_id) = (?, ?)",
            vendor,
            object_id,
        )
        return {(str(row[0]), str(row[1])) for row in found}

    def profiles(self) -> Sequence[tuple[str, str | None, str | None, str]]:
        """Every profile: id, external id, e-mail address, attributes as JSON."""
        return [
            (row[0], row[1], row[2], row[3])
            for row in self._truth.query("select id, external_id, email, body from profile")
        ]
