"""An answer comes after the disk: together where requests come together, never instead of it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestration.collector.intake import Line
from orchestration.collector.optouts import SuppressionsOnly
from orchestration.collector.segments import Segments
from orchestration.ledger import facts
from orchestration.ledger.facts import Objection
from tests.unit.activation.world import START
from tests.unit.collector.test_consent import EVENT
from tests.unit.collector.world import (
    EMAIL_TOPIC,
    EVENTS,
    JANE,
    Gate,
    digest,
    email_consent,
    gate_in,
    shopify_headers,
)


def post_together(gate: Gate, people: Sequence[Any]) -> list[int]:
    async def storm() -> list[int]:
        transport = httpx.ASGITransport(gate.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            sent = []
            for number, document in enumerate(people):
                body = json.dumps(document).encode()
                headers = shopify_headers(EMAIL_TOPIC, body, f"e{number}")
                sent.append(client.post("/webhooks/shopify", content=body, headers=headers))
            return [answer.status_code for answer in await asyncio.gather(*sent)]

    return asyncio.run(storm())


def test_requests_that_come_together_share_transactions(gate: Gate) -> None:
    people = [email_consent("unsubscribed", 0, f"p{n}@example.com") for n in range(40)]
    assert post_together(gate, people) == [200] * 40
    assert len(gate.events()) == 40
    assert gate.app.state.collector.committer.transaction_count < 20


def test_what_is_said_within_one_transaction_is_judged_by_its_time(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.collector.commit.GATHER_SECONDS", 0.5)
    yes, no = "subscribed", "unsubscribed"
    said = [
        ("a", (no, 1), (yes, 2)), ("b", (yes, 2), (no, 1)), ("c", (yes, 1), (no, 2)),
        ("d", (no, 2), (yes, 1)), ("e", (no, 2), (yes, 2)),
    ]  # fmt: skip
    words = [
        email_consent(*word, f"{name}@example.com") for name, *some in said for word in some
    ]
    assert post_together(gate, words) == [200] * len(words)
    assert gate.app.state.collector.committer.transaction_count == 1
    subjects = {name: ("email_sha256", digest(f"{name}@example.com")) for name, *_ in said}
    held = {name: gate.state(subject)["email", "marketing"] for name, subject in subjects.items()}
    assert held == {
        "a": "opted_in", "b": "opted_in", "c": "opted_out", "d": "opted_out", "e": "opted_out",
    }  # fmt: skip
    assert {one for call in gate.opt_outs.calls for one in call["subjects"]} == {
        subjects[name] for name in "cde"
    }
    assert {one for lift in gate.opt_outs.lifts for one in lift[0]} == {
        subjects[name] for name in "ab"
    }


def test_a_transaction_has_an_end(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.collector.commit.GATHER_SECONDS", 0.5)
    monkeypatch.setattr("orchestration.collector.commit.TOGETHER_ROWS", 12)
    # Each is five rows at least: the event, two subjects, and what they are suppressed by.
    people = [email_consent("unsubscribed", 0, f"p{n}@example.com") for n in range(6)]
    assert post_together(gate, people) == [200] * 6
    assert gate.app.state.collector.committer.transaction_count == 3
    assert len(gate.opt_outs.calls) == 6


def test_a_ledger_that_cannot_be_written_is_a_503_and_then_heals(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    document = email_consent("unsubscribed")
    file = gate.folder / "ledger.sqlite"
    # A trigger stands for a full disk: SQLite refuses the write inside the transaction.
    with sqlite3.connect(file) as other:
        other.execute(
            "create trigger no_room before insert on consent_event"
            " begin select raise(abort, 'jane@example.com'); end"
        )
    other.close()
    assert gate.shopify(EMAIL_TOPIC, document) == 503
    assert gate.client.get("/health").status_code == 503
    assert gate.opt_outs.calls == []
    assert "example.com" not in caplog.text
    with sqlite3.connect(file) as other:
        other.execute("drop trigger no_room")
    other.close()
    assert gate.shopify(EMAIL_TOPIC, document) == 200
    assert gate.client.get("/health").status_code == 200
    assert len(gate.opt_outs.calls) == len(gate.events()) == 1


def test_a_ledger_that_somebody_holds_is_a_503_and_the_fact_counts_once(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.collector.commit.ANSWER_SECONDS", 0.2)
    holder = sqlite3.connect(gate.folder / "ledger.sqlite", isolation_level=None)
    holder.execute("begin immediate")
    assert gate.shopify(EMAIL_TOPIC, email_consent("unsubscribed")) == 503
    holder.execute("rollback")
    holder.close()
    monkeypatch.undo()
    assert gate.shopify(EMAIL_TOPIC, email_consent("unsubscribed")) == 200
    assert len(gate.opt_outs.calls) == len(gate.events()) == 1


def test_an_opt_out_that_sets_nothing_off_is_not_recorded_either(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    gate.opt_outs.fails = True
    into, out = email_consent("subscribed", 0, "a@example.com"), email_consent("unsubscribed")
    assert post_together(gate, [into, out, into]) == [200, 503, 200]
    assert [row.state for row in gate.events()] == ["opted_in"] * 2
    assert "example.com" not in caplog.text
    gate.opt_outs.fails = False
    assert gate.shopify(EMAIL_TOPIC, out, "e1") == 200
    assert gate.state(JANE) == {("email", "marketing"): "opted_out"}


def test_by_default_what_the_gate_looks_for_is_suppressed(gate: Gate) -> None:
    subjects = {JANE, ("customer_id", "cus_1")}
    with gate.ledger.transaction() as connection:
        said = Objection(frozenset(subjects), (("email", "marketing"),), "event", START)
        SuppressionsOnly().opt_out(connection, [said], START)
        assert facts.suppressed(connection, "email", "marketing", subjects) == subjects


def test_orders_land_in_a_segment_with_known_fields_once(tmp_path: Path) -> None:
    order = {
        "id": 1, "total_price": "10.00", "client_details": {"browser_ip": "203.0.113.9"},
        "line_items": [{"id": 2, "sku": "A", "properties": [{"name": "note"}]}],
    }  # fmt: skip
    with gate_in(tmp_path) as gate:
        for _ in range(3):
            assert gate.shopify("orders/create", order) == 200
        assert gate.keyed("/events", EVENTS, EVENT) == 200
        assert gate.events() == []
    rows = [row for row in gate.lines() if "order" in row]
    assert [row["order"] for row in rows] == [
        {"id": 1, "total_price": "10.00", "line_items": [{"id": 2, "sku": "A"}]}
    ]
    names = sorted(file.name for file in (tmp_path / "segments").iterdir())
    assert names == ["events-000000001.jsonl", "orders-000000001.jsonl"], "closed at the end"


def line(number: int) -> Line:
    return Line("orders", str(number), {"event_id": str(number)})


def ids(folder: Path) -> list[str]:
    files = sorted(folder.glob("*.jsonl"))
    return [json.loads(row)["event_id"] for file in files for row in file.read_text().splitlines()]


def test_a_segment_is_closed_by_size_and_by_age(tmp_path: Path) -> None:
    clock = [0.0]
    segments = Segments(tmp_path, lambda: clock[0], most_bytes=50)
    for number in range(7):
        segments.append([line(number)])
    assert len(list(tmp_path.glob("*.jsonl"))) == 2
    (rest,) = tmp_path.glob("*.open")
    assert rest.stat().st_mode & 0o777 == 0o600
    segments.rotate()
    assert rest.exists()
    clock[0] = 400.0
    segments.rotate()
    assert not rest.exists()
    assert ids(tmp_path) == [str(number) for number in range(7)]


def test_what_a_dead_process_left_is_finished_and_a_live_one_left_alone(tmp_path: Path) -> None:
    live = Segments(tmp_path, lambda: 0.0)
    live.append([line(1)])
    torn = tmp_path / "orders-000000007.jsonl.open"
    torn.write_bytes(b'{"event_id":"7"}\n{"event_id":"to')
    (tmp_path / "orders-000000008.jsonl.open").touch()
    other = Segments(tmp_path, lambda: 0.0)
    assert ids(tmp_path) == ["7"]
    assert [file.name for file in tmp_path.glob("*.open")] == ["orders-000000001.jsonl.open"]
    other.append([line(8)])
    other.close()
    live.close()
    assert ids(tmp_path) == ["1", "7", "8"]


def test_a_disk_that_fails_leaves_no_half_line_and_no_200(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gate.shopify("orders/create", {"id": 1}, "1") == 200

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("orchestration.collector.segments.kill_point", full)
        assert gate.shopify("orders/create", {"id": 2}, "2") == 503
        assert gate.shopify(EMAIL_TOPIC, email_consent("unsubscribed"), "3") == 200
    assert [row["order"]["id"] for row in gate.lines()] == [1]
    assert gate.shopify("orders/create", {"id": 2}, "2") == 200
    assert [row["order"]["id"] for row in gate.lines()] == [1, 2]
