"""Brands, homes and identity-only builds that the claims share.

What lives here: landing, building and registering as a day does, for the identity models alone.
What never does: a claim.
"""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration import run
from orchestration.brand import make_brand
from orchestration.ledger import open_ledger
from orchestration.project import DbtProject
from orchestration.publish.registration import register_identity
from orchestration.resources import warehouse_connection
from orchestration.settings import Settings
from tests.support import environment

IDENTITY = ("+customer_seeds", "+customer_anchors", "+customer_id_history", "+guard_log",
            "identity_rules", "identity_blocklist")  # fmt: skip
# What identity reads; the rest of a brand would only cost time.
TABLES = ("shopify/shop", "shopify/customer", "shopify/order", "shopify/abandoned_checkout",
          "klaviyo/person", "web/event")  # fmt: skip


@functools.lru_cache(maxsize=1)
def scratch() -> Path:
    """A folder of this run that goes with the process."""
    holder = tempfile.TemporaryDirectory(prefix="tributary-identity-")
    _HELD.append(holder)
    return Path(holder.name)


_HELD: list[tempfile.TemporaryDirectory[str]] = []


@functools.lru_cache(maxsize=8)
def brand(customers: int, months: int, seed: int) -> Path:
    """Files of a simulated brand; made once per run."""
    directory = scratch() / f"brand-{customers}-{seed}"
    make_brand(
        directory, customers=customers, months=months, seed=seed, progress=lambda done, of: None
    )
    return directory


class Home:
    """A TRIBUTARY_HOME in which only identity is built."""

    def __init__(self, name: str) -> None:
        self.settings = Settings.from_env(environment(scratch() / name))
        self.project = DbtProject(self.settings)

    def land(self, directory: Path, tables: Sequence[str] = TABLES) -> None:
        """Land those tables of a folder, and what the ledger learned."""
        inbox = scratch() / "inbox" / self.settings.home.name
        shutil.rmtree(inbox, ignore_errors=True)
        for table in tables:
            source = directory / f"{table}.parquet"
            if source.exists():
                target = inbox / f"{table}.parquet"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(source)
        run.land(self.settings, run.Source(directory=inbox), now=_now)

    def build(self, *, full_refresh: bool = False, vars: Mapping[str, Any] | None = None) -> None:
        """Build identity from what is landed, the ledger's news included."""
        run.land(self.settings, None, now=_now)
        self.project.build(
            IDENTITY, indirect_selection="empty", full_refresh=full_refresh, vars=vars
        ).raise_for_failures()

    def register(self) -> None:
        """What publish does for identity."""
        with (
            open_ledger(self.settings, now=_now) as ledger,
            warehouse_connection(self.settings, "proof", read_only=True) as warehouse,
        ):
            register_identity(warehouse, ledger)

    def instruct(self, kind: str, pairs: Sequence[tuple[str, str]]) -> None:
        """Decisions of a person on pairs of records."""
        with open_ledger(self.settings, now=_now) as ledger:
            for left, right in pairs:
                ledger.record_identity_instruction(
                    kind, left_node_key=left, right_node_key=right, reason="proof", actor="proof"
                )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the warehouse answers."""
        with duckdb.connect(str(self.settings.warehouse), read_only=True) as connection:
            return list(connection.execute(query).fetchall())

    def customers(self) -> dict[str, str]:
        """Record → customer id."""
        return dict(self.rows("select node_key, customer_id from identity.int_identity_members"))

    def identifiers(self) -> dict[tuple[str, str, str], str]:
        """Identifier → customer id, as published."""
        return {
            (row[0], row[1], row[2]): row[3]
            for row in self.rows(
                "select identifier_type, identifier_scope, identifier_value, customer_id"
                " from identity.identity_map"
            )
        }


def part_of(directory: Path, name: str, conditions: Mapping[str, str], order: str = "") -> Path:
    """A copy of a brand's identity tables, where ``conditions`` names a table only its rows."""
    target = scratch() / name
    with duckdb.connect() as connection:
        for table in TABLES:
            source = directory / f"{table}.parquet"
            file = target / f"{table}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(
                f"copy (select * from read_parquet('{source}')"
                f" where {conditions.get(table, 'true')} {order}) to '{file}' (format parquet)"
            )
    return target


def partition(customers: Mapping[str, str]) -> set[frozenset[str]]:
    """The groups of records, whatever their ids are."""
    groups: dict[str, set[str]] = {}
    for record, customer in customers.items():
        groups.setdefault(customer, set()).add(record)
    return {frozenset(group) for group in groups.values()}


def _now() -> datetime:
    return datetime.now(UTC)
