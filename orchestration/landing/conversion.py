"""How a value of a file becomes a value of the contract's type, as SQL expressions.

What lives here: one expression that converts, and one that is true where it could not.
What never does: running SQL, or guessing: dates are ISO 8601, numbers plain digits with a point.
"""

from __future__ import annotations

from dataclasses import dataclass

_FRACTION = r"(\.[0-9]+)?"
_OFFSET = r"( ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?))"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = f"[ T][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}{_FRACTION})?"
_PATTERNS = {
    "timestamp": f"{_DAY}({_TIME})?",
    "timestamp_with_offset": f"{_DAY}{_TIME}{_OFFSET}",
    "date": rf"{_DAY}([ T]00:00:00(\.0+)?( ?(Z|UTC))?)?",
    "decimal(28,10)": r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?",
    # Tools that know no null integer write 123.0.
    "bigint": r"[+-]?[0-9]+(\.0*)?",
}
_EXPECTED = {
    "timestamp": "an ISO time such as 2026-01-31T10:00:00Z",
    "date": "an ISO date such as 2026-01-31",
    "decimal(28,10)": "a number such as 1234.50",
    "bigint": "a whole number",
    "boolean": "true or false",
    "varchar": "UTF-8 text",
}
_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_WIDE_INTEGERS = {"UBIGINT", "HUGEINT", "UHUGEINT"}


@dataclass(frozen=True)
class Conversion:
    """``value`` converts; ``failure`` is true where a filled value did not; None: never fails."""

    value: str
    failure: str | None


def expected(data_type: str) -> str:
    """What a value of this type looks like, in words for people."""
    return _EXPECTED[data_type]


def convert(data_type: str, file_type: str, reference: str) -> Conversion:
    """Convert ``reference``, a column of DuckDB type ``file_type``, to the contract's type."""
    kind = _kind(file_type)
    if data_type == "varchar":
        return _to_text(kind, reference)
    if kind == "text":
        return _from_text(data_type, reference)
    if data_type == "bigint":
        return _to_whole_number(kind, reference)
    if data_type == "decimal(28,10)":
        return _checked(kind in _NUMBERS, f"try_cast({reference} as decimal(28,10))", reference)
    if data_type == "boolean":
        return _to_boolean(kind, reference)
    return _to_time(data_type, kind, reference)


_NUMBERS = ("integer", "wide_integer", "float", "decimal")


def _kind(file_type: str) -> str:
    base = file_type.split("(")[0].strip('"')
    if base in _INTEGERS:
        return "integer"
    if base in _WIDE_INTEGERS:
        return "wide_integer"
    return {
        "VARCHAR": "text",
        "ENUM": "text",
        "FLOAT": "float",
        "DOUBLE": "float",
        "DECIMAL": "decimal",
        "BOOLEAN": "boolean",
        "DATE": "date",
        "TIMESTAMP": "timestamp",
        "TIMESTAMP_S": "timestamp",
        "TIMESTAMP_MS": "timestamp",
        "TIMESTAMP_NS": "timestamp",
        "TIMESTAMP WITH TIME ZONE": "timestamptz",
        "BLOB": "bytes",
    }.get(base, "nested" if base.startswith(("STRUCT", "MAP")) or base.endswith("[]") else "other")


def _checked(is_possible: bool, value: str, reference: str) -> Conversion:
    if not is_possible:
        return Conversion("null", f"{reference} is not null")
    return Conversion(value, f"({reference} is not null and {value} is null)")


def _from_text(data_type: str, reference: str) -> Conversion:
    text = f"nullif(trim({reference}), '')"
    if data_type == "boolean":
        value = (
            f"case when lower({text}) in ('true', 't', 'yes', '1', '1.0') then true"
            f" when lower({text}) in ('false', 'f', 'no', '0', '0.0') then false end"
        )
    elif data_type == "timestamp":
        # A plain cast to timestamp reads an offset and forgets it.
        value = (
            f"case when regexp_full_match({text}, '{_PATTERNS['timestamp']}')"
            f" then try_cast({text} as timestamp)"
            f" when regexp_full_match({text}, '{_PATTERNS['timestamp_with_offset']}')"
            f" then timezone('UTC', try_cast({text} as timestamptz)) end"
        )
    else:
        value = (
            f"case when regexp_full_match({text}, '{_PATTERNS[data_type]}')"
            f" then try_cast({text} as {data_type}) end"
        )
    return Conversion(value, f"({text} is not null and ({value}) is null)")


def _to_text(kind: str, reference: str) -> Conversion:
    if kind == "text":
        return Conversion(reference, None)
    if kind == "bytes":
        return _checked(True, f"try(decode({reference}))", reference)
    if kind == "float":
        # An id that a tool kept as 123.0 is the text 123.
        return Conversion(
            f"case when {reference} = floor({reference}) and abs({reference}) < 9e15"
            f" then cast(cast({reference} as bigint) as varchar)"
            f" else cast({reference} as varchar) end",
            None,
        )
    if kind == "nested":
        return Conversion(f"cast(to_json({reference}) as varchar)", None)
    return Conversion(f"cast({reference} as varchar)", None)


def _to_whole_number(kind: str, reference: str) -> Conversion:
    if kind == "integer":
        return Conversion(f"cast({reference} as bigint)", None)
    if kind in ("float", "decimal"):
        whole = f"{reference} = floor({reference})"
        value = f"(case when {whole} then try_cast({reference} as bigint) end)"
        return _checked(True, value, reference)
    return _checked(kind == "wide_integer", f"try_cast({reference} as bigint)", reference)


def _to_boolean(kind: str, reference: str) -> Conversion:
    if kind == "boolean":
        return Conversion(reference, None)
    value = f"(case when {reference} = 1 then true when {reference} = 0 then false end)"
    return _checked(kind in _NUMBERS, value, reference)


def _to_time(data_type: str, kind: str, reference: str) -> Conversion:
    reference_utc = f"timezone('UTC', {reference})" if kind == "timestamptz" else reference
    if data_type == "timestamp":
        value = f"cast({reference_utc} as timestamp)"
        if kind in ("date", "timestamp", "timestamptz"):
            return Conversion(value, None)
        return _checked(False, value, reference)
    if kind == "date":
        return Conversion(reference, None)
    midnight = (
        f"(case when {reference_utc} = date_trunc('day', {reference_utc})"
        f" then cast({reference_utc} as date) end)"
    )
    return _checked(kind in ("timestamp", "timestamptz"), midnight, reference)
