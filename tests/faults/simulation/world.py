"""The whole system in one process: engine, ledger, vendors, clock, and a warehouse in memory.

What lives here: the world and everything that a schedule may do in it.
What never does: deciding what happens next (``schedule.py``), judging it (``invariants.py``).
"""

from __future__ import annotations

import json
import logging
import os
import random
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
from sqlalchemy import func, select

from orchestration.activation import fast_lane, gate, plan_file
from orchestration.activation.approval import approve, approve_halted
from orchestration.activation.deliver import DeliveryReport, deliver
from orchestration.activation.plan import make_plans
from orchestration.activation.preview import Plan
from orchestration.destinations.base import Destination
from orchestration.destinations.pace import Pacer
from orchestration.destinations.registry import open_destination
from orchestration.errors import TributaryError
from orchestration.ledger import Ledger, delivered, engine, open_ledger
from orchestration.ledger.tables import outbox
from orchestration.sandbox.row_log import RowLog
from orchestration.sandbox.server import build_app
from orchestration.sandbox.truth import Truth
from orchestration.sandbox.windows import TimedTruth, Windows
from orchestration.settings import DestinationSettings, Settings
from tests.faults.simulation.control import Clock, KilledError, Process
from tests.faults.simulation.homes import home_folder, sandbox_base, settings_in, template
from tests.faults.simulation.people import CHANNELS, OptOut, Person, Population, Sync
from tests.faults.simulation.transport import InProcess
from tests.faults.simulation.warehouse import build_table, warehouse

LATENCY_SECONDS = 0.05
JOB_SECONDS = (0.0, 0.5, 5.0, 45.0)


@dataclass(frozen=True)
class ApprovedPlan:
    """What a person signed: the rows as they stood in the plan's file at that moment."""

    moment: int
    plan_hash: str
    where: tuple[str, str]
    rows: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Delivered:
    """One call of ``deliver`` that came to its end, and which vendors misbehaved meanwhile."""

    report: DeliveryReport
    faulty: frozenset[str]


