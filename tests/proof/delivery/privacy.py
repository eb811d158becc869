"""What people see, searched for people: logs, errors, reasons, previews, the chain; and files."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import stat
import traceback
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from orchestration.ledger.tables import audit_chain, plan, receipt
from tests.faults.simulation.people import CANARIES, SYNCS, Person
from tests.faults.simulation.schedule import ANSWERS, converge
from tests.faults.simulation.world import World, world_of
from tests.proof.harness import Result, passed

ADS = ("google", "meta", "tiktok")


def canaries(quick: bool) -> Result:
    """Worlds full of canaries and of every kind of fault; everything that was said is searched.

    A plan's file holds what will be sent, by design: it is private (mode 0600), and that of an ad
    platform holds hashes only.
    """
    texts, places, open_files, plain = 0, [], [], []
    for seed in range(3 if quick else 60):
        with world_of(seed, SYNCS) as world:
            for number in range(12):
                world.people.put(Person(f"c{number:04}", is_bad=number == 7))
            said = _heard(world)
            for name, text in said:
                texts += 1
                places += [f"{name}: {canary}" for canary in CANARIES if canary in text]
            open_files += _open_files(world.settings.home)
            plain += _plain_rows(world)
    return passed(
        not places and not open_files and not plain and texts > 0,
        f"{len(places)} in {texts:,} log lines, errors, tracebacks, reasons, previews and links of"
        f" the chain; {len(open_files)} files that others can read; {len(plain)} plain rows in ad"
        f" platforms' plans {[*places, *open_files, *plain][:2] or ''}",
        "0; 0; 0",
    )


def _heard(world: World) -> list[tuple[str, str]]:
    """Everything that is said while the work is done under faults and after it."""
    ear = io.StringIO()
    handler = logging.StreamHandler(ear)
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    screen = io.StringIO()
    try:
        with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
            world.misbehave(["klaviyo", "meta", "google"], 0.3, ANSWERS)
            world.build()
            previews = [repr(made.samples) + str(made.reason) for made in world.plan()]
            for made in world.ledger.plans(("open",)):
                world.approve(made.plan_hash)
            world.deliver()
            _raise_and_show(world, screen)
            converge(world)
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
    said = [("log", line) for line in [*ear.getvalue().splitlines(), *world.ear.lines]]
    said += [("error", line) for line in world.said]
    said += [("screen", screen.getvalue()), *(("preview", text) for text in previews)]
    return [*said, *_ledger_texts(world)]


def _raise_and_show(world: World, screen: io.StringIO) -> None:
    """A traceback with every local value is the worst that a screen can show: ours shows none."""
    try:
        world.ledger.plan("unknown-plan")
    except Exception as error:
        screen.write("".join(traceback.format_exception(error)))
        Console(file=screen).print(str(error))


def _ledger_texts(world: World) -> Iterator[tuple[str, str]]:
    with world.ledger.read() as connection:
        for row in connection.execute(audit_chain.select()):
            yield "chain", str(row.detail_json)
        for row in connection.execute(receipt.select()):
            yield "receipt", f"{row.reason} {row.verdict} {row.job_id}"
        for row in connection.execute(plan.select()):
            yield "plan", f"{row.reason} {row.seal_json}"


def _open_files(home: Path) -> list[str]:
    """Files with people in them that somebody else on the machine can read."""
    private = [*home.glob("plans/*"), *home.glob("ledger.sqlite*")]
    return [
        file.name
        for file in private
        if file.is_file() and stat.S_IMODE(file.stat().st_mode) & 0o077
    ]


def _plain_rows(world: World) -> list[str]:
    found = []
    for signed in world.approved:
        if signed.where[0] not in ADS:
            continue
        text = json.dumps([*signed.rows])
        found += [f"{signed.where[0]}: {canary}" for canary in CANARIES if canary in text]
    return found
