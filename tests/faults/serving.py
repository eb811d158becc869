"""A brand whose opt-outs are served: all vendors of the sandbox over HTTP, on the real clock.

What lives here: its people and lists, a loop in a thread, a vendor that is dead.
What never does: judging.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from orchestration.activation import optouts
from orchestration.activation.connected import connected_destinations
from orchestration.activation.deliver import deliver
from orchestration.activation.lookup import SnapshotLookup
from orchestration.activation.optouts import SCOPES
from orchestration.activation.serving import run_serving
from orchestration.activation.spec import SyncSpec
from orchestration.destinations.registry import open_destination
from orchestration.ledger import open_ledger, utc_now
from orchestration.ledger.facts import Objection
from orchestration.ledger.tables import outbox
from orchestration.sandbox.server import sandbox_environment, start_in_background
from orchestration.settings import Settings
from tests.contracts.cases import CASES, OBJECTS, SUBSCRIBERS
from tests.unit.activation.world import World, sha

LISTS = {
    "klaviyo": ("list/vip", "marketing"),
    "meta": ("custom_audience/vip", "ads_sharing"),
    "google": ("customer_match/vip", "ads_sharing"),
    "tiktok": ("audience/vip", "ads_sharing"),
}
PERSON = "cus_canary000001"
PEOPLE = (PERSON, "cus_canary000002")
PHONE = "+16505550001"
EMAIL = f"{PERSON}@canary.example"
HEALTHY = {"klaviyo", "meta", "tiktok", "postscript"}
PATIENCE_SECONDS = 30.0


def seconds_until(is_true: Callable[[], bool], most: float = PATIENCE_SECONDS) -> float:
    """How long it took; fails after ``most``."""
    started = time.monotonic()
    while not is_true():
        assert time.monotonic() - started < most, "it never came true"
        time.sleep(0.02)
    return time.monotonic() - started


@dataclass
class Brand:
    """Two people in the lists of four vendors; one of them subscribed to texts at the fifth."""

    world: World
    base: str
    client: httpx.Client

    @property
    def settings(self) -> Settings:
        return self.world.settings

    def opt_out(self, event: str = "shop|1") -> int:
        email, phone = ("email_sha256", sha(EMAIL)), ("phone_sha256", sha(PHONE))
        with self.world.ledger.transaction() as connection:
            said = Objection(
                frozenset({("customer_id", PERSON), email, phone}),
                SCOPES,
                event,
                utc_now(),
                {sha(EMAIL): EMAIL, sha(PHONE): PHONE},
            )
            connected, lookup = connected_destinations(self.settings), SnapshotLookup(self.settings)
            return optouts.opt_out(connection, connected, lookup, [said], utc_now()).row_count

    def waiting(self) -> set[str]:
        return {str(row["destination"]) for row in self.world.rows(outbox)}

    def members(self, vendor: str) -> int:
        word = "lists" if vendor == "klaviyo" else "audiences"
        truth = self.client.get(f"{self.base}/_truth").json()
        return int(truth[vendor][word]["vip"])

    def misbehave(self, vendor: str, *answers: Mapping[str, Any]) -> None:
        script = {"vendor": vendor, "path": "", "answers": list(answers)}
        self.client.post(f"{self.base}/_faults", json={"scripts": [script]}).raise_for_status()

    @contextmanager
    def served(self, settings: Settings | None = None) -> Iterator[None]:
        """The loop in a thread, with a ledger of its own as a process has it."""
        stop = threading.Event()

        def serve() -> None:
            with open_ledger(self.settings) as ledger:
                run_serving(settings or self.settings, ledger, stop)

        thread = threading.Thread(target=serve, name="serving")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()


@contextmanager
def sandbox_in(state: Path) -> Iterator[str]:
    """All five vendors, with the lists of this brand."""
    objects = {name: some for name, some in OBJECTS.items() if name not in LISTS}
    lists = {name: [where] for name, (where, _) in LISTS.items()} | {"google": ["vip"]}
    with start_in_background(state, {**objects, **lists}) as base:
        yield base


@contextmanager
def brand_in(base: str, home: Path) -> Iterator[Brand]:
    """The brand after its first delivery; the sandbox behaves before and after."""
    environment = {**sandbox_environment(base), "TRIBUTARY_HOME": str(home)}
    settings = replace(Settings.from_env(environment), approvers_file=home / "approvers.yml")
    with (
        httpx.Client() as client,
        open_ledger(settings) as ledger,
        httpx.HTTPTransport() as transport,
    ):
        client.delete(f"{base}/_faults").raise_for_status()
        client.post(f"{base}/_subscribers", json=SUBSCRIBERS[:2]).raise_for_status()
        world = World(settings, ledger)
        world.clock.moment = utc_now()
        made = Brand(world, base, client)
        for vendor, (where, purpose) in LISTS.items():
            _list(world, vendor, where, purpose)
        deliver(
            settings,
            ledger,
            open_destination=partial(open_destination, transport=transport),
            now=utc_now,
            sleep=time.sleep,
        )
        assert {vendor: made.members(vendor) for vendor in LISTS} == dict.fromkeys(LISTS, 2)
        yield made
        client.delete(f"{base}/_faults").raise_for_status()


def opt_out_with_one_dead(brand: Brand, dead_url: str) -> dict[str, float]:
    """Opt the person out while Google stands at ``dead_url``: seconds until each other vendor has
    accepted all that concerns it, on the real clock."""
    dead = replace(brand.settings.destinations["google"], base_url=dead_url)
    settings = replace(
        brand.settings, destinations={**brand.settings.destinations, "google": dead}
    )
    with brand.served(settings):
        time.sleep(0.5)
        started = time.monotonic()
        # Four lists, and the records of two vendors by e-mail and by phone.
        assert brand.opt_out() == 8
        took: dict[str, float] = {}
        while len(took) < len(HEALTHY):
            assert time.monotonic() - started < PATIENCE_SECONDS
            waiting = brand.waiting()
            for vendor in HEALTHY - waiting - set(took):
                took[vendor] = time.monotonic() - started
            time.sleep(0.01)
        assert brand.waiting() == {"google"}, "nothing is lost"
    return took


def _list(world: World, vendor: str, where: str, purpose: str) -> None:
    spec = SyncSpec(
        f"sync_{vendor}__vip", "activation", vendor, where, "customer_id", "membership",
        "0 6 * * *", purpose,
    )  # fmt: skip
    (case,) = [case for case in CASES if (case.destination, case.object) == (vendor, where)]
    rows = [{"customer_id": key, **case.payload(key), "row_hash": sha(key)} for key in PEOPLE]
    world.build(spec, list(rows[0]), [tuple(row.values()) for row in rows])
    world.approve(world.plan(spec).plan_hash)


@contextmanager
def silent_host() -> Iterator[socket.socket]:
    """A vendor that takes connections and never answers; closed, it hangs up."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener
