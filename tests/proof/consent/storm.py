"""Many people say no at once, while everything else goes on.

What lives here: choices at a preference centre by the clock (open loop), what goes on beside them,
and the time from our answer to each vendor's last effect.
What never does: a vendor's own processing after it accepted; it says so, and that is what is timed.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Lock
from pathlib import Path
from typing import Any

import httpx

from orchestration.activation.deliver import deliver
from orchestration.destinations.registry import open_destination
from orchestration.ledger import open_ledger, utc_now
from orchestration.ledger.tables import outbox
from tests.contracts.cases import CASES
from tests.proof.consent.processes import (
    CHOICES,
    DUE,
    VENDORS,
    WEATHER,
    Arrivals,
    City,
    Server,
    Shopper,
    approve_rows,
    city,
    post_preference,
    servers,
    spec_of,
)
from tests.proof.harness import Result, passed
from tests.support import BIN, ROOT, environment, succeed, tributary
from tests.unit.activation.world import World, sha

P50_SECONDS, P99_SECONDS = 2.0, 10.0
PATIENCE_SECONDS, SETTLE_SECONDS = 120.0, 30.0
BULK_ROWS, SLOW_BULK_ROWS = 20_000, 1_500
DBT_CUSTOMERS = 400
# Tries of one choice at our own door; the same event id each time.
TRIES = 60


@dataclass(frozen=True)
class Shape:
    """``count`` choices over ``seconds``, and ``burst`` more within one second in the middle."""

    count: int
    seconds: float
    burst: int

    @property
    def people(self) -> int:
        return self.count + self.burst

    def moments(self, chance: random.Random) -> list[float]:
        """Seconds from the begin, by arrival: Poisson, as people do not wait for each other."""
        steady = sorted(chance.uniform(0, self.seconds) for _ in range(self.count))
        middle = self.seconds / 2
        return sorted([*steady, *(middle + chance.random() for _ in range(self.burst))])


WHOLE, QUICK = Shape(10_000, 1_200.0, 300), Shape(15, 3.0, 6)
WITH_ONE_DEAD = Shape(500, 60.0, 60)


@dataclass
class Told:
    """What was answered: person's number -> channel, and seconds since 1970 of the 200."""

    channels: dict[int, str]
    answered: dict[int, float]
    waits: list[float]


def storm(quick: bool) -> Result:
    """Everything at once: the storm, a bulk delivery, a build, bad weather."""
    shape = QUICK if quick else WHOLE
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        made = stack.enter_context(city(Path(folder), shape.people))
        first, _ = stack.enter_context(servers(made))
        made.set_weather(WEATHER)
        cycles = stack.enter_context(bulk_delivery(made, 300 if quick else BULK_ROWS))
        builds = stack.enter_context(no_build() if quick else dbt_build(Path(folder) / "dbt"))
        arrivals, told = _play(made, first, shape, VENDORS)
        beside = f"{_lines(cycles)} bulk plans delivered, {_lines(builds)} builds beside"
    times = _times(arrivals, told, VENDORS)
    missing = arrivals.missing(told.channels.items())
    return passed(
        not missing
        and len(told.channels) == shape.people
        and (quick or _is_fast(times)),
        f"{len(told.channels):,} choices; {_figures(times)}; {missing} missing;"
        f" {beside}; our answer p99 {_at(told.waits, 0.99) * 1_000:.0f} ms",
        "each arrives; times told" if quick else "per channel p50 <= 2 s, p99 <= 10 s; 0 missing",
    )


