"""What the environment may not say: known secrets, foreign hosts, a secret on a command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

from orchestration.cli import app
from orchestration.errors import ConfigurationError
from orchestration.publish.relations import quoted
from orchestration.settings import CollectorSettings, Secret, Settings

VARIABLE = "TRIBUTARY_META_SECRET"


@pytest.mark.parametrize(
    "text", ["changeme", "Change-Me-Please-1", "secretsecretsecret", "your-api-key-here", "x" * 32,
             "********", "my_secret_token_123", "password"],
)  # fmt: skip
def test_a_secret_of_an_example_is_refused_at_start(text: str) -> None:
    with pytest.raises(ConfigurationError, match=VARIABLE) as caught:
        Settings.from_env({VARIABLE: text})
    assert text not in str(caught.value)
    if len(text) >= 16:
        with pytest.raises(ConfigurationError):
            CollectorSettings.from_env({
                "TRIBUTARY_SHOPIFY_WEBHOOK_SECRETS": f"shpss_0123456789abcdef,{text}"
            })


def test_issued_secrets_are_taken_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("EAAB-0123456789\n")
    for given in ({VARIABLE: "EAAB-0123456789"}, {f"{VARIABLE}_FILE": str(file)}):
        settings = Settings.from_env(given)
        meta = settings.destinations["meta"]
        assert meta.secret is not None
        assert meta.secret.reveal() == "EAAB-0123456789"
        assert "EAAB" not in f"{settings!r} {meta!s} {replace(meta)!r} {meta.secret}"
        assert repr(meta.secret) == "***"
    with pytest.raises(ConfigurationError, match="both"):
        Settings.from_env({VARIABLE: "EAAB-0123456789", f"{VARIABLE}_FILE": str(file)})
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Settings.from_env({f"{VARIABLE}_FILE": str(tmp_path / "none")})
    assert str(Secret("a")) == "***"


@pytest.mark.parametrize(("url", "is_allowed"), [
    ("https://graph.facebook.com/v25.0", True), ("http://127.0.0.1:8080/meta", True),
    ("https://proxy.brand.example", True), ("https://graph.facebook.com.evil.example", False),
    ("https://evil.example/graph.facebook.com", False), ("https://a.klaviyo.com", False),
    ("https://graph.facebook.com@evil.example", False), ("", False),
])  # fmt: skip
def test_a_credential_goes_to_an_allowed_host_only(url: str, is_allowed: bool) -> None:
    given = {"TRIBUTARY_META_URL": url, "TRIBUTARY_ALLOWED_HOSTS": "proxy.brand.example, b.example"}
    if is_allowed:
        assert Settings.from_env(given).destinations["meta"].base_url == url
        return
    with pytest.raises(ConfigurationError, match="TRIBUTARY_ALLOWED_HOSTS"):
        Settings.from_env(given)


def test_no_command_takes_a_secret_where_the_process_list_shows_it() -> None:
    names = {
        option
        for command in commands(typer.main.get_command(app))
        for parameter in command.params
        for option in parameter.opts
    }
    assert "--profile-port" in names
    taking = ("secret", "password", "token", "api-key", "email", "phone")
    wrong = {name for name in names if any(word in name for word in taking)}
    # Files, not values: other users of the machine read a command line.
    assert wrong == {"--email-file", "--phone-file"}


def test_a_name_stays_a_name_in_sql() -> None:
    assert quoted(("a", 'b"; drop table c; --')) == '"a"."b""; drop table c; --"'


def commands(command: Any) -> Iterator[Any]:
    for one in getattr(command, "commands", {}).values():
        yield from commands(one)
    if not hasattr(command, "commands"):
        yield command
