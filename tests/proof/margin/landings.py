"""Claim that how and when rows landed leaves no trace in margin: the same rows, the same tables.

What lives here: one brand landed whole, in shuffled halves, and wrong before it was corrected.
What never does: a tolerance; what a table must hold.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration import run
from orchestration.brand import make_brand
from orchestration.project import DbtProject
from orchestration.publish import warehouse_digest
from orchestration.settings import Settings
from tests.proof.harness import Result, passed
from tests.support import environment

CUSTOMERS, MONTHS, SEED = 600, 12, 947
MODELS = ("+fct_order_margin", "+fct_order_line_margin", "+fct_channel_margin_daily",
          "+reconciliation_daily")  # fmt: skip
SCHEMAS = ("margin", "commerce", "intermediate", "attribution", "identity")
WRONG_SHARE = 10
# What the first landing got wrong in every tenth row: a price, and an amount refunded.
WRONG = {
    "shopify/order_line": "price = price + 1.37",
    "shopify/order_line_refund": "subtotal = subtotal + 0.41",
}


class _Home:
    """A home in which one brand is landed and built up to the reconciliation of margin."""

    def __init__(self, directory: Path) -> None:
        self.settings = Settings.from_env(environment(directory))
        self.project = DbtProject(self.settings)

    def land(self, *directories: Path) -> None:
        for directory in directories:
            run.land(self.settings, run.Source(directory=directory), now=lambda: datetime.now(UTC))

    def digests(self, *, full_refresh: bool = False) -> dict[str, str]:
        """Build, then SHA-256 per table."""
        self.project.build(
            MODELS, indirect_selection="empty", full_refresh=full_refresh
        ).raise_for_failures()
        return {
            table: digest
            for table, digest in warehouse_digest(self.settings).items()
            if table.split(".")[0] in SCHEMAS
        }


def same_tables(quick: bool) -> Result:
    """Digests of every table of margin and what it reads, after each way of landing."""
    with tempfile.TemporaryDirectory(prefix="tributary-landings-") as folder:
        scratch = Path(folder)
        files = scratch / "brand"
        make_brand(files, customers=CUSTOMERS, months=MONTHS, seed=SEED, progress=_silent)
        whole = _Home(scratch / "whole")
        whole.land(files)
        expected = whole.digests()
        halved = _Home(scratch / "halved")
        halved.land(_half(files, scratch / "odd", 1), _half(files, scratch / "even", 0))
        corrected = _Home(scratch / "corrected")
        corrected.land(_with_errors(files, scratch / "wrong"))
        wrong = _different(expected, corrected.digests())
        corrected.land(_corrections(files, scratch / "right"))
        others = {
            "shuffled in two halves": halved.digests(),
            "corrected later": corrected.digests(),
            "corrected, full refresh": corrected.digests(full_refresh=True),
            "whole, full refresh": whole.digests(full_refresh=True),
        }
    return _judged(expected, wrong, others)


def _judged(
    expected: Mapping[str, str], wrong: list[str], others: Mapping[str, Mapping[str, str]]
) -> Result:
    found = {way: _different(expected, digests) for way, digests in others.items()}
    told = "; ".join(
        f"{way}: {len(expected) - len(tables)} equal"
        + (f", not {', '.join(tables[:5])}" if tables else "")
        for way, tables in found.items()
    )
    return passed(
        bool(wrong) and not any(found.values()),
        f"{len(expected)} tables; {told}; before the correction {len(wrong)} differed",
        "all equal by SHA-256, and the error seen before its correction",
    )


def _different(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    return sorted(table for table in {*one, *other} if one.get(table) != other.get(table))


def _tables(files: Path) -> list[str]:
    """Raw tables of a brand; what it knows of itself is not landed."""
    found = (path.relative_to(files).with_suffix("") for path in files.glob("*/*.parquet"))
    return sorted(str(name) for name in found if name.parts[0] != "truth")


def _half(files: Path, target: Path, part: int) -> Path:
    """Every second row of each table, in an order that has nothing to do with the file's."""
    for table in _tables(files):
        rows = f"from read_parquet('{files}/{table}.parquet') as one"
        _write(target, table, f"{rows} where hash(one) % 2 = {part} order by hash(one, {part})")
    return target


def _with_errors(files: Path, target: Path) -> Path:
    """The brand with wrong rows, an hour older than those that will correct them."""
    for table in _tables(files):
        rows = f"from read_parquet('{files}/{table}.parquet')"
        if table in WRONG:
            column, value = WRONG[table].split(" = ")
            chosen = f"id % {WRONG_SHARE} = 0"
            rows = f"""
                select * replace (
                    case when {chosen} then {value} else {column} end as {column},
                    case when {chosen} then _fivetran_synced - interval 1 hour
                        else _fivetran_synced end as _fivetran_synced
                ) {rows}
            """
        _write(target, table, rows)
    return target


def _corrections(files: Path, target: Path) -> Path:
    for table in WRONG:
        rows = f"from read_parquet('{files}/{table}.parquet') where id % {WRONG_SHARE} = 0"
        _write(target, table, rows)
    return target


def _write(target: Path, table: str, rows: str) -> None:
    file = target / f"{table}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"copy ({rows}) to '{file}' (format parquet)")


def _silent(done: int, of: int) -> None:
    """No progress: the harness says which claim runs."""
