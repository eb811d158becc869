"""Great Expectations at the border where raw rows come in.

What lives here: a suite per raw table generated from the raw contract, run on samples in one
process, and Data Docs as static HTML.
What never does: rules that the contract does not hold (dbt tests stand inside), an import of
Great Expectations at module level (it takes ten seconds), or values of rows in a result.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from orchestration.errors import ConfigurationError
from orchestration.landing.contract import TableContract, read_contract
from orchestration.landing.registry import SOURCES
from orchestration.landing.report import Progress, no_progress
from orchestration.landing.sampling import sample
from orchestration.resources import warehouse_connection
from orchestration.settings import Settings, exported

SAMPLE_ROWS = 20_000
_MOST_EXPECTATIONS = 6
# Counts, never values: Data Docs are no place for personal data.
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}

# The module sets its own level when it is imported.
ANNOUNCER = "great_expectations.data_context.types.base"


@dataclass(frozen=True)
class TableVerdict:
    """One raw table at the border."""

    source: str
    table: str
    rows_checked: int
    passed: int
    failed: tuple[str, ...] = ()
    """Expectations that do not hold: ``expect_column_values_to_not_be_null(order_id)``."""


@dataclass(frozen=True)
class BorderReport:
    """All tables that hold rows; empty ones are not checked."""

    tables: tuple[TableVerdict, ...]
    data_docs: Path

    @property
    def is_green(self) -> bool:
        return not any(table.failed for table in self.tables)

    def as_json(self) -> dict[str, Any]:
        """Plain dicts, lists, texts and numbers."""
        tables = [asdict(table) for table in self.tables]
        return {"is_green": self.is_green, "tables": tables, "data_docs": str(self.data_docs)}


def check_landing(
    settings: Settings,
    *,
    sources: Iterable[str] = tuple(SOURCES),
    sample_rows: int = SAMPLE_ROWS,
    progress: Progress = no_progress,
) -> BorderReport:
    """Hold a deterministic sample of every raw table against the contract.

    Args:
        sample_rows: at most this many rows a table, chosen by a hash of the key.

    Raises:
        ConfigurationError: nothing was landed yet.
        WarehouseBusyError: another process holds the warehouse.
    """
    if not settings.warehouse.exists():
        raise ConfigurationError(
            f"There is no warehouse at {settings.warehouse}.", remedy="Run tributary land first."
        )
    contract = read_contract(settings.project_dir)
    tables = [table for source in sources for table in contract.of_source(source)]
    docs = settings.home / "data_docs"
    with exported(settings):
        border = _Border(docs)
        with warehouse_connection(settings, "check landing", read_only=True) as connection:
            verdicts = []
            for done, table in enumerate(tables, start=1):
                frame = sample(connection, table, sample_rows)
                if len(frame):
                    verdicts.append(border.check(table, frame))
                progress(f"checking {table.source_table}", done, len(tables))
        border.write_docs()
    return BorderReport(tuple(verdicts), docs / "index.html")


def expectations_of(table: TableContract) -> list[tuple[str, dict[str, Any]]]:
    """Three to six expectations: (class name, arguments), the most telling first."""
    chosen: list[tuple[str, dict[str, Any]]] = [
        (
            "ExpectTableColumnsToMatchSet",
            {"column_set": list(table.names), "exact_match": True},
        ),
        ("ExpectTableRowCountToBeBetween", {"min_value": 1}),
        ("ExpectCompoundColumnsToBeUnique", {"column_list": list(table.keys)}),
    ]
    for column in table.columns:
        if column.values:
            chosen.append(
                (
                    "ExpectColumnValuesToBeInSet",
                    {"column": column.name, "value_set": list(column.values)},
                )
            )
        bound = column.minimum if column.minimum is not None else column.above
        if bound is not None:
            arguments = {"column": column.name, "min_value": float(bound)}
            strict = {"strict_min": True} if column.minimum is None else {}
            chosen.append(("ExpectColumnValuesToBeBetween", {**arguments, **strict}))
    filled = [column.name for column in table.columns if column.must_be_filled]
    # Beside the relation, which landing fills, the last ones: the row's own id and its facts.
    for name in [*filled[1:], *filled[:1]]:
        chosen.append(("ExpectColumnValuesToNotBeNull", {"column": name}))
    return chosen[:_MOST_EXPECTATIONS]


class _Border:
    """One context for all suites, kept in memory; only Data Docs reach the disk."""

    def __init__(self, docs: Path) -> None:
        import great_expectations as gx
        from great_expectations import expectations

        self._gx, self._expectations, self._docs = gx, expectations, docs
        # It announces its temporary folders at INFO.
        logging.getLogger(ANNOUNCER).setLevel(logging.WARNING)
        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = {"globally": False}
        self._source = self._context.data_sources.add_pandas("landing")

    def check(self, table: TableContract, frame: pd.DataFrame) -> TableVerdict:
        name = f"{table.schema}.{table.name}"
        suite = self._context.suites.add(
            self._gx.ExpectationSuite(
                name=name,
                expectations=[
                    getattr(self._expectations, kind)(**arguments)
                    for kind, arguments in expectations_of(table)
                ],
            )
        )
        batch = self._source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("all")
        validation = self._context.validation_definitions.add(
            self._gx.ValidationDefinition(name=name, data=batch, suite=suite)
        )
        outcome = validation.run(
            batch_parameters={"dataframe": frame}, result_format=_RESULT_FORMAT
        )
        failed = [result for result in outcome.results if not result.success]
        return TableVerdict(
            table.source,
            table.name,
            len(frame),
            len(outcome.results) - len(failed),
            tuple(_name(result.expectation_config) for result in failed),
        )

    def write_docs(self) -> None:
        shutil.rmtree(self._docs, ignore_errors=True)
        self._context.add_data_docs_site(
            site_name="landing",
            site_config={
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
                "store_backend": {
                    "class_name": "TupleFilesystemStoreBackend",
                    "base_directory": str(self._docs),
                },
            },
        )
        self._context.build_data_docs(site_names=["landing"])


def _name(configuration: Any) -> str:
    columns: Sequence[str] = configuration.kwargs.get("column_list") or [
        configuration.kwargs.get("column", "")
    ]
    return f"{configuration.type}({', '.join(filter(None, columns))})"
