"""What is measured: `python -m tests.bench.margin_contenders NAME HOME` prints one line of JSON.

What lives here: each contender on the warehouse of a home, with two threads and a limit of memory,
in a process of its own.
What never does: what is written of it (margin.py).

CPU and time are those of the statements: for dbt every call of its cursor, one model at a time, so
that parsing and the rest of dbt are left out; then a checkpoint, so that what was written is on
disk. Peak memory is that of the whole process.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import yaml

from tests.bench.contenders import Meter

ROOT = Path(__file__).resolve().parents[2]
WAREHOUSE = "warehouse.duckdb"
# Before the name of a model in what a part came to.
MODEL = "model "
# What DuckDB may hold; the process holds a little more.
MEMORY_LIMIT = "4500MB"
COMMERCE = ("models/intermediate/commerce", "models/marts/commerce")
MARGIN = ("models/intermediate/margin", "models/marts/margin")

# Sales of every day and currency before refunds, as one would write it by hand.
GROSS_SALES = """
create table gross_sales as
select
    cast(timezone('America/New_York', timezone('UTC', orders.processed_at)) as date) as order_date,
    orders.currency,
    sum(lines.quantity * lines.unit_price_amount) as gross_sales_amount
from staging.stg_shopify__order_lines as lines
inner join staging.stg_shopify__orders as orders
    on lines.source_relation = orders.source_relation
    and lines.shopify_order_id = orders.shopify_order_id
group by all
"""


@contextmanager
def connect(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    config = {"threads": 2, "memory_limit": MEMORY_LIMIT}
    with duckdb.connect(str(home / WAREHOUSE), config=config) as connection:
        yield connection


def scan(home: Path, meter: Meter) -> None:
    """Every column of the input that a model of commerce or margin names."""
    models = [
        file for folder in COMMERCE + MARGIN for file in sorted((ROOT / folder).glob("*.sql"))
    ]
    texts = [file.read_text(encoding="utf-8") for file in models]
    with connect(home) as connection:
        for table, columns in named_columns(connection, texts).items():
            sums = ", ".join(f"max({column})" for column in columns)
            with meter.running():
                connection.execute(f"select {sums} from {table}").fetchall()


def named_columns(connection: duckdb.DuckDBPyConnection, texts: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    columns = connection.execute(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema in ('staging', 'identity', 'attribution') order by all"
    ).fetchall()
    for schema, table, column in columns:
        readers = [text for text in texts if f"ref('{table}')" in text]
        if any(re.search(rf"\b{column}\b", text) for text in readers):
            found.setdefault(f"{schema}.{table}", []).append(column)
    return found


def gross_sales(home: Path, meter: Meter) -> None:
    with connect(home) as connection, meter.running():
        connection.execute(GROSS_SALES).fetchall()
        connection.execute("checkpoint").fetchall()


def models(home: Path, meter: Meter, folders: tuple[str, ...]) -> dict[str, float]:
    """One dbt run of the models of these folders; CPU seconds of each, by `MODEL` and its name."""
    from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper
    from dbt.cli.main import dbtRunner

    execute = DuckDBCursorWrapper.execute
    spent: dict[str, float] = {}

    def measured(self: object, statement: str, bindings: object = None) -> object:
        before = meter.cpu
        with meter.running():
            result = execute(self, statement, bindings)
        if match := re.search(r'create\s+table\s+\S+"(\w+)"', statement):
            spent[MODEL + match[1].removesuffix("__dbt_tmp")] = meter.cpu - before
        return result

    DuckDBCursorWrapper.execute = measured
    with tempfile.TemporaryDirectory() as folder:
        profile(Path(folder))
        os.environ["TRIBUTARY_HOME"] = str(home)
        done = dbtRunner().invoke([
            "--quiet", "run", "--select", *(f"path:{path}" for path in folders),
            # They stand on visits, of which this shop has none, and add up no money.
            "--exclude", "fct_conversions", "fct_product_events",
            "--project-dir", str(ROOT), "--profiles-dir", folder,
            "--target-path", f"{folder}/target", "--log-path", f"{folder}/logs",
        ])  # fmt: skip
    if not done.success:
        raise SystemExit("dbt failed: see above")
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    with meter.running():
        DuckDBConnectionManager.close_all_connections()
    return spent


def profile(folder: Path) -> None:
    """The project's own profile, one model at a time, with a limit of memory."""
    profiles = yaml.safe_load((ROOT / "profiles.yml").read_text(encoding="utf-8"))
    output = profiles["tributary"]["outputs"]["duckdb"]
    output["threads"] = 1
    output["settings"] |= {"threads": 2, "memory_limit": MEMORY_LIMIT}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles), encoding="utf-8")


CONTENDERS: dict[str, Callable[[Path, Meter], dict[str, float] | None]] = {
    "scan": scan,
    "sum": gross_sales,
    "commerce": lambda home, meter: models(home, meter, COMMERCE),
    "margin": lambda home, meter: models(home, meter, MARGIN),
}


def checks(home: Path) -> dict[str, object]:
    """Rows made, and the largest difference of all reconciliations once margin is built."""
    with connect(home) as connection:
        built = connection.execute(
            "select count(*) from information_schema.tables"
            " where table_name = 'reconciliation_daily'"
        ).fetchall()[0][0]
        if not built:
            return {}
        return dict(zip(
            ("orders", "lines", "cost_lines", "difference"),
            map(float, connection.execute(
                "select (select count(*) from margin.fct_order_margin),"
                " (select count(*) from margin.fct_order_line_margin),"
                " (select count(*) from intermediate.int_cost_lines),"
                " (select max(abs(difference_amount)) from margin.reconciliation_daily)"
            ).fetchall()[0]),
            strict=True,
        ))  # fmt: skip


def main(name: str, home: Path) -> None:
    meter = Meter()
    spent = CONTENDERS[name](home, meter) or {}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    result = {"cpu": meter.cpu, "wall": meter.wall, "rss": peak, **spent, **checks(home)}
    sys.stdout.write(f"RESULT {json.dumps(result)}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
