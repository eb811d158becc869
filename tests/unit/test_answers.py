"""What commands answer: counts add up, hints are commands that exist."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from rich.table import Table

from orchestration import answers
from orchestration.activation.connected import Skipped
from orchestration.activation.deliver import DeliveryReport, PlanDelivery
from orchestration.landing import LandingReport, TableReport
from orchestration.ledger import SealedPlan
from orchestration.margin.findings import FindingCount
from orchestration.project import BuildResult, NodeResult
from orchestration.publish import PublishReport
from orchestration.run import RunReport, Status, Step

TODAY = date(2026, 11, 2)
PLAN = SealedPlan(
    plan_hash="abcdef0123456789" * 4, destination="klaviyo", object="list/vip",
    model="sync_klaviyo__list_vip", kind="membership", purpose="marketing", seal_json="{}",
    state="open", reason=None, delivered_version=0, desired_count=3, delivered_count=1,
    add_count=2, update_count=0, remove_count=0, held_back_count=0,
    planned_at=datetime(2026, 11, 1, tzinfo=UTC),
)  # fmt: skip
SENT = PlanDelivery(
    PLAN.plan_hash, "klaviyo", "list/vip", "done", None,
    {("add", "accepted"): 2, ("add", "accepted_unverified"): 1, ("add", "rejected"): 4}, 0,
)  # fmt: skip


def texts(answer: answers.Answer) -> list[str]:
    return [line for line in answer.lines if isinstance(line, str)]


def test_landing_shows_tables_with_news_and_reasons_of_the_quarantine() -> None:
    report = LandingReport(
        (
            TableReport("shopify.order", read=5, landed=3, updated=1, quarantined=1,
                        reasons={"negative quantity": 1}),
            TableReport("shopify.refund"),
        )
    )  # fmt: skip
    answer = answers.landing([report])
    assert answer.value["landed"] == 4
    assert answer.value["quarantined"] == 1
    shown = answer.lines[0]
    assert isinstance(shown, Table)
    assert shown.row_count == 1
    assert "shopify.order: 1 rows in quarantine, negative quantity" in texts(answer)


def test_open_and_halted_plans_say_how_to_approve_them() -> None:
    answer = answers.plans([PLAN, replace(PLAN, state="halted"), replace(PLAN, state="done")])
    assert texts(answer) == [
        "Approve with: tributary approve abcdef012345",
        "Halted; after a look: tributary approve abcdef012345 --reason '…'",
    ]
    assert answer.value["plans"][0]["add"] == 2


def test_a_delivery_counts_receipts_by_verdict() -> None:
    (delivery,) = answers.delivery(DeliveryReport((SENT,), ())).value["deliveries"]
    assert (delivery["accepted"], delivery["rejected"], delivery["waiting"]) == (3, 4, 0)
    assert texts(answers.delivery(None)) == ["Nothing was sent."]


def test_a_build_lists_its_failures() -> None:
    nodes = (
        NodeResult("fct_orders", "model", "commerce", "passed", 1.5),
        NodeResult("not_null", "test", "tests", "failed", 0.1, "Got 3 results"),
    )
    value = answers.build(BuildResult(nodes, 2.0)).value
    assert value["failures"] == [
        {"node": "not_null", "layer": "tests", "message": "Got 3 results"}
    ]
    assert value["counts"] == {"model": {"passed": 1}, "test": {"failed": 1}}


def test_a_run_gives_exit_code_and_seconds() -> None:
    report = RunReport(steps=[Step("land", 1.0), Step("build", 2.0)], waiting=("hash",))
    value = answers.run(report).value
    assert value["exit_code"] == 2
    assert value["steps"] == {"land": 1.0, "build": 2.0}


def test_status_shows_what_stands_at_each_destination() -> None:
    now = Status("0123", (PLAN,), {("klaviyo", "list/vip"): 7})
    value = answers.status(now, TODAY).value
    assert value["findings"] == []
    assert value["build_id"] == "0123"
    assert value["delivered"] == [{"destination": "klaviyo", "object": "list/vip", "rows": 7}]


def test_status_counts_findings_with_what_is_at_stake() -> None:
    found = (
        FindingCount("overlapping_rate", 2, None, "Two rates hold."),
        FindingCount("refund_above_line", 1, Decimal("11.0000"), "More was refunded."),
    )
    answer = answers.status(Status("0123", (), {}, found), TODAY)
    assert answer.value["findings"] == [
        {"finding": "overlapping_rate", "count": 2, "amount": None},
        {"finding": "refund_above_line", "count": 1, "amount": "11.0000"},
    ]
    shown = next(
        line for line in answer.lines if isinstance(line, Table) and "Findings" in str(line.title)
    )
    assert shown.row_count == 2


def test_publication_shows_what_the_ledger_learned() -> None:
    report = PublishReport(
        build_id="b1", folder=Path("b1"), is_new=True, table_rows={"customer.dim_customers": 9},
        new_customer_id_count=1_200, new_anchor_count=4, new_change_count=3,
        new_suppression_count=2,
    )  # fmt: skip
    answer = answers.publication(report)
    assert {name: answer.value[name] for name in answer.value if name.startswith("new_")} == {
        "new_customer_ids": 1_200,
        "new_anchors": 4,
        "new_merges_and_splits": 3,
        "new_suppressions": 2,
    }
    (line,) = texts(answer)
    assert "1,200 new customer ids with 4 new anchors, 3 new merges and splits" in line


def test_what_is_skipped_is_said_once_per_destination_and_reason() -> None:
    skips = [
        Skipped("mailbird", "list/vip", "no TRIBUTARY_MAILBIRD_SECRET is set"),
        Skipped("mailbird", "profiles", "no TRIBUTARY_MAILBIRD_SECRET is set"),
        Skipped("radio", "spots", "the settings know no such destination"),
    ]
    line = "Skipped: list/vip, profiles at mailbird; no TRIBUTARY_MAILBIRD_SECRET is set."
    for answer in (
        answers.status(Status("0123", (), {}, (), tuple(skips)), TODAY),
        answers.run(RunReport(skipped=tuple(skips))),
        answers.planning([], skips),
    ):
        assert [one["object"] for one in answer.value["skipped"]] == [
            "list/vip",
            "profiles",
            "spots",
        ]
        assert line in answer.lines
