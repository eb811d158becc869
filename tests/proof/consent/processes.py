"""A brand with many people and the real processes around it: vendors, collector, sender.

What lives here: five sandbox vendors in a process of their own with limits and faults, people who
stand at each of them, ``tributary serve`` as users start it, and what must follow from a choice.
What never does: judging.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx

from orchestration.activation.deliver import deliver
from orchestration.activation.spec import SyncSpec
from orchestration.destinations.registry import open_destination
from orchestration.ledger import open_ledger, utc_now
from orchestration.sandbox.effect_log import Effect, EffectLog
from orchestration.sandbox.server import sandbox_environment, start_in_background
from orchestration.sandbox.truth import Truth
from orchestration.sandbox.windows import Windows
from orchestration.settings import Settings
from tests.contracts.cases import CASES, OBJECTS
from tests.faults.serving import LISTS
from tests.support import BIN, ROOT, environment
from tests.unit.activation.world import World, sha
from tests.unit.collector.world import WRITE

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

CHOICES = (("email", "marketing"), ("sms", "marketing"), ("ads", "ads_sharing"))
VENDORS = ("klaviyo", "meta", "google", "tiktok", "postscript")
START_SECONDS = 60.0
# Each request waits 50 to 300 ms, and one in a hundred goes wrong.
_ERRORS: tuple[Mapping[str, Any], ...] = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "drop"},
    {"kind": "lost_ack"},
)
WEATHER = {
    "ratio": 1.0,
    "seed": 42,
    "answers": [
        *({"kind": "slow", "seconds": 0.05 + 0.25 * n / 395} for n in range(396)),
        *_ERRORS,
    ],
}
# What a choice must come to: the vendor, and the kind of effect in its record.
DUE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "email": (
        ("klaviyo", "left"),
        ("klaviyo", "suppressed"),
        ("klaviyo", "unsubscribed/email"),
    ),
    "sms": (("klaviyo", "unsubscribed/sms"), ("postscript", "unsubscribe")),
    "ads": (("meta", "left"), ("google", "left"), ("tiktok", "left")),
}


@dataclass(frozen=True)
class Shopper:
    """One person, as the brand and as each vendor names her."""

    number: int

    @property
    def key(self) -> str:
        return f"cus_canary{self.number:06d}"

    @property
    def email(self) -> str:
        return f"{self.key}@canary.example"

    @property
    def phone(self) -> str:
        return f"+1{(650, 415, 212)[self.number // 10_000]}555{self.number % 10_000:04d}"

    @property
    def names(self) -> tuple[str, ...]:
        return self.key, self.email, self.phone, sha(self.email)

    def choice(self, event: str, channel: str, purpose: str) -> dict[str, str]:
        return {
            "event_id": event, "channel": channel, "purpose": purpose, "state": "opted_out",
            "customer_id": self.key, "email": self.email, "phone": self.phone,
        }  # fmt: skip


@dataclass(frozen=True)
class City:
    """The brand's home, its vendors' address, and their record."""

    home: Path
    base: str
    record: EffectLog

    def variables(self, dead: Sequence[str] = ()) -> dict[str, str]:
        """The environment of a process of the brand; nobody listens where a dead vendor stood."""
        variables = {
            **sandbox_environment(self.base),
            "TRIBUTARY_HOME": str(self.home),
            "TRIBUTARY_PREFERENCES_WRITE_KEYS": WRITE,
            "PYTHONPATH": str(ROOT),
        }
        for vendor in dead:
            variables[f"TRIBUTARY_{vendor.upper()}_URL"] = "http://127.0.0.1:9"
        return variables

    @property
    def settings(self) -> Settings:
        settings = Settings.from_env(self.variables())
        return replace(settings, approvers_file=self.home / "approvers.yml")

    def set_weather(self, weather: Mapping[str, Any] | None) -> None:
        """How the vendors behave from now on; None: well."""
        httpx.delete(f"{self.base}/_faults").raise_for_status()
        if weather is not None:
            httpx.post(f"{self.base}/_faults", json={"rate": weather}).raise_for_status()


def _run_vendors(state: Path, pipe: Any) -> None:
    objects = {name: some for name, some in OBJECTS.items() if name not in LISTS}
    lists = {name: [where] for name, (where, _) in LISTS.items()} | {"google": ["vip"]}
    with start_in_background(state, {**objects, **lists}, windows=Windows(time.time)) as base:
        pipe.send(base)
        pipe.recv()


@contextmanager
def city(folder: Path, count: int) -> Iterator[City]:
    """Five vendors with ``count`` people in their lists, each subscribed to texts."""
    state, home = folder / "vendors", folder / "home"
    state.mkdir(parents=True)
    home.mkdir()
    Truth(state).close()
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    vendors = context.Process(target=_run_vendors, args=(state, theirs), daemon=True)
    vendors.start()
    if not ours.poll(START_SECONDS):
        raise TimeoutError("the vendors did not start")
    made = City(home, ours.recv(), EffectLog(state))
    try:
        _populate(made, [Shopper(number) for number in range(count)])
        made.record.install()
        yield made
    finally:
        ours.send("end")
        vendors.join(START_SECONDS)
        vendors.kill()


def _populate(made: City, people: Sequence[Shopper]) -> None:
    """The first delivery of every list, while the vendors behave."""
    phones = [one.phone for one in people]
    url = f"{made.base}/_subscribers"
    httpx.post(url, json=phones, timeout=60.0).raise_for_status()
    settings = made.settings
    with open_ledger(settings) as ledger, httpx.HTTPTransport() as transport:
        world = World(settings, ledger)
        world.clock.moment = utc_now()
        for vendor, (where, purpose) in LISTS.items():
            approve_rows(world, spec_of(vendor, where, purpose), _rows(vendor, where, people))
        report = deliver(
            settings,
            ledger,
            open_destination=partial(open_destination, transport=transport),
            now=utc_now,
            sleep=time.sleep,
        )
        if not report.is_complete:
            raise AssertionError(f"the first delivery ended {report.deliveries}")


def spec_of(vendor: str, where: str, purpose: str, kind: str = "membership") -> SyncSpec:
    name = where.replace("/", "_")
    return SyncSpec(
        f"sync_{vendor}__{name}", "activation", vendor, where, "customer_id", kind, "0 6 * * *",
        purpose,
    )  # fmt: skip


def _rows(vendor: str, where: str, people: Sequence[Shopper]) -> list[dict[str, Any]]:
    (case,) = [case for case in CASES if (case.destination, case.object) == (vendor, where)]
    return [
        {"customer_id": one.key, **case.payload(one.key), "row_hash": sha(one.key)}
        for one in people
    ]


def approve_rows(world: World, spec: SyncSpec, rows: Sequence[Mapping[str, Any]]) -> str:
    """Build the desired state, plan it, and sign the plan; its hash."""
    world.build(spec, list(rows[0]), [tuple(row.values()) for row in rows])
    plan_hash = world.plan(spec).plan_hash
    world.approve(plan_hash)
    return plan_hash


class Server:
    """``tributary serve`` in a process of its own, with these variables; its log in the home."""

    def __init__(self, home: Path, name: str, variables: Mapping[str, str]) -> None:
        self._home, self._name, self._variables = home, name, variables
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        variables = environment(self._home, self._variables)
        with (self._home / f"{self._name}.log").open("ab") as log:
            return subprocess.Popen(
                [str(BIN / "tributary"), "serve", "--port", str(self.port)],
                cwd=ROOT, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )

    def wait(self) -> None:
        """Return when it answers."""
        begun = time.monotonic()
        while True:
            try:
                if httpx.get(f"{self.url}/health", timeout=5.0).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if self.process.poll() is not None:
                raise AssertionError(f"{self._name} ended: see its log")
            if time.monotonic() - begun > START_SECONDS:
                raise TimeoutError("it does not answer")
            time.sleep(0.05)

    def kill(self) -> None:
        """As a crash does it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def restart(self) -> None:
        """Start it again at the same address; see ``wait``."""
        self.process = self._start()

    def end(self) -> None:
        """As an operator does it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def servers(made: City, dead: Sequence[str] = ()) -> Iterator[tuple[Server, Server]]:
    """One that listens, and a standby: both may send, the lease lets one at a time."""
    variables = made.variables(dead)
    both = Server(made.home, "first", variables), Server(made.home, "standby", variables)
    try:
        for one in both:
            one.wait()
        yield both
    finally:
        for one in both:
            one.end()


async def post_preference(url: str, body: Mapping[str, str], seconds: float = 10.0) -> int:
    """The status of one request over a connection of its own. A pool of connections that time out
    in a storm can get stuck, and what is measured must not be the client.

    Raises:
        OSError, EOFError, TimeoutError: nobody answered.
    """
    content = json.dumps(body).encode()
    head = (
        f"POST /preferences HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {WRITE}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        "Connection: close\r\n\r\n"
    )
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        try:
            writer.write(head.encode() + content)
            return int((await reader.readuntil(b"\r\n")).split(b" ")[1])
        finally:
            writer.close()


async def post(
    connection: Connection, path: str, headers: Mapping[str, str], body: bytes
) -> int:
    """The status of one request over a connection that stays open."""
    reader, writer = connection
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    length = head.lower().partition("content-length:")[2].partition("\r\n")[0]
    await reader.readexactly(int(length))
    return int(head.split(" ", 2)[1])


class Arrivals:
    """When each person's choice had its effects, read from the vendors' record as it grows."""

    def __init__(self, made: City, people: Sequence[Shopper]) -> None:
        self._record = made.record
        self._numbers = {name: one.number for one in people for name in one.names}
        self._last = 0
        # (person, vendor, kind) -> seconds since 1970 of the first such effect.
        self.seen: dict[tuple[int, str, str], float] = {}

    def look(self) -> None:
        """Read what is new."""
        for effect in self._record.since(self._last):
            self._last = effect.sequence
            number = self._numbers.get(_name(effect))
            if number is not None:
                key = (number, effect.vendor, _kind(effect))
                self.seen.setdefault(key, effect.at_seconds)

    def missing(self, chosen: Iterable[tuple[int, str]], vendors: Sequence[str] = VENDORS) -> int:
        """How many effects at these vendors are still to come of (person's number, channel)."""
        return sum(
            (number, vendor, kind) not in self.seen
            for number, channel in chosen
            for vendor, kind in DUE[channel]
            if vendor in vendors
        )


def _name(effect: Effect) -> str:
    return effect.key.rpartition(":")[2]


def _kind(effect: Effect) -> str:
    """One vendor notes by which channel somebody left."""
    return f"{effect.kind}/{effect.object_id}" if effect.kind == "unsubscribed" else effect.kind
