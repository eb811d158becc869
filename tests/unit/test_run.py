"""The order of a day's work and the exit code that cron reads; rooms are replaced by fakes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration import run
from orchestration.activation.connected import Skipped
from orchestration.activation.deliver import DeliveryReport, PlanDelivery
from orchestration.activation.errors import ApprovalError
from orchestration.errors import ConfigurationError, UnknownNameError
from orchestration.landing.quarantine import QuarantineCount
from orchestration.ledger import utc_now
from orchestration.project import BuildFailedError, BuildResult, NodeResult
from orchestration.run import ExitCode, RunReport, Source, run_day
from orchestration.sandbox.wire import SECRETS
from orchestration.settings import Settings
from tests.unit.activation.world import SPEC

SKIPPED = Skipped("mailbird", "list/vip", "no TRIBUTARY_MAILBIRD_SECRET is set")


def sent(state: str) -> DeliveryReport:
    delivery = PlanDelivery("f" * 64, "klaviyo", "list/vip", state, None, {}, 0)
    return DeliveryReport((delivery,), ())


@pytest.mark.parametrize(
    ("delivery", "waiting", "code"),
    [
        (None, (), ExitCode.DONE),
        (None, ("hash",), ExitCode.WAITS_FOR_APPROVAL),
        (sent("done"), (), ExitCode.DONE),
        (sent("done"), ("hash",), ExitCode.WAITS_FOR_APPROVAL),
        (sent("partial"), (), ExitCode.FAILED),
        (sent("partial"), ("hash",), ExitCode.FAILED),
    ],
)
def test_cron_learns_what_happened(
    delivery: DeliveryReport | None, waiting: tuple[str, ...], code: ExitCode
) -> None:
    assert RunReport(delivery=delivery, waiting=waiting).exit_code == code


def test_an_export_needs_its_mapping() -> None:
    with pytest.raises(ConfigurationError, match="mapping"):
        Source(orders_export=Path("orders.csv"))


class FakeDay:
    """Records the order of the rooms' calls; ``states`` are the plans in the ledger."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, states: list[str]) -> None:
        self.calls: list[str] = []
        self.states = states
        rooms = (
            "erase_requested", "land", "check_border", "fit_identity", "build", "publish_build",
            "plan",
        )  # fmt: skip
        for room in rooms:
            monkeypatch.setattr(run, room, self._called(room))
        monkeypatch.setattr(run, "skipped_deliveries", lambda *_: (SKIPPED,))
        monkeypatch.setattr(run, "approve_open_plans", self._approve)
        monkeypatch.setattr(run, "deliver_all", self._deliver)
        monkeypatch.setattr(run, "open_ledger", self._open_ledger)

    def _called(self, room: str) -> Any:
        def call(*_: Any, **__: Any) -> Any:
            self.calls.append(room)
            return []

        return call

    def _approve(self, *_: Any, **__: Any) -> None:
        self.calls.append("approve")
        self.states = ["approved" if state == "open" else state for state in self.states]

    def _deliver(self, *_: Any, **__: Any) -> DeliveryReport:
        self.calls.append("deliver")
        self.states = ["done" if state == "approved" else state for state in self.states]
        return sent("done")

    @contextmanager
    def _open_ledger(self, *_: Any, **__: Any) -> Iterator[Any]:
        def plans(states: tuple[str, ...]) -> list[Any]:
            return [SimpleNamespace(plan_hash=s) for s in self.states if s in states]

        yield SimpleNamespace(plans=plans)

    def run(
        self, *, approve: bool, host: str = "http://127.0.0.1:8765", is_probabilistic: bool = False
    ) -> RunReport:
        urls = {f"TRIBUTARY_{name}_URL": host for name in map(str.upper, SECRETS)}
        urls["TRIBUTARY_ALLOWED_HOSTS"] = host.removeprefix("https://")
        return run_day(
            Settings.from_env(urls),
            SimpleNamespace(variable={"probabilistic_identity": is_probabilistic}.get),  # type: ignore[arg-type]
            source=None,
            approve=approve,
            now=lambda: None,  # type: ignore[arg-type, return-value]
            sleep=lambda _: None,
        )


