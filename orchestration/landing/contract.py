"""The raw contract: which tables and columns every source has.

What lives here: reading ``models/staging/<source>/_<source>__sources.yml`` into values.
What never does: defaults for what the YAML does not say, and any look at data.

``config.meta`` of a column: ``key``, ``required`` (must be in the file), ``not_null``, ``minimum``
(inclusive), ``above`` (exclusive), ``values`` (checked at the border, never quarantined),
``phone_region`` (columns that give the country of a phone, first non-null wins), ``pii`` (direct,
indirect), ``person`` (the table of a person's own records that the value is an id of),
``export_only`` (ours: an orders export fills it, a loader's table has no such column). Of a table:
``on_erasure: blank`` (its rows are money: an erased person's stay, without what is ``pii``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from orchestration.errors import ConfigurationError, UnknownNameError
from orchestration.landing.registry import SOURCES

RELATION = "_source_relation"
SYNCED = "_fivetran_synced"
TYPES = ("varchar", "bigint", "boolean", "timestamp", "date", "decimal(28,10)")
_META = {
    "key", "required", "not_null", "minimum", "above", "values", "phone_region", "pii",
    "export_only", "person",
}  # fmt: skip


@dataclass(frozen=True)
class ColumnContract:
    """One column of a raw table."""

    name: str
    data_type: str
    is_key: bool = False
    is_required: bool = False
    is_not_null: bool = False
    phone_regions: tuple[str, ...] | None = None
    minimum: Decimal | None = None
    above: Decimal | None = None
    values: tuple[str, ...] = ()
    pii: str | None = None
    person: str | None = None

    @property
    def must_be_filled(self) -> bool:
        """A key is never null, whether the YAML says so or not."""
        return self.is_key or self.is_not_null


@dataclass(frozen=True)
class TableContract:
    """One raw table."""

    source: str
    schema: str
    name: str
    columns: tuple[ColumnContract, ...]
    is_blanked: bool = False

    @property
    def source_table(self) -> str:
        """How records, reports and errors name the table: ``shopify.order``."""
        return f"{self.source}.{self.name}"

    @property
    def relation(self) -> str:
        """The quoted name in the warehouse."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.is_key)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> ColumnContract:
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True)
class RawContract:
    """All raw tables by ``source_table``."""

    tables: Mapping[str, TableContract]

    def table(self, source_table: str) -> TableContract:
        """
        Raises:
            UnknownNameError: the contract has no such table; the message lists those it has.
        """
        if source_table not in self.tables:
            raise UnknownNameError("raw table", source_table, list(self.tables))
        return self.tables[source_table]

    def of_source(self, source: str) -> list[TableContract]:
        return [table for table in self.tables.values() if table.source == source]

    @property
    def landed(self) -> list[TableContract]:
        """The tables that come from folders, loaders and exports."""
        return [table for table in self.tables.values() if table.source in SOURCES]


def quoted(name: str) -> str:
    """An identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def column_list(names: Iterable[str], prefix: str = "") -> str:
    """Quoted names joined by commas, each behind ``prefix`` (``r.``)."""
    return ", ".join(f"{prefix}{quoted(name)}" for name in names)


def read_contract(project_dir: Path) -> RawContract:
    """Read every sources YAML of the project.

    Raises:
        ConfigurationError: a file is missing, or holds a type or meta key that is not known.
    """
    files = sorted((project_dir / "models" / "staging").glob("*/_*__sources.yml"))
    tables: dict[str, TableContract] = {}
    for file in files:
        document = yaml.load(file.read_bytes(), Loader=_LOADER)  # noqa: S506 (a safe loader)
        for source in document["sources"]:
            for table in source["tables"]:
                contract = _table(file, source, table)
                tables[contract.source_table] = contract
    missing = set(SOURCES) - {table.source for table in tables.values()}
    if missing:
        raise ConfigurationError(
            f"No raw contract for {', '.join(sorted(missing))} under models/staging.",
            remedy="Add models/staging/<source>/_<source>__sources.yml.",
        )
    return RawContract(tables)


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _table(file: Path, source: Mapping[str, Any], table: Mapping[str, Any]) -> TableContract:
    columns = tuple(_column(file, table["name"], column) for column in table["columns"])
    is_blanked = table.get("config", {}).get("meta", {}).get("on_erasure") == "blank"
    return TableContract(source["name"], source["schema"], table["name"], columns, is_blanked)


def _column(file: Path, table: str, column: Mapping[str, Any]) -> ColumnContract:
    meta: dict[str, Any] = column.get("config", {}).get("meta", {})
    unknown = set(meta) - _META
    if unknown or column["data_type"] not in TYPES:
        raise ConfigurationError(
            f"{file.name}: column {table}.{column['name']} has "
            + (f"meta {sorted(unknown)}." if unknown else f"type {column['data_type']}."),
            remedy=f"Meta keys: {', '.join(sorted(_META))}; types: {', '.join(TYPES)}.",
        )
    return ColumnContract(
        name=column["name"],
        data_type=column["data_type"],
        is_key=bool(meta.get("key")),
        is_required=bool(meta.get("required")),
        is_not_null=bool(meta.get("not_null")),
        phone_regions=tuple(meta["phone_region"]) if "phone_region" in meta else None,
        minimum=_bound(meta.get("minimum")),
        above=_bound(meta.get("above")),
        values=tuple(str(value) for value in meta.get("values", ())),
        pii=meta.get("pii"),
        person=meta.get("person"),
    )


def _bound(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))