def with_one_dead(quick: bool) -> Result:
    """A shorter storm while nobody listens at Google: the others as ever, and nothing is lost."""
    shape = QUICK if quick else WITH_ONE_DEAD
    healthy = tuple(one for one in VENDORS if one != "google")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        made = stack.enter_context(city(Path(folder), shape.people))
        with servers(made, dead=("google",)) as (first, _):
            made.set_weather(WEATHER)
            arrivals, told = _play(made, first, shape, healthy)
            waiting = _left(made, {"google"})
        with servers(made):
            wait_for(arrivals, told.channels.items(), VENDORS)
    times = _times(arrivals, told, healthy)
    missing = arrivals.missing(told.channels.items())
    return passed(
        not missing and waiting == {"google"} and (quick or _is_fast(times)),
        f"{len(told.channels):,} choices; {_figures(times)}; left for {', '.join(sorted(waiting))}"
        f" until it is back, then {missing} missing",
        "per channel p50 <= 2 s, p99 <= 10 s; google; 0",
    )


def _play(
    made: City, server: Server, shape: Shape, vendors: Sequence[str]
) -> tuple[Arrivals, Told]:
    people = [Shopper(number) for number in range(shape.people)]
    arrivals = Arrivals(made, people)
    told = asyncio.run(_tell(server.url, people, shape.moments(random.Random(7))))
    wait_for(arrivals, told.channels.items(), vendors)
    return arrivals, told


async def _tell(url: str, people: Sequence[Shopper], moments: Sequence[float]) -> Told:
    told, begun = Told({}, {}, []), time.monotonic()

    async def one(person: Shopper, moment: float) -> None:
        await asyncio.sleep(max(begun + moment - time.monotonic(), 0))
        channel, purpose = CHOICES[person.number % len(CHOICES)]
        body = person.choice(f"choice-{person.number}", channel, purpose)
        due = time.monotonic()
        await tell([url], body)
        told.answered[person.number] = time.time()
        told.channels[person.number] = channel
        told.waits.append(time.monotonic() - due)

    await asyncio.gather(*(one(person, at) for person, at in zip(people, moments, strict=True)))
    return told


async def tell(urls: Sequence[str], body: Mapping[str, str]) -> None:
    """Ask again, the next address each time, until somebody says that it is stored."""
    for number in range(TRIES):
        try:
            if await post_preference(urls[number % len(urls)], body) == 200:
                return
        except (OSError, EOFError):  # a time-out is an OSError
            pass
        await asyncio.sleep(0.1)
    raise AssertionError("a choice was never taken")


def wait_for(
    arrivals: Arrivals, chosen: Collection[tuple[int, str]], vendors: Sequence[str] = VENDORS
) -> None:
    """Return when all has arrived, or when patience ends."""
    begun = time.monotonic()
    arrivals.look()
    while arrivals.missing(chosen, vendors) and time.monotonic() - begun < PATIENCE_SECONDS:
        time.sleep(0.2)
        arrivals.look()


def _times(arrivals: Arrivals, told: Told, vendors: Sequence[str]) -> dict[str, list[float]]:
    """Vendor -> sorted seconds from our answer to the last effect of each choice there."""
    times: dict[str, list[float]] = {vendor: [] for vendor in vendors}
    for number, channel in told.channels.items():
        for vendor in vendors:
            due = [kind for name, kind in DUE[channel] if name == vendor]
            seen = [arrivals.seen.get((number, vendor, kind)) for kind in due]
            if due and None not in seen:
                last = max(at for at in seen if at is not None)
                # The effect can be there before our own client has read the answer.
                times[vendor].append(max(last - told.answered[number], 0.0))
    return {vendor: sorted(some) for vendor, some in times.items()}


def _is_fast(times: Mapping[str, Sequence[float]]) -> bool:
    return all(
        some and _at(some, 0.5) <= P50_SECONDS and _at(some, 0.99) <= P99_SECONDS
        for some in times.values()
    )


def _figures(times: Mapping[str, Sequence[float]]) -> str:
    return ", ".join(
        f"{vendor} p50 {_at(some, 0.5):.2f} p99 {_at(some, 0.99):.2f} max {_at(some, 1):.2f} s"
        for vendor, some in times.items()
    )


def _at(some: Sequence[float], ratio: float) -> float:
    ordered = sorted(some)
    return ordered[min(int(len(ordered) * ratio), len(ordered) - 1)] if ordered else float("nan")


