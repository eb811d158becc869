"""Secrets of senders: read from a variable or a file, never empty, never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.errors import ConfigurationError
from orchestration.settings import CollectorSettings

SHOPIFY = "TRIBUTARY_SHOPIFY_WEBHOOK_SECRETS"
OLD, NEW = "an-old-secret-of-a-shop", "a-new-secret-of-a-shop"


def test_old_and_new_secret_and_keys_by_scope(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text(f"{OLD},{NEW}\n")
    found = CollectorSettings.from_env({
        f"{SHOPIFY}_FILE": str(file),
        "TRIBUTARY_PREFERENCES_WRITE_KEYS": "a-key-of-the-preference-centre",
    })
    assert [one.reveal() for one in found.webhook_secrets["shopify"]] == [OLD, NEW]
    assert list(found.webhook_secrets) == ["shopify"]
    assert list(found.keys) == ["preferences:write"]
    assert OLD not in repr(found)


@pytest.mark.parametrize("text", ["", " ", ",", f"{OLD},", f",{OLD}", "changeme", f"{OLD},short"])
def test_an_empty_or_short_secret_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ConfigurationError, match=SHOPIFY) as caught:
        CollectorSettings.from_env({SHOPIFY: text})
    assert OLD not in str(caught.value)


def test_a_secret_that_no_header_can_carry_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="header"):
        CollectorSettings.from_env({SHOPIFY: "ein-schönes-geheimnis"})


def test_nothing_to_hear_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Nothing may be received"):
        CollectorSettings.from_env({})