class Ear(logging.Handler):
    """Hears every log line of the engine."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@dataclass
class World:
    """Use ``world_of``. ``tick`` numbers all that happens, in true order."""

    settings: Settings
    ledger: Ledger
    truth: Truth
    log: RowLog
    syncs: Sequence[Sync]
    chance: random.Random
    clock: Clock
    windows: Windows
    process: Process = field(default_factory=lambda: Process(1))
    people: Population = field(default_factory=Population)
    approved: list[ApprovedPlan] = field(default_factory=list)
    deliveries: list[Delivered] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    ear: Ear = field(default_factory=Ear)
    dead: set[str] = field(default_factory=set)
    faulty: frozenset[str] = frozenset()
    tick: int = 0
    between_gate_and_wire: Callable[[], None] | None = None
    transport: InProcess | None = None

    # -- what happens in it ---------------------------------------------------------------------

    def next_tick(self) -> int:
        self.tick += 1
        return self.tick

    def build(self, *, forgets_opt_outs: bool = False, is_empty: bool = False) -> None:
        """Tonight's desired state of every object."""
        for sync in self.syncs:
            desired = self.people.desired(sync, forgets_opt_outs=forgets_opt_outs)
            build_table(sync, {} if is_empty else desired)

    def plan(self) -> list[Plan]:
        return (
            self._engine(
                lambda: make_plans(
                    self.settings,
                    self.ledger,
                    [sync.spec for sync in self.syncs],
                    now=self.clock.now,
                    connection_factory=warehouse,
                )
            )
            or []
        )

    def approve(self, plan_hash: str, *, reason: str | None = None) -> None:
        file = plan_file.plan_path(self.settings, plan_hash)
        rows = [row for some in plan_file.read_rows(file, 0, 1_000) for row in some]
        given: dict[str, Any] = {
            "approver_key": self.settings.approver_key_file,
            "now": self.clock.now,
        }
        if reason is None:
            done = self._engine(lambda: approve(self.ledger, self.settings, plan_hash, **given))
        else:
            done = self._engine(
                lambda: approve_halted(
                    self.ledger, self.settings, plan_hash, reason=reason, **given
                )
            )
        # A process that died may have signed before: what counts is the ledger.
        if done is not None or self.ledger.plan(plan_hash).state == "approved":
            sealed = self.ledger.plan(plan_hash)
            where = (sealed.destination, sealed.object)
            self.approved.append(ApprovedPlan(self.next_tick(), plan_hash, where, tuple(rows)))

    def opt_out(self, key: str, purpose: str, subject_type: str, *, is_fast: bool = False) -> None:
        """An opt-out arrives and is acknowledged; a fast one asks at once for the removals."""
        person = self.people.people[key]
        value = key if subject_type == "customer_id" else person.email_sha256
        number = self.next_tick()
        with self._another_process():
            self.ledger.record_suppressions(
                [
                    {
                        "subject_type": subject_type,
                        "subject_value": value,
                        "channel": CHANNELS[purpose],
                        "purpose": purpose,
                        "source_event": f"event-{number}",
                        "suppressed_at": self.clock.now(),
                    }
                ]
            )
        self.people.opt_outs.append(OptOut(self.next_tick(), purpose, subject_type, value))
        if is_fast:
            with self._another_process():
                self._remove_at_once(person, purpose)

    def _remove_at_once(self, person: Person, purpose: str) -> None:
        where = {sync.where for sync in self.syncs}
        with self.ledger.transaction() as connection:
            rows = [
                fast_lane.OptOut(
                    row.destination, row.object, row.key, "remove", row.payload_json, row.vendor_id
                )
                for row in delivered.standing_of(connection, [person.key])
                if (row.kind, row.purpose) == ("membership", purpose)
                and (row.destination, row.object) in where
                and row.payload_json is not None
            ]
            fast_lane.enqueue(connection, rows, self.clock.now())

    @contextmanager
    def _another_process(self) -> Iterator[None]:
        """What happens here moves no step of the process that is under way."""
        before, self.process = self.process, Process(0)
        try:
            yield
        finally:
            self.process = before

    def deliver(self, process: Process | None = None) -> None:
        """One process that delivers until it ends or dies."""
        if process is not None:
            self.process = process
        own = self.process
        report = self._engine(
            lambda: deliver(
                self.settings,
                self.ledger,
                open_destination=self.open,
                now=self.clock.now,
                sleep=self.sleep,
                jitter=self.chance.random,
            )
        )
        if own.is_dead:
            self.restart()
        elif report is not None:
            self.deliveries.append(Delivered(report, self.faulty))

    def waiting_count(self) -> int:
        """Rows on their way; opt-outs wait without any plan."""
        with self.ledger.read() as reader:
            return int(reader.execute(select(func.count()).select_from(outbox)).scalar_one())

    def restart(self) -> None:
        """Another process opens what the last one left."""
        self.dead.add(holder(self.process.number))
        self.ledger.close()
        self.process = Process(self.process.number + 1)
        self.ledger = open_ledger(self.settings, now=self.clock.now)

    def take_over(self) -> None:
        """This process stands still for longer than its lease; another one finishes the work."""
        self.clock.pass_time(90)
        self.rival()

    def rival(self) -> None:
        """Another process delivers as well: what this one holds is not for it."""
        stalled, ledger = self.process, self.ledger
        self.process = Process(stalled.number + 1_000)
        self.ledger = open_ledger(self.settings, now=self.clock.now)
        try:
            self.deliver(self.process)
        finally:
            self.ledger.close()
            self.process, self.ledger = stalled, ledger

    def misbehave(self, vendors: Sequence[str], ratio: float, answers: Sequence[Any]) -> None:
        """A share of all requests to these vendors goes wrong from now on."""
        self.faulty = frozenset(vendors)
        self._post("DELETE", None)
        if vendors:
            rate = {
                "ratio": ratio,
                "seed": self.chance.randrange(10**6),
                "answers": answers,
                "vendors": vendors,
            }
            self._post("POST", {"rate": rate})

    def jump(self, hours: float) -> None:
        """The machine's clock is set wrong."""
        self.clock.skew = timedelta(hours=hours)

    # -- how the engine meets it ----------------------------------------------------------------

    def open(
        self,
        name: str,
        object_name: str,
        settings: DestinationSettings,
        pacer: Pacer | None = None,
    ) -> Destination:
        destination = open_destination(name, object_name, settings, pacer, transport=self.transport)
        for method in ("upsert", "remove"):
            object.__setattr__(destination, method, self._noted(getattr(destination, method)))
        return destination

    def sleep(self, seconds: float) -> None:
        self.process.step()
        self.clock.pass_time(seconds)

    def reach(self, point: str) -> None:
        """A named kill point."""
        if point == "before_send" and self.between_gate_and_wire is not None:
            work, self.between_gate_and_wire = self.between_gate_and_wire, None
            work()
        self.process.step()

    def before_request(self, request: httpx.Request) -> None:
        if request.url.path.startswith("/_"):
            return
        self.process.step()
        self.clock.pass_time(LATENCY_SECONDS)
        self.log.stamp(self.process.batch_tick)

    def after_request(self, request: httpx.Request) -> None:
        if not request.url.path.startswith("/_"):
            self.process.step()

    def _noted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def noted(rows: Any) -> Any:
            # An opt-out between the gate and the wire, within one moment, is too late for it.
            process = self.process
            is_at_once = process.gate_tick and self.clock.seconds == process.gate_seconds
            process.batch_tick = process.gate_tick if is_at_once else self.next_tick()
            process.gate_tick = 0
            return method(rows)

        return noted

    def _engine(self, work: Callable[[], Any]) -> Any:
        """Run a part of the engine; its errors are part of life, and so is its death."""
        try:
            return work()
        except KilledError:
            return None
        except TributaryError as error:
            self.said.append(f"{type(error).__name__}: {error}")
            return None

    def _post(self, method: str, body: Any) -> None:
        assert self.transport is not None
        content = b"" if body is None else json.dumps(body).encode()
        url = f"{sandbox_base()}/_faults"
        response = self.transport.handle_request(
            httpx.Request(method, url, content=content, headers={"host": "127.0.0.1"})
        )
        assert response.status_code == 200, response.read()


