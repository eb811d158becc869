"""Real deaths: a day of deliveries in a forked child that is killed, and run again to its end.

What lives here: the prepared evening, the child's work, one kill and what it came to.
What never does: relaxing a disk's promise: the ledger writes as it does for users.

The parent imports everything once and touches neither DuckDB nor Arrow, so that a fork costs
milliseconds and no thread is left behind in it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas  # noqa: F401  (Arrow imports it where it is first needed: once, before any fork)

from orchestration import faults
from orchestration.activation import plan_file
from orchestration.activation.approval import create_key, demo_approve
from orchestration.activation.deliver import deliver
from orchestration.activation.plan import make_plans
from orchestration.destinations.registry import open_destination
from orchestration.ledger import Ledger, open_ledger, utc_now
from orchestration.ledger.tables import approval, plan
from orchestration.sandbox.row_log import RowLog
from orchestration.sandbox.server import build_app
from orchestration.sandbox.truth import Truth
from orchestration.settings import Settings
from tests.faults.invariants import Evidence, Signed, check_all
from tests.faults.simulation.homes import FOREIGN, settings_in
from tests.faults.simulation.people import (
    CHANNELS,
    OBJECTS,
    SYNCS,
    OptOut,
    Person,
    Population,
    Sync,
)
from tests.faults.simulation.transport import InProcess
from tests.faults.simulation.warehouse import table_of
from tests.unit.activation.world import ledger_state

# Named points on the way, at several passages each; a point that is not reached kills nobody.
POINTS = (
    "after_plan", "after_approve", "before_send", "mid_batch", "after_send_before_ack",
    "after_ack_before_commit", "after_commit",
)  # fmt: skip
PASSAGES = 6
PAIRS = ((SYNCS[0], SYNCS[3]), (SYNCS[1], SYNCS[2]))
SECONDS_MAX = 30.0
OPT_OUTS = tuple(
    OptOut(1, purpose, "customer_id", f"c{number:04}")
    for number in (3, 21, 22)
    for purpose in CHANNELS
)
Outcome = dict[str, Any]


def first_people() -> Population:
    people = Population()
    for number in range(20):
        people.put(Person(f"c{number:04}"))
    return people


def second_people() -> Population:
    """Four leave, four move, four are new, one of them bad."""
    people = first_people()
    for number in range(4):
        del people.people[f"c{number:04}"]
    for number in range(4, 8):
        people.put(Person(f"c{number:04}", version=2))
    for number in range(20, 24):
        people.put(Person(f"c{number:04}", is_bad=number == 23))
    people.opt_outs = list(OPT_OUTS)
    return people


@dataclass(frozen=True)
class Home:
    """A copy of the evening; ``syncs`` are delivered in it."""

    folder: Path
    syncs: Sequence[Sync]

    @property
    def settings(self) -> Settings:
        return settings_in(self.folder)

    def build(self, people: Population) -> None:
        with duckdb.connect(str(self.settings.warehouse)) as connection:
            connection.execute("create schema if not exists activation")
            for sync in self.syncs:
                connection.register("built", table_of(sync, people.desired(sync)))
                connection.execute(
                    f"create or replace table {sync.spec.schema}.{sync.spec.model}"
                    " as select * from built"
                )

    @contextmanager
    def vendors(self) -> Iterator[Truth]:
        truth = Truth(self.folder / "vendors")
        try:
            yield truth
        finally:
            truth.close()


def run_day(home: Home, acknowledge: Callable[[str], None], opt_outs: Sequence[OptOut]) -> None:
    """Opt-outs arrive, plans are made, approved and delivered; each promise is told at once."""
    with home.vendors() as truth, open_ledger(home.settings) as ledger:
        transport = InProcess(build_app(truth))
        for number, one in enumerate(opt_outs):
            ledger.record_suppressions([_suppression(one, number)])
            acknowledge(f"opt_out {number}")
        specs = [sync.spec for sync in home.syncs]
        for made in make_plans(home.settings, ledger, specs, now=utc_now):
            if made.state == "open":
                demo_approve(ledger, home.settings, made.plan_hash, now=utc_now)
                acknowledge(f"approval {made.plan_hash}")
        deliver(
            home.settings,
            ledger,
            open_destination=lambda *given: open_destination(*given, transport=transport),
            now=utc_now,
            sleep=lambda seconds: time.sleep(seconds / 100),
        )


def _suppression(one: OptOut, number: int) -> dict[str, Any]:
    return {
        "subject_type": one.subject_type,
        "subject_value": one.subject_value,
        "channel": CHANNELS[one.purpose],
        "purpose": one.purpose,
        "source_event": f"event-{number}",
        "suppressed_at": utc_now(),
    }


def forked(
    work: Callable[[Callable[[str], None]], None],
    *,
    kill_at: str | None = None,
    kill_after: float | None = None,
) -> tuple[int, list[str]]:
    """Do ``work`` in a fork; its exit code (-9 where it was killed) and what it acknowledged.

    Args:
        kill_at: ``point:n``, where the child kills itself.
        kill_after: seconds after which it is killed from outside.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _be_child(work, writer, kill_at)
    os.close(writer)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reader) as stream:
        said = stream.read().splitlines()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), said


