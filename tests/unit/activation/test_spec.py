"""meta.sync is read from the manifest, and a mistake in it is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestration.activation.errors import SyncSpecError
from orchestration.activation.spec import read_sync_specs
from tests.unit.activation.world import SPEC

SYNC = {
    "destination": "meta",
    "object": "custom_audience/vip",
    "key": "customer_id",
    "kind": "membership",
    "schedule": "0 6 * * *",
    "purpose": "ads_sharing",
}


def node(name: str = SPEC.model, sync: Any = SYNC, *, is_old: bool = False) -> dict[str, Any]:
    made = {"resource_type": "model", "name": name, "schema": "activation", "config": {}}
    meta = {} if sync is None else {"sync": sync}
    return {**made, "meta": meta} if is_old else {**made, "config": {"meta": meta}}


def manifest(folder: Path, *nodes: dict[str, Any]) -> Path:
    file = folder / "manifest.json"
    file.write_text(json.dumps({"nodes": {str(n): made for n, made in enumerate(nodes)}}))
    return file


@pytest.mark.parametrize("is_old", [True, False])
def test_both_places_of_meta_are_read(tmp_path: Path, is_old: bool) -> None:
    file = manifest(tmp_path, node(is_old=is_old), node("dim_customers", None))
    assert read_sync_specs(file) == [SPEC]


def test_specs_come_in_one_order_and_tests_are_no_models(tmp_path: Path) -> None:
    other = node("sync_google__vip", {**SYNC, "destination": "google"})
    a_test = {**node("assert_x"), "resource_type": "test"}
    specs = read_sync_specs(manifest(tmp_path, node(), other, a_test))
    assert [spec.destination for spec in specs] == ["google", "meta"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"knd": "membership"}, "knd"),
        ({"kind": "mirror"}, "membership, profile, event"),
        ({"purpose": "fun"}, "ads_sharing"),
        ({"schedule": "hourly"}, "five fields"),
        ({"key": ""}, "no text in key"),
        ({"object": 7}, "no text in object"),
    ],
)
def test_a_wrong_declaration_names_model_and_key(
    tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    with pytest.raises(SyncSpecError, match=named) as caught:
        read_sync_specs(manifest(tmp_path, node(sync={**SYNC, **change})))
    assert SPEC.model in caught.value.what


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    incomplete = {name: value for name, value in SYNC.items() if name != "purpose"}
    with pytest.raises(SyncSpecError, match="lacks \\['purpose'\\]"):
        read_sync_specs(manifest(tmp_path, node(sync=incomplete)))
    with pytest.raises(SyncSpecError, match="not a mapping"):
        read_sync_specs(manifest(tmp_path, node(sync="meta")))


def test_two_models_for_one_object_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SyncSpecError, match="sync_b"):
        read_sync_specs(manifest(tmp_path, node("sync_a"), node("sync_b")))


def test_no_manifest_says_what_to_run(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    for name in ("missing.json", "broken.json"):
        with pytest.raises(SyncSpecError, match="tributary build"):
            read_sync_specs(tmp_path / name)


def parent(name: str, *columns: str, alias: str | None = None) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "name": name,
        "schema": "audiences",
        "alias": alias,
        "columns": {column: {} for column in columns},
    }


@pytest.mark.parametrize(
    ("refers_to", "kind", "audience"),
    [
        (["2", "1"], "membership", ("audiences", "audience_vip")),
        (["2", "1"], "profile", None),
        (["2"], "membership", None),
        (["1", "3"], "membership", None),
        (["4"], "membership", ("audiences", "audience_old")),
        ([], "membership", None),
        (["elsewhere"], "membership", None),
    ],
)
def test_the_one_audience_that_decides_a_membership_gives_the_reasons(
    tmp_path: Path, refers_to: list[str], kind: str, audience: tuple[str, str] | None
) -> None:
    why = ("customer_id", "reason", "entered_at")
    made = {**node(sync={**SYNC, "kind": kind}), "depends_on": {"nodes": refers_to}}
    file = manifest(
        tmp_path,
        made,
        parent("audience_vip", *why),
        parent("dim_customers", "customer_id"),
        parent("audience_win_back", *why),
        parent("audience_new", *why, alias="audience_old"),
    )
    (spec,) = read_sync_specs(file)
    assert spec.audience == audience
