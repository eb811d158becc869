from __future__ import annotations

from typing import Any

import pytest

from orchestration.sandbox.faults import Faults


def kinds(faults: Faults, count: int, path: str = "/api/x") -> list[str]:
    played = [faults.next("klaviyo", "POST", path) for _ in range(count)]
    return [fault.kind if fault else "truth" for fault in played]


def test_a_script_plays_once_for_the_requests_it_means() -> None:
    faults = Faults()
    answers = [{"kind": "drop"}, {"kind": "ok"}, {"kind": "lost_ack"}]
    faults.load({"scripts": [{"vendor": "klaviyo", "path": "/lists/", "answers": answers}]})
    assert faults.next("meta", "POST", "/lists/") is None
    assert kinds(faults, 2) == ["truth", "truth"]
    assert kinds(faults, 4, "/api/lists/1") == ["drop", "ok", "lost_ack", "truth"]
    assert faults.played_count == 3


def test_a_seeded_share_of_requests_fails_and_repeats_itself() -> None:
    def play(seed: int) -> list[str]:
        faults = Faults()
        answers = [{"kind": "drop"}, {"kind": "status", "status": 503}]
        faults.load({"rate": {"ratio": 0.1, "seed": seed, "answers": answers}})
        return kinds(faults, 2000)

    assert play(1) == play(1)
    assert play(1) != play(2)
    assert 140 <= sum(kind != "truth" for kind in play(1)) <= 260


def test_a_reset_ends_all_of_it() -> None:
    faults = Faults()
    faults.load({"rate": {"ratio": 1.0, "seed": 1, "answers": [{"kind": "drop"}]}})
    faults.reset()
    assert kinds(faults, 3) == ["truth"] * 3


@pytest.mark.parametrize(
    "body",
    [
        {"scripts": [{"vendor": "klaviyo", "answers": [{"kind": "explode"}]}]},
        {"scripts": [{"vendor": "klaviyo", "answers": [{"kind": "drop", "colour": 1}]}]},
        {"scripts": [{"vendor": "tumblr", "answers": []}]},
    ],
)
def test_an_unknown_fault_is_no_fault(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"known|unexpected"):
        Faults().load(body)
