"""The loop that sends opt-outs: quick where a vendor is well, patient where it is not, and never
alone."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

from orchestration.activation.serving import (
    FATAL_PAUSE_SECONDS,
    PAUSE_CAP_SECONDS,
    _Lane,
    _Trouble,
    run_serving,
)
from orchestration.ledger import open_ledger
from orchestration.ledger.tables import outbox, receipt
from orchestration.sandbox.server import sandbox_environment
from orchestration.settings import Settings
from tests.faults.serving import (
    LISTS,
    Brand,
    brand_in,
    opt_out_with_one_dead,
    sandbox_in,
    seconds_until,
    silent_host,
)

HEALTHY_SECONDS = 2.0
TAKEN_OVER_SECONDS = 5.0


# Of its own for each test: vendors remember who opted out, and are asked before they get anybody.
@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[str]:
    with sandbox_in(tmp_path / "sandbox") as base:
        yield base


@pytest.fixture
def brand(sandbox: str, tmp_path: Path) -> Iterator[Brand]:
    with brand_in(sandbox, tmp_path) as made:
        yield made


@pytest.mark.parametrize("how", ["refuses connections", "never answers"])
def test_a_dead_vendor_delays_no_other(brand: Brand, how: str) -> None:
    with silent_host() as silent:
        port = silent.getsockname()[1] if how == "never answers" else 9
        # What hangs is hung up on, so that the loop can end.
        threading.Timer(HEALTHY_SECONDS * 2, silent.close).start()
        took = opt_out_with_one_dead(brand, f"http://127.0.0.1:{port}")
    assert max(took.values()) < HEALTHY_SECONDS
    assert {vendor: brand.members(vendor) for vendor in LISTS} == {
        "klaviyo": 1, "meta": 1, "tiktok": 1, "google": 2,
    }  # fmt: skip
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
    assert took < TAKEN_OVER_SECONDS
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


def test_an_expired_key_is_told_of_once_and_asked_seldom(
    brand: Brand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("orchestration.activation.serving.FATAL_PAUSE_SECONDS", 0.2)
    brand.misbehave("meta", *[{"kind": "status", "status": 401}] * 3)
    brand.opt_out()
    with brand.served():
        seconds_until(lambda: not brand.waiting())
        seconds_until(lambda: any("go again" in line for line in caplog.messages))
    assert brand.members("meta") == 1
    lines = [line for line in caplog.messages if "to meta" in line]
    assert [line.partition(" (")[0] for line in lines] == [
        "Opt-outs to meta wait", "Opt-outs to meta go again.",
    ]  # fmt: skip


def test_an_expired_key_is_asked_about_no_more_than_once_a_minute(brand: Brand) -> None:
    lane = _Lane(brand.settings.destinations["meta"], failures=1, told=_Trouble("401", True))
    assert lane.pause_seconds() == FATAL_PAUSE_SECONDS == 60.0
