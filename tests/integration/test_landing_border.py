"""Great Expectations over landed and registered tables, with Data Docs that hold no values."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.checks.landing_border import check_landing
from orchestration.landing import land_directory, register_tables
from tests.unit.landing.world import now, settings_at, write


def test_the_border_finds_what_breaks_the_contract_and_prints_no_value(tmp_path: Path) -> None:
    settings = settings_at(tmp_path / "home")
    write(
        tmp_path / "in" / "costs" / "exchange_rate.csv",
        "from_currency,to_currency,rate_date,rate\nEUR,USD,2026-01-01,1.1\n",
    )
    write(
        tmp_path / "in" / "privacy" / "consent_event.csv",
        "consent_event_id,identifier_type,identifier_value,purpose,channel,state,source,occurred_at\n"
        "1,email,ada@example.com,marketing,email,maybe,form,2026-01-01\n",
    )
    land_directory(settings, tmp_path / "in", now=now)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            "create schema loader; create table loader.shop as select unnest([1, 2]) as id,"
            " unnest(['USD', 'EUR']) as currency, 'secret name' as name"
        )
    register_tables(settings, {"shopify": "loader"}, now=now)
    with duckdb.connect(str(settings.warehouse)) as connection:
        # A loader that writes a row twice after it was registered.
        connection.execute("insert into loader.shop values (2, 'EUR', 'secret name')")
    report = check_landing(settings)
    failed = {(one.source, one.table): one.failed for one in report.tables}
    assert failed == {
        ("costs", "exchange_rate"): (),
        ("privacy", "consent_event"): ("expect_column_values_to_be_in_set(state)",),
        ("shopify", "shop"): ("expect_compound_columns_to_be_unique(_source_relation, id)",),
    }
    assert not report.is_green
    pages = [page.read_text(encoding="utf-8") for page in report.data_docs.parent.rglob("*.html")]
    assert len(pages) >= 7
    assert not any("ada@example.com" in page or "secret name" in page for page in pages)
