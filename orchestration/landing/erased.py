"""Erased people stay erased: keyed digests tell their rows, and no landing brings them back.

What lives here: which row is theirs, in SQL over any relation with a table's columns; keeping such
rows out of a landing; taking them out of the raw tables.
What never does: an identifier in clear or a plain digest of one; deciding who is erased.

The digests are those of ``ledger/tombstones.py``. A row of a table with ``on_erasure: blank`` is
money: it is landed without whatever is personal; any other row of theirs is not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.landing.contract import (
    ColumnContract,
    RawContract,
    TableContract,
    column_list,
    quoted,
)
from orchestration.landing.readers import DIGEST
from orchestration.landing.tables import is_landed, registered_tables
from orchestration.ledger import open_ledger, tombstones
from orchestration.ledger.engine import sqlite_file
from orchestration.settings import Settings

REASON = "the person was erased"
# Digests and ids by which the ledger speaks of a person, as a tombstone holds them.
SUBJECT_TYPES = ("customer_id", "email_sha256", "phone_sha256")
SUBJECT = "subject_value"
_BLOCK_BYTES = 64
_DIGESTS = "landing_erased"


def load_erased(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Let the connection know everybody whom the ledger has a tombstone of; nobody: costs nothing.

    Raises:
        LedgerError: the ledger cannot be read, or its key is another one: nothing may be landed.
    """
    file = sqlite_file(settings.ledger_url)
    if file is not None and not file.exists():
        return
    with open_ledger(settings) as ledger, ledger.read() as reader:
        digests = tombstones.digests(reader)
        if digests:
            know(connection, tombstones.key_of(reader), digests)


def know(connection: duckdb.DuckDBPyConnection, key: bytes, digests: Iterable[str]) -> None:
    """Make the digests and their key known to the connection, for as long as it is open."""
    padded = key.ljust(_BLOCK_BYTES, b"\0")
    for name, pad in (("erased_inner", 0x36), ("erased_outer", 0x5C)):
        # Bound, not written: a statement can end up in a log.
        connection.execute(f"set variable {name} = ?::blob", [bytes(b ^ pad for b in padded)])
    # HMAC-SHA-256, as tombstones.digest computes it.
    connection.execute(
        "create or replace temp macro erased_digest(kind, shown) as"
        " sha256(getvariable('erased_outer') || unhex(sha256("
        "getvariable('erased_inner') || encode(kind || '|' || shown))))"
    )
    rows = pa.table({"digest": pa.array(sorted(set(digests)), pa.string())})
    connection.register("landing_erased_rows", rows)
    connection.execute(
        f"create or replace temp table {_DIGESTS} as select digest from landing_erased_rows"
    )
    connection.unregister("landing_erased_rows")


def is_hers(table: TableContract, values: Mapping[str, str]) -> str | None:
    """A condition that holds for rows of erased people; None where no column could tell.

    Args:
        values: column of the contract -> SQL of its value; columns that are not there are left out.
    """
    signs = [
        f"coalesce(erased_digest({sign}) in (select digest from {_DIGESTS}), false)"
        for column in table.columns
        if column.name in values
        for sign in _signs(column, f"cast({values[column.name]} as varchar)")
    ]
    return f"({' or '.join(signs)})" if signs else None


def masked(connection: duckdb.DuckDBPyConnection, table: TableContract, row_json: str) -> str:
    """SQL of a quarantined row's text: nothing of it where it is an erased person's."""
    condition = is_hers(table, own(table)) if is_anybody_known(connection) else None
    if condition is None:
        return row_json
    return f"case when {condition} then '{{}}' else {row_json} end"


