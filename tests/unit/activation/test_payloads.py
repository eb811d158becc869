"""Payloads: who they may be suppressed as, and what a change leaves behind."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.activation.payloads import (
    Stale,
    dump_stale,
    left_behind,
    load_stale,
    same_identifiers,
    subjects,
)


def test_only_filled_identifiers_are_subjects() -> None:
    payload = {"email": None, "phone_sha256": "", "email_sha256": "e", "first_name": "x"}
    assert subjects("k", payload) == {("customer_id", "k"), ("email_sha256", "e")}


@pytest.mark.parametrize(
    ("new", "old", "gone"),
    [
        ({"email_sha256": "1"}, {"email_sha256": "1"}, None),
        ({"email_sha256": "1", "city": "b"}, {"email_sha256": "1", "city": "a"}, None),
        ({"email_sha256": "2"}, {"email_sha256": "1", "city": "a"}, {"email_sha256": "1"}),
        (
            {"email_sha256": "2", "phone_sha256": "p"},
            {"email_sha256": "1", "phone_sha256": "p", "extern_id": "c"},
            {"email_sha256": "1"},
        ),
        ({"email_sha256": "1"}, {"email_sha256": "1", "phone_sha256": "p"}, {"phone_sha256": "p"}),
        ({"postal_code": "2"}, {"postal_code": "1", "extern_id": "c"}, {"postal_code": "1"}),
        ({"postal_code": "1"}, {"postal_code": "1", "extern_id": "c"}, None),
        ({"email_sha256": "1"}, {"extern_id": "c"}, None),
    ],
)
def test_only_what_the_new_payload_no_longer_says_leaves(
    new: dict[str, Any], old: dict[str, Any], gone: dict[str, Any] | None
) -> None:
    expected = [] if gone is None else [Stale(gone, None)]
    assert left_behind(new, None, [Stale(old, None)]) == expected


@pytest.mark.parametrize(("vendor_id", "leaves"), [("same", False), ("other", True)])
def test_a_vendor_id_decides_before_identifiers(vendor_id: str, leaves: bool) -> None:
    old = Stale({"email": "a"}, "same")
    assert left_behind({"email": "b"}, vendor_id, [old]) == ([old] if leaves else [])


def test_without_a_new_vendor_id_the_old_record_is_not_taken_out_by_its_id() -> None:
    found = left_behind({"email": "b"}, None, [Stale({"email": "a"}, "id")])
    assert found == [Stale({"email": "a"}, None)]


def test_stored_entries_come_back() -> None:
    entries = [Stale({"email": "ä"}, None), Stale({}, "id")]
    assert load_stale(dump_stale(entries)) == entries
    assert (dump_stale([]), load_stale(None)) == (None, [])


def test_fields_that_match_nobody_do_not_make_another_person() -> None:
    assert same_identifiers({"email": "a", "city": "x"}, {"email": "a", "city": "y"})
    assert not same_identifiers({"email": "a", "phone_number": "1"}, {"email": "a"})
