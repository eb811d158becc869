"""Young orders: the margin that was expected on a past day beside what it came to.

What lives here: a brand cut off on a day, built as it stood then, and the same orders at the end.
What never does: a rate or a window chosen by looking at these seeds.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from orchestration import run
from orchestration.brand import make_brand
from orchestration.project import DbtProject
from orchestration.settings import Settings
from tests.proof.harness import Result, passed
from tests.support import environment

CUSTOMERS, MONTHS, SEEDS = 1_000, 18, (811, 812, 813)
# Parcels leave within days: a line this old has its costs, and only returns are still to come.
YOUNGEST_DAYS = 7
# All that is still to come of an order has come by then.
CUT_BEFORE_END_DAYS = 90
# Tables that grow by the day, with the time of a row.
_TIMES = {
    "shopify/order": "processed_at",
    "shopify/refund": "processed_at",
    "shopify/transaction": "processed_at",
    "costs/shipment": "shipped_at",
    "costs/transaction_fee": "charged_at",
    "tiktok_shop/order_settlement": "settled_at",
}
_SOURCES = ("shopify", "costs", "tiktok_shop")
_LINES = """
select order_line_id, cm2_amount, cm2_expected_amount, is_mature, order_date
from margin.fct_order_line_margin
"""


def expected_margin(quick: bool) -> Result:
    """CM2 of young lines as shown, as expected and as it came to, summed over the seeds."""
    shown = expected = final = Decimal(0)
    count = unknown = 0
    for seed in SEEDS[:1] if quick else SEEDS:
        then, end = _lines(seed, is_cut=True), _lines(seed, is_cut=False)
        newest = _cut(seed).date() - timedelta(days=YOUNGEST_DAYS)
        for line_id, (cm2, foreseen, is_mature, ordered) in then.items():
            if is_mature or ordered > newest:
                continue
            unknown += foreseen is None
            count += 1
            shown += cm2
            expected += cm2 if foreseen is None else foreseen
            final += end[line_id][0]
    flattered, missed = shown - final, expected - final
    figure = (
        f"{count:,} young lines ({unknown} without an expectation) came to {final:,.2f}:"
        f" shown {shown:,.2f} ({_off(flattered, final)}), expected {expected:,.2f}"
        f" ({_off(missed, final)})"
    )
    return passed(abs(missed) < abs(flattered), figure, "nearer than what was shown")


def _off(difference: Decimal, final: Decimal) -> str:
    return f"{100 * difference / final:+.1f} %"


def _lines(seed: int, *, is_cut: bool) -> Mapping[str, tuple[Decimal, Decimal | None, bool, date]]:
    settings = Settings.from_env(environment(_scratch() / f"home-{seed}-{is_cut}"))
    files = _part(seed, _cut(seed)) if is_cut else _part(seed, None)
    run.land(settings, run.Source(directory=files), now=lambda: datetime.now(UTC))
    vars = {"as_of": f"{_cut(seed):%Y-%m-%d %H:%M:%S}"} if is_cut else {}
    DbtProject(settings).build(
        ["+fct_order_line_margin"], indirect_selection="empty", vars=vars
    ).raise_for_failures()
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return {row[0]: row[1:] for row in connection.execute(_LINES).fetchall()}


@functools.cache
def _scratch() -> Path:
    holder = tempfile.TemporaryDirectory(prefix="tributary-expected-")
    _HELD.append(holder)
    return Path(holder.name)


_HELD: list[tempfile.TemporaryDirectory[str]] = []


@functools.cache
def _brand(seed: int) -> Path:
    directory = _scratch() / f"brand-{seed}"
    make_brand(
        directory, customers=CUSTOMERS, months=MONTHS, seed=seed, progress=lambda done, of: None
    )
    return directory


@functools.cache
def _cut(seed: int) -> datetime:
    """The last moment of the day on which the brand is cut off."""
    with duckdb.connect() as connection:
        row = connection.execute(
            f"select max(processed_at) from read_parquet('{_brand(seed)}/shopify/order.parquet')"
        ).fetchone()
    assert row is not None
    newest: datetime = row[0]
    return newest - timedelta(days=CUT_BEFORE_END_DAYS)


def _part(seed: int, cut: datetime | None) -> Path:
    """The tables that margin reads, up to ``cut``."""
    target = _scratch() / f"files-{seed}-{cut is None}"
    with duckdb.connect() as connection:
        for file in sorted(_brand(seed).rglob("*.parquet")):
            name = file.relative_to(_brand(seed)).with_suffix("").as_posix()
            if name.split("/")[0] not in _SOURCES:
                continue
            time = _TIMES.get(name)
            condition = "true" if cut is None or time is None else f"{time} <= timestamp '{cut}'"
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            connection.execute(
                f"copy (select * from read_parquet('{file}') where {condition})"
                f" to '{target / name}.parquet' (format parquet)"
            )
    return target
