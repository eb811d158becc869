"""A collector that is killed: no 200 before the disk, every fact there after it.

The server runs as it does for users (its own server, a socket, fsync) in a fork that kills itself
at a named point; the sender in the same fork tells each answer at once, and tries again afterwards.
"""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestration.collector import serving
from orchestration.collector.app import build_app
from orchestration.collector.optouts import SuppressionsOnly
from orchestration.collector.segments import Segments
from orchestration.ledger import open_ledger, utc_now
from orchestration.ledger.consent_tables import consent_event
from orchestration.ledger.tables import suppression
from tests.faults.killing import forked
from tests.unit.activation.world import settings_in
from tests.unit.collector.world import (
    EMAIL_TOPIC,
    RECEIVED,
    email_consent,
    shopify_headers,
)

FACTS = (
    (EMAIL_TOPIC, email_consent("unsubscribed"), "first"),
    (EMAIL_TOPIC, email_consent("unsubscribed", 1, "other@example.com"), "second"),
    ("orders/create", {"id": 1}, "order"),
)


def test_opt_outs_survive_a_kill_or_were_never_answered(tmp_path: Path) -> None:
    for point, stored in (
        # Killed while the second is written: the first was answered and is there.
        ("collector_before_commit:2", 1),
        # On disk and not answered: it is there, and coming again changes nothing.
        ("collector_after_commit:2", 2),
        ("collector_before_answer:2", 2),
    ):
        home = tmp_path / point.partition(":")[0]
        status, said = forked(lambda say, home=home: send_all(home, say, FACTS[:2]), kill_at=point)
        assert status == -signal.SIGKILL
        assert said == ["first 200"]
        assert in_ledger(home) == (stored, stored)
        again, said = forked(lambda say, home=home: send_all(home, say, FACTS[:2]))
        assert (again, said) == (0, ["first 200", "second 200"])
        assert in_ledger(home) == (2, 2)


@pytest.mark.parametrize(
    ("point", "survives"),
    [("collector_before_segment_sync:1", False), ("collector_before_answer:1", True)],
)
def test_an_order_is_on_disk_before_it_is_answered(
    tmp_path: Path, point: str, survives: bool
) -> None:
    status, said = forked(lambda say: send_all(tmp_path, say, FACTS[2:]), kill_at=point)
    assert (status, said) == (-signal.SIGKILL, [])
    if survives:
        assert orders(tmp_path) == {"order"}
    again, said = forked(lambda say: send_all(tmp_path, say, FACTS[2:]))
    assert (again, said) == (0, ["order 200"])
    assert orders(tmp_path) == {"order"}
    assert not list((tmp_path / "landing" / "segments").glob("*.open"))


def send_all(home: Path, say: Callable[[str], None], facts: Any) -> None:
    """Serve, send each fact once, tell the answers; what the kill leaves, the next call finds."""
    settings = settings_in(home)
    with open_ledger(settings, now=utc_now) as ledger, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        segments = Segments(serving.segments_folder(settings), time.monotonic)
        app = build_app(RECEIVED, ledger, SuppressionsOnly(), segments, now=utc_now)
        server = serving.server(app, host="127.0.0.1", port=0, proxy=None)
        # Signals belong to the main thread, which is the sender here.
        server.capture_signals = threading.Lock  # type: ignore[method-assign,assignment]
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/webhooks/shopify"
        with httpx.Client(trust_env=False) as client:
            for topic, document, event_id in facts:
                body = json.dumps(document).encode()
                headers = shopify_headers(topic, body, event_id)
                say(f"{event_id} {client.post(url, content=body, headers=headers).status_code}")
        server.should_exit = True
        thread.join()


def in_ledger(home: Path) -> tuple[int, int]:
    """Consent events and suppressions, in a ledger that verifies."""
    with open_ledger(settings_in(home), now=utc_now) as ledger:
        ledger.verify()
        with ledger.read() as connection:
            events = connection.execute(consent_event.select()).all()
            return len(events), len(connection.execute(suppression.select()).all())


def orders(home: Path) -> set[str]:
    files = (home / "landing" / "segments").iterdir()
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return {row["event_id"] for row in rows}
