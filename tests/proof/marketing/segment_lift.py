"""Claims about lift: its interval holds the true effect, and nobody moves to the other arm.

What lives here: made-up segments of one month whose true effect is known, through the model.
What never does: the arithmetic of the interval.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal

import duckdb
import numpy as np

from tests.proof.harness import Claim, Result, passed
from tests.rendering_models import macro_text, run_models

SEED, MEMBERS, HOLDOUT = 58, 2_500, "0.1"
QUICK_SEGMENTS, SEGMENTS = 100, 1_000
BUYS, BASKET, EFFECT = 0.08, 35.0, 1.5
LEAST_COVERAGE = 0.85
_GIVEN = """
create schema given;
create table given.int_as_of as select timestamp '2026-06-30' as as_of_at;
create table given.segments (
    segment varchar, use varchar, holdout_ratio decimal(9, 6), send_cost_amount decimal(18, 4)
);
create table given.fct_audience_membership (
    segment varchar, customer_id varchar, channel varchar, is_held_back boolean,
    entered_at timestamp
);
create table given.fct_order_margin (
    customer_id varchar, order_scope varchar, cm2_amount decimal(18, 4), ordered_at timestamp
);
"""


def coverage(quick: bool) -> Result:
    """Each segment raises CM2 per member by the same true amount; how many intervals hold it."""
    count = QUICK_SEGMENTS if quick else SEGMENTS
    rng = np.random.default_rng(SEED)
    with duckdb.connect() as connection:
        connection.execute(_GIVEN)
        for number in range(count):
            _segment(connection, f"segment_{number}", rng)
        run_models(connection, ("fct_segment_lift",), {})
        rows = connection.execute(
            "select lift_amount, lift_low_amount, lift_high_amount from given.fct_segment_lift"
            " where lift_low_amount is not null"
        ).fetchall()
    held = sum(low <= Decimal(str(EFFECT)) <= high for _, low, high in rows)
    share = held / len(rows)
    bias = float(sum(lift for lift, _, _ in rows)) / len(rows) / EFFECT - 1
    return passed(
        len(rows) >= 0.9 * count and share >= LEAST_COVERAGE and abs(bias) <= 0.1,
        f"{len(rows):,} of {count:,} months with an interval, {held:,} hold the true "
        f"{EFFECT:.2f} ({share:.1%}), mean {bias:+.1%}",
        f"at least {LEAST_COVERAGE:.0%} of intervals of 90 %, bias within 10 %",
    )


def arms(quick: bool) -> Result:
    """The place of a member as SQL says it beside hashlib, and the share that is held back."""
    count = 20_000 if quick else 200_000
    ids = [f"cus_{number:08x}" for number in range(count)]
    with duckdb.connect() as connection:
        connection.execute("create table members as select unnest(?) as id", [ids])
        said = connection.execute(
            f"select {macro_text('holdout_place', 'id', repr('vip'))} from members"
        ).fetchall()
    expected = [
        Decimal(int(hashlib.md5(f"{one}vip".encode()).hexdigest()[:4], 16)) / 65536 for one in ids
    ]
    wrong = sum(
        abs(Decimal(str(place)) - other) > Decimal("1e-9")
        for (place,), other in zip(said, expected, strict=True)
    )
    share = sum(place < Decimal(HOLDOUT) for place in expected) / count
    return passed(
        not wrong and abs(share - float(HOLDOUT)) <= 0.01,
        f"{wrong} of {count:,} places differ; {share:.3f} held back",
        f"0; {HOLDOUT} within 0.01",
    )


def _segment(connection: duckdb.DuckDBPyConnection, name: str, rng: np.random.Generator) -> None:
    """Members in both arms by their hash; sent to, a member brings the effect more on average."""
    ids = [f"{name}-{number}" for number in range(MEMBERS)]
    held = np.array([
        int(hashlib.md5(f"{one}{name}".encode()).hexdigest()[:4], 16) / 65536 < float(HOLDOUT)
        for one in ids
    ])
    chance = np.where(held, BUYS, BUYS + EFFECT / BASKET)
    buys = rng.random(MEMBERS) < chance
    basket = np.round(rng.gamma(4.0, BASKET / 4.0, MEMBERS), 2)
    at = datetime(2026, 3, 2)
    connection.execute(
        "insert into given.segments values (?, 'lifecycle', ?, 0.01)", [name, Decimal(HOLDOUT)]
    )
    frame = {"id": ids, "held": held.tolist(), "cm2": np.where(buys, basket, 0).tolist()}
    connection.execute(
        "insert into given.fct_audience_membership"
        " select ?, unnest(?::varchar[]), 'email', unnest(?::boolean[]), ?",
        [name, frame["id"], frame["held"], at],
    )
    connection.execute(
        "insert into given.fct_order_margin select id, 'dtc', cm2, ?::timestamp + interval 3 day"
        " from (select unnest(?::varchar[]) as id, unnest(?::decimal(18, 4)[]) as cm2)"
        " where cm2 > 0",
        [at, frame["id"], frame["cm2"]],
    )


CLAIMS = [
    Claim("lift", "Lift of segments: intervals of 90 % hold the effect that was made", coverage),
    Claim("arms", "Who is held back is by MD5 of customer and segment, as in Python", arms),
]
