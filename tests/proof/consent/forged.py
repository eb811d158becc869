"""The collector under attack: a million requests at its door, some more through a socket.

What lives here: the two runs, what was stored in the end, and the memory on the way.
What never does: the requests themselves (``fuzz.py``).
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from orchestration.collector.app import build_app
from orchestration.collector.optouts import SuppressionsOnly
from orchestration.collector.segments import Segments
from orchestration.ledger import Ledger, open_ledger
from orchestration.ledger.consent_tables import consent_event, privacy_request
from tests.proof.consent.collector import served
from tests.proof.consent.fuzz import Knock, at_a_socket, at_the_door, draw
from tests.proof.harness import Result, passed
from tests.unit.activation.world import START, settings_in
from tests.unit.collector.world import RECEIVED

COUNT, QUICK_COUNT = 1_000_000, 2_000
SOCKET_COUNT, QUICK_SOCKET_COUNT = 20_000, 200
TOGETHER, SENDERS = 100, 20
GROWTH_RATIO = 0.1


def forged(quick: bool) -> Result:
    """Each kind gets its own answer, nothing unsigned is stored, nothing fails, nothing grows."""
    count = QUICK_COUNT if quick else COUNT
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_in(Path(folder))
        with open_ledger(settings, now=lambda: START) as ledger:
            segments = Segments(settings.segments_dir, time.monotonic)
            # The clock stands still: a stale time stays stale.
            app = build_app(RECEIVED, ledger, SuppressionsOnly(), segments, now=lambda: START)
            # It warns of each webhook that names nobody.
            logging.getLogger("orchestration.collector").setLevel(logging.ERROR)
            answers, memory = asyncio.run(_at_the_door(app, count))
            false = _falsely_stored(ledger, settings.segments_dir)
            stored = _valid_stored(ledger)
    tenth = max(len(memory) // 10, 1)
    before, after = statistics.median(memory[:tenth]), statistics.median(memory[-tenth:])
    wrong = sum(some for (_, _, is_allowed), some in answers.items() if not is_allowed)
    failures = sum(some for (_, status, _), some in answers.items() if status >= 500)
    valid = answers["valid", 200, True]
    growth = after / before - 1
    return passed(
        not wrong
        and not failures
        and not false
        and stored == valid > 0
        and (quick or growth <= GROWTH_RATIO),
        f"{answers.total():,} requests; {failures} answered 5xx; {wrong} answered otherwise than"
        f" their kind allows{_example(answers)}; {false} stored of those that must not be;"
        f" {stored:,} of {valid:,} valid ones stored once; memory {before:.0f} MiB in the first"
        f" tenth, {after:.0f} in the last",
        f"0; 0; 0; all; {'told' if quick else 'at most 10 % more'}",
    )


def through_a_socket(quick: bool) -> Result:
    """The same requests through a socket and its server."""
    count = QUICK_SOCKET_COUNT if quick else SOCKET_COUNT
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (url, ledger):
        port = int(url.rpartition(":")[2])
        answers = asyncio.run(_at_a_socket(port, count))
        false = _falsely_stored(ledger, Path(folder) / "landing" / "segments")
    wrong = sum(some for (_, _, is_allowed), some in answers.items() if not is_allowed)
    failures = sum(some for (_, status, _), some in answers.items() if status >= 500)
    return passed(
        not wrong and not failures and not false,
        f"{answers.total():,} requests; {failures} answered 5xx; {wrong} answered otherwise than"
        f" their kind allows{_example(answers)}; {false} stored of those that must not be",
        "0; 0; 0",
    )


Answers = Counter[tuple[str, int, bool]]


async def _at_the_door(app: Any, count: int) -> tuple[Answers, list[float]]:
    """Answers by (kind, status, whether it is allowed), and the memory on the way in MiB."""
    answers, memory, chance = Answers(), [], random.Random(42)
    async with app.router.lifespan_context(app):
        for begin in range(0, count, TOGETHER):
            knocks = [draw(chance, number) for number in range(begin, begin + TOGETHER)]
            addresses = [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in _numbers(chance)]
            statuses = await asyncio.gather(
                *(at_the_door(app, knock, at) for knock, at in zip(knocks, addresses, strict=True))
            )
            _count(answers, knocks, statuses)
            memory.append(_resident_mib())
    return answers, memory


async def _at_a_socket(port: int, count: int) -> Answers:
    answers, chance = Answers(), random.Random(43)
    knocks = [draw(chance, number) for number in range(count)]
    parts = [knocks[start::SENDERS] for start in range(SENDERS)]
    done = await asyncio.gather(
        *(at_a_socket(port, some, f"127.0.2.{n + 1}") for n, some in enumerate(parts))
    )
    for some, statuses in zip(parts, done, strict=True):
        _count(answers, some, statuses)
    return answers


def _numbers(chance: random.Random) -> list[int]:
    return [chance.randrange(1 << 24) for _ in range(TOGETHER)]


def _count(answers: Answers, knocks: Sequence[Knock], statuses: Sequence[int]) -> None:
    for knock, status in zip(knocks, statuses, strict=True):
        answers[knock.kind, status, status in knock.allowed] += 1


def _example(answers: Answers) -> str:
    odd = [(kind, status) for kind, status, is_allowed in answers if not is_allowed]
    return f" ({odd[0][0]}: {odd[0][1]})" if odd else ""


def _falsely_stored(ledger: Ledger, segments: Path) -> int:
    """Rows and lines that carry the id of a request that nobody signed, or a replay twice."""
    with ledger.read() as connection:
        found = sum(
            connection.execute(
                select(func.count()).select_from(table).where(table.c.event_id.like("forged-%"))
            ).scalar_one()
            for table in (consent_event, privacy_request)
        )
        ids = connection.execute(
            select(consent_event.c.event_id).where(consent_event.c.event_id.like("replay-%"))
        ).scalars().all()
    for file in segments.iterdir() if segments.exists() else ():
        with file.open(encoding="utf-8") as lines:
            found += sum('"forged-' in line for line in lines)
    return int(found) + len(ids) - len(set(ids))


def _valid_stored(ledger: Ledger) -> int:
    with ledger.read() as connection:
        return int(
            connection.execute(
                select(func.count())
                .select_from(consent_event)
                .where(consent_event.c.event_id.like("valid-%"))
            ).scalar_one()
        )


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
