"""What the health of the list is worth: worked numbers, the best step, what suppressing costs.

What lives here: lists whose truth independent Python knows, run through the models.
What never does: a price or a rule of its own; seeds say them.
"""

from __future__ import annotations

import contextlib
import functools
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.email_tables import METRICS
from orchestration.brand.lists import DAYS, ReaderList, make_list
from orchestration.brand.window import DAY
from tests.proof.harness import ROOT, Claim, Result, passed
from tests.rendering_models import model_sql, run_models

_DATED = "cast(valid_to as date) as valid_to"
SEEDS = {
    "engagement_weights": _DATED, "list_flow_roles": "flow_role", "mail_scanners": "scanner",
    "list_price_tiers": f"{_DATED}, cast(monthly_price_amount as decimal(18, 4))"
    " as monthly_price_amount",
    "list_rules": f"{_DATED}, cast(rule_value as decimal(18, 6)) as rule_value",
    "mail_domain_groups": "domain_group",
}  # fmt: skip
LIST = (
    "int_list_rules", "int_email_events", "int_list_profiles", "int_engagement_signals",
    "fct_profile_engagement", "int_profile_months", "fct_list_decay_monthly",
    "fct_engagement_hazards", "fct_suppression_holdouts", "int_profile_values",
    "int_sunset_checks", "int_suppression_candidates", "fct_suppression_options",
    "fct_sunset_recommendations", "fct_deliverability_daily",
)  # fmt: skip
HOLDOUT_SHARE = 0.2
DECISION_DAY = DAYS - 30
START = "timestamp '2026-01-01'"
_STEP_INPUT = """
create or replace table given.int_as_of as select timestamp '2026-06-01' as as_of_at;
create or replace table given.ranked as select
    row_number() over (order by millionths, number) as value_rank,
    cast(millionths as decimal(18, 0)) * cast(0.000001 as decimal(7, 6)) as monthly_value_amount
from candidates;
create or replace table given.int_suppression_candidates as select
    *, cast(sum(monthly_value_amount) over (order by value_rank rows unbounded preceding)
    as decimal(28, 6)) as cumulative_value_amount
from given.ranked;
create or replace table given.fct_profile_engagement as
select true as is_billable from range({billable});
"""


@dataclass(frozen=True)
class Step:
    """The best number to suppress and what a month of it is worth, in millionths."""

    suppressed: int
    net: int


def best_by_force(millionths: Ints, billable: int, tiers: list[tuple[int, int]]) -> Step:
    """Every number of suppressed profiles from none to all, one after the other."""
    bounds = [bound for bound, _ in tiers]

    def price(count: int) -> int:
        return 0 if count == 0 else tiers[bisect_left(bounds, count)][1]

    best, lost, now = Step(0, 0), 0, price(billable)
    for number, value in enumerate(sorted(millionths.tolist()), start=1):
        lost += value
        net = now - price(billable - number) - lost
        if net > best.net:
            best = Step(number, net)
    return best


