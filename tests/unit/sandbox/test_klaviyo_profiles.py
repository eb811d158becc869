from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestration.sandbox.klaviyo_profiles import RowFailure, apply_profile
from orchestration.sandbox.truth import Truth


@pytest.fixture
def truth(tmp_path: Path) -> Truth:
    return Truth(tmp_path)


def profile(**attributes: Any) -> dict[str, Any]:
    return {"type": "profile", "attributes": attributes}


def body(truth: Truth, profile_id: str) -> dict[str, Any]:
    found = truth.find_profile("id", profile_id)
    assert found is not None
    return found[1]


def test_an_upsert_finds_by_any_identifier(truth: Truth) -> None:
    one, is_new = apply_profile(
        truth, profile(email="Ann@x.example", external_id="k1"), clears=False
    )
    assert is_new
    for again in (profile(email="ANN@x.example"), profile(external_id="k1"), {
        "type": "profile", "id": one, "attributes": {}
    }):
        assert apply_profile(truth, again, clears=False) == (one, False)
    assert truth.profile_count() == 1


def test_an_import_ignores_null_and_a_single_call_clears(truth: Truth) -> None:
    full = profile(
        email="a@x.example", first_name="Ann", location={"city": "Oslo", "zip": "1"},
        properties={"a": 1, "b": 2},
    )
    one, _ = apply_profile(truth, full, clears=False)
    nulls = profile(email="a@x.example", first_name=None, location={"city": None})
    apply_profile(truth, nulls, clears=False)
    assert body(truth, one)["first_name"] == "Ann"
    assert body(truth, one)["location"] == {"city": "Oslo", "zip": "1"}
    apply_profile(truth, nulls, clears=True)
    assert "first_name" not in body(truth, one)
    assert body(truth, one)["location"] == {"zip": "1"}
    unset = {**profile(email="a@x.example"), "meta": {"patch_properties": {"unset": ["a"]}}}
    apply_profile(truth, unset, clears=False)
    assert body(truth, one)["properties"] == {"b": 2}


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (profile(first_name="Nobody"), "missing_identifier"),
        (profile(email="ann"), "invalid"),
        (profile(phone_number="650 555 0100"), "invalid"),
        ({"type": "profile", "id": "gone", "attributes": {}}, "not_found"),
        (profile(external_id="k1", email="bob@x.example"), "duplicate_profile"),
    ],
)
def test_a_bad_profile_fails_alone(truth: Truth, sent: dict[str, Any], code: str) -> None:
    apply_profile(truth, profile(external_id="k1"), clears=False)
    apply_profile(truth, profile(email="bob@x.example"), clears=False)
    with pytest.raises(RowFailure) as raised:
        apply_profile(truth, sent, clears=False)
    assert raised.value.code == code
    assert truth.profile_count() == 2
