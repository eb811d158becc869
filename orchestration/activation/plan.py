"""Plans: one per delivery, drafted while the warehouse is held, judged, and sealed with a hash.

What lives here: the order of a plan's making, and its dry run that seals nothing.
What never does: statements (``diff.py``, ``leaving.py``, ``surveys.py``); sending; landing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import duckdb
import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection

from orchestration.activation import diff, leaving, plan_file, surveys
from orchestration.activation.capability import changes_of
from orchestration.activation.errors import PlanError
from orchestration.activation.facts import Facts
from orchestration.activation.guards import Circumstances, PlanCounts, judge
from orchestration.activation.preview import DryRun, Plan, Samples, load_plan
from orchestration.activation.sealing import Diff, kept_plan, seal_plan, temporary_path
from orchestration.activation.spec import SyncSpec
from orchestration.destinations.base import Destination
from orchestration.destinations.registry import open_destination
from orchestration.errors import UnknownNameError
from orchestration.faults import kill_point
from orchestration.ledger import Ledger, delivered, seals
from orchestration.resources import warehouse_connection
from orchestration.settings import DestinationSettings, Settings

ConnectionFactory = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]
Border = Callable[[SyncSpec, pd.DataFrame], tuple[str, ...]]
"""Holds a sample of what would leave against its contract; names the expectations that fail."""
Opener = Callable[[str, str, DestinationSettings], Destination]
Made = TypeVar("Made")
_SNAPSHOT = "the published snapshot"


@dataclass(frozen=True)
class _Planning:
    """All that making a plan needs besides its spec and the warehouse."""

    settings: Settings
    ledger: Ledger
    now: Callable[[], datetime]
    border: Border | None
    opener: Opener


@dataclass(frozen=True)
class _Draft:
    """One diff as it stands in the warehouse's temporary tables, and what it was judged to be."""

    facts: Facts
    delivered_version: int
    previous_plan_hash: str | None


def make_plans(
    settings: Settings,
    ledger: Ledger,
    specs: Sequence[SyncSpec],
    *,
    now: Callable[[], datetime],
    connection_factory: ConnectionFactory | None = None,
    border: Border | None = None,
    opener: Opener = open_destination,
) -> list[Plan]:
    """Seal one plan per spec, in the order given, while the warehouse is held.

    An object whose plan is approved or being sent keeps that plan; equal content keeps its plan.
    Removals of suppressed people never wait for a halted plan: they go to the outbox with its seal.

    Args:
        border: holds what would leave against its contract; a failure halts the plan.
        opener: gives the plug-in of an object, which makes no call; asked for events only.

    Raises:
        PlanError: a desired state has no table, null keys, only equal keys, or no row_hash, or the
            disk has no room for its plan; the other specs are planned nevertheless.
        UnknownNameError: a spec names a destination that the settings do not know.
    """
    planning = _Planning(settings, ledger, now, border, opener)
    plans = _of_each(planning, specs, connection_factory, _make_plan)
    kill_point("after_plan")
    return plans


def dry_run(
    settings: Settings,
    ledger: Ledger,
    specs: Sequence[SyncSpec],
    *,
    now: Callable[[], datetime],
    connection_factory: ConnectionFactory | None = None,
    border: Border | None = None,
    opener: Opener = open_destination,
) -> list[DryRun]:
    """What a plan of each spec would hold now, also where an earlier one is kept. Writes nothing.

    Raises:
        PlanError, UnknownNameError: as ``make_plans``.
    """
    planning = _Planning(settings, ledger, now, border, opener)
    return _of_each(planning, specs, connection_factory, _try_plan)


def _of_each(
    planning: _Planning,
    specs: Sequence[SyncSpec],
    connection_factory: ConnectionFactory | None,
    make: Callable[[_Planning, SyncSpec, duckdb.DuckDBPyConnection], Made],
) -> list[Made]:
    settings = planning.settings
    for spec in specs:
        if spec.destination not in settings.destinations:
            raise UnknownNameError("destination", spec.destination, list(settings.destinations))
    connect = connection_factory or (lambda: warehouse_connection(settings, "plan", read_only=True))
    made, problems = [], []
    with connect() as warehouse:
        for spec in specs:
            try:
                made.append(make(planning, spec, warehouse))
            except PlanError as error:
                problems.append(error)
            except duckdb.Error as error:
                # Its text can quote a row; its class cannot. Never read as an empty source.
                problems.append(_unreadable(spec, error))
            except OSError as error:
                problems.append(_unwritable(spec, error))
    if problems:
        raise PlanError(" ".join(problem.what for problem in problems), remedy=problems[0].remedy)
    return made


