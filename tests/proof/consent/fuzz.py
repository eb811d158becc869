"""Webhooks that are forged, broken, odd, huge, replayed, and now and then valid.

What lives here: the kinds of request, what each may be answered, and the door they knock at.
What never does: judging the whole (``forged.py``).
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.unit.activation.world import START
from tests.unit.collector.world import (
    EMAIL_TOPIC,
    KLAVIYO,
    NEW,
    POSTSCRIPT,
    SHOP,
    email_consent,
    hmac_of,
)

TOPICS = (EMAIL_TOPIC, "orders/create", "customers/redact", "shop/redact", "customers/update")
HUGE_BYTES = 300 * 1024
DEEP = 5_000
JUNK: tuple[Any, ...] = (
    None, True, -1, 1e308, 10**30, "", " ", "\x00", "\ud800", "ß" * 3_000, "' or 1=1 --", "{{7*7}}",
    [], {}, [[]], [None], {"": ""}, "9999-99-99T99:99:99Z", "1970-01-01", "nan", "\u202eevil",
)  # fmt: skip
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Knock:
    """One request, and the statuses that it may be answered with."""

    kind: str
    path: str
    headers: Headers
    body: bytes
    allowed: frozenset[int]


def draw(chance: random.Random, number: int) -> Knock:
    """The request of this number: the kind by its weight, the rest by chance."""
    kind, make, allowed = chance.choices(KINDS, WEIGHTS)[0]
    path, headers, body = make(chance, number)
    return Knock(kind, path, headers, body, frozenset(allowed))


Made = tuple[str, Headers, bytes]


def _shopify(topic: str, body: bytes, event_id: str, signature: bytes | None = None) -> Made:
    shown = base64.b64encode(hmac_of(NEW, body)) if signature is None else signature
    headers = [
        (b"x-shopify-topic", topic.encode()),
        (b"x-shopify-shop-domain", SHOP.encode()),
        (b"x-shopify-event-id", event_id.encode()),
        (b"x-shopify-webhook-id", f"w-{event_id}".encode()),
        (b"x-shopify-hmac-sha256", shown),
    ]
    return "/webhooks/shopify", headers, body


def _document(number: int, state: str = "unsubscribed") -> bytes:
    return json.dumps(email_consent(state, 0, f"f{number}@canary.example")).encode()


def _valid(_: random.Random, number: int) -> Made:
    return _shopify(EMAIL_TOPIC, _document(number), f"valid-{number}")


def _replayed(chance: random.Random, number: int) -> Made:
    """An id that may have been there, with whatever the body says this time."""
    old = chance.randrange(max(number, 1))
    return _shopify(EMAIL_TOPIC, _document(0), f"replay-{old % 50}")


def _changed_body(chance: random.Random, number: int) -> Made:
    path, headers, body = _shopify(chance.choice(TOPICS), _document(number), f"forged-{number}")
    changed = bytearray(body)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return path, headers, bytes(changed)


def _changed_signature(chance: random.Random, number: int) -> Made:
    body = _document(number)
    shown = bytearray(base64.b64encode(hmac_of(NEW, body)))
    shown[chance.randrange(len(shown))] ^= 1 << chance.randrange(8)
    return _shopify(chance.choice(TOPICS), body, f"forged-{number}", _sendable(shown))


def _sendable(shown: bytearray) -> bytes:
    """Without the bytes that would end a header; a text that then is right by chance is wrong."""
    return bytes(one if 32 < one < 127 else ord("#") for one in shown)


def _other_secret(chance: random.Random, number: int) -> Made:
    body = _document(number)
    digest = hmac_of(chance.choice((KLAVIYO, POSTSCRIPT, "", "guess")), body)
    shown = chance.choice((base64.b64encode(digest), digest.hex().encode(), b"", b"null"))
    return _shopify(chance.choice(TOPICS), body, f"forged-{number}", shown)


def _right_in_hex(_: random.Random, number: int) -> Made:
    """The right digest in another writing than the source's."""
    body = _document(number)
    return _shopify(EMAIL_TOPIC, body, f"forged-{number}", hmac_of(NEW, body).hex().encode())


def _unsigned(chance: random.Random, number: int) -> Made:
    path, headers, body = _shopify(chance.choice(TOPICS), _document(number), f"forged-{number}")
    # None at all, or two that differ: nobody can say which was meant.
    return path, headers[:-1] + chance.choice(([], [headers[-1], (headers[-1][0], b"x")])), body


def _stale(chance: random.Random, number: int) -> Made:
    """Signed long ago, or for a time that is yet to come."""
    at = START + chance.choice((-1, 1)) * timedelta(seconds=chance.uniform(400, 10**6))
    body, stamp = _document(number), str(int(at.timestamp())).encode()
    signature = hmac_of(KLAVIYO, body + stamp).hex().encode()
    return "/webhooks/klaviyo", [
        (b"klaviyo-signature", signature), (b"klaviyo-timestamp", stamp),
    ], body  # fmt: skip


def _broken(chance: random.Random, number: int) -> Made:
    body = _document(number)
    # Never whole: the last brace is what makes it JSON.
    return _shopify(EMAIL_TOPIC, body[: chance.randrange(len(body))], f"forged-{number}")