def tiers_of(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    """Bounds and prices in millionths, ascending."""
    found = connection.execute(
        "select profile_maximum, cast(monthly_price_amount * 1000000 as bigint)"
        " from given.list_price_tiers order by 1"
    ).fetchall()
    return [(int(bound), int(price)) for bound, price in found]


def best_by_models(connection: duckdb.DuckDBPyConnection, millionths: Ints, billable: int) -> Step:
    connection.register("candidates", pa.table({
        "number": np.arange(len(millionths)), "millionths": millionths,
    }))
    connection.execute(_STEP_INPUT.format(billable=billable))
    connection.execute(
        f"create or replace table given.fct_suppression_options as {_step_sql()}"
    )
    count, saved = row(
        connection, "select suppressed_count, cast(1000000 * (monthly_price_amount"
        " - monthly_price_after_amount) as bigint) from given.fct_suppression_options"
        " where is_best"
    )
    return Step(count, saved - int(np.sort(millionths)[:count].sum()))


@functools.lru_cache(maxsize=1)
def _step_sql() -> str:
    return model_sql("fct_suppression_options", {})


def klav_01(quick: bool) -> Result:
    """52,300 profiles: 2,300 at .002, 5,000 at .00492, 5,000 at .02, the others dear."""
    worth = np.repeat([2_000, 4_920, 20_000, 1_000_000], [2_300, 5_000, 5_000, 40_000])
    with world() as connection:
        step = best_by_models(connection, worth, 52_300)
        rows = connection.execute(
            "select suppressed_count, saved_price_amount, lost_value_amount, net_monthly_amount,"
            " net_yearly_amount from given.fct_suppression_options"
            " where suppressed_count in (2300, 7300, 12300) order by 1"
        ).fetchall()
    wanted = [
        (2_300, "70", "4.6", "65.4", "784.8"), (7_300, "140", "29.2", "110.8", "1329.6"),
        (12_300, "190", "129.2", "60.8", "729.6"),
    ]  # fmt: skip
    off = rows != [(count, *map(Decimal, amounts)) for count, *amounts in wanted]
    figure = "; ".join(f"{row[0]:,} {row[3]:.2f}" for row in rows) + f"; best {step.suppressed:,}"
    return passed(not off and step.suppressed == 7_300, figure, "65.40, 110.80, 60.80; 7,300")


def regret(quick: bool) -> Result:
    """Lists of every size, worth of every shape, losing profiles among them."""
    rng, lists = np.random.default_rng(411), 25 if quick else 200
    worst = moved = largest = 0
    with world() as connection:
        tiers = tiers_of(connection)
        for _ in range(lists):
            billable = int(np.exp(rng.uniform(np.log(40), np.log(20_000 if quick else 240_000))))
            count = int(billable * rng.uniform(0.05, 1))
            drawn = rng.lognormal(rng.uniform(-7, -3), 1.5, count)
            drawn = np.where(rng.random(count) < rng.choice([0, 0.05]), -drawn, drawn)
            worth = np.rint(drawn * 1_000_000).astype(np.int64)
            step = best_by_models(connection, worth, billable)
            force = best_by_force(worth, billable, tiers)
            worst = max(worst, force.net - step.net)
            moved, largest = moved + (step.suppressed > 0), max(largest, billable)
    figure = f"{lists} lists up to {largest:,}, {moved} with something to suppress"
    return passed(worst == 0 and moved > 0, f"{figure}, regret {worst}", "0 on every list")


def machines(quick: bool) -> Result:
    """Every open and click beside the truth; every score beside Python's."""
    count = 400 if quick else 4_000
    readers = make_list(count, 0.4, np.random.default_rng(412))
    with world() as connection:
        stage(connection, readers, DECISION_DAY * DAY)
        run_models(connection, LIST[:5], {})
        clicks, apart = row(connection, """
            select count(*), count(*) filter (
                (found.is_bot_click or found.is_machine_open) <> truth.is_machine
            )
            from given.truth inner join given.int_email_events as found
            on found.email_event_id = 'mail:' || truth.id
            where found.event_kind in ('open', 'click')
        """)
        found = dict(connection.execute(
            "select profile_id, engagement_score from given.fct_profile_engagement"
        ).fetchall())
    off = sum(
        abs(float(found[f"mail:p{number}"]) - score) > 0.0001
        for number, score in enumerate(scores_by_hand(readers, DECISION_DAY * DAY))
    )
    return passed(
        not apart and not off and clicks > 0,
        f"{clicks:,} opens and clicks, {apart} taken wrongly; {count:,} scores, {off} differ",
        "0, 0",
    )


def scores_by_hand(readers: ReaderList, until: int) -> list[float]:
    """Points of what a person did, by the definition."""
    found = np.zeros(len(readers.created))
    events, orders = readers.events, readers.orders
    for metric, weight, half_life in ((2, 4.0, 60.0), (1, 1.0, 30.0)):
        rows = np.flatnonzero(
            (events.metric == metric) & ~events.is_machine & (events.at <= until)
        )
        points = weight * 2.0 ** (-(until - events.at[rows]) / DAY / half_life)
        np.add.at(found, events.profile[rows], points)
    rows = np.flatnonzero(orders.at <= until)
    np.add.at(found, orders.profile[rows], 10.0 * 2.0 ** (-(until - orders.at[rows]) / DAY / 180))
    return [float(value) for value in found]


def holdout(quick: bool) -> Result:
    """A first batch measures what e-mail causes, the next one's loss is foretold with it."""
    size, lists = (8_000, 1) if quick else (30_000, 10)
    inside = told = first_inside = 0
    figures = []
    for number in range(lists):
        cause = (0.4, 0.8)[number % 2]
        with world() as connection:
            first = batch(connection, size, cause, 500 + number, None)
            second = batch(connection, size, cause, 600 + number, first)
        told += second["evidence"] == "randomised holdout"
        inside += bool(second["is_expectation_inside"])
        first_inside += bool(first["is_expectation_inside"])
        figures.append(
            f"{cause}: {second['expected_lost_amount']:.0f} in {second['lost_low_amount']:.0f}"
            f" to {second['lost_high_amount']:.0f}"
        )
    return passed(
        told == lists and inside >= 0.8 * lists,
        f"{inside} of {lists} inside ({first_inside} with the assumed 0.4); by true share, "
        + ", ".join(figures[:4]), "8 of 10 inside an interval of 90 %",
    )  # fmt: skip


def batch(
    connection: duckdb.DuckDBPyConnection, size: int, cause: float, seed: int,
    measured: Mapping[str, Any] | None,
) -> Mapping[str, Any]:
    """Decide by the models, let a month pass without the suppressed, measure by the models."""
    readers = make_list(size, cause, np.random.default_rng(seed))
    stage(connection, readers, DECISION_DAY * DAY)
    variables = {"list_keep_holdout_ratio": HOLDOUT_SHARE}
    run_models(connection, LIST[:9], variables)
    if measured is not None:
        connection.register("measured", pa.Table.from_pylist([dict(measured)]))
        connection.execute("insert into given.fct_suppression_holdouts from measured")
    run_models(connection, LIST[9:], variables)
    connection.execute(f"""
        create or replace table given.stg_lists__decisions as
        select 'mail' as source_relation, split_part(profile_id, ':', 2) as klaviyo_profile_id,
            case when is_holdout then 'keep_as_holdout' else 'suppress' end as decision,
            'batch' as decision_batch, 'test' as decided_by,
            cast(monthly_value_amount as decimal(18, 4)) as expected_value_amount,
            {START} + interval {DECISION_DAY} day as decided_at
        from given.fct_sunset_recommendations where reason_code in (
            'kept at random', 'no price step pays for it', 'worth less than the price step'
        )
    """)
    names = connection.execute(
        "select cast(substr(klaviyo_profile_id, 2) as bigint) from given.stg_lists__decisions"
        " where decision = 'suppress'"
    ).fetchnumpy()
    suppressed = np.zeros(size, bool)
    suppressed[next(iter(names.values())).astype(np.int64)] = True
    put_orders(connection, readers, DAYS * DAY, suppressed)
    run_models(connection, ("fct_suppression_holdouts",), variables)
    found = connection.execute("select * from given.fct_suppression_holdouts").to_arrow_table()
    return dict(found.to_pylist()[0])


def row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    found = connection.execute(query).fetchone()
    assert found is not None
    return tuple(found)


@contextlib.contextmanager
def world() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that holds the seeds and the rules of one day."""
    with duckdb.connect() as connection:
        connection.execute("create schema given")
        for seed, typed in SEEDS.items():
            file = ROOT / "seeds" / f"{seed}.csv"
            typed = typed if " as " in typed else f"{typed} as {typed}"
            connection.execute(
                f"create table given.{seed} as select * replace ({typed}) from read_csv('{file}')"
            )
        connection.execute(
            "create table given.int_as_of as select timestamp '2026-06-01' as as_of_at"
        )
        run_models(connection, ("int_list_rules",), {})
        yield connection


def stage(connection: duckdb.DuckDBPyConnection, readers: ReaderList, until: int) -> None:
    """The list as the models see it up to a second, as staging and identity would hold it."""
    events = readers.events
    seen = np.flatnonzero(events.at <= until)
    connection.register("list_events", pa.table({
        "id": seen, "profile": events.profile[seen], "metric": events.metric[seen],
        "mail": events.mail[seen], "link": events.link[seen],
        "is_machine": events.is_machine[seen], "second": events.at[seen],
    }))
    connection.register("list_readers", pa.table({
        "number": np.arange(len(readers.created)), "created": readers.created,
    }))
    connection.register("list_metrics", pa.table({
        "number": np.arange(len(METRICS)), "name": list(METRICS),
    }))
    text = Path(__file__).with_name("lists.sql").read_text(encoding="utf-8")
    connection.execute(text.replace("{start}", START).replace("{until}", str(until)))
    put_orders(connection, readers, until, np.zeros(len(readers.created), bool))
    connection.execute("""
        create or replace table given.fct_customer_lifetime_value as
        select customer_id, cast(1 as decimal(18, 6)) as expected_purchase_count,
            cast(avg(cm2_expected_amount) as decimal(18, 4)) as expected_purchase_amount,
            cast(1 as decimal(18, 6)) as expected_cm2_ratio,
            cast(sum(cm2_expected_amount) as decimal(18, 4)) as lifetime_value_amount
        from given.fct_order_margin group by customer_id
    """)


def put_orders(
    connection: duckdb.DuckDBPyConnection, readers: ReaderList, until: int, suppressed: Bools
) -> None:
    """Orders up to a second, those that only an e-mail would have caused left out."""
    orders = readers.orders.without(suppressed, DECISION_DAY * DAY)
    seen: Ints = np.flatnonzero(orders.at <= until)
    connection.register("list_orders", pa.table({
        "number": seen, "profile": orders.profile[seen], "cents": orders.cents[seen],
        "second": orders.at[seen],
    }))
    connection.execute(f"""
        create or replace table given.int_as_of as
        select {START} + {until} * interval 1 second as as_of_at;
        create or replace table given.fct_order_margin as
        select 'o' || number as order_id, 'c' || profile as customer_id, 'dtc' as order_scope,
            false as is_cancelled, cast(cents / 100 as decimal(18, 4)) as cm2_expected_amount,
            {START} + second * interval 1 second as ordered_at
        from list_orders;
        create or replace table given.int_purchases as select * from given.fct_order_margin
    """)


CLAIMS = [
    Claim("klav_01", "The worked list, every number", klav_01),
    Claim("list_regret", "The number to suppress is the best of all, tried one by one", regret),
    Claim("list_machines", "Opens and clicks of machines count for nothing", machines),
    Claim(
        "list_holdout", "What suppressing costs lies where a random holdout finds it", holdout,
        False,
    ),
]
