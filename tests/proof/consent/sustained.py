"""How many opt-outs a second the collector takes, beside a bare disk.

What lives here: a closed loop of many senders against ``tributary serve``, and a loop that does
nothing but commit groups of rows to SQLite on the same disk.
What never does: a bar; the ratio says what everything but the disk costs.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tests.proof.consent.processes import Server, Shopper, post
from tests.proof.harness import Result
from tests.support import ROOT
from tests.unit.collector.world import WRITE, bearer

SENDERS = 64
SECONDS, QUICK_SECONDS = 60.0, 1.5
ROW_BYTES = 400


def sustained(quick: bool) -> Result:
    """As many as it takes; every sender waits for its answer before the next."""
    seconds = QUICK_SECONDS if quick else SECONDS
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        variables = {"TRIBUTARY_PREFERENCES_WRITE_KEYS": WRITE, "PYTHONPATH": str(ROOT)}
        server = Server(home, "server", variables)
        try:
            server.wait()
            taken, longest = asyncio.run(_flood(server.port, seconds))
        finally:
            server.end()
        bare = _bare(Path(folder) / "bare.sqlite", seconds)
    return Result(
        f"{taken:,.0f} opt-outs a second from {SENDERS} senders (longest wait {longest:.2f} s);"
        f" bare SQLite, {SENDERS} rows a commit: {bare:,.0f} rows a second; ratio"
        f" {taken / bare:.4f}",
        "told",
        "NOTE",
    )


async def _flood(port: int, seconds: float) -> tuple[float, float]:
    """Answers 200 a second, and the longest wait for one."""
    until = time.monotonic() + seconds
    done = await asyncio.gather(*(_sender(port, number, until) for number in range(SENDERS)))
    return sum(count for count, _ in done) / seconds, max(longest for _, longest in done)


async def _sender(port: int, number: int, until: float) -> tuple[int, float]:
    # An address of its own: the collector bounds what one address may ask.
    source = (f"127.0.1.{number + 1}", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=source)
    count, longest = 0, 0.0
    try:
        while (begun := time.monotonic()) < until:
            person = Shopper(0)
            choice = person.choice(f"{number}-{count}", "email", "marketing")
            name = f"cus{number:03d}x{count:06d}"
            body = json.dumps({**choice, "customer_id": name, "email": f"{name}@canary.example"})
            status = await post((reader, writer), "/preferences", bearer(WRITE), body.encode())
            if status != 200:
                raise AssertionError(f"answered {status}")
            count += 1
            longest = max(longest, time.monotonic() - begun)
    finally:
        writer.close()
    return count, longest


def _bare(file: Path, seconds: float) -> float:
    """Rows a second of a loop that commits groups as durably as the ledger does."""
    row, count = "x" * ROW_BYTES, 0
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("create table event (number integer primary key, body text)")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            connection.execute("begin immediate")
            connection.executemany(
                "insert into event (body) values (?)", [(row,) for _ in range(SENDERS)]
            )
            connection.execute("commit")
            count += SENDERS
    return count / seconds
