"""What is too large, too deep, too slow or too often is turned away, in one word."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from orchestration.collector.bounds import Limits
from orchestration.collector.documents import DEPTH_MAX, moment, parse, pick
from orchestration.collector.errors import RefusedError
from tests.unit.collector.world import (
    EMAIL_TOPIC,
    EVENTS,
    Gate,
    bearer,
    email_consent,
    gate_in,
    shopify_headers,
)

LARGEST = 256 * 1024


def padded(size: int) -> bytes:
    body = json.dumps({**email_consent("unsubscribed"), "note": ""}).encode()
    return body[:-2] + b"x" * (size - len(body)) + body[-2:]


def test_a_body_of_256_kib_is_read_and_one_byte_more_is_not(gate: Gate) -> None:
    for size, status in ((LARGEST, 200), (LARGEST + 1, 413)):
        body = padded(size)
        assert len(body) == size
        assert gate.send("/webhooks/shopify", body, shopify_headers(EMAIL_TOPIC, body)) == status


def test_a_body_is_counted_whatever_its_head_promises(gate: Gate) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 65_536

    async def post() -> int:
        transport = httpx.ASGITransport(gate.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            answer = await client.post("/events", content=endless(), headers=bearer(EVENTS))
        return answer.status_code

    assert asyncio.run(post()) == 413
    assert read == 5


def test_a_sender_that_drips_is_cut_off_and_blocks_nobody(tmp_path: Path) -> None:
    body = json.dumps(email_consent("unsubscribed")).encode()

    async def drip() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.05)
            yield b"x"

    async def both(gate: Gate) -> tuple[int, int, float]:
        transport = httpx.ASGITransport(gate.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            slow = asyncio.create_task(
                client.post("/events", content=drip(), headers=bearer(EVENTS))
            )
            await asyncio.sleep(0)
            begun = time.monotonic()
            fast = await client.post(
                "/webhooks/shopify", content=body, headers=shopify_headers(EMAIL_TOPIC, body)
            )
            took = time.monotonic() - begun
            return (await slow).status_code, fast.status_code, took

    with gate_in(tmp_path, Limits(read_seconds=0.5)) as gate:
        slow, fast, took = asyncio.run(both(gate))
    assert (slow, fast) == (408, 200)
    assert took < 0.5


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({f"X-{number}": "x" for number in range(65)}, 431),
        ({"X-Large": "x" * 20_000}, 431),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Content-Encoding": "identity"}, 400),
    ],
)
def test_odd_heads_are_refused(gate: Gate, headers: dict[str, str], status: int) -> None:
    assert gate.send("/events", b"{}", {**bearer(EVENTS), **headers}) == status


def test_a_header_that_comes_twice_counts_as_none(gate: Gate) -> None:
    twice = [("Authorization", f"Bearer {EVENTS}")] * 2
    assert gate.client.post("/events", content=b"{}", headers=twice).status_code == 401


def test_a_sender_has_a_rate_and_gets_it_back(tmp_path: Path) -> None:
    with gate_in(tmp_path, Limits(requests_per_second=1, burst=3)) as gate:
        statuses = [gate.send("/events", b"{}", {}) for _ in range(4)]
        assert statuses == [401, 401, 401, 429]
        assert gate.send("/webhooks/shopify", b"{}", {}) == 401, "another source, another bucket"
        gate.pass_by(2)
        assert [gate.send("/events", b"{}", {}) for _ in range(3)] == [401, 401, 429]


def test_unknown_topics_are_counted_and_nothing_else(gate: Gate) -> None:
    for number in range(3):
        assert gate.shopify("products/update", {"id": 1}, str(number)) == 202
    health = gate.client.get("/health")
    assert health.status_code == 200
    assert health.json() == {"status": "ok", "counts": {"shopify unknown_topic": 3}}
    assert gate.events() == []
    assert gate.lines() == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"1", b"nul", b'{"a":NaN}', b'{"a":Infinity}', b'\xff{"a":1}', b'{"a":1}}',
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b'{"a":' + b"1" * 5_000 + b"}", b'{"a":"\\ud8',
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused(body: bytes) -> None:
    with pytest.raises(RefusedError):
        parse(body)


def test_depth_is_counted_outside_of_texts_and_in_linear_time() -> None:
    def nested(depth: int) -> bytes:
        return b'{"a":' * depth + b"1" + b"}" * depth

    assert parse(nested(DEPTH_MAX))
    with pytest.raises(RefusedError):
        parse(nested(DEPTH_MAX + 1))
    assert parse(json.dumps({"a": '[{\\"' * 100}).encode())
    begun = time.monotonic()
    for hostile in (b'"' * LARGEST, b'\\"' * (LARGEST // 2), b'"\\' * (LARGEST // 2)):
        with pytest.raises(RefusedError):
            parse(hostile)
    assert time.monotonic() - begun < 2


def test_amounts_keep_their_digits_and_unknown_fields_go() -> None:
    document = parse(b'{"a":0.1000,"b":{"c":1,"d":[1]},"e":[{"f":"x","g":1},7],"h":{"i":1}}')
    shape = {"a": None, "b": {"c": None, "d": None}, "e": [{"f": None}], "h": None}
    assert pick(document, shape) == {"a": "0.1000", "b": {"c": 1}, "e": [{"f": "x"}]}


def test_times_are_read_as_sources_write_them() -> None:
    same = (
        "2026-01-02T03:04:05Z", "2026-01-01T22:04:05-05:00", "2026-01-02 03:04:05", "1767323045",
        "1767323045000", "Fri, 02 Jan 2026 03:04:05 GMT",
    )  # fmt: skip
    assert {moment(shown) for shown in same} == {moment(same[0])}
    for odd in ("", "soon", "9" * 13, "0001-01-01", "9999-12-31T23:59:59-10:00", "-1", "1e400"):
        assert moment(odd) is None