def _encoded(chance: random.Random, number: int) -> Made:
    text = _document(number).decode()
    at = chance.randrange(len(text))
    body = chance.choice(
        (
            text.encode("utf-16"),
            text.encode("utf-32"),
            text.encode()[:at] + b"\xff\xfe" + text.encode()[at:],
            b"\xc0\x80" + text.encode(),
            chance.randbytes(chance.randrange(1, 200)) + b"\x80",
        )
    )
    return _shopify(EMAIL_TOPIC, body, f"forged-{number}")


def _deep(chance: random.Random, number: int) -> Made:
    opened, closed = chance.choice(((b"[", b"]"), (b'{"a":', b"}")))
    body = opened * DEEP + b"1" + closed * DEEP
    return _shopify(chance.choice(TOPICS), body, f"forged-{number}")


def _huge(chance: random.Random, number: int) -> Made:
    body = b'{"a":"' + b"x" * (HUGE_BYTES + chance.randrange(1_000)) + b'"}'
    return _shopify(chance.choice(TOPICS), body, f"forged-{number}")


def _unknown_topic(chance: random.Random, number: int) -> Made:
    topic = chance.choice(("nothing/known", "", "customers/../redact", "CUSTOMERS", "x" * 500))
    return _shopify(topic, _document(number), f"forged-{number}")


def _odd(chance: random.Random, number: int) -> Made:
    """Signed by the real sender, and any value of it may be anything."""
    document = email_consent("unsubscribed", 0, f"odd{number}@canary.example")
    for _ in range(chance.randrange(1, 4)):
        _spoil(chance, document)
    text = json.dumps(document).encode("utf-8", "surrogatepass")
    return _shopify(chance.choice(TOPICS), text, f"odd-{number}")


def _spoil(chance: random.Random, document: dict[str, Any]) -> None:
    name = chance.choice([*document, "other"])
    inner = document.get(name)
    if isinstance(inner, dict) and inner and chance.random() < 0.6:
        _spoil(chance, inner)
    else:
        # A copy: what was put in may itself be spoilt next, and the junk must stay what it is.
        document[name] = deepcopy(chance.choice(JUNK))


def _odd_postscript(chance: random.Random, number: int) -> Made:
    document: dict[str, Any] = {
        "event": chance.choice(("unsubscribe", "subscriber_opted_out", *map(str, JUNK[:4]))),
        "phone_number": f"+1650555{number % 10_000:04d}",
    }
    _spoil(chance, document)
    body = json.dumps(document).encode()
    signature = hmac_of(POSTSCRIPT, body).hex().encode()
    return "/webhooks/postscript", [(b"postscript-signature", signature)], body


Maker = Callable[[random.Random, int], Made]
_TABLE: tuple[tuple[str, Maker, Sequence[int], float], ...] = (
    ("valid", _valid, (200,), 1.0),
    ("replayed", _replayed, (200,), 1.0),
    ("changed body", _changed_body, (401,), 25.0),
    ("changed signature", _changed_signature, (401,), 25.0),
    ("other secret", _other_secret, (401,), 8.0),
    ("other writing", _right_in_hex, (401,), 2.0),
    ("unsigned", _unsigned, (401,), 4.0),
    ("stale", _stale, (401,), 4.0),
    ("broken JSON", _broken, (400,), 10.0),
    ("wrong encoding", _encoded, (400,), 8.0),
    ("deep nesting", _deep, (400,), 1.0),
    ("huge", _huge, (413,), 0.2),
    ("unknown topic", _unknown_topic, (202,), 4.0),
    ("odd", _odd, (200, 202, 400), 5.0),
    ("odd texts", _odd_postscript, (200, 202, 400), 1.8),
)
KINDS = [(kind, make, allowed) for kind, make, allowed, _ in _TABLE]
WEIGHTS = [weight for *_, weight in _TABLE]


async def at_the_door(app: Any, knock: Knock, address: str) -> int:
    """Hand the request to the application without a socket; the status of its answer."""
    scope: Mapping[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": knock.path, "raw_path": knock.path.encode(), "query_string": b"",
        "root_path": "", "headers": knock.headers, "server": ("127.0.0.1", 80),
        "client": (address, 1),
    }  # fmt: skip
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": knock.body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = int(message["status"])

    await app(scope, receive, send)
    return status


async def at_a_socket(port: int, knocks: Sequence[Knock], address: str) -> list[int]:
    """Send the requests one after another from an address of its own; a closed door is knocked
    at again."""
    statuses = []
    for knock in knocks:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, local_addr=(address, 0)
        )
        head = [(b"host", b"127.0.0.1"), *knock.headers]
        head += [(b"content-length", str(len(knock.body)).encode()), (b"connection", b"close")]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in head)
        try:
            writer.write(f"POST {knock.path} HTTP/1.1\r\n".encode() + lines + b"\r\n" + knock.body)
            answered = await reader.readuntil(b"\r\n")
            statuses.append(int(answered.split(b" ")[1]))
        finally:
            writer.close()
    return statuses
