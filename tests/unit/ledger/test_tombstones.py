"""Tombstones: erased people are known by keyed digests, and by nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from orchestration.errors import UnknownNameError
from orchestration.ledger import LedgerDamagedError, LedgerError, tombstones
from orchestration.ledger.safety_tables import tombstone
from tests.unit.activation.world import World

ANN = ("email", "ann@example.test")
PHONE = ("phone", "+16505551212")
KEY = b"k" * tombstones.KEY_BYTES


def bury(world: World, *identifiers: tuple[str, str], key: bytes = KEY) -> int:
    with world.ledger.transaction() as connection:
        return tombstones.bury(connection, key, identifiers, world.clock())


def test_who_was_buried_is_found_under_any_spelling_and_nobody_else(world: World) -> None:
    assert bury(world, ANN, PHONE) == 2
    asked = {("email", " ANN@Example.test "), PHONE, ("email", "bob@example.test")}
    with world.ledger.read() as connection:
        found = tombstones.buried(connection, KEY, asked)
    assert found == asked - {("email", "bob@example.test")}


def test_one_is_buried_once(world: World) -> None:
    assert (bury(world, ANN), bury(world, ANN), bury(world, ANN, PHONE)) == (1, 0, 1)
    assert world.ledger.verify() == 3


def test_the_ledger_holds_no_identifier_and_no_guessable_digest(world: World) -> None:
    bury(world, ANN)
    row, _ = world.rows(tombstone)
    content = (world.settings.home / "ledger.sqlite").read_bytes()
    content += (world.settings.home / "ledger.sqlite-wal").read_bytes()
    assert b"ann@example" not in content
    assert row["digest"] != hashlib.sha256(ANN[1].encode()).hexdigest()
    with world.ledger.read() as connection:
        assert tombstones.buried(connection, b"x" * 32, {ANN}) == set(), "another key knows nobody"


def test_a_value_of_one_type_is_no_value_of_another(world: World) -> None:
    bury(world, ("customer_id", "1"))
    with world.ledger.read() as connection:
        assert tombstones.buried(connection, KEY, {("phone", "1")}) == set()
    with pytest.raises(UnknownNameError, match="identifier type"):
        tombstones.digest(KEY, ("shoe_size", "42"))


def test_a_grave_that_was_opened_is_found(world: World) -> None:
    bury(world, ANN, PHONE)
    world.ledger.verify()
    with world.ledger.transaction() as connection:
        connection.execute(tombstone.delete().where(tombstone.c.identifier_type == "email"))
    with pytest.raises(LedgerDamagedError, match="tombstone"):
        world.ledger.verify()


def test_too_many_at_once_are_refused(world: World) -> None:
    with pytest.raises(ValueError, match="At most 900"):
        bury(world, *(("email", f"p{n}@example.test") for n in range(901)))


def test_the_key_is_made_once_and_stays_private(tmp_path: Path) -> None:
    file = tmp_path / tombstones.KEY_FILE
    key = tombstones.load_key(file)
    assert (len(key), file.stat().st_mode & 0o777) == (32, 0o600)
    assert tombstones.load_key(file) == key
    file.chmod(0o644)
    with pytest.raises(LedgerError, match="chmod 600"):
        tombstones.load_key(file)
    file.chmod(0o600)
    file.write_bytes(b"short")
    with pytest.raises(LedgerError, match="holds no key"):
        tombstones.load_key(file)