def _make_plan(planning: _Planning, spec: SyncSpec, warehouse: duckdb.DuckDBPyConnection) -> Plan:
    settings, ledger = planning.settings, planning.ledger
    with ledger.read() as reader:
        kept = kept_plan(reader, spec, planning.now())
        if kept is not None:
            return load_plan(settings, kept)
        draft = _draft(planning, reader, spec, warehouse)
    facts = draft.facts
    opt_outs: Iterator[list[dict[str, str | None]]] = iter(())
    if facts.judgement.state == "halted":
        opt_outs = leaving.take_opt_outs(warehouse)
        facts = facts.without_opt_outs()
    weight = _Weight()
    temporary = temporary_path(settings, spec)
    digest = plan_file.write_rows(temporary, weight.of(leaving.rows(warehouse, spec)))
    made = Diff(
        facts=replace(facts, payload_bytes=weight.payload_bytes),
        rows_digest=digest,
        rows_file=temporary,
        delivered_version=draft.delivered_version,
        previous_plan_hash=draft.previous_plan_hash,
    )
    return seal_plan(settings, ledger, spec, made, opt_outs, planning.now())


def _try_plan(planning: _Planning, spec: SyncSpec, warehouse: duckdb.DuckDBPyConnection) -> DryRun:
    with planning.ledger.read() as reader:
        draft = _draft(planning, reader, spec, warehouse)
    weight, samples = _Weight(), Samples()
    for batch in weight.of(leaving.rows(warehouse, spec)):
        samples.look_at(batch)
    facts = replace(draft.facts, payload_bytes=weight.payload_bytes)
    return DryRun(spec.destination, spec.object, spec.kind, facts, samples.taken())


def _draft(
    planning: _Planning,
    reader: Connection,
    spec: SyncSpec,
    warehouse: duckdb.DuckDBPyConnection,
) -> _Draft:
    """Leave the diff in the warehouse's temporary tables and judge it."""
    account = planning.settings.destinations[spec.destination]
    version = delivered.version(reader, spec.destination, spec.object)
    previous = seals.last_done(reader, spec.destination, spec.object)
    changes = changes_of(spec.kind, lambda: planning.opener(spec.destination, spec.object, account))
    equal_keys = diff.check_desired(warehouse, spec)
    diff.load_delivered(warehouse, reader, spec, account.membership_days, planning.now())
    diff.compare(warehouse, spec, changes)
    diff.load_sent_before(warehouse, reader, spec)
    counts = diff.count(warehouse, reader, spec)
    broken: tuple[str, ...] = ()
    if planning.border is not None and counts.added + counts.updated > 0:
        broken = planning.border(spec, surveys.leaving_sample(warehouse, spec))
    is_new = version == 0 and previous is None
    circumstances = Circumstances(
        # A sandbox on this machine knows nobody: there is no first time to ask about.
        is_first_use=is_new and not account.is_loopback,
        equal_keys=equal_keys,
        ages=_ages(planning, warehouse),
        stale_after=timedelta(hours=planning.settings.stale_after_hours),
        broken=broken,
        is_event=spec.kind == "event",
        fewest=_fewest(planning.settings, spec),
    )
    facts = Facts(
        counts=counts,
        judgement=judge(counts, circumstances),
        fields=tuple(diff.payload_columns(warehouse, spec)),
        coverage=surveys.coverage(warehouse, spec),
        reasons=surveys.reason_counts(warehouse, spec),
        approvers_needed=_approvers_needed(planning.settings, counts),
    )
    return _Draft(facts, version, previous)


def _fewest(settings: Settings, spec: SyncSpec) -> int:
    is_audience = spec.kind == "membership" and spec.purpose == "ads_sharing"
    # A sandbox tells nobody apart.
    is_real = not settings.destinations[spec.destination].is_loopback
    return settings.smallest_ads_audience if is_audience and is_real else 0


def _unwritable(spec: SyncSpec, error: OSError) -> PlanError:
    return PlanError(
        f"The plan of {spec.object} at {spec.destination} cannot be written ({error.strerror}).",
        remedy="Free the disk, then run 'tributary plan' again; nothing of it was kept.",
    )


def _unreadable(spec: SyncSpec, error: duckdb.Error) -> PlanError:
    return PlanError(
        f"{spec.schema}.{spec.model} cannot be read ({type(error).__name__}).",
        remedy="Run 'tributary build' until it is green; nothing of this object was planned.",
    )


def _ages(planning: _Planning, warehouse: duckdb.DuckDBPyConnection) -> dict[str, timedelta]:
    settings, at = planning.settings, planning.now()
    found = surveys.ages(warehouse, settings.stale_sources, at)
    if settings.snapshot.exists():
        # `publish` sets this time, also where the build was like the one before.
        renewed_at = datetime.fromtimestamp(settings.snapshot.stat().st_mtime, UTC)
        found[_SNAPSHOT] = at - renewed_at
    return found


def _approvers_needed(settings: Settings, counts: PlanCounts) -> int:
    limit = settings.second_person_above
    return 2 if limit is not None and counts.rows > limit else 1


class _Weight:
    """How many bytes of payload pass by."""

    def __init__(self) -> None:
        self.payload_bytes = 0

    def of(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            self.payload_bytes += sum(
                len(payload or "")
                for operation, payload in zip(
                    batch.column("operation").to_pylist(),
                    batch.column("payload_json").to_pylist(),
                    strict=True,
                )
                if operation != "remove"
            )
            yield batch
