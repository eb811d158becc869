from __future__ import annotations

import hashlib

import pytest

from orchestration.sandbox.wire import E164, EMAIL, Refusal, check_keys, is_hash


@pytest.mark.parametrize(
    ("value", "is_good"),
    [
        (hashlib.sha256(b"a").hexdigest(), True),
        (hashlib.sha256(b"a").hexdigest().upper(), False),
        (hashlib.sha256(b"").hexdigest(), False),
        ("0" * 64, False),
        ("0cc175b9c0f1b6a831c399e269772661", False),
        ("ann@example.com", False),
        (None, False),
    ],
)
def test_a_hash_is_sha256_of_something(value: object, is_good: bool) -> None:
    assert is_hash(value) is is_good


def test_addresses_and_phones_have_a_form() -> None:
    assert EMAIL.fullmatch("ann+tag@mail.example.com")
    assert not any(map(EMAIL.fullmatch, ("ann", "ann@x", "a b@x.example", "@x.example")))
    assert E164.fullmatch("+16505550100")
    assert not any(map(E164.fullmatch, ("16505550100", "+0650", "+1 650 555 0100")))


def test_an_unknown_and_a_missing_key_are_pointed_at() -> None:
    assert check_keys({"a": 1}, "/data", {"a", "b"}, {"a"}) == {"a": 1}
    for value, where in (({"a": 1, "c": 2}, "/data/c"), ({"b": 1}, "/data/a"), ([], "/data")):
        with pytest.raises(Refusal) as raised:
            check_keys(value, "/data", {"a", "b"}, {"a"})
        assert raised.value.where == where
