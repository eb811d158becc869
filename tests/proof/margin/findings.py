"""The claim that input which can hardly be right is flagged, counts in full, or stops the build.

What lives here: a brand's files with one case of each put in by hand, and what becomes of each.
What never does: a brand beyond a few hundred orders; a figure of what it earns.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration import answers, run
from orchestration.brand import make_brand
from orchestration.project import BuildFailedError, DbtProject
from orchestration.settings import Settings
from tests.proof.harness import ROOT, Result, passed
from tests.support import environment

CUSTOMERS, MONTHS, SEED = 150, 12, 850
_PROJECT = ("dbt_project.yml", "profiles.yml", "macros", "models", "seeds", "tests/dbt")
# A second rate of a key that the seed holds open.
_SECOND_RATE = "payment,paypal,USD,0.05,0.30,2026-01-01,,by hand\n"
# Rows that no other case touches: dollar lines without tax in the price, and three refunds.
_CHOSEN = """
create temp table chosen as
with dollars as (
    select lines.id, lines.order_id, lines.sku, lines.product_id, orders.processed_at
    from order_line as lines inner join orders on lines.order_id = orders.id
    where orders.currency = 'USD' and not lines.gift_card and orders.source_name = 'web'
        and not orders.taxes_included and orders.total_price > 0
), unrefunded as (
    select * from dollars
    where order_id not in (select order_id from refund)
        and id not in (select order_line_id from discount_allocation)
), refunded as (
    select refunds.order_id, line_refunds.id, line_refunds.order_line_id, refunds.processed_at
    from order_line_refund as line_refunds
    inner join refund as refunds on line_refunds.refund_id = refunds.id
    inner join dollars on line_refunds.order_line_id = dollars.id
), billed as (
    select charges.id, lag(charges.scheduled_at) over (
        partition by lines.purchase_item_id order by charges.scheduled_at
    ) as last_due
    from charge as charges inner join charge_line_item as lines on charges.id = lines.charge_id
    where lines.purchase_item_type = 'SUBSCRIPTION' and charges.processed_at is not null
)
select
    (select min(id) from billed where last_due is null) as orderless_charge,
    (select max(id) from billed where last_due is not null) as repeated_charge,
    (select arg_max(last_due, id) from billed where last_due is not null) as repeated_due,
    (select max(id) from charge where processed_at is null) as foreign_charge,
    (select min(id) from refunded) as refund_id,
    (select max(id) from refunded
        where order_id not in (select max(order_id) from refunded)
            and id not in (select min(id) from refunded)) as kept_out_refund,
    (select arg_min(order_line_id, id) from refunded) as refunded_line,
    (select max(order_id) from refunded) as edited_order,
    (select max(processed_at) + interval 1 day from refund
        where order_id = (select max(order_id) from refunded)) as edited_at,
    (select min(id) from unrefunded) as negative_line,
    (select arg_max(product_id, id) from unrefunded) as costless_product,
    (select max(order_id) from unrefunded) as foreign_order,
    (select max(rate_date) - 90 from exchange_rate) as disputed_day
