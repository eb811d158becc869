from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.sandbox.truth import DOCUMENTS_WITH, Truth


def test_the_record_survives_a_restart_and_is_readable_beside_the_server(tmp_path: Path) -> None:
    first = Truth(tmp_path / "state")
    first.add_objects({"klaviyo": ["vip"], "meta": ["seed"]})
    first.add_members("klaviyo", "vip", [("p1", ""), ("p2", "")])
    first.save_profile("p1", {"email": "Ann@X.example"})
    first.log_write("klaviyo", "list_add", "vip", 2)
    beside = Truth(tmp_path / "state")
    assert beside.members("klaviyo", "vip") == ["p1", "p2"]
    expected = first.summary()
    first.close()
    beside.close()
    again = Truth(tmp_path / "state")
    again.add_objects({"klaviyo": ["vip", "new"]})
    assert again.summary() == {
        **expected, "klaviyo": {"lists": {"vip": 2, "new": 0}, "profiles": 1},
    }
    assert again.writes() == [
        {"vendor": "klaviyo", "operation": "list_add", "object_id": "vip", "row_count": 2}
    ]
    assert again.find_profile("email", "ann@x.example") == ("p1", {"email": "Ann@X.example"})


def test_a_failed_call_leaves_nothing(tmp_path: Path) -> None:
    truth = Truth(tmp_path)

    def fail_midway() -> None:
        with truth.transaction():
            truth.log_write("meta", "audience_add", "a", 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_midway()
    assert truth.writes() == []


def test_a_member_is_out_when_its_last_identifier_is(tmp_path: Path) -> None:
    truth = Truth(tmp_path)
    pairs = [("k1", "EMAIL:a"), ("k1", "PHONE:p"), ("k2", "PHONE:p"), ("k2", "EMAIL:b")]
    truth.add_members("meta", "a", pairs)
    truth.add_members("meta", "a", pairs)
    truth.remove_members("meta", "a", [("k1", "EMAIL:a"), ("k2", "EMAIL:a")])
    assert truth.members("meta", "a") == ["k1", "k2"]
    truth.remove_identifiers("meta", "a", ["PHONE:p"])
    assert truth.members("meta", "a") == ["k2"]
    truth.remove_whole("meta", "a", ["k2"])
    assert truth.members("meta", "a") == []


def test_the_first_fact_of_a_key_stays_and_the_last_document(tmp_path: Path) -> None:
    truth = Truth(tmp_path)
    assert truth.add_fact("tiktok", "events", "web", "e1", {"value": 1})
    assert not truth.add_fact("tiktok", "events", "web", "e1", {"value": 2})
    assert truth.facts("tiktok", "events", "web") == {"e1": {"value": 1}}
    truth.save_document("postscript", "subscribers", "s1", {"a": 1})
    before = truth.summary()
    truth.save_document("postscript", "subscribers", "s1", {"a": 2})
    assert truth.document("postscript", "subscribers", "s1") == {"a": 2}
    after = truth.summary()
    assert before["tiktok"]["events"] == {"web": 1}
    assert after["postscript"]["subscribers"]["count"] == 1
    assert after != before
    truth.forget_document("postscript", "subscribers", "s1")
    assert truth.documents("postscript", "subscribers") == {}


def test_jobs_and_profiles_get_numbers_of_their_own(tmp_path: Path) -> None:
    truth = Truth(tmp_path)
    for name in ("a", "b"):
        truth.save_profile(f"p{truth.next_number('profile')}", {"external_id": name})
    truth.save_profile("p1", {"external_id": "a", "first_name": "changed"})
    assert truth.next_number("profile") > 2
    assert truth.poll_job("google", "none") is None
    truth.save_job("google", "r1", {"n": 1})
    polled = [truth.poll_job("google", "r1") for _ in range(2)]
    assert polled == [(0, {"n": 1}), (1, {"n": 1})]
    assert truth.poll_job("klaviyo", "r1") is None


@pytest.mark.parametrize("name", DOCUMENTS_WITH)
def test_one_document_of_many_is_found_by_an_index(tmp_path: Path, name: str) -> None:
    truth = Truth(tmp_path)
    for key in ("s1", "s2"):
        body = {"id": key, **{one: f"{one} {key}" for one in DOCUMENTS_WITH if one != "id"}}
        truth.save_document("postscript", "subscribers", key, body)
    value = "s2" if name == "id" else f"{name} s2"
    found = truth.documents_with("postscript", "subscribers", name, value)
    assert list(found) == ["s2"] == [body["id"] for body in found.values()]
    assert truth.documents_with("postscript", "subscribers", name, "nobody") == {}
    # Everybody read for each request makes a vendor slower with each customer.
    ((*_, how),) = truth.query(f"explain query plan {DOCUMENTS_WITH[name]}", 1, 2, 3)
    assert how.startswith("SEARCH")
    assert "vendor=? AND kind=? AND" in how
    truth.save_document("postscript", "subscribers", "s2", {"id": "s2"})
    if name != "id":
        assert truth.documents_with("postscript", "subscribers", name, value) == {}


def test_profiles_are_found_by_what_was_noted_of_their_address(tmp_path: Path) -> None:
    truth = Truth(tmp_path)
    for key in ("p2", "p1", "p3"):
        truth.save_profile(key, {"email": f"{key}@X.example"})
    for key in ("p1", "p2", "nobody"):
        truth.add_fact("klaviyo", "suppressed", "", f"{key}@x.example", {"reason": "USER"})
    truth.add_fact("klaviyo", "unsubscribed", "", "p3@x.example", {})
    assert truth.profiles_noted("suppressed") == ["p1", "p2"]
    assert truth.fact("klaviyo", "suppressed", "", "p1@x.example") == {"reason": "USER"}
    assert truth.fact("klaviyo", "suppressed", "", "p3@x.example") is None
