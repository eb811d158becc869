"""What a plan is asked before anyone approves it: coverage, reasons, weight, age of its sources.

What lives here: read-only statements over the desired state and the diff's temporary tables.
What never does: changing the diff; a value of a row in an answer, but for the border's sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import duckdb
import pandas as pd

from orchestration.activation.diff import payload_columns, quoted, relation_of
from orchestration.activation.forecast import Coverage
from orchestration.activation.spec import SyncSpec

BORDER_ROWS = 50_000
_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_HASH = f"regexp_full_match({{0}}, '[0-9a-f]{{{{64}}}}') and {{0}} <> '{_NOTHING}'"
_EMAILS = {"email": "{0} like '%_@_%._%' and {0} not like '% %'", "email_sha256": _HASH}
_PHONES = {
    "phone_number": "regexp_full_match({0}, '[+][1-9][0-9]{{6,14}}')",
    "phone_sha256": _HASH,
}
_CLICKS = ("fbc", "fbp", "gclid", "gbraid", "wbraid", "ttclid", "ttp")


def coverage(warehouse: duckdb.DuckDBPyConnection, spec: SyncSpec) -> Coverage:
    """Which identifiers the rows carry that should stand at the vendor, and how many are unfit."""
    columns = payload_columns(warehouse, spec)
    clicks = [f"nullif({quoted(name)}, '') is not null" for name in _CLICKS if name in columns]
    row = warehouse.execute(f"""
        with identified as (
            select
                {_filled(columns, _EMAILS)} as has_email,
                {_fit(columns, _EMAILS)} as is_email_fit,
                {_filled(columns, _PHONES)} as has_phone,
                {_fit(columns, _PHONES)} as is_phone_fit,
                {" or ".join(clicks) or "false"} as has_click
            from {relation_of(spec)}
        )
        select
            count(*),
            count(*) filter (where is_email_fit),
            count(*) filter (where is_phone_fit),
            count(*) filter (where is_email_fit and is_phone_fit),
            count(*) filter (where has_click),
            count(*) filter (where not is_email_fit and not is_phone_fit and not has_click),
            count(*) filter (where has_email and not is_email_fit),
            count(*) filter (where has_phone and not is_phone_fit)
        from identified
    """).fetchone()
    return Coverage(*(row or ()))


def reason_counts(warehouse: duckdb.DuckDBPyConnection, spec: SyncSpec) -> dict[str, int]:
    """Additions by the reason that the audience gives; none where no single audience decides."""
    if spec.audience is None:
        return {}
    schema, table = spec.audience
    rows = warehouse.execute(f"""
        select coalesce(cast(why.reason as varchar), 'no reason given') as reason, count(*)
        from difference
        left join {quoted(schema)}.{quoted(table)} as why
            on difference.key = cast(why.{quoted(spec.key)} as varchar)
        where difference.operation = 'add' and not difference.is_held_back
        group by 1
        order by 2 desc, 1
    """).fetchall()
    return {str(reason): int(number) for reason, number in rows}


def leaving_sample(
    warehouse: duckdb.DuckDBPyConnection, spec: SyncSpec, rows: int = BORDER_ROWS
) -> pd.DataFrame:
    """At most ``rows`` of the rows that would be sent, the same ones each time: those whose keys
    have the smallest digests."""
    decimals = {
        column[0]
        for column in warehouse.execute(f"describe {relation_of(spec)}").fetchall()
        if str(column[1]).startswith("DECIMAL")
    }
    # Decimals as doubles: expectations compare them with plain numbers.
    shown = ", ".join(
        f"cast(desired.{quoted(name)} as double) as {quoted(name)}"
        if name in decimals
        else f"desired.{quoted(name)}"
        for name in payload_columns(warehouse, spec)
    )
    frame: pd.DataFrame = warehouse.execute(f"""
        select desired.{quoted(spec.key)}, desired.row_hash, {shown}
        from difference
        inner join {relation_of(spec)} as desired
            on difference.key = cast(desired.{quoted(spec.key)} as varchar)
        where difference.operation <> 'remove' and not difference.is_held_back
        order by md5(difference.key), difference.key
        limit {rows}
    """).fetch_df()
    return frame


def ages(
    warehouse: duckdb.DuckDBPyConnection, sources: Sequence[str], at: datetime
) -> dict[str, timedelta]:
    """How long ago each of these sources last landed; a loader's tables say it by their sync time.

    A source that never landed has no age.
    """
    if not _has_landed(warehouse):
        return {}
    rows = warehouse.execute("""
        with landed as (
            select source_table, max(landed_at) as landed_at
            from raw_landing.file
            group by source_table
        ),
        tables as (
            select
                split_part(as_of.source_table, '.', 1) as source,
                coalesce(landed.landed_at, as_of.newest_source_at) as newest_at
            from raw_landing.as_of as as_of
            left join landed on as_of.source_table = landed.source_table
        )
        select source, max(newest_at) from tables where newest_at is not null group by source
    """).fetchall()
    return {source: at - newest.replace(tzinfo=UTC) for source, newest in rows if source in sources}


def _has_landed(warehouse: duckdb.DuckDBPyConnection) -> bool:
    """False where nothing was landed by us, as in a warehouse that another loader fills."""
    row = warehouse.execute("""
        select count(*) from duckdb_tables()
        where
            database_name = current_database()
            and schema_name = 'raw_landing'
            and table_name in ('file', 'as_of')
    """).fetchone()
    return row is not None and row[0] == 2


def _filled(columns: Sequence[str], tests: dict[str, str]) -> str:
    """SQL that is true where any of these columns holds something."""
    filled = [f"nullif({quoted(name)}, '') is not null" for name in tests if name in columns]
    return " or ".join(filled) or "false"


def _fit(columns: Sequence[str], tests: dict[str, str]) -> str:
    """SQL that is true where any of these columns holds what a vendor could match."""
    fit = [
        f"coalesce({test.format(quoted(name))}, false)"
        for name, test in tests.items()
        if name in columns
    ]
    return " or ".join(fit) or "false"