def keep_erased_out(
    connection: duckdb.DuckDBPyConnection, table: TableContract, names: str, at: datetime
) -> None:
    """Take erased people out of ``landing_incoming``: their rows go to the quarantine without
    anything that stood in them, or are blanked.

    Args:
        names: SQL of the file's name by its digest.
    """
    condition = is_hers(table, own(table)) if is_anybody_known(connection) else None
    if condition is None:
        return
    connection.execute(
        "create or replace temp table landing_hers as"
        f" select {column_list(table.keys)}, {DIGEST} from landing_incoming where {condition}"
    )
    if connection.execute("select 1 from landing_hers limit 1").fetchone() is None:
        return
    same = " and ".join(f"i.{quoted(key)} = h.{quoted(key)}" for key in table.keys)
    found = f"exists (select 1 from landing_hers as h where {same})"
    if table.is_blanked:
        blanks = ", ".join(
            f"case when {found} then null else i.{quoted(name)} end as {quoted(name)}"
            for name in blanked_columns(table)
        )
        kept = f"select i.* replace ({blanks}) from landing_incoming as i"
    else:
        kept = f"select i.* from landing_incoming as i where not {found}"
        connection.execute(
            f"insert into raw_landing.quarantine select ?, {names}, {DIGEST},"
            # Numbers of lines are positive: these cannot be told which line they were.
            f" -row_number() over (partition by {DIGEST}), '{REASON}', '{{}}', ? from landing_hers",
            [table.source_table, at],
        )
    connection.execute(f"create or replace temp table landing_kept as {kept}")
    connection.execute("create or replace temp view landing_incoming as select * from landing_kept")


