"""An erasure from the request to the last proof: each step may be repeated, none is believed.

What lives here: the order of the steps, and the proof of each place.
What never does: how a place is cleaned (files, warehouse, publish, ledger, activation/erasing.py).

Killed anywhere, or held up by a vendor, ``work_on`` goes on with it: whom to erase stands in the
ledger until every channel has answered, and nowhere after that.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from orchestration.activation import erasing, plan_file
from orchestration.activation.account import OpenDestination
from orchestration.activation.connected import connected_destinations
from orchestration.activation.serving import send_now
from orchestration.landing import erased
from orchestration.landing.contract import RawContract, read_contract
from orchestration.ledger import Ledger, LedgerError, consent_events, erasures, tombstones
from orchestration.ledger.consent_events import ANSWERED, ERASE, PrivacyRequest
from orchestration.ledger.erasures import DONE, OPEN, TASK, Person, Step, Work
from orchestration.ledger.facts import Subject
from orchestration.ledger.statements import INSERTED_ROWS, chunks
from orchestration.publish.erased import erase_from_snapshot
from orchestration.resources import warehouse_connection, warehouse_lock
from orchestration.rights import files, person, warehouse
from orchestration.settings import Settings

Clock = Callable[[], datetime]
BY_HAND = "by_hand"
_FILE = "ledger file"


@dataclass(frozen=True)
class Erasing:
    """What every step shares."""

    settings: Settings
    ledger: Ledger
    open_destination: OpenDestination
    now: Clock
    sleep: Callable[[float], None]


@dataclass(frozen=True)
class ErasureReport:
    """What became of one erasure: its steps with their proofs."""

    request_sequence: int
    is_finished: bool
    steps: tuple[Step, ...]


def ask_by_hand(ledger: Ledger, subjects: Set[Subject], now: Clock) -> int:
    """Record a request that a person handed in; its sequence."""
    at = now()
    request = PrivacyRequest(
        BY_HAND, "", ERASE, uuid.uuid4().hex, ERASE, frozenset(subjects), {}, at, at
    )
    with ledger.transaction() as connection:
        consent_events.record_requests(connection, [request], at)
        return max(sequence for sequence, _ in consent_events.erasures_asked(connection))


def preview(settings: Settings, ledger: Ledger, subjects: Set[Subject]) -> dict[str, Any]:
    """What an erasure would reach: counts by place; nothing is changed."""
    contract = read_contract(settings.project_dir)
    found, raw = _find(settings, ledger, contract, subjects)
    connected = connected_destinations(settings)
    with ledger.read() as reader:
        rows = erasures.rows_of(reader, found)
    delivered: dict[str, int] = {}
    for row in rows:
        where = f"{row['destination']}/{row['object']}"
        delivered[where] = delivered.get(where, 0) + 1
    return {
        "customer_ids": len(found.customer_ids),
        "records": len(found.records),
        "addresses": len(found.emails) + len(found.phones),
        "raw": raw,
        "plans": len(files.plans_with(settings, found)),
        "delivered": dict(sorted(delivered.items())),
        "channels": sorted(connected.destinations),
    }


def work_on(work: Erasing) -> list[ErasureReport]:
    """Begin every erasure that was asked for, and bring those under way as far as they go."""
    contract = read_contract(work.settings.project_dir)
    with work.ledger.read() as reader:
        asked = consent_events.erasures_asked(reader)
    for sequence, subjects in asked:
        try:
            _begin(work, contract, sequence, subjects)
        except person.SeveralPeopleError as error:
            with work.ledger.transaction() as connection:
                erasures.note(
                    connection, sequence, "identify", TASK, {"why": error.what}, work.now()
                )
    with work.ledger.transaction() as connection:
        erasures.note_leaving_shops(connection, work.now())
        under_way = erasures.under_way(connection)
    return [_go_on(work, contract, one) for one in under_way]


def _begin(
    work: Erasing, contract: RawContract, sequence: int, subjects: Set[Subject]
) -> None:
    """From now on nobody makes her again: the tombstones and the work are one transaction."""
    found, _ = _find(work.settings, work.ledger, contract, subjects)
    graves = list(chunks(person.tombstones_of(found), INSERTED_ROWS))
    for number, some in enumerate(graves or [[]], start=1):
        with work.ledger.transaction() as connection:
            at = work.now()
            tombstones.bury(connection, tombstones.key_of(connection), some, at)
            if number == max(1, len(graves)):
                erasures.begin(connection, sequence, found, at)
                known = {"customers": len(found.customer_ids), "records": len(found.records)}
                erasures.note(connection, sequence, "identify", DONE, known, at)


def _find(
    settings: Settings, ledger: Ledger, contract: RawContract, subjects: Set[Subject]
) -> tuple[Person, dict[str, int]]:
    """Who she is, and her raw rows by table."""
    with ledger.read() as reader:
        key = tombstones.key_of(reader)
        if not settings.warehouse.is_file():
            ids = {value for kind, value in subjects if kind == "customer_id"}
            return Person(customer_ids=frozenset(ids), digests=frozenset(subjects)), {}
        with warehouse_connection(settings, "find a person", read_only=True) as connection:
            found = person.find_person(connection, reader, contract, key, subjects)
            digests = person.identities(found, key)
            return found, warehouse.count_raw(connection, contract, key, digests)


def _go_on(work: Erasing, contract: RawContract, one: Work) -> ErasureReport:
    _leave_plans_and_channels(work, one)
    _clean_stores(work, contract, one)
    troubles = send_now(
        work.settings, work.ledger, work.open_destination, work.now, work.sleep
    )
    if _prove_channels(work, one, troubles):
        _forget(work, one)
    with work.ledger.read() as reader:
        steps = tuple(erasures.steps(reader, one.request_sequence))
    is_finished = any(step.name == ANSWERED for step in steps)
    return ErasureReport(one.request_sequence, is_finished, steps)


def _leave_plans_and_channels(work: Erasing, one: Work) -> None:
    hashes = files.plans_with(work.settings, one.person)
    connected = connected_destinations(work.settings)
    with work.ledger.transaction() as connection:
        at = work.now()
        erasing.end_plans(connection, hashes, at)
        if not any(
            step.name == "tasks" for step in erasures.steps(connection, one.request_sequence)
        ):
            tasks = erasing.ask_channels(connection, connected, one, at)
            state = TASK if tasks else DONE
            erasures.note(
                connection, one.request_sequence, "tasks", state, {"objects": tasks}, at
            )
    for plan_hash in hashes:
        plan_file.plan_path(work.settings, plan_hash).unlink(missing_ok=True)
    _note(work, one, "plans", DONE, {"files": len(hashes)})


def _clean_stores(work: Erasing, contract: RawContract, one: Work) -> None:
    """Warehouse, landed files and the published snapshot, while nobody else has the warehouse."""
    settings = work.settings
    with work.ledger.read() as reader:
        key = tombstones.key_of(reader)
    digests = person.identities(one.person, key)
    landed = files.rewrite_landed(settings, contract, key, digests)
    segments = files.Rewritten()
    counts: Mapping[str, int] = {}
    loaders: list[str] = []
    if settings.warehouse.is_file():
        with warehouse_connection(settings, "erase") as connection:
            counts = warehouse.take_out(connection, contract, one.person, key, digests)
            warehouse.rename_files(connection, landed.digests)
            loaders = warehouse.loaders_tables(connection)
            segments = files.blank_segments(connection, settings, contract, one.person)
        with warehouse_lock(settings, "erase"):
            warehouse.write_anew(settings.warehouse)
    else:
        with warehouse_lock(settings, "erase"), duckdb.connect() as scratch:
            erased.know(scratch, key, digests)
            segments = files.blank_segments(scratch, settings, contract, one.person)
    gone = erase_from_snapshot(
        settings, one.person.customer_ids, one.person.tokens, one.person.pattern, work.now()
    )
    raw = {name: count for name, count in counts.items() if name in contract.tables}
    detail = {"files": landed.file_count + segments.file_count,
              "rows": landed.row_count + segments.row_count}
    _note(work, one, "landed files", DONE, detail)
    _note(work, one, "raw tables", TASK if loaders else DONE,
          {"rows": raw, "of_a_loader": loaders})
    built = {name: count for name, count in counts.items() if name not in raw}
    _note(work, one, "built tables", DONE, {"rows": sum(built.values()), "tables": len(built)})
    _note(work, one, "published snapshot", DONE, {"rows": gone})


def _prove_channels(work: Erasing, one: Work, troubles: Mapping[str, str]) -> bool:
    """Note each channel's proof; True where none is still to answer."""
    connected = connected_destinations(work.settings)
    with work.ledger.transaction() as connection:
        at = work.now()
        found = erasing.proofs(connection, work.settings, connected, one)
        for proof in found:
            detail = dict(proof.detail)
            if proof.state == OPEN and proof.channel in troubles:
                detail["trouble"] = troubles[proof.channel]
            erasures.note(
                connection, one.request_sequence, f"channel {proof.channel}", proof.state,
                detail, at,
            )  # fmt: skip
    return all(proof.state != OPEN for proof in found)