def _be_child(
    work: Callable[[Callable[[str], None]], None], writer: int, kill_at: str | None
) -> None:
    try:
        signal.alarm(int(SECONDS_MAX))
        os.environ.pop("TRIBUTARY_KILL_AT", None)
        if kill_at is not None:
            os.environ["TRIBUTARY_KILL_AT"] = kill_at
        faults._armed.cache_clear()
        work(lambda text: _say(writer, text))
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _say(writer: int, text: str) -> None:
    os.write(writer, f"{text}\n".encode())


def _succeed(work: Callable[[Callable[[str], None]], None]) -> None:
    code, _ = forked(work)
    if code != 0:
        raise AssertionError(f"the child ended with {code}")


def prepare(folder: Path, syncs: Sequence[Sync]) -> Home:
    """The evening: the first day is delivered, the second is built."""
    home = Home(folder, syncs)
    folder.mkdir(parents=True, exist_ok=True)
    with home.vendors() as truth:
        truth.add_objects(
            {
                vendor: [name.rpartition("/")[2] for name in names if name != "profiles"]
                for vendor, names in OBJECTS.items()
            }
        )
        for vendor, member in FOREIGN.items():
            truth.add_members(vendor, "vip", [(member, "" if vendor == "klaviyo" else member)])
        RowLog(truth).install().stamp(0)
    create_key(home.settings.home / "approver.key")

    def first_day(acknowledge: Callable[[str], None]) -> None:
        home.build(first_people())
        run_day(home, acknowledge, ())
        home.build(second_people())

    _succeed(first_day)
    with home.vendors() as truth:
        RowLog(truth).stamp(2)
    return home


def outcome(home: Home) -> Outcome:
    """Both sides as they stand, after all invariants held."""
    with home.vendors() as truth, open_ledger(home.settings) as ledger:
        log = RowLog(truth)
        members = {
            sync.where: log.member_pairs(sync.spec.destination, sync.object_id)
            for sync in home.syncs
        }
        profiles = {
            profile_id: {**json.loads(body), "external_id": external_id}
            for profile_id, external_id, _, body in log.profiles()
        }
        check_all(
            Evidence(
                ledger=ledger,
                syncs=home.syncs,
                people=second_people(),
                log=log.rows(),
                members=members,
                profiles=profiles,
                foreign=FOREIGN,
                signed=_signed(home, ledger),
                said=(),
                healthy=(),
                is_finished=False,
            )
        )
        ids = {profile_id: profile["external_id"] for profile_id, profile in profiles.items()}
        return {
            "ledger": ledger_state(ledger),
            "members": {
                str(where): sorted((ids.get(member, member), one) for member, one in pairs)
                for where, pairs in members.items()
            },
            "profiles": sorted(
                json.dumps(profile, sort_keys=True) for profile in profiles.values()
            ),
        }


