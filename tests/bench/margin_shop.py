"""The warehouse of the margin benchmark: a brand's catalogue under as many orders as asked.

What lives here: a small brand, landed and staged, whose orders are then drawn anew by
margin_shop.sql; `python -m tests.bench.margin_shop HOME ORDERS`.
What never does: a model of margin, a measurement.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration import run
from orchestration.brand import make_brand
from orchestration.project import DbtProject
from orchestration.settings import Settings
from tests.support import environment

CUSTOMERS, MONTHS, SEED = 200, 12, 5
DRAWN = Path(__file__).with_name("margin_shop.sql")
# Staged relations that stay as the brand has them; those of the rest that margin reads are drawn.
KEPT = (
    "stg_costs__exchange_rates", "stg_costs__unit_costs", "stg_shopify__product_variants",
    "stg_shopify__products", "stg_shopify__shops",
)  # fmt: skip
DRAWN_PREFIXES = ("stg_recharge__", "stg_shopify__", "stg_costs__", "stg_tiktok_shop__")


def staged(home: Path) -> Path:
    """A brand's staging, rates and seeds; everything that margin does not make itself."""
    files = home / "brand"
    make_brand(files, customers=CUSTOMERS, months=MONTHS, seed=SEED, progress=lambda done, of: None)
    settings = Settings.from_env(environment(home))
    run.land(settings, run.Source(directory=files), now=lambda: datetime.now(UTC))
    chosen = ("path:seeds", "path:models/staging", "int_as_of")
    DbtProject(settings).build(chosen, indirect_selection="empty").raise_for_failures()
    return settings.warehouse


def as_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Staging as tables: empty where orders will be drawn, copies of the brand's rows elsewhere, so
    that no measured statement reads raw landings."""
    names = connection.execute(
        "select table_name from information_schema.views where table_schema = 'staging'"
    ).fetchall()
    for (name,) in names:
        is_drawn = name.startswith(DRAWN_PREFIXES) and name not in KEPT
        limit = " limit 0" if is_drawn else ""
        connection.execute(f"create table staging.copy as select * from staging.{name}{limit}")
        connection.execute(f"drop view staging.{name}")
        connection.execute(f"alter table staging.copy rename to {name}")


def write(home: Path, orders: int) -> None:
    """`home`/warehouse.duckdb, as the profile of the project names it."""
    home.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="bench-brand-", dir=home) as folder:
        warehouse = Path(shutil.move(staged(Path(folder)), home))
    with duckdb.connect(str(warehouse), config={"threads": 2, "memory_limit": "5GB"}) as connection:
        connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        as_tables(connection)
        connection.execute(f"set variable orders = {orders}")
        connection.execute(DRAWN.read_text(encoding="utf-8"))
        connection.execute("checkpoint")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