def _forget(work: Erasing, one: Work) -> None:
    """The ledger forgets her, everything is searched, and what is left is said."""
    settings, sequence = work.settings, one.request_sequence
    with work.ledger.transaction() as connection:
        counts = erasures.forget(connection, one, work.now())
        left = erasures.count_hers(connection, one.person)
    _note(work, one, "ledger", TASK if left else DONE, {"rows": counts, "left": left})
    tables: Mapping[str, int] = {}
    if settings.warehouse.is_file():
        with warehouse_connection(settings, "search", read_only=True) as connection:
            tables = warehouse.count_betrayed(connection, one.person.pattern)
    with work.ledger.transaction() as connection:
        erasures.finish(connection, sequence)
    write_ledger_anew(work, sequence)
    searched, betraying = files.files_that_betray(settings, one.person)
    state = TASK if tables or betraying else DONE
    _note(work, one, "search", state,
          {"files": searched, "betraying": betraying, "tables": dict(tables)})
    _note(work, one, ANSWERED, DONE, {})


def write_ledger_anew(work: Erasing, sequence: int) -> None:
    """Take what was deleted out of the ledger's file; where it is in use, it is tried again."""
    state, detail = DONE, {}
    try:
        work.ledger.write_anew()
    except LedgerError as error:
        state, detail = OPEN, {"trouble": error.what}
    with work.ledger.transaction() as connection:
        erasures.note(connection, sequence, _FILE, state, detail, work.now())


def _note(work: Erasing, one: Work, step: str, state: str, detail: Mapping[str, Any]) -> None:
    with work.ledger.transaction() as connection:
        erasures.note(connection, one.request_sequence, step, state, detail, work.now())