"""
# Table → what is done to its rows; together one case of each that a build accepts.
_ACCEPTED: Mapping[str, str] = {
    "shopify/order_line_refund":
        "update rows set"
        " subtotal = subtotal + case id when (select refund_id from chosen) then 500 else 0 end,"
        " quantity = quantity * case id when (select kept_out_refund from chosen) then -1 else 1"
        " end",
    "shopify/order_line":
        "update rows set quantity = quantity + 1"
        " where order_id = (select edited_order from chosen)",
    "shopify/order":
        "update rows set updated_at = (select edited_at from chosen), total_price = total_price"
        " + (select sum(price) from order_line where order_id = (select edited_order from chosen))"
        " where id = (select edited_order from chosen)",
    "shopify/product":
        "update rows set product_type = null where id = (select costless_product from chosen)",
    "costs/unit_cost_history":
        "delete from rows where sku in (select sku from order_line"
        " where product_id = (select costless_product from chosen))",
    "costs/exchange_rate":
        "insert into rows select * replace ('second' as _source_relation, rate + 0.1 as rate)"
        " from rows where from_currency = 'EUR' and rate_date = (select disputed_day from chosen)",
    "recharge/charge":
        "update rows set external_order_id_ecommerce = nullif(external_order_id_ecommerce,"
        " case id when (select orderless_charge from chosen) then external_order_id_ecommerce end),"
        " scheduled_at = case id when (select repeated_charge from chosen)"
        " then (select repeated_due from chosen) else scheduled_at end,"
        " _source_relation = case id when (select foreign_charge from chosen) then 'nowhere'"
        " else _source_relation end",
    "recharge/charge_line_item":
        "update rows set _source_relation = 'nowhere'"
        " where charge_id = (select foreign_charge from chosen)",
}  # fmt: skip
_EXPECTED = frozenset((
    "charge_without_order", "charge_without_rate", "charge_without_subscription",
    "cycle_charged_twice", "edited_after_refund", "missing_cost", "overlapping_rate",
    "quarantined_row", "refund_above_line",
))  # fmt: skip
_FLAGGED = "select reason from margin.margin_findings where finding = '{}'"


@dataclass(frozen=True)
class Stop:
    """Input that stops the build: where its reason stands, which test refuses it and says why."""

    name: str
    changes: Mapping[str, str]
    test: str
    remedy: str
    reasons: str
    told: str = ""
    """What the error of the build says besides."""
    has_two_rates: bool = False


_STOPS = (
    Stop(
        "currency without a rate",
        {"shopify/order":
            "update rows set currency = 'SEK' where id = (select foreign_order from chosen)"},
        "assert_every_currency_has_a_rate", "Land a rate",
        _FLAGGED.format("currency_without_rate"),
    ),
    Stop(
        "two rates of a key", {}, "assert_dated_rates_do_not_overlap", "valid_to",
        _FLAGGED.format("overlapping_rate"), has_two_rates=True,
    ),
    Stop(
        "negative quantity",
        {"shopify/order_line":
            "update rows set quantity = -quantity where id = (select negative_line from chosen)"},
        "assert_days_reconcile", "quarantine",
        "select reason from raw_landing.quarantine where source_table = 'shopify.order_line'",
        "In raw_landing.quarantine: shopify.order_line: 1 rows, quantity is below 0",
    ),
)  # fmt: skip


def bad_input(quick: bool) -> Result:
    """One case of each: flagged with a reason, in full, in the summary; or the build stops."""
    with tempfile.TemporaryDirectory(prefix="tributary-findings-") as folder:
        root = Path(folder)
        make_brand(
            root / "brand", customers=CUSTOMERS, months=MONTHS, seed=SEED,
            progress=lambda done, of: None,
        )  # fmt: skip
        faults, figure = _accepted(root)
        for stop in _STOPS:
            faults += _stopped(root, stop)
    return passed(
        not faults,
        f"{figure}; the build stops for {', '.join(stop.name for stop in _STOPS)}"
        + "".join(f"; not so: {fault}" for fault in faults),
        "each flagged, in full and in the summary, 0.00; three stop the build with a remedy",
    )


def _accepted(root: Path) -> tuple[list[str], str]:
    chosen = _spoiled(root, "accepted", _ACCEPTED)
    settings, project = _landed(root, "accepted")
    run.build(project)
    run.publish_build(settings, project, now=_now)
    shown = answers.status(run.status(settings, project, now=_now)).value["findings"]
    counts = dict(
        _rows(settings, "select finding, count(*) from margin.margin_findings group by finding")
    )
    ((days, worst),) = _rows(
        settings,
        "select count(*), max(abs(difference_amount)) from margin.reconciliation_daily",
    )
    faults = [f"{kind} missing" for kind in sorted(_EXPECTED - counts.keys())]
    faults += [f"{kind} unforeseen" for kind in sorted(counts.keys() - _EXPECTED)]
    faults += [f"{kind} not in the summary" for kind, count in counts.items()
               if {(one["finding"], one["count"]) for one in shown}.isdisjoint({(kind, count)})]
    faults += [f"difference of {worst}"] if worst != 0 else []
    faults += _clipped(root / "files-accepted", settings, chosen)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    return faults, f"{listed}; {days:,} days and checks differ by {worst:.2f}"


def _clipped(files: Path, settings: Settings, chosen: Mapping[str, Any]) -> list[str]:
    """The refund beside what the files say, and the rows that are flagged."""
    line = chosen["refunded_line"]
    with duckdb.connect() as connection:
        landed = connection.execute(
            f"select sum(subtotal) from '{files}/shopify/order_line_refund.parquet'"
            f" where order_line_id = {line}"
        ).fetchone()
    ((counted, bought),) = _rows(
        settings,
        "select refund_amount, net_merchandise_sales_amount from margin.fct_order_line_margin"
        f" where order_line_id like '%:{line}'",
    )
    flagged = {
        (finding, row.rsplit(":", 1)[-1]): amount
        for finding, row, amount in _rows(
            settings,
            "select finding, source_row, amount from margin.margin_findings where reason <> ''",
        )
    }
    faults = [] if landed == (counted,) else [f"{landed} counts as {counted}"]
    if flagged.get(("refund_above_line", str(line))) != counted - bought:
        faults.append("flag of the refund")
    if ("quarantined_row", "quantity is below 0") not in {
        (finding, reason.split(": ")[1].split(".")[0])
        for finding, reason in _rows(settings, "select finding, reason from margin.margin_findings")
        if finding == "quarantined_row"
    }:
        faults.append("reason of the refund that was kept out")
    if ("edited_after_refund", str(chosen["edited_order"])) not in flagged:
        faults.append("flag of the edited order")
    return faults


def _stopped(root: Path, stop: Stop) -> list[str]:
    _spoiled(root, stop.name, stop.changes)
    copy = _project_with_two_rates(root) if stop.has_two_rates else None
    settings, project = _landed(root, stop.name, copy)
    try:
        run.build(project)
    except BuildFailedError as error:
        failures, told = {one.name: one.message for one in error.result.failures}, str(error)
    else:
        return [f"{stop.name} did not stop the build"]
    faults = [] if _rows(settings, stop.reasons) else [f"{stop.name} has no reason"]
    if stop.remedy not in failures.get(stop.test, ""):
        faults.append(f"{stop.name} stops at {sorted(failures)}")
    if stop.told not in told:
        faults.append(f"{stop.name} is told as {told}")
    return faults


def _spoiled(root: Path, name: str, changes: Mapping[str, str]) -> dict[str, Any]:
    """The brand's files again, changed by hand; returns the rows that were chosen."""
    files = root / f"files-{name}"
    shutil.copytree(root / "brand", files)
    with duckdb.connect() as connection:
        for table in ("order_line", "refund", "order_line_refund", "discount_allocation"):
            _read(connection, table, files / "shopify" / f"{table}.parquet")
        for table in ("charge", "charge_line_item"):
            _read(connection, table, files / "recharge" / f"{table}.parquet")
        _read(connection, "orders", files / "shopify" / "order.parquet")
        _read(connection, "exchange_rate", files / "costs" / "exchange_rate.parquet")
        connection.execute(_CHOSEN)
        found = connection.execute("select * from chosen")
        names: Sequence[Any] = [column[0] for column in found.description or ()]
        row = found.fetchone()
        assert row is not None
        assert None not in row
        for table, statement in changes.items():
            _read(connection, "rows", files / f"{table}.parquet")
            connection.execute(statement)
            connection.execute(f"copy rows to '{files}/{table}.parquet'")
    return dict(zip(names, row, strict=True))


def _read(connection: duckdb.DuckDBPyConnection, table: str, file: Path) -> None:
    connection.execute(f"create or replace table {table} as from '{file}'")


def _project_with_two_rates(root: Path) -> Path:
    copy = root / "project"
    for part in _PROJECT:
        source, target = ROOT / part, copy / part
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    with (copy / "seeds" / "payment_fee_rates.csv").open("a", encoding="utf-8") as seed:
        seed.write(_SECOND_RATE)
    return copy


def _landed(root: Path, name: str, project: Path | None = None) -> tuple[Settings, DbtProject]:
    extra = {} if project is None else {"TRIBUTARY_PROJECT_DIR": str(project)}
    settings = Settings.from_env(environment(root / f"home-{name}", extra))
    run.land(settings, run.Source(directory=root / f"files-{name}"), now=_now)
    made = DbtProject(settings)
    made.parse()
    return settings, made


def _rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return list(connection.execute(query).fetchall())


def _now() -> datetime:
    return datetime.now(UTC)
