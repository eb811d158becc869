"""The collector under load.

What lives here: the time to a durable answer through a real socket.
What never does: a relaxed disk; the ledger writes as it does for users.
"""

from __future__ import annotations

import asyncio
import json
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from orchestration.collector import serving
from orchestration.collector.app import build_app
from orchestration.collector.optouts import SuppressionsOnly
from orchestration.collector.segments import Segments
from orchestration.ledger import Ledger, open_ledger, utc_now
from orchestration.ledger.consent_tables import consent_event
from orchestration.settings import Settings
from tests.proof.consent.processes import Connection, Server, post
from tests.proof.harness import Result, passed
from tests.support import ROOT
from tests.unit.activation.world import settings_in
from tests.unit.collector.world import (
    EMAIL_TOPIC,
    NEW,
    RECEIVED,
    email_consent,
    shopify_headers,
)

RATE, SECONDS = 50, 600
P99_SECONDS = 0.25
WEBHOOK = "/webhooks/shopify"


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, Ledger]]:
    """The collector at a socket of its own, over a ledger in the folder."""
    settings = settings_in(folder)
    with open_ledger(settings, now=utc_now) as ledger, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        segments = Segments(serving.segments_folder(settings), time.monotonic)
        app = build_app(RECEIVED, ledger, SuppressionsOnly(), segments, now=utc_now)
        server = serving.server(app, host="127.0.0.1", port=0, proxy=None)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", ledger
        finally:
            server.should_exit = True
            thread.join()


def acknowledged(quick: bool) -> Result:
    """Opt-outs at a steady rate; each answer is timed from the moment it was due."""
    count = RATE * (4 if quick else SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        secret = {"TRIBUTARY_SHOPIFY_WEBHOOK_SECRETS": NEW, "PYTHONPATH": str(ROOT)}
        # A process of its own: what is timed must not share an interpreter with its client.
        server = Server(home, "server", secret)
        try:
            server.wait()
            answers = asyncio.run(_steady(server.port, count))
        finally:
            server.end()
        with open_ledger(Settings.from_env({"TRIBUTARY_HOME": str(home)})) as ledger:
            with ledger.read() as connection:
                stored = connection.execute(select(func.count()).select_from(consent_event))
                stored_count = int(stored.scalar_one())
            links = ledger.verify()
    times = sorted(took for _, took in answers)
    good = sum(status == 200 for status, _ in answers)
    half, most = times[len(times) // 2], times[int(len(times) * 0.99)]
    return passed(
        good == stored_count == count and links > 1 and (quick or most <= P99_SECONDS),
        f"p50 {half * 1_000:.0f} ms, p99 {most * 1_000:.0f} ms, longest {times[-1] * 1_000:.0f} ms"
        f" over {count:,} webhooks; {good:,} answered 200, {stored_count:,} stored",
        # A loaded machine must not fail the tests: the quick run tells its times, the whole judges.
        f"{'p99 told' if quick else 'p99 <= 250 ms'}; {count:,}; {count:,}",
    )


async def _steady(port: int, count: int) -> list[tuple[int, float]]:
    begun, idle = time.monotonic(), list[Connection]()

    async def one(number: int, due: float) -> tuple[int, float]:
        document = email_consent("unsubscribed", 0, f"p{number}@example.com")
        # A customer of her own: statements of one person add up, and each asks for all of hers.
        body = json.dumps({**document, "customer_id": 1_000_000 + number}).encode()
        # Those that the server closed after a while are not taken.
        while idle and idle[-1][0].at_eof():
            idle.pop()
        connection = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
        headers = shopify_headers(EMAIL_TOPIC, body, f"e{number}")
        status = await post(connection, WEBHOOK, headers, body)
        idle.append(connection)
        return status, time.monotonic() - due

    tasks = []
    for number in range(count):
        due = begun + number / RATE
        await asyncio.sleep(max(due - time.monotonic(), 0))
        tasks.append(asyncio.create_task(one(number, due)))
    answers = list(await asyncio.gather(*tasks))
    for _, writer in idle:
        writer.close()
    return answers