def _signed(home: Home, ledger: Ledger) -> list[Signed]:
    with ledger.read() as connection:
        rows = connection.execute(
            plan.select().where(
                plan.c.plan_hash.in_(
                    [row.plan_hash for row in connection.execute(approval.select())]
                )
            )
        ).all()
    signed = []
    for row in rows:
        file = plan_file.plan_path(home.settings, row.plan_hash)
        sent = [one for some in plan_file.read_rows(file, 0, 1_000) for one in some]
        signed.append(Signed(-1, row.plan_hash, (row.destination, row.object), sent))
    return signed


@dataclass(frozen=True)
class Kill:
    """One death: where, whether it happened, and what was lost (None: nothing)."""

    where: str
    was_killed: bool
    failure: str | None
    seconds: float


@dataclass(frozen=True)
class Evening:
    """A prepared home and what an undisturbed second day makes of it."""

    home: Home
    undisturbed: Outcome
    seconds: float


def evening(folder: Path, syncs: Sequence[Sync]) -> Evening:
    home = prepare(folder / "evening", syncs)
    with _copy(home, folder) as copied:
        started = time.monotonic()
        _succeed(lambda say: run_day(copied, say, OPT_OUTS))
        seconds = time.monotonic() - started
        found = _in_fork(copied)
    return Evening(home, found, seconds)


@contextmanager
def _copy(home: Home, folder: Path) -> Iterator[Home]:
    target = folder / "copy"
    shutil.copytree(home.folder, target)
    try:
        yield Home(target, home.syncs)
    finally:
        shutil.rmtree(target)


def _in_fork(home: Home) -> Outcome:
    """``outcome`` without Arrow in this process."""
    file = home.folder / "outcome.json"
    _succeed(lambda _: _write(file, outcome(home)) and None)
    return dict(json.loads(file.read_text()))


def _write(file: Path, value: Outcome) -> int:
    return file.write_text(json.dumps(value, sort_keys=True))


@dataclass(frozen=True)
class Death:
    """At a named point of the child's own, or after so many seconds from outside."""

    kill_at: str | None = None
    kill_after: float | None = None

    def __str__(self) -> str:
        return self.kill_at or f"{self.kill_after:.3f} s"


def drawn_death(seed: int, seconds: float) -> Death:
    """Half of the deaths at named points, half at any moment of a day of so many seconds."""
    chance = random.Random(seed)
    if chance.random() < 0.5:
        return Death(kill_at=f"{chance.choice(POINTS)}:{chance.randint(1, PASSAGES)}")
    return Death(kill_after=chance.uniform(0.005, seconds * 1.1))


def kill_and_run_again(of: Evening, folder: Path, death: Death) -> Kill:
    """Die, run to the end, compare with the undisturbed day."""
    started = time.monotonic()
    with _copy(of.home, folder) as home:

        def day(say: Callable[[str], None]) -> None:
            run_day(home, say, OPT_OUTS)

        code, said = forked(day, kill_at=death.kill_at, kill_after=death.kill_after)
        try:
            assert code in (0, -9), f"the first run ended with {code}"
            _succeed(lambda say: _second_run(home, say, said))
            failure = _difference(of.undisturbed, dict(json.loads(_read(home))))
        except AssertionError as error:
            failure = str(error)[:500]
    return Kill(str(death), code == -9, failure, time.monotonic() - started)


def _second_run(home: Home, say: Callable[[str], None], promised: Sequence[str]) -> None:
    """What was promised before the death must stand before anything else is done."""
    with open_ledger(home.settings) as ledger:
        events = {row["source_event"] for row in ledger.rows_since("suppression", 0, 1_000)}
        with ledger.read() as connection:
            approved = {row.plan_hash for row in connection.execute(approval.select())}
    for text in promised:
        kind, _, name = text.partition(" ")
        held = f"event-{name}" in events if kind == "opt_out" else name in approved
        assert held, f"lost: {text}"
    run_day(home, say, OPT_OUTS)
    _write(home.folder / "outcome.json", outcome(home))


def _read(home: Home) -> str:
    return (home.folder / "outcome.json").read_text()


def _difference(wanted: Outcome, found: Outcome) -> str | None:
    for name, value in wanted.items():
        if found[name] != value:
            return f"{name} differs: {json.dumps(found[name])[:300]}"
    return None
