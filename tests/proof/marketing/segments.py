"""Claims about segments: who is in them equals a recount, and nobody who said no is told of to ads.

What lives here: made-up customers whose figures lie on and beside every bound, a built brand, and
the comparison of both with ``segment_rules.py``.
What never does: a rule.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from orchestration import run
from orchestration.brand import make_brand
from tests.proof.harness import ROOT, Claim, Result, passed
from tests.proof.marketing.segment_rules import members, segments
from tests.proof.marketing.segment_world import TABLES, made_up
from tests.proof.marketing.world import World
from tests.rendering_models import run_models

MADE_UP_CUSTOMERS, MADE_UP_SEED = 600, 57
BRAND_CUSTOMERS, BRAND_MONTHS, BRAND_SEED = 1_000, 18, 57
_SCHEMAS = {
    "dim_customers": "customer", "fct_customer_lifetime_value": "marketing",
    "fct_last_purchases": "marketing", "fct_customer_rhythms": "marketing",
    "fct_creator_acquisitions": "marketing", "fct_product_affinities": "marketing",
    "fct_order_margin": "margin", "fct_profile_engagement": "marketing",
    "fct_sunset_recommendations": "marketing", "fct_feed_incidents": "marketing",
    "fct_feed_completeness": "marketing",
}  # fmt: skip
_SENT = """
select table_name, column_name from information_schema.columns
where table_schema = 'activation' and column_name in ('customer_id', 'external_id')
and regexp_matches(table_name, '^sync_(meta|google|tiktok)__(audience_|conversions)')
and (column_name = 'customer_id') = contains(table_name, '__audience_')
"""


def rules(quick: bool) -> Result:
    """Made-up customers through the models and through Python; in full also a built brand."""
    with duckdb.connect() as connection:
        connection.execute("create schema given")
        tables = made_up(MADE_UP_CUSTOMERS, random.Random(MADE_UP_SEED))
        for name, rows in tables.items():
            connection.execute(f"create table given.{name} ({TABLES[name].replace(';', ',')})")
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(
                f"insert into given.{name} values ({marks})", [list(row.values()) for row in rows]
            )
        connection.execute(
            f"create table given.audience_rules as from read_csv('{ROOT}/seeds/audience_rules.csv',"
            " types = {'rule_value': 'decimal(18, 4)'})"
        )
        run_models(connection, ("fct_customer_reach", *_models_in_order()), {})
        figure = _compared(connection, "given", tables)
    if not quick:
        brand = built_brand()
        with duckdb.connect(str(brand.settings.warehouse), read_only=True) as connection:
            other = _compared(connection, "audiences", _read(connection))
        return passed(
            figure.verdict == other.verdict == "PASS",
            f"{figure.figure}; a brand of {BRAND_CUSTOMERS:,}: {other.figure}", figure.bar,
        )
    return figure


def nobody_who_said_no(quick: bool) -> Result:
    """A built brand: every table that goes to an ad platform beside every way to say no."""
    brand = built_brand()
    with duckdb.connect(str(brand.settings.warehouse), read_only=True) as connection:
        blocked = {
            str(row["customer_id"]) for row in _rows(connection, "customer", "dim_customers")
            if row["ads_sharing_state"] != "opted_in" or row["sale_state"] == "opted_out"
            or row["gpc_seen_at"] is not None or row["is_minor"] or row["is_deletion_requested"]
            or row["is_ads_suppressed"]
        }  # fmt: skip
        sent: dict[str, set[str]] = {}
        for table, column in connection.execute(_SENT).fetchall():
            found = connection.execute(f"select {column} from activation.{table}").fetchall()
            sent[table] = {str(customer) for (customer,) in found}
    wrong = sum(len(people & blocked) for people in sent.values())
    return passed(
        not wrong and len(sent) >= 12 and any(sent.values()) and bool(blocked),
        f"{wrong} of {len(blocked):,} people in {len(sent)} objects of ad platforms that hold "
        f"{sum(map(len, sent.values())):,} rows",
        "0 in all of them",
    )


def _models_in_order() -> list[str]:
    """Audiences, each after the one whose members it leaves out."""
    waiting = {row["segment"]: row["left_out"] for row in segments()}
    ordered: list[str] = []
    while waiting:
        for name in [one for one, other in waiting.items() if not other or other in ordered]:
            waiting.pop(name)
            ordered.append(name)
    return [f"audience_{name}" for name in ordered]


def _compared(
    connection: duckdb.DuckDBPyConnection, schema: str, tables: Mapping[str, Sequence[Any]]
) -> Result:
    expected, keys = members(tables), {row["segment"]: row["member_key"] for row in segments()}
    missed = invented = right = 0
    empty, wrong = [], []
    for name, people in expected.items():
        found = {
            str(key)
            for (key,) in connection.execute(
                f"select {keys[name]} from {schema}.audience_{name}"
            ).fetchall()
        }
        missed, invented = missed + len(people - found), invented + len(found - people)
        right += len(people & found)
        empty += [name] * (not people)
        wrong += [name] * (people != found)
    return passed(
        not missed and not invented and right > 0,
        f"{len(expected)} segments, {right:,} members, precision "
        f"{right / max(right + invented, 1):.3f}, recall {right / max(right + missed, 1):.3f}"
        f"{'; wrong: ' + ', '.join(wrong) if wrong else ''}"
        f"{'; empty: ' + ', '.join(empty) if empty else ''}",
        "precision 1.000, recall 1.000",
    )


@lru_cache(maxsize=1)
def built_brand() -> World:
    """A brand built up to its audiences and what would be sent."""
    holder = tempfile.TemporaryDirectory(prefix="tributary-segments-")
    _HELD.append(holder)
    files, home = Path(holder.name, "brand"), World(Path(holder.name, "home"))
    make_brand(
        files, customers=BRAND_CUSTOMERS, months=BRAND_MONTHS, seed=BRAND_SEED,
        progress=lambda done, of: None,
    )
    run.land(home.settings, run.Source(directory=files), now=lambda: datetime.now(UTC))
    home.build("+path:models/activation", "+path:models/audiences", "+fct_channel_margin_daily")
    return home


_HELD: list[tempfile.TemporaryDirectory[str]] = []


def _read(connection: duckdb.DuckDBPyConnection) -> dict[str, list[dict[str, Any]]]:
    return {
        name: _rows(connection, _SCHEMAS.get(name, "commerce"), name) for name in TABLES
    }


def _rows(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str
) -> list[dict[str, Any]]:
    names = [column.strip().split(" ")[0] for column in TABLES[table].split(";")]
    found = connection.execute(f"select {', '.join(names)} from {schema}.{table}").fetchall()
    return [dict(zip(names, row, strict=True)) for row in found]


CLAIMS = [
    Claim(
        "segments", "Segments: who is in each equals a recount of its rule in Python", rules,
    ),
    Claim(
        "ads_opt_out",
        "Whoever said no, sent GPC, is under age or erased is told of to no ad platform",
        nobody_who_said_no, False,
    ),
]  # fmt: skip
