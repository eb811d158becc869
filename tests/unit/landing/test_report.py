from __future__ import annotations

import json

from orchestration.landing.report import LandingReport, TableReport


def test_a_report_is_json_with_totals() -> None:
    export = TableReport("shopify.orders_export", read=3, landed=2, quarantined=1, is_export=True)
    table = TableReport("shopify.order", read=2, landed=1, updated=1, reasons={"id is empty": 1})
    report = LandingReport((export, table), ("notes.txt",))
    value = json.loads(json.dumps(report.as_json()))
    assert value["landed"] == 2  # the export's own lines are no raw rows
    assert value["quarantined"] == 1
    assert value["tables"][1]["reasons"] == {"id is empty": 1}


def test_a_table_that_nothing_came_for_has_an_empty_report() -> None:
    assert LandingReport(()).table("shopify.order") == TableReport("shopify.order")
