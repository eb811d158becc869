"""The private port: loopback by default, elsewhere with keys only, and ended with its process."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from orchestration.cli import app as commands
from orchestration.errors import ConfigurationError
from orchestration.ledger import open_ledger, utc_now
from orchestration.profiles.serving import serving_profiles
from orchestration.settings import ProfileSettings
from tests.unit.activation.world import settings_in
from tests.unit.profiles.world import READERS

NOBODY = ProfileSettings(())


def test_it_answers_at_its_port_and_no_longer_than_asked(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with open_ledger(settings, now=utc_now) as ledger:
        with serving_profiles(
            settings, READERS, ledger, host="127.0.0.1", port=0, now=utc_now
        ) as port:
            url = f"http://127.0.0.1:{port}"
            assert httpx.get(f"{url}/health").json() == {"status": "ok", "counts": {}}
            assert httpx.post(f"{url}/profile").status_code == 401
            with (
                pytest.raises(ConfigurationError, match="cannot be served"),
                serving_profiles(
                    settings, READERS, ledger, host="127.0.0.1", port=port or 0, now=utc_now
                ),
            ):
                pass
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/health")


def test_without_keys_nothing_listens_and_no_public_address_is_taken(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with open_ledger(settings, now=utc_now) as ledger:
        for host, is_refused in (("127.0.0.1", False), ("0.0.0.0", True), ("10.0.0.7", True)):
            given = {"host": host, "port": 0, "now": utc_now}
            if is_refused:
                with (
                    pytest.raises(ConfigurationError, match="open to others"),
                    serving_profiles(settings, NOBODY, ledger, **given),  # type: ignore[arg-type]
                ):
                    pass
            else:
                with serving_profiles(settings, NOBODY, ledger, **given) as port:  # type: ignore[arg-type]
                    assert port is None


def test_the_command_refuses_a_public_address_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.environ", {
        "TRIBUTARY_HOME": str(tmp_path),
        "TRIBUTARY_EVENTS_WRITE_KEYS": "a-key-of-a-storefront",
    })
    answer = CliRunner().invoke(commands, ["serve", "--profile-host", "0.0.0.0"])
    assert isinstance(answer.exception, ConfigurationError)
    assert not list(tmp_path.iterdir())


def test_a_reader_gets_a_key_once_and_the_digest_is_what_is_kept() -> None:
    import hashlib
    import json

    shown = json.loads(CliRunner().invoke(
        commands, ["reader", "crm", "--scope", "consent:read", "--json"]
    ).stdout)
    (kept,) = ProfileSettings.from_env({"TRIBUTARY_PROFILE_KEYS": shown["entry"]}).keys
    assert (kept.name, kept.scopes) == ("crm", frozenset({"consent:read"}))
    assert kept.digest == hashlib.sha256(shown["key"].encode()).hexdigest()
    assert shown["key"] not in shown["entry"]
    assert kept.digest not in repr(kept)
    refused = CliRunner().invoke(commands, ["reader", "crm", "--scope", "write:all"])
    assert isinstance(refused.exception, ConfigurationError)


@pytest.mark.parametrize("text", [
    " ", "crm", "crm:profile:read", f"crm:profile:write:{'a' * 64}", f"crm::{'a' * 64}",
    f"CRM:profile:read:{'a' * 64}", f"crm:profile:read:{'A' * 64}",
    f"a:profile:read:{'a' * 64},b:profile:read:{'a' * 64}",
    f"a:profile:read:{'a' * 64},a:profile:read:{'b' * 64}",
])  # fmt: skip
def test_an_entry_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="TRIBUTARY_PROFILE_KEYS"):
        ProfileSettings.from_env({"TRIBUTARY_PROFILE_KEYS": text})
