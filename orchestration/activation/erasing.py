"""A person's erasure at the channels: what is asked of whom, and what came of it.

What lives here: the outbox rows of one erasure, and each channel's proof from the receipts.
What never does: sending (the sender does, before any plan's rows); a vendor's wire format; a proof
of what no answer shows. Where a vendor has no call for it, a person has a task.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from orchestration.activation import fast_lane
from orchestration.activation.connected import Connected
from orchestration.activation.fast_lane import OptOut
from orchestration.activation.settlement import Decision, settle
from orchestration.destinations.registry import ERASURE_OBJECTS
from orchestration.e164 import to_e164
from orchestration.ledger import erasures, outbox, seals
from orchestration.ledger.erasures import DONE, OPEN, TASK, Work
from orchestration.ledger.statements import SETTLED_ROWS
from orchestration.settings import Settings

_TAKEN = ("accepted", "accepted_unverified")


@dataclass(frozen=True)
class Proof:
    """What is known of one channel: its state, and counts that show why."""

    channel: str
    state: str
    detail: Mapping[str, Any]


def ask_channels(
    connection: Connection, connected: Connected, work: Work, at: datetime
) -> list[str]:
    """Put out everything that takes her away from the vendors, in the caller's transaction.

    Returns what no call can take away, as ``destination/object``: tasks for a person.
    """
    rows, tasks = [], set()
    for row in erasures.rows_of(connection, work.person):
        name = str(row["destination"])
        if name not in connected.destinations:
            tasks.add(f"{name}/{row['object']}")
        elif row["kind"] == "membership" and not row["is_removed"]:
            rows.append(
                OptOut(
                    name, str(row["object"]), str(row["key"]), "remove",
                    row["payload_json"] or "{}", row["vendor_id"],
                )
            )  # fmt: skip
        elif row["kind"] != "membership" and name not in ERASURE_OBJECTS:
            tasks.add(f"{name}/{row['object']}")
    rows += _asked(connected, work)
    fast_lane.enqueue_in_order(connection, rows, at)
    return sorted(tasks)


def proofs(
    connection: Connection, settings: Settings, connected: Connected, work: Work
) -> list[Proof]:
    """One per channel that can be sent to, or that her data was sent to."""
    said, waiting = erasures.channel_rows(connection, work)
    known = {step.name: step for step in erasures.steps(connection, work.request_sequence)}
    tasks = known["tasks"].detail["objects"] if "tasks" in known else []
    names = {*connected.destinations, *(one.partition("/")[0] for one in tasks)}
    found = []
    for name in sorted(names & settings.destinations.keys()):
        verdicts = {
            f"{name_of} {operation} {verdict}": count
            for (destination, name_of, operation, verdict), count in sorted(said.items())
            if destination == name
        }
        refused = any(not one.endswith(_TAKEN) for one in verdicts)
        left = [one for one in tasks if one.startswith(f"{name}/")]
        state = OPEN if waiting.get(name) else TASK if refused or left else DONE
        detail: dict[str, Any] = {"receipts": verdicts}
        if waiting.get(name):
            detail["undecided"] = waiting[name]
        if left:
            detail["by_hand"] = left
        if not verdicts and not left and state == DONE:
            detail["nothing_was_sent"] = True
        found.append(Proof(name, state, detail))
    return found


def end_plans(connection: Connection, plan_hashes: Sequence[str], at: datetime) -> None:
    """Take back plans that hold a row of hers; the next plan is made without her. What of them was
    under way is in doubt, as after any crash."""
    for plan_hash in plan_hashes:
        found = seals.get(connection, plan_hash)
        if found.state not in seals.CURRENT:
            continue
        while rows := outbox.of_plan(connection, plan_hash, SETTLED_ROWS):
            settle(
                connection,
                found.mandate,
                [Decision(row, "superseded", reason="plan_taken_back") for row in rows],
                at,
            )
        seals.set_state(
            connection, plan_hash, "superseded",
            reason="somebody in it is being erased", finished_at=at,
        )  # fmt: skip


def _asked(connected: Connected, work: Work) -> list[OptOut]:
    """One row per vendor that erases by address, and address."""
    values = {
        "email": sorted({one.strip().lower() for one in work.person.emails}),
        "phone_number": sorted(_e164(work.person.phones)),
    }
    return [
        OptOut(
            name,
            ERASURE_OBJECTS[name].object,
            f"{erasures.key_prefix(work.request_sequence)}{column}|{number}",
            "erase",
            json.dumps({column: value}),
        )
        for name in sorted(connected.destinations.keys() & ERASURE_OBJECTS.keys())
        for column in ERASURE_OBJECTS[name].identifiers
        for number, value in enumerate(values[column], start=1)
    ]


def _e164(phones: Iterable[str]) -> set[str]:
    """Phones in the one form that vendors know; national spellings stand beside it."""
    return {number for one in phones if one.startswith("+") and (number := to_e164(one, ""))}