def keep_erased_facts_out(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The ledger's rows without those about an erased person, as the ledger forgets them: a
    statement or a suppression goes, a request stays and says of whom no longer."""
    if not is_anybody_known(connection):
        return list(rows)
    about = [_subjects_of(row) for row in rows]
    subjects = sorted({one for some in about for one in some})
    pairs = pa.table({
        "kind": pa.array([kind for kind, _ in subjects], pa.string()),
        "shown": pa.array([shown for _, shown in subjects], pa.string()),
    })
    connection.register("landing_subjects", pairs)
    hers = set(
        connection.execute(
            "select kind, shown from landing_subjects"
            f" where erased_digest(kind, shown) in (select digest from {_DIGESTS})"
        ).fetchall()
    )
    connection.unregister("landing_subjects")
    kept: list[Mapping[str, Any]] = []
    for row, some in zip(rows, about, strict=True):
        if not hers & some:
            kept.append(row)
        elif "requested_at" in row:
            kept.append({**row, "subjects_json": "[]"})
    return kept


def _subjects_of(row: Mapping[str, Any]) -> set[tuple[str, str]]:
    if SUBJECT in row:
        return {(str(row["subject_type"]), str(row[SUBJECT]))}
    return {(kind, shown) for kind, shown in json.loads(row.get("subjects_json") or "[]")}


def take_out(connection: duckdb.DuckDBPyConnection, contract: RawContract) -> dict[str, int]:
    """Delete or blank every raw row of the people whom the connection knows; rows per table.

    Tables registered from a loader are that loader's to clean.
    """
    registered = registered_tables(connection)
    counts = _facts_of_the_ledger(connection, contract)
    refused = _refused(connection, contract)
    counts |= {"landing.quarantine": refused} if refused else {}
    for table in contract.tables.values():
        condition = is_hers(table, own(table)) if is_landed(table) else None
        if condition is None or (table.schema, table.name) in registered:
            continue
        statement = f"delete from {table.relation} where {condition}"
        if table.is_blanked:
            columns = blanked_columns(table)
            blanks = ", ".join(f"{quoted(name)} = null" for name in columns)
            filled = " or ".join(f"{quoted(name)} is not null" for name in columns)
            statement = f"update {table.relation} set {blanks} where ({filled}) and {condition}"
        count = _changed(connection, statement)
        if count:
            counts[table.source_table] = count
    phones = " or ".join(
        f"coalesce(erased_digest('phone_digits', {_digits(name)})"
        f" in (select digest from {_DIGESTS}), false)"
        for name in ("phone", "phone_e164")
    )
    count = _changed(connection, f"delete from raw_landing.phone_number where {phones}")
    return counts | ({"landing.phone_number": count} if count else {})


def _refused(connection: duckdb.DuckDBPyConnection, contract: RawContract) -> int:
    """Delete their rows from the quarantine, by the columns that a row came with; how many."""
    sources = connection.execute(
        "select distinct source_table from raw_landing.quarantine order by source_table"
    ).fetchall()
    count = 0
    for (source_table,) in sources:
        table = contract.tables.get(source_table)
        # A broken line is no object, and says of nothing what it is.
        shown = "case when json_valid(row_json) then row_json end"
        values = {} if table is None else {
            name: f"json_extract_string({shown}, '$.\"{name}\"')" for name in table.names
        }  # fmt: skip
        condition = None if table is None else is_hers(table, values)
        if condition is not None:
            count += _changed(
                connection,
                f"delete from raw_landing.quarantine where source_table = '{source_table}'"
                f" and {condition}",
            )
    return count


def _facts_of_the_ledger(
    connection: duckdb.DuckDBPyConnection, contract: RawContract
) -> dict[str, int]:
    """Delete what the ledger landed about them; a statement with each of its subjects."""
    subject = contract.table("ledger.consent_event_subject")
    connection.execute(
        "create or replace temp table landing_statements as"
        f" select distinct sequence from {subject.relation} where {is_hers(subject, own(subject))}"
    )
    theirs = "sequence in (select sequence from landing_statements)"
    conditions = {contract.table("ledger.consent_event"): theirs}
    for table in contract.of_source("ledger"):
        if SUBJECT in table.names:
            conditions[table] = theirs if table is subject else f"{is_hers(table, own(table))}"
    counts = {}
    for table, condition in conditions.items():
        count = _changed(connection, f"delete from {table.relation} where {condition}")
        if count:
            counts[table.source_table] = count
    return counts


def hers_by_table(
    connection: duckdb.DuckDBPyConnection, contract: RawContract
) -> dict[TableContract, str]:
    """Tables that can hold rows of the people whom the connection knows, with the condition."""
    return {
        table: condition
        for table in contract.tables.values()
        if is_landed(table) and (condition := is_hers(table, own(table))) is not None
    }


def blanked_columns(table: TableContract) -> list[str]:
    """What is emptied in a row that stays."""
    return [column.name for column in table.columns if column.pii and not column.is_key]


def is_email(column: ColumnContract) -> bool:
    """Whether the column holds an e-mail address."""
    return column.pii == "direct" and column.name.endswith("email")


def is_phone(column: ColumnContract) -> bool:
    """Whether the column holds a phone number."""
    return (column.pii == "direct" and column.name.endswith("phone")) or bool(column.phone_regions)


def _signs(column: ColumnContract, value: str) -> list[str]:
    """Arguments of ``erased_digest`` under which a value of the column may be known."""
    if column.person is not None:
        return [f"'record', '{column.person}|' || {value}"]
    # The spellings of ``subjects_of`` in rights/person.py.
    email = f"'email_sha256', sha256(rtrim(lower(trim(nfc_normalize({value}))), '.'))"
    phone = f"'phone_digits', {_digits(value)}"
    if is_email(column):
        return [email]
    if is_phone(column):
        return [phone]
    if column.name == "identifier_value":
        plain = [f"'{kind}', {value}" for kind in SUBJECT_TYPES]
        return [email, phone, *plain, f"'record', 'shopify.customer|' || {value}"]
    if column.name == SUBJECT:
        return [f"'{kind}', {value}" for kind in SUBJECT_TYPES]
    return []


def _digits(value: str) -> str:
    return f"nullif(regexp_replace({value}, '[^0-9]', '', 'g'), '')"


def own(table: TableContract) -> dict[str, str]:
    """The values of ``is_hers`` for a relation with every column of the table."""
    return {name: quoted(name) for name in table.names}


def is_anybody_known(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether an erased person could be among what is landed."""
    found = connection.execute(
        f"select 1 from duckdb_tables() where temporary and table_name = '{_DIGESTS}'"
    ).fetchone()
    return found is not None


def _changed(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0
