"""How long a preference takes from the person's choice to every vendor that is well.

What lives here: a brand at five vendors, its collector at a socket, its sender in a thread.
What never does: a vendor's own processing; it says that it accepted, and that is what is timed.
"""

from __future__ import annotations

import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from orchestration.collector import serving
from orchestration.collector.app import build_app
from orchestration.collector.lanes import Lanes
from orchestration.collector.segments import Segments
from orchestration.ledger import open_ledger, utc_now
from tests.faults.serving import (
    EMAIL,
    HEALTHY,
    PATIENCE_SECONDS,
    PERSON,
    PHONE,
    Brand,
    brand_in,
    sandbox_in,
)
from tests.proof.harness import Result, passed
from tests.unit.collector.world import RECEIVED, WRITE

RUNS, QUICK_RUNS = 50, 3
P50_SECONDS, P99_SECONDS = 2.0, 10.0
NOBODY_LISTENS = "http://127.0.0.1:9"
CHOICES = (("email", "marketing"), ("sms", "marketing"), ("ads", "ads_sharing"))


def propagated(quick: bool) -> Result:
    """A person says no to mail, texts and ads at the preference centre while Google is dead."""
    slowest = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(QUICK_RUNS if quick else RUNS):
            home = Path(folder) / str(number)
            home.mkdir()
            with sandbox_in(home) as base, brand_in(base, home) as brand:
                slowest.append(_seconds(brand))
    slowest.sort()
    middle, worst = statistics.median(slowest), slowest[-1]
    return passed(
        quick or (middle <= P50_SECONDS and worst <= P99_SECONDS),
        f"{len(slowest)} choices, {len(HEALTHY)} vendors beside a dead one: median {middle:.2f} s,"
        f" slowest {worst:.2f} s from the request to the last acceptance (loopback)",
        "each arrives; times told"
        if quick
        else f"median {P50_SECONDS:.0f} s, slowest {P99_SECONDS:.0f} s",
    )


def _seconds(brand: Brand) -> float:
    dead = replace(brand.settings.destinations["google"], base_url=NOBODY_LISTENS)
    destinations = {**brand.settings.destinations, "google": dead}
    settings = replace(brand.settings, destinations=destinations)
    with _collector(brand) as url, brand.served(settings), httpx.Client(base_url=url) as client:
        time.sleep(0.5)
        started = time.monotonic()
        for channel, purpose in CHOICES:
            choice = {
                "event_id": f"choice-{channel}", "channel": channel, "purpose": purpose,
                "state": "opted_out", "customer_id": PERSON, "email": EMAIL, "phone": PHONE,
            }  # fmt: skip
            headers = {"Authorization": f"Bearer {WRITE}"}
            client.post("/preferences", json=choice, headers=headers).raise_for_status()
        while brand.waiting() != {"google"}:
            if time.monotonic() - started > PATIENCE_SECONDS:
                raise TimeoutError("an opt-out never arrived")
            time.sleep(0.01)
        took = time.monotonic() - started
    left = {vendor: brand.members(vendor) for vendor in ("klaviyo", "meta", "tiktok")}
    if set(left.values()) != {1}:
        raise AssertionError(f"she stands in a list still: {left}")
    return took


@contextmanager
def _collector(brand: Brand) -> Iterator[str]:
    """The application as ``tributary serve`` puts it together, at a socket of its own."""
    lanes = Lanes(brand.settings)
    with open_ledger(brand.settings) as ledger, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        segments = Segments(serving.segments_folder(brand.settings), time.monotonic)
        app = build_app(RECEIVED, ledger, lanes, segments, now=utc_now, opt_ins=lanes)
        server = serving.server(app, host="127.0.0.1", port=0, proxy=None)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
