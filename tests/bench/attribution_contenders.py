"""What is measured: `python -m tests.bench.attribution_contenders NAME HOME` prints a line of JSON.

What lives here: each part on the warehouse of a home, in a process of its own, and digests of what
it made.
What never does: what is written of it (attribution.py).

CPU and time are those of the statements, as in margin_contenders.py; peak memory is that of the
whole process.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb

from tests.bench.attribution_web import land_day
from tests.bench.contenders import Meter
from tests.bench.margin_contenders import ROOT, connect, models

MARTS = "models/marts/attribution"
SESSIONS = ("models/intermediate/attribution", f"{MARTS}/fct_sessions.sql")
CREDITS = tuple(
    str(file.relative_to(ROOT))
    for file in sorted((ROOT / MARTS).glob("*.sql"))
    if file.stem != "fct_sessions"
)
DIGESTED = (
    "intermediate.int_session_events", "attribution.fct_sessions", "attribution.fct_touches",
    "attribution.fct_order_credits", "attribution.fct_channel_credits",
    "attribution.fct_order_clicks",
)  # fmt: skip


def scan(home: Path, meter: Meter) -> None:
    """Four columns of the landed events: what sessions cannot be made without."""
    with connect(home) as connection, meter.running():
        connection.execute(
            'select max(message_id), max(anonymous_id), max("timestamp"),'
            " max(context_campaign_source) from raw_web.event"
        ).fetchall()


def day(home: Path, meter: Meter) -> None:
    """The last day lands, unmeasured; then everything is built on what stands there already."""
    with connect(home) as connection:
        land_day(connection)
    models(home, meter, SESSIONS + CREDITS)


def anew(home: Path, meter: Meter) -> None:
    """Sessions where none were."""
    with connect(home) as connection:
        drop_built(connection)
    models(home, meter, SESSIONS)


def drop_built(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("drop schema attribution cascade")
    built = connection.execute(
        "select table_name from information_schema.tables"
        " where table_schema = 'intermediate' and starts_with(table_name, 'int_session_')"
    ).fetchall()
    for (table,) in built:
        connection.execute(f"drop table intermediate.{table}")
    connection.execute("checkpoint")


CONTENDERS: dict[str, Callable[[Path, Meter], None]] = {
    "start": lambda home, meter: models(home, meter, SESSIONS + CREDITS),
    "day": day,
    "scan": scan,
    "sessions": anew,
    "attribution": lambda home, meter: models(home, meter, CREDITS),
}


def made(home: Path) -> dict[str, object]:
    """How many events, sessions and credited orders there are, and a digest of the rows of each
    table in any order."""
    with connect(home) as connection:
        standing = {
            f"{schema}.{table}"
            for schema, table in connection.execute(
                "select table_schema, table_name from information_schema.tables"
            ).fetchall()
        }
        if not standing.issuperset(DIGESTED):
            return {}
        events, sessions, orders = connection.execute(
            "select (select count(*) from raw_web.event),"
            " (select count(*) from attribution.fct_sessions),"
            " (select count(distinct order_id) from attribution.fct_order_credits)"
        ).fetchall()[0]
        digest = [
            str(connection.execute(
                f"select count(*), sum(hash(rows)::hugeint) from {table} as rows"
            ).fetchall()[0])
            for table in DIGESTED
        ]  # fmt: skip
    return {"events": events, "sessions": sessions, "orders": orders, "digest": digest}


def main(name: str, home: Path) -> None:
    meter = Meter()
    CONTENDERS[name](home, meter)
    # Before the digests, which are no part of a build.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    result = {"cpu": meter.cpu, "wall": meter.wall, "rss": peak, **made(home)}
    sys.stdout.write(f"RESULT {json.dumps(result)}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
