"""A group of files in the contract's types, with the reason why a row cannot be landed.

What lives here: the temporary view ``landing_typed``, whole columns of a wrong type, and the
quarantine of single rows.
What never does: duplicates (``merge.py``), and repairing a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from orchestration.landing.contract import RELATION, SYNCED, ColumnContract, quoted
from orchestration.landing.conversion import Conversion, convert, expected
from orchestration.landing.erased import masked
from orchestration.landing.errors import LandingError
from orchestration.landing.readers import DIGEST, ROW, Group

REASON, DEFAULTED = "_reason", "_is_synced_defaulted"
_FEW_CSV_ROWS = 10
"""In a CSV of fewer filled values, wrong ones are bad rows; from here on a wrong column."""


@dataclass(frozen=True)
class Defaults:
    """What stands in where a file has no ``_source_relation`` or ``_fivetran_synced``."""

    relation: str
    synced_at: datetime


@dataclass(frozen=True)
class _Field:
    column: ColumnContract
    reference: str | None
    value: str
    failure: str | None


def create_typed_view(
    connection: duckdb.DuckDBPyConnection, group: Group, defaults: Defaults
) -> bool:
    """Create ``landing_typed`` (see ``typed_select``). Returns whether any row of it is bad.

    Raises:
        LandingError: no value of a column has the contract's type.
    """
    select, may_be_bad = typed_select(connection, group, defaults)
    if group.is_stream:
        # Few rows, looked at many times: planning the casts anew each time costs more than they.
        connection.execute(f"create or replace temp table landing_typed_rows as {select}")
        select = "select * from landing_typed_rows"
    connection.execute(f"create or replace temp view landing_typed as {select}")
    return may_be_bad and _any_bad(connection)


def typed_select(
    connection: duckdb.DuckDBPyConnection, group: Group, defaults: Defaults
) -> tuple[str, bool]:
    """The SQL of contract columns, digest, row number, defaulted, reason and the row as JSON.

    Returns it with False where no row of this group can be bad, so that a clean Parquet file
    is scanned no second time.

    Raises:
        LandingError: no value of a column has the contract's type.
    """
    fields = [_field(group, column, defaults) for column in group.table.columns]
    _check_whole_columns(connection, group, fields)
    reasons = [reason for field in fields for reason in _reasons(field)]
    values = ",\n    ".join(
        f"cast({field.value} as {field.column.data_type}) as {quoted(field.column.name)}"
        for field in fields
    )
    reason = f"nullif(concat_ws('; ', {', '.join(reasons)}), '')" if reasons else "null"
    return (
        f"select\n    {values},\n"
        f"    {DIGEST}, {ROW}, {_defaulted(fields)} as {DEFAULTED},\n"
        f"    cast({reason} as varchar) as {REASON}, {_row_json(fields)} as _row_json\n"
        f"from {group.relation}",
        bool(reasons),
    )


def _field(group: Group, column: ColumnContract, defaults: Defaults) -> _Field:
    named = group.files[0].by_contract_name.get(column.name)
    if named is None:
        return _Field(column, None, _default(column, defaults), None)
    reference = quoted(named[0])
    conversion: Conversion = convert(column.data_type, named[1], reference)
    value = conversion.value
    if column.name == SYNCED:
        value = f"coalesce({value}, {_default(column, defaults)})"
    return _Field(column, reference, value, conversion.failure)


def _default(column: ColumnContract, defaults: Defaults) -> str:
    if column.name == RELATION:
        return "'" + defaults.relation.replace("'", "''") + "'"
    if column.name == SYNCED:
        return f"timestamp '{defaults.synced_at.isoformat(sep=' ')}'"
    return "null"


def _defaulted(fields: Sequence[_Field]) -> str:
    synced = next((field for field in fields if field.column.name == SYNCED), None)
    if synced is None or synced.reference is None:
        return "true"
    return f"({synced.reference} is null)"


def _row_json(fields: Sequence[_Field]) -> str:
    """The row as it stood, of the columns we know: what is not in the contract is not kept."""
    pairs = ", ".join(
        f"'{field.column.name}': {field.reference}" for field in fields if field.reference
    )
    return f"cast(to_json({{{pairs}}}) as varchar)"


def _reasons(field: _Field) -> list[str]:
    column, reasons = field.column, []
    name = column.name
    if field.failure is not None:
        reasons.append(f"case when {field.failure} then '{name} is not {_words(column)}' end")
    if column.must_be_filled and field.reference is not None:
        empty = f"{field.reference} is null"
        if "varchar" in column.data_type or field.failure is not None:
            empty = f"nullif(trim(cast({field.reference} as varchar)), '') is null"
        reasons.append(f"case when {empty} then '{name} is empty' end")
    if column.minimum is not None:
        reasons.append(
            f"case when {field.value} < {column.minimum}"
            f" then '{name} is below {column.minimum}' end"
        )
    if column.above is not None:
        reasons.append(
            f"case when {field.value} <= {column.above}"
            f" then '{name} is not above {column.above}' end"
        )
    return reasons


def _words(column: ColumnContract) -> str:
    return expected(column.data_type)


def _any_bad(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute(
        f"select 1 from landing_typed where {REASON} is not null limit 1"
    ).fetchone()
    return found is not None


def _check_whole_columns(
    connection: duckdb.DuckDBPyConnection, group: Group, fields: Sequence[_Field]
) -> None:
    doubtful = [field for field in fields if field.failure is not None]
    if not doubtful or group.is_stream:
        return
    counts = ", ".join(
        f"count(nullif(trim(cast({field.reference} as varchar)), '')),"
        f" count(case when {field.failure} then 1 end)"
        for field in doubtful
    )
    rows = connection.execute(
        f"select {DIGEST}, {counts} from {group.relation} group by {DIGEST} order by {DIGEST}"
    ).fetchall()
    least = _FEW_CSV_ROWS if group.is_text else 1
    for digest, *numbers in rows:
        for field, filled, failed in zip(doubtful, numbers[::2], numbers[1::2], strict=True):
            if failed == filled and failed >= least:
                raise LandingError(
                    f"{group.name_of(digest)}: no value of the column '{field.column.name}' is"
                    f" {_words(field.column)}.",
                    remedy=f"Export it as {field.column.data_type} and land again.",
                )


def quarantine_bad_rows(
    connection: duckdb.DuckDBPyConnection, group: Group, at: datetime, has_bad_rows: bool
) -> None:
    """Write the rows of ``landing_typed`` that have a reason, and the ragged lines of CSV files."""
    source_table = group.table.source_table
    if group.rejected:
        connection.executemany(
            "insert into raw_landing.quarantine values (?, ?, ?, ?, ?, ?, ?)",
            [
                [source_table, group.name_of(line.digest), line.digest, line.row_number,
                 line.reason, line.row_json, at]
                for line in group.rejected
            ],
        )  # fmt: skip
    if has_bad_rows:
        quarantine_rows(connection, group, "landing_typed", f"{REASON} is not null", REASON, at)


def quarantine_rows(
    connection: duckdb.DuckDBPyConnection,
    group: Group,
    relation: str,
    condition: str,
    reason: str,
    at: datetime,
) -> None:
    """Write the rows of ``relation`` that meet ``condition``; ``reason`` is an SQL expression."""
    row_json = masked(connection, group.table, "_row_json")
    connection.execute(
        f"insert into raw_landing.quarantine select ?, {file_names(group)},"
        f" {DIGEST}, {ROW}, {reason}, {row_json}, ? from {relation} where {condition}",
        [group.table.source_table, at],
    )


def file_names(group: Group) -> str:
    """SQL of a file's name by its digest."""
    names = " ".join(
        "when '{}' then '{}'".format(file.digest, file.found.name.replace("'", "''"))
        for file in group.files
    )
    return f"case {DIGEST} {names} end"
