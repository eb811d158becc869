"""Rows that a vendor turns down among ten thousand good ones: found, at what price.

What lives here: one upsert with bad rows in it, followed to the last receipt, and its calls.
What never does: the ledger; planning.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import httpx

from orchestration.destinations.base import Destination, JobPolling, Receipt, Row
from tests.faults.simulation.people import Person, Sync
from tests.faults.simulation.world import World, world_of

ROUNDS_MAX = 400
POLL_SECONDS = 60.0


@dataclass(frozen=True)
class Search:
    """Verdicts after one sending; ``later_rounds`` are further sendings of what was in doubt, as
    the next plans make them, until nothing is; ``never_found`` are bad rows that none rejected."""

    bad_count: int
    rejected_count: int
    ambiguous_bad_count: int
    accepted_bad_count: int
    rejected_good_count: int
    extra_calls: int
    later_rounds: int
    never_found: int


def search(sync: Sync, row_count: int, bad_count: int, seed: int) -> Search:
    """Send rows of which some are bad, and once the same number of good ones for the price."""
    with world_of(seed, [sync]) as world:
        bad = set(random.Random(seed).sample(range(row_count), bad_count))
        people = [Person(f"c{n:06}", is_bad=n in bad) for n in range(row_count)]
        rows = [Row(person.key, sync.payload(person)) for person in people]
        good = [Row(f"g{n:06}", sync.payload(Person(f"g{n:06}"))) for n in range(row_count)]
        calls = _counted(world)
        settings = world.settings.destinations[sync.spec.destination]
        destination = world.open(sync.spec.destination, sync.spec.object, settings)
        _settled(world, destination, good)
        usual, calls[""] = calls[""], 0
        verdicts = _settled(world, destination, rows)
        extra = calls[""] - usual
        names = {person.key for person in people if person.is_bad}
        found = Counter((receipt.verdict, receipt.key in names) for receipt in verdicts.values())
        rounds, later = 0, dict(verdicts)
        while rounds < ROUNDS_MAX:
            doubtful = [row for row in rows if later[row.key].verdict == "ambiguous"]
            if not doubtful:
                break
            rounds += 1
            later.update(_settled(world, destination, doubtful))
        return Search(
            bad_count=bad_count,
            rejected_count=found["rejected", True],
            ambiguous_bad_count=found["ambiguous", True],
            accepted_bad_count=found["accepted", True] + found["accepted_unverified", True],
            rejected_good_count=found["rejected", False],
            extra_calls=extra,
            later_rounds=rounds,
            never_found=sum(later[name].verdict != "rejected" for name in names),
        )


def _counted(world: World) -> Counter[str]:
    calls: Counter[str] = Counter()
    before = world.before_request

    def counting(request: httpx.Request) -> None:
        # A look at a job that is not finished is no search.
        is_poll = "job" in request.url.path and request.method == "GET"
        calls[""] += not is_poll and "requestStatus" not in request.url.path
        before(request)

    assert world.transport is not None
    world.transport.before = counting
    return calls


def _settled(world: World, destination: Destination, rows: list[Row]) -> dict[str, Receipt]:
    receipts = {receipt.key: receipt for receipt in destination.upsert(rows)}
    jobs: dict[str, list[Row]] = {}
    for row in rows:
        receipt = receipts[row.key]
        if receipt.verdict == "accepted_unverified" and receipt.job_id is not None:
            jobs.setdefault(receipt.job_id, []).append(row)
    for job_id, queued in jobs.items():
        assert isinstance(destination, JobPolling)
        world.clock.pass_time(POLL_SECONDS)
        answered = destination.poll(job_id, queued)
        assert answered is not None
        receipts.update({receipt.key: receipt for receipt in answered})
    return receipts
