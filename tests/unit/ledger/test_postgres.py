"""The ledger on a Postgres server: the tests of activation run on it as they do on a file, and what
only a server can get wrong is tested here."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestration.ledger import LedgerDamagedError, open_ledger, tombstones
from orchestration.ledger.safety_tables import standing_approval
from orchestration.ledger.tables import audit_chain
from tests.unit.activation.ledgers import SERVER, new_ledger
from tests.unit.activation.world import World, world_in
from tests.unit.ledger.test_store import person

pytestmark = pytest.mark.skipif(
    SERVER is None,
    reason="TRIBUTARY_TEST_POSTGRES_URL names no server: the ledger was tested on SQLite only",
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with new_ledger("postgres", tmp_path) as url, world_in(tmp_path, ledger_url=url) as made:
        yield made


def test_it_opens_again_with_what_it_held(world: World) -> None:
    world.ledger.record_suppressions([person(1)])
    world.ledger.close()
    with open_ledger(world.settings, now=world.clock) as ledger:
        (row,) = ledger.rows_since("suppression", 0, 10)
        assert (row["subject_value"], row["suppressed_at"]) == ("customer-1", world.clock())
        assert ledger.verify() == 2


def test_writers_at_one_moment_make_one_chain(world: World) -> None:
    def write(number: int) -> int:
        with open_ledger(world.settings, now=world.clock) as ledger:
            return ledger.record_suppressions([person(number)])

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write, range(12))) == 12
    assert world.ledger.verify() == 13
    positions = sorted(row["position"] for row in world.rows(audit_chain))
    assert positions == list(range(1, 14))


def test_a_chain_that_lost_its_end_is_refused(world: World) -> None:
    world.ledger.record_suppressions([person(1)])
    with world.ledger.transaction() as connection:
        connection.execute(audit_chain.delete().where(audit_chain.c.position == 2))
    world.ledger.close()
    with pytest.raises(LedgerDamagedError, match="lost link 2"):
        open_ledger(world.settings)


def test_a_migrated_server_has_the_new_tables_and_columns(world: World) -> None:
    with world.ledger.transaction() as connection:
        for table in ("standing_approval", "tombstone", "restore_gap"):
            connection.exec_driver_sql(f"drop table {table}")
        for column in ("standing_signature", "cancelled_at"):
            connection.exec_driver_sql(f"alter table plan drop column {column}")
        connection.exec_driver_sql("update schema_version set version = 2")
    world.ledger.close()
    with open_ledger(world.settings, now=world.clock) as ledger:
        world.ledger = ledger
        assert world.rows(standing_approval) == []
        world.desire({"a": "a@example.test"})
        assert world.plan().state == "open"
        with ledger.transaction() as connection:
            buried = [("email", "a@example.test")]
            assert tombstones.bury(connection, b"k" * 32, buried, world.clock()) == 1
        assert ledger.verify() == 4, "genesis, the migration, the seal, the tombstone"