def _left(made: City, expected: Collection[str]) -> set[str]:
    """Vendors with something undecided: an effect is there before the job that tells of it ends, so
    those that should have nothing left get a while."""
    until = time.monotonic() + SETTLE_SECONDS
    while (left := _waiting(made)) != set(expected) and time.monotonic() < until:
        time.sleep(0.5)
    return left


def _waiting(made: City) -> set[str]:
    with open_ledger(made.settings) as ledger, ledger.read() as reader:
        return {str(row.destination) for row in reader.execute(outbox.select())}


def _lines(file: Path) -> int:
    return len(file.read_text().splitlines()) if file.exists() else 0


# -- what goes on beside it -------------------------------------------------------------------


def _deliver_for_ever(
    made: City, vendor: str, where: str, rows: int, done: Path, building: Lock
) -> None:
    """Plans of many rows, signed and sent by the engine, one after another."""
    settings = made.settings
    spec = spec_of(vendor, where, "marketing", "profile")
    with open_ledger(settings) as ledger, httpx.HTTPTransport() as transport:
        world = World(settings, ledger)
        for number in itertools.count():
            with building:
                world.clock.moment = utc_now()
                plan_hash = approve_rows(world, spec, _bulk_rows(vendor, where, rows, number))
            # Opt-outs hold the account for as long as they come: the plan goes on afterwards.
            while ledger.plan(plan_hash).state != "done":
                deliver(
                    settings,
                    ledger,
                    plan_hashes=[plan_hash],
                    open_destination=partial(open_destination, transport=transport),
                    now=utc_now,
                    sleep=time.sleep,
                )
            with done.open("a") as file:
                file.write(f"{vendor}\n")


def _bulk_rows(vendor: str, where: str, count: int, version: int) -> list[dict[str, Any]]:
    (case,) = [case for case in CASES if (case.destination, case.object) == (vendor, where)]
    return [
        {
            "customer_id": key,
            **{name: None if one is None else str(one) for name, one in case.payload(key).items()},
            "property_segment": f"Segment{version}",
            "row_hash": sha(f"{key} {version}"),
        }
        for key in (f"cus_canary{900_000 + number:06d}" for number in range(count))
    ]


@contextmanager
def bulk_delivery(made: City, rows: int) -> Iterator[Path]:
    """A process per account that delivers plans until the block ends; a line for each in the file.

    As schedules do it: whoever makes a plan takes no time from an interpreter that sends another.
    """
    done, spawn = made.home / "bulk.txt", get_context("spawn")
    building = spawn.Lock()
    slow = ("postscript", "subscribers", min(rows, SLOW_BULK_ROWS))
    processes = [
        spawn.Process(
            target=_deliver_for_ever, args=(made, *which, done, building), daemon=True
        )
        for which in (("klaviyo", "profiles", rows), slow)
    ]
    for process in processes:
        process.start()
    try:
        yield done
        if not all(process.is_alive() for process in processes):
            raise AssertionError("a bulk delivery ended by itself")
    finally:
        for process in processes:
            process.kill()
            process.join()


@contextmanager
def no_build() -> Iterator[Path]:
    """A quick run has no time for one."""
    yield Path("/nowhere")


@contextmanager
def dbt_build(home: Path) -> Iterator[Path]:
    """Builds of a small brand, again and again until the block ends; a line for each."""
    home.mkdir()
    brand = home / "brand"
    succeed(
        tributary(home, "brand", str(brand), "--customers", str(DBT_CUSTOMERS), "--months", "12")
    )
    succeed(tributary(home, "land", str(brand)))
    done = home / "builds.txt"
    loop = f"while {BIN / 'tributary'} build; do echo built >> {done}; done"
    process = subprocess.Popen(
        ["/bin/sh", "-c", loop],
        cwd=ROOT, env=environment(home), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )
    try:
        yield done
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