BEFORE = ["erase_requested", "land", "check_border", "build", "publish_build", "plan"]


def test_without_approval_nothing_is_sent_and_the_plans_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day = FakeDay(monkeypatch, ["open", "halted", "nothing_to_do"])
    report = day.run(approve=False)
    assert day.calls == BEFORE
    assert report.waiting == ("open", "halted")
    assert report.exit_code == ExitCode.WAITS_FOR_APPROVAL


def test_with_the_setting_on_the_fit_comes_before_the_build(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day = FakeDay(monkeypatch, [])
    day.run(approve=False, is_probabilistic=True)
    assert day.calls == ["erase_requested", "land", "check_border", "fit_identity", *BEFORE[3:]]


def test_an_earlier_approval_is_sent_without_approving_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day = FakeDay(monkeypatch, ["approved"])
    report = day.run(approve=False)
    assert day.calls == [*BEFORE, "deliver"]
    assert report.exit_code == ExitCode.DONE


def test_with_approval_open_plans_go_and_halted_ones_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day = FakeDay(monkeypatch, ["open", "halted"])
    report = day.run(approve=True)
    assert day.calls == [*BEFORE, "approve", "deliver"]
    assert report.waiting == ("halted",)


def test_the_demo_key_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    day = FakeDay(monkeypatch, ["open"])
    with pytest.raises(ApprovalError, match="not on this machine"):
        day.run(approve=True, host="https://a.klaviyo.com")
    assert day.calls == []


def test_an_empty_day_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    day = FakeDay(monkeypatch, ["nothing_to_do"])
    report = day.run(approve=True)
    assert day.calls == [*BEFORE, "approve"]
    assert report.exit_code == ExitCode.DONE
    assert report.skipped == (SKIPPED,)
    assert [step.name for step in report.steps][:3] == ["land", "check border", "build"]


def test_a_model_that_declares_no_delivery_is_refused_with_the_known_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "read_sync_specs", lambda _: [SimpleNamespace(model="sync_a__b")])
    project = SimpleNamespace(current_manifest=lambda: Path("manifest.json"))
    with pytest.raises(UnknownNameError, match="sync_a__b"):
        run.plan(None, project, ["sync_c"], now=lambda: None)  # type: ignore[arg-type, return-value]


def test_a_named_model_of_a_destination_that_is_not_connected_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = Settings.from_env(
        {"TRIBUTARY_HOME": str(tmp_path), "TRIBUTARY_DESTINATIONS": "klaviyo"}
    )
    monkeypatch.setattr(run, "read_sync_specs", lambda _: [SPEC])
    project = SimpleNamespace(current_manifest=lambda: Path("manifest.json"))
    with pytest.raises(ConfigurationError, match="not named in TRIBUTARY_DESTINATIONS"):
        run.plan(settings, project, [SPEC.model], now=lambda: None)  # type: ignore[arg-type, return-value]
    assert run.plan(settings, project, now=utc_now) == []  # type: ignore[arg-type]
    (skipped,) = run.skipped_deliveries(settings, project)  # type: ignore[arg-type]
    assert (skipped.destination, skipped.object) == (SPEC.destination, SPEC.object)


def test_a_build_that_fails_tells_what_stands_in_quarantine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"nodes": {}}')
    failed = BuildResult((NodeResult("a", "test", "tests", "failed", 0, "no"),), 0)
    project: Any = SimpleNamespace(
        current_manifest=lambda: manifest,
        build=lambda *_, **__: failed,
        settings=Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)}),
    )
    counts = tuple(QuarantineCount(f"shopify.t{n}", "id is empty", 9 - n) for n in range(6))
    monkeypatch.setattr(run, "quarantine_counts", lambda _: counts)
    with pytest.raises(BuildFailedError, match=r"shopify\.t0: 9 rows.*; and 1 more reasons\."):
        run.build(project)
    monkeypatch.setattr(run, "quarantine_counts", lambda _: ())
    with pytest.raises(BuildFailedError) as raised:
        run.build(project)
    assert "quarantine" not in str(raised.value)
