"""The loop that sends opt-outs, against all vendors of the sandbox over HTTP, on the real clock."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestration.activation import optouts
from orchestration.activation.connected import connected_destinations
from orchestration.activation.deliver import deliver
from orchestration.activation.lookup import SnapshotLookup
from orchestration.activation.optouts import SCOPES
from orchestration.activation.serving import PAUSE_CAP_SECONDS, _Lane, run_serving
from orchestration.activation.spec import SyncSpec
from orchestration.destinations.registry import open_destination
from orchestration.ledger import open_ledger, utc_now
from orchestration.ledger.tables import outbox, receipt
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
OTHER = "cus_canary000002"
PHONE = "+16505550001"
EMAIL = f"{PERSON}@canary.example"
HEALTHY_SECONDS = 2.0
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
            return optouts.opt_out(
                connection,
                connected_destinations(self.settings),
                SnapshotLookup(self.settings),
                {("customer_id", PERSON), email, phone},
                SCOPES,
                event,
                utc_now(),
                utc_now(),
                {sha(EMAIL): EMAIL, sha(PHONE): PHONE},
            )

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


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    objects = {name: some for name, some in OBJECTS.items() if name not in LISTS}
    lists = {name: [where.rpartition("/")[2]] for name, (where, _) in LISTS.items()}
    own = {"klaviyo": ["list/vip"], "meta": ["custom_audience/vip"], "tiktok": ["audience/vip"]}
    state = tmp_path_factory.mktemp("sandbox")
    with start_in_background(state, {**objects, **lists, **own}) as base:
        yield base


@pytest.fixture
def brand(sandbox: str, tmp_path: Path) -> Iterator[Brand]:
    environment = {**sandbox_environment(sandbox), "TRIBUTARY_HOME": str(tmp_path)}
    settings = replace(
        Settings.from_env(environment), approvers_file=tmp_path / "approvers.yml"
    )
    with (
        httpx.Client() as client,
        open_ledger(settings) as ledger,
        httpx.HTTPTransport() as transport,
    ):
        client.delete(f"{sandbox}/_faults").raise_for_status()
        client.post(f"{sandbox}/_subscribers", json=SUBSCRIBERS[:2]).raise_for_status()
        world = World(settings, ledger)
        world.clock.moment = utc_now()
        made = Brand(world, sandbox, client)
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
        client.delete(f"{sandbox}/_faults").raise_for_status()


def _list(world: World, vendor: str, where: str, purpose: str) -> None:
    spec = SyncSpec(
        f"sync_{vendor}__vip", "activation", vendor, where, "customer_id", "membership",
        "0 6 * * *", purpose,
    )  # fmt: skip
    (case,) = [case for case in CASES if (case.destination, case.object) == (vendor, where)]
    rows = [{"customer_id": key, **case.payload(key), "row_hash": sha(key)} for key in PEOPLE]
    world.build(spec, list(rows[0]), [tuple(row.values()) for row in rows])
    world.approve(world.plan(spec).plan_hash)


PEOPLE = (PERSON, OTHER)


@contextmanager
def silent_host() -> Iterator[socket.socket]:
    """A vendor that takes connections and never answers; closed, it hangs up."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


@pytest.mark.parametrize("how", ["refuses connections", "never answers"])
def test_a_dead_vendor_delays_no_other(
    brand: Brand, how: str, record_property: Callable[[str, object], None]
) -> None:
    with silent_host() as silent:
        port = silent.getsockname()[1] if how == "never answers" else 9
        url = f"http://127.0.0.1:{port}"
        dead = replace(brand.settings.destinations["google"], base_url=url)
        settings = replace(
            brand.settings, destinations={**brand.settings.destinations, "google": dead}
        )
        with brand.served(settings):
            time.sleep(0.5)
            started = time.monotonic()
            # Four lists, and three rows for the records of two vendors.
            assert brand.opt_out() == 8
            took = {}
            while brand.waiting() - {"google"}:
                assert time.monotonic() - started < PATIENCE_SECONDS
                for vendor in {*LISTS, "postscript"} - brand.waiting() - set(took):
                    took[vendor] = time.monotonic() - started
                time.sleep(0.02)
            seconds = time.monotonic() - started
            record_property("seconds", seconds)
            print(f"healthy vendors after {seconds:.2f} s; first {min(took.values(), default=0):.2f}")
            assert seconds < HEALTHY_SECONDS
            assert {vendor: brand.members(vendor) for vendor in LISTS} == {
                "klaviyo": 1, "meta": 1, "tiktok": 1, "google": 2,
            }  # fmt: skip
            assert brand.waiting() == {"google"}, "nothing is lost"
            silent.close()
    with brand.served():
        seconds_until(lambda: not brand.waiting())
    assert brand.members("google") == 1
    verdicts = {row["verdict"] for row in brand.world.rows(receipt) if row["plan_hash"] is None}
    assert verdicts <= {"accepted", "accepted_unverified"}


def test_a_vendor_that_recovers_gets_its_opt_outs_by_itself(brand: Brand) -> None:
    brand.misbehave("meta", *[{"kind": "status", "status": 503}] * 3)
    with brand.served():
        brand.opt_out()
        seconds_until(lambda: not brand.waiting())
    assert {vendor: brand.members(vendor) for vendor in LISTS} == dict.fromkeys(LISTS, 1)


def _serve(home: str, environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    settings = replace(Settings.from_env(), home=Path(home))
    with open_ledger(settings) as ledger:
        run_serving(settings, ledger, threading.Event())


def test_a_second_process_waits_and_takes_over_from_one_that_is_killed(brand: Brand) -> None:
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    home = str(brand.settings.home)
    environment = {**sandbox_environment(brand.base), "TRIBUTARY_HOME": home}
    first = context.Process(target=_serve, args=(home, environment), daemon=True)
    first.start()
    # It holds the lease and waits for an answer that takes longer than this test.
    brand.misbehave("tiktok", {"kind": "slow", "seconds": 8.0})
    brand.opt_out()
    seconds_until(lambda: brand.waiting() == {"tiktok"})
    seconds_until(lambda: "sending" in {row["state"] for row in brand.world.rows(outbox)})
    second = context.Process(target=_serve, args=(home, environment), daemon=True)
    second.start()
    time.sleep(1.5)
    assert second.is_alive(), "a standby waits"
    assert {row["attempt_count"] for row in brand.world.rows(outbox)} == {1}, "and sends nothing"
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    took = seconds_until(lambda: not brand.waiting())
    print(f"taken over and sent {took:.2f} s after the kill")
    assert took < 5.0
    second.kill()
    second.join()
    assert brand.members("tiktok") == 1
    assert brand.world.ledger.verify() > 0


def test_pauses_double_up_to_the_cap(brand: Brand) -> None:
    lane = _Lane(brand.settings.destinations["meta"])
    pauses = []
    for lane.failures in range(1, 10):
        pauses.append(lane.pause_seconds())
    assert pauses[:3] == [0.5, 1.0, 2.0]
    assert pauses[-1] == PAUSE_CAP_SECONDS
