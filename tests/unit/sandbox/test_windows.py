"""Fixed windows per endpoint: what is let in, what is turned away, and what a job's time means."""

from __future__ import annotations

from pathlib import Path

import httpx

from orchestration.sandbox.server import build_app
from orchestration.sandbox.truth import Truth
from orchestration.sandbox.windows import TimedTruth, Windows
from tests.faults.simulation.transport import InProcess


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(windows: Windows, count: int, path: str = "/api/profile-bulk-import-jobs") -> int:
    return sum(windows.refusal("klaviyo", "POST", path) is None for _ in range(count))


def test_a_burst_is_let_in_and_the_rest_waits_for_the_next_second() -> None:
    seconds = Seconds()
    windows = Windows(seconds)
    assert taken(windows, 12) == 10
    seconds.now = 1.0
    assert taken(windows, 12) == 10
    assert windows.refused_count == {("klaviyo", "import"): 4}
    assert windows.request_count == {("klaviyo", "import"): 24}


def test_the_steady_window_closes_and_says_when_it_opens() -> None:
    seconds = Seconds()
    windows = Windows(seconds)
    for second in range(15):
        seconds.now = float(second)
        assert taken(windows, 10) == 10
    seconds.now = 15.5
    refused = windows.refusal("klaviyo", "POST", "/api/profile-bulk-import-jobs")
    assert refused is not None
    assert refused[1] == 45
    seconds.now = 60.0
    assert taken(windows, 1) == 1


def test_endpoints_have_windows_of_their_own_and_some_have_none() -> None:
    windows = Windows(Seconds())
    assert taken(windows, 10) == 10
    assert windows.refusal("klaviyo", "GET", "/api/profile-bulk-import-jobs/j") is None
    assert windows.refusal("klaviyo", "GET", "/api/profiles") is None
    assert all(windows.refusal("meta", "POST", "/v26.0/1/users") is None for _ in range(1_000))
    assert windows.refusal("google", "POST", "/v1/audienceMembers:ingest") is None


def test_a_429_has_the_vendors_shape_and_no_effect(tmp_path: Path) -> None:
    truth = Truth(tmp_path)
    windows = Windows(Seconds())
    assert taken(windows, 10) == 10
    transport = InProcess(build_app(truth, windows))
    url = "http://127.0.0.1:9/klaviyo/api/profile-bulk-import-jobs"
    answer = transport.handle_request(httpx.Request("POST", url, json={}))
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"
    assert answer.read().startswith(b'{"errors"')
    assert truth.writes() == []
    transport.close()
    truth.close()


def test_a_job_ends_when_its_time_has_passed(tmp_path: Path) -> None:
    seconds = Seconds()
    truth = TimedTruth(tmp_path, seconds, lambda _: 30.0)
    truth.save_job("google", "j1", {"total": 1})
    assert [truth.poll_job("google", "j1") for _ in range(5)] == [(0, {"total": 1})] * 5
    seconds.now = 30.0
    polled = truth.poll_job("google", "j1")
    assert polled is not None
    assert polled[0] > 100
    assert truth.poll_job("google", "unknown") is None
    truth.close()
