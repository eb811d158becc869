from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from orchestration.landing.conversion import convert

BAD = object()


def converted(
    memory: duckdb.DuckDBPyConnection, data_type: str, file_type: str, literal: str
) -> Any:
    """The converted value, or BAD where the conversion says that it failed."""
    conversion = convert(data_type, file_type, "given")
    row = memory.execute(
        f"select cast({conversion.value} as {data_type}), {conversion.failure or 'false'}"
        f" from (select cast({literal} as {file_type}) as given)"
    ).fetchone()
    assert row is not None
    return BAD if row[1] else row[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 31)),
        ("2026-01-31 10:00", datetime(2026, 1, 31, 10)),
        ("2026-01-31T10:00:00.5", datetime(2026, 1, 31, 10, 0, 0, 500000)),
        ("2026-01-31T10:00:00Z", datetime(2026, 1, 31, 10)),
        ("2026-01-31 10:00:00 UTC", datetime(2026, 1, 31, 10)),
        # A plain cast would read the offset and forget it.
        ("2026-01-31T10:00:00+02:00", datetime(2026, 1, 31, 8)),
        (" ", None),
        ("31/01/2026", BAD),
        ("01-31-2026", BAD),
        ("31-01-26", BAD),
        ("Jan 31 2026", BAD),
        ("2026-02-30", BAD),
        ("1769853600", BAD),
    ],
)
def test_times_are_iso_and_become_utc(
    memory: duckdb.DuckDBPyConnection, text: str, expected: object
) -> None:
    assert converted(memory, "timestamp", "VARCHAR", f"'{text}'") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1234.50", Decimal("1234.50")),
        ("-.5", Decimal("-0.5")),
        ("1e3", Decimal(1000)),
        ("", None),
        ("1,234.50", BAD),
        ("1.234,50", BAD),
        ("$5", BAD),
        ("nan", BAD),
        ("1_000", BAD),
        ("9999999999999999999999", BAD),
    ],
)
def test_amounts_are_plain_numbers(
    memory: duckdb.DuckDBPyConnection, text: str, expected: object
) -> None:
    assert converted(memory, "decimal(28,10)", "VARCHAR", f"'{text}'") == expected


@pytest.mark.parametrize(
    ("data_type", "file_type", "literal", "expected"),
    [
        ("bigint", "VARCHAR", "'123.0'", 123),
        ("bigint", "VARCHAR", "'123.5'", BAD),
        ("bigint", "DOUBLE", "123.0", 123),
        ("bigint", "DOUBLE", "123.5", BAD),
        ("bigint", "UBIGINT", "18446744073709551615", BAD),
        ("bigint", "BOOLEAN", "true", BAD),
        ("bigint", "BOOLEAN", "null", None),
        ("decimal(28,10)", "DOUBLE", "0.1", Decimal("0.1")),
        ("decimal(28,10)", "DOUBLE", "'nan'", BAD),
        ("decimal(28,10)", "DATE", "'2026-01-31'", BAD),
        ("boolean", "VARCHAR", "'TRUE'", True),
        ("boolean", "VARCHAR", "'maybe'", BAD),
        ("boolean", "INTEGER", "0", False),
        ("boolean", "INTEGER", "2", BAD),
        ("varchar", "DOUBLE", "123.0", "123"),
        ("varchar", "BLOB", r"'\xFF'", BAD),
        ("varchar", "BLOB", "'text'", "text"),
        ("varchar", "BIGINT", "5", "5"),
        ("date", "VARCHAR", "'2026-01-31'", date(2026, 1, 31)),
        ("date", "VARCHAR", "'2026-01-31 00:00:00'", date(2026, 1, 31)),
        ("date", "VARCHAR", "'2026-01-31 10:00:00'", BAD),
        ("date", "TIMESTAMP", "'2026-01-31 00:00:00'", date(2026, 1, 31)),
        ("date", "TIMESTAMP", "'2026-01-31 10:00:00'", BAD),
        ("timestamp", "DATE", "'2026-01-31'", datetime(2026, 1, 31)),
        ("timestamp", "TIMESTAMP_NS", "'2026-01-31 10:00:00'", datetime(2026, 1, 31, 10)),
        (
            "timestamp",
            "TIMESTAMP WITH TIME ZONE",
            "'2026-01-31 10:00:00+02'",
            datetime(2026, 1, 31, 8),
        ),
        ("timestamp", "BIGINT", "1", BAD),
    ],
)
def test_typed_columns_convert_without_loss_or_not_at_all(
    memory: duckdb.DuckDBPyConnection,
    data_type: str,
    file_type: str,
    literal: str,
    expected: object,
) -> None:
    assert converted(memory, data_type, file_type, literal) == expected


def test_nested_values_become_json_text(memory: duckdb.DuckDBPyConnection) -> None:
    conversion = convert("varchar", "STRUCT(a INTEGER)", "given")
    row = memory.execute(f"select {conversion.value} from (select {{'a': 1}} as given)").fetchone()
    assert row == ('{"a":1}',)