def holder(number: int) -> str:
    return f"simulated|{number}|0"


@contextmanager
def _transaction(world: World, original: Any, ledger: Ledger) -> Iterator[Any]:
    process = world.process
    process.step()
    with original(ledger) as connection:
        process.open_transactions += 1
        try:
            yield connection
            process.step()
        finally:
            process.open_transactions -= 1
    process.step()


def _patches(world: World) -> Iterator[AbstractContextManager[Any]]:
    """Time, chance, death and the disk's slowness under the test's hand."""
    open_engine, prepare = engine.open_engine, engine._prepare_sqlite

    original = Ledger.transaction

    @contextmanager
    def transaction(ledger: Ledger) -> Iterator[Any]:
        with _transaction(world, original, ledger) as connection:
            yield connection

    def relaxed(file: Path, dbapi_connection: Any, record: Any) -> None:
        prepare(file, dbapi_connection, record)
        dbapi_connection.execute("pragma synchronous = off")

    take = gate.take

    def noted_take(*given: Any) -> Any:
        taken, process = take(*given), world.process
        if taken.rows and not process.gate_tick:
            process.gate_tick, process.gate_seconds = world.next_tick(), world.clock.seconds
        return taken

    look_again = gate.look_again

    def noted_look(*given: Any) -> Any:
        process = world.process
        process.gate_tick, process.gate_seconds = world.next_tick(), world.clock.seconds
        return look_again(*given)

    yield patch.object(gate, "take", noted_take)
    yield patch.object(gate, "look_again", noted_look)
    yield patch.object(Ledger, "transaction", transaction)
    yield patch(
        "orchestration.ledger.store.open_engine",
        lambda ledger_url: _shared_engine(open_engine, ledger_url),
    )
    yield patch.object(engine, "_prepare_sqlite", relaxed)
    yield patch.object(os, "fsync", lambda _: None)
    yield patch.object(secrets, "randbits", world.chance.getrandbits)
    version = plan_file.code_version()
    yield patch.object(plan_file, "code_version", lambda: version)
    yield patch("orchestration.ledger.leases.this_process", lambda: holder(world.process.number))
    yield patch("orchestration.ledger.leases.is_gone", lambda name: name in world.dead)
    for name, module in sorted(sys.modules.items()):
        if name.startswith("orchestration.") and hasattr(module, "kill_point"):
            yield patch.object(module, "kill_point", world.reach)


@lru_cache(maxsize=1)
def _shared_engine(open_engine: Callable[[str], Any], ledger_url: str) -> Any:
    """One engine for every world of this process: it knows each statement already."""
    return open_engine(ledger_url)


@contextmanager
def world_of(
    seed: int, syncs: Sequence[Sync], vendors: type[TimedTruth] = TimedTruth
) -> Iterator[World]:
    """A new world on a disk of its own.

    Args:
        vendors: what the vendors' record does with jobs.
    """
    home = home_folder()
    try:
        shutil.copytree(template(), home, dirs_exist_ok=True)
        with ExitStack() as stack:
            clock, chance = Clock(), random.Random(seed)
            truth = vendors(
                home / "vendors", clock.monotonic, lambda _: chance.choice(JOB_SECONDS)
            )
            stack.callback(truth.close)
            settings = settings_in(home)
            # The ledger is opened below, under the patches.
            world = World(
                settings,
                None,
                truth,
                RowLog(truth),
                syncs,
                chance,
                clock,  # type: ignore[arg-type]
                Windows(clock.monotonic),
            )
            for one in _patches(world):
                stack.enter_context(one)
            world.transport = InProcess(
                build_app(truth, world.windows), world.before_request, world.after_request
            )
            stack.callback(world.transport.close)
            world.ledger = open_ledger(settings, now=world.clock.now)
            stack.callback(lambda: world.ledger.close())
            logger = logging.getLogger("orchestration")
            before = logger.level
            logger.addHandler(world.ear)
            logger.setLevel(logging.DEBUG)
            stack.callback(lambda: (logger.removeHandler(world.ear), logger.setLevel(before)))
            yield world
    finally:
        shutil.rmtree(home, ignore_errors=True)
