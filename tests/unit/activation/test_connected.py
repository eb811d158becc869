"""What a brand did not connect is skipped with its reason; a first look skips nothing known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.activation.connected import split_connected
from orchestration.destinations.registry import has_plugin
from orchestration.errors import ConfigurationError
from orchestration.settings import DestinationSettings, Secret, Settings
from tests.unit.activation.world import SPEC

LIST = replace(SPEC, model="sync_klaviyo__list_vip", destination="klaviyo", object="list/vip")
SECRET = {"TRIBUTARY_KLAVIYO_SECRET": "pk_0123"}


def split(folder: Path, env: dict[str, str], *specs: object) -> tuple[list[str], list[str]]:
    settings = Settings.from_env({"TRIBUTARY_HOME": str(folder), **env})
    connected, skipped = split_connected(settings, specs or (LIST, SPEC))  # type: ignore[arg-type]
    return [spec.destination for spec in connected], [one.reason for one in skipped]


def test_a_first_look_without_any_credential_plans_all(tmp_path: Path) -> None:
    assert split(tmp_path, {}) == (["klaviyo", "meta"], [])


def test_with_a_credential_the_others_are_skipped(tmp_path: Path) -> None:
    assert split(tmp_path, SECRET) == (["klaviyo"], ["no TRIBUTARY_META_SECRET is set"])


def test_a_host_on_this_machine_needs_no_credential(tmp_path: Path) -> None:
    env = {**SECRET, "TRIBUTARY_META_URL": "http://127.0.0.1:1/meta"}
    assert split(tmp_path, env) == (["klaviyo", "meta"], [])


def test_what_is_named_is_planned_even_without_its_credential(tmp_path: Path) -> None:
    connected, skipped = split(tmp_path, {**SECRET, "TRIBUTARY_DESTINATIONS": "meta, "})
    assert connected == ["meta"]
    assert skipped == ["not named in TRIBUTARY_DESTINATIONS"]


def test_naming_none_skips_all_and_an_unknown_name_is_refused(tmp_path: Path) -> None:
    assert split(tmp_path, {"TRIBUTARY_DESTINATIONS": ""})[0] == []
    with pytest.raises(ConfigurationError, match="klavio"):
        split(tmp_path, {"TRIBUTARY_DESTINATIONS": "klavio"})


def test_unknown_destinations_and_kinds_are_skipped_with_their_name(tmp_path: Path) -> None:
    unknown = replace(SPEC, destination="mailbird")
    other = replace(LIST, object="sculptures/vip")
    connected, skipped = split(tmp_path, {}, unknown, other)
    assert connected == []
    assert skipped == [
        "the settings know no such destination",
        "no plug-in of klaviyo opens 'sculptures'",
    ]


def test_a_plugin_is_known_by_the_kind_of_object() -> None:
    assert has_plugin("klaviyo", "profiles")
    assert has_plugin("klaviyo", "list/vip")
    assert not has_plugin("klaviyo", "lists/vip")
    assert not has_plugin("mailbird", "list/vip")


def test_a_folder_alone_does_not_end_the_first_look(tmp_path: Path) -> None:
    folder = DestinationSettings("file", "file:///files", "", Secret("s"))
    settings = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)})
    settings = replace(settings, destinations={**settings.destinations, "file": folder})
    assert split_connected(settings, [LIST, SPEC]) == ([LIST, SPEC], [])
