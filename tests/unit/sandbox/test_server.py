from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from orchestration.errors import ConfigurationError
from orchestration.sandbox.server import sandbox_environment, start_in_background
from orchestration.settings import Settings

OBJECTS = {"klaviyo": ["list/vip", "profiles"], "meta": ["seed"]}


def test_it_starts_keeps_its_record_and_stops(tmp_path: Path) -> None:
    with httpx.Client() as client:
        for _ in range(2):
            with start_in_background(tmp_path, OBJECTS) as base:
                assert base.startswith("http://127.0.0.1:")
                truth = client.get(f"{base}/_truth").json()
                assert truth["klaviyo"]["lists"] == {"vip": 0}
                assert truth["meta"] == {"audiences": {"seed": 0}}
                assert (truth["writes"], truth["rows_written"]) == (0, 0)
            with pytest.raises(httpx.ConnectError):
                client.get(f"{base}/_truth")


def test_a_taken_port_and_an_unknown_vendor_are_said_clearly(tmp_path: Path) -> None:
    with (
        start_in_background(tmp_path / "a", OBJECTS) as base,
        pytest.raises(ConfigurationError, match="did not start"),
        start_in_background(tmp_path / "b", OBJECTS, port=int(base.rpartition(":")[2])),
    ):
        pass
    with (
        pytest.raises(ConfigurationError, match="tumblr"),
        start_in_background(tmp_path, {"tumblr": []}),
    ):
        pass


def test_the_environment_points_every_destination_at_loopback() -> None:
    settings = Settings.from_env(sandbox_environment("http://127.0.0.1:4000"))
    for name, destination in settings.destinations.items():
        assert destination.is_loopback
        if name == "file":
            assert destination.base_url.startswith("file:///")
            continue
        assert destination.base_url == f"http://127.0.0.1:4000/{name}"
        assert destination.secret is not None
    assert settings.destinations["google"].account_id
