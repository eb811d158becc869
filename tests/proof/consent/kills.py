"""The serving process dies at random moments, again and again, and no acknowledged no is lost.

What lives here: people who go on choosing, real SIGKILLs, a standby, restarts.
What never does: relaxing a disk's promise; counting a choice that nobody answered with 200.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.ledger import open_ledger
from tests.proof.consent.processes import (
    CHOICES,
    VENDORS,
    WEATHER,
    Arrivals,
    City,
    Server,
    Shopper,
    city,
    servers,
)
from tests.proof.consent.storm import tell, wait_for
from tests.proof.harness import Result, passed

KILLS, QUICK_KILLS = 200, 3
PEOPLE, QUICK_PEOPLE = 3_000, 150
CHOICES_PER_SECOND = 8.0
# A process lives at least until it answers, and then up to this long.
LIFE_SECONDS = 2.0
# Without a leader nobody may wait longer than this for an answer.
SILENCE_SECONDS = 5.0


@dataclass
class Crowd:
    """(person's number, channel) of every 200, and the longest that one had to ask."""

    taken: set[tuple[int, str]] = field(default_factory=set)
    longest: float = 0.0


def killed(quick: bool) -> Result:
    """People choose all the time; the leader and the standby die by turns and come back."""
    kills = QUICK_KILLS if quick else KILLS
    chance = random.Random(5)
    with tempfile.TemporaryDirectory() as folder:
        people = [Shopper(number) for number in range(QUICK_PEOPLE if quick else PEOPLE)]
        with city(Path(folder), len(people)) as made, servers(made) as both:
            made.set_weather(WEATHER)
            with _choosing(both, people) as crowd:
                for number in range(kills):
                    time.sleep(chance.uniform(0.0, LIFE_SECONDS))
                    _die(both[number % 2])
            # The last death has no restart: whoever is left sends what is left.
            both[kills % 2].kill()
            arrivals = Arrivals(made, people)
            wait_for(arrivals, crowd.taken)
            missing = arrivals.missing(crowd.taken, VENDORS)
            links = _verified(made)
    return passed(
        bool(crowd.taken)
        and not missing
        and links > 1
        and (quick or crowd.longest <= SILENCE_SECONDS),
        f"{kills + 1} SIGKILLs; {len(crowd.taken):,} choices acknowledged, {missing} effects"
        f" missing of them; the longest wait for a 200 was {crowd.longest:.1f} s",
        f"0 missing; {'told' if quick else f'{SILENCE_SECONDS:.0f} s'}",
    )


def _die(server: Server) -> None:
    server.kill()
    server.restart()
    server.wait()


@contextmanager
def _choosing(both: Sequence[Server], people: Sequence[Shopper]) -> Iterator[Crowd]:
    """Choices by the clock in a thread, at whichever address answers, until the block ends."""
    crowd, stop, failures = Crowd(), threading.Event(), []
    urls = [server.url for server in both]

    def choose() -> None:
        try:
            asyncio.run(_choose(urls, people, crowd, stop))
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=choose, name="crowd")
    thread.start()
    try:
        yield crowd
    finally:
        stop.set()
        thread.join()
    if failures:
        raise failures[0]


async def _choose(
    urls: Sequence[str], people: Sequence[Shopper], crowd: Crowd, stop: threading.Event
) -> None:
    chance, under_way = random.Random(11), set[asyncio.Task[None]]()
    # Each person has one no per channel to say.
    for number in range(len(people) * len(CHOICES)):
        if stop.is_set():
            break
        task = asyncio.create_task(_one(urls, people, number, crowd))
        under_way.add(task)
        await asyncio.sleep(chance.expovariate(CHOICES_PER_SECOND))
    await asyncio.gather(*under_way)
    if not stop.is_set():
        raise AssertionError("everybody said no before the last kill")


async def _one(
    urls: Sequence[str],
    people: Sequence[Shopper],
    number: int,
    crowd: Crowd,
) -> None:
    person, turn = people[number % len(people)], number // len(people)
    channel, purpose = CHOICES[(person.number + turn) % len(CHOICES)]
    begun = time.monotonic()
    order = urls if number % 2 else urls[::-1]
    await tell(order, person.choice(f"choice-{number}", channel, purpose))
    crowd.taken.add((person.number, channel))
    crowd.longest = max(crowd.longest, time.monotonic() - begun)


def _verified(made: City) -> int:
    with open_ledger(made.settings) as ledger:
        return ledger.verify()
