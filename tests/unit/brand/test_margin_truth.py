"""The vectorised ledger against a bookkeeper's Decimal ledger from the raw files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from orchestration.brand import BrandSummary
from tests.hand_ledger import HandLedger, Key
from tests.unit.brand.conftest import Query


@pytest.fixture(scope="module")
def by_hand(brand: tuple[Path, BrandSummary]) -> HandLedger:
    return HandLedger(brand[0])


def _truth(query: Query, column: str) -> Counter[Key]:
    rows = query(
        f"""
        select shopify_order_id, shopify_order_line_id, cost_type, event_date, sum({column})::bigint
        from truth.order_ledger group by all having sum({column}) <> 0
        """
    )
    return Counter({(row[0], row[1], row[2], row[3]): row[4] for row in rows})


@pytest.mark.parametrize("column", ["amount_minor", "reporting_amount_minor"])
def test_every_entry_equals_the_hand_ledger_to_the_cent(
    query: Query, by_hand: HandLedger, column: str
) -> None:
    hand = by_hand.shop if column == "amount_minor" else by_hand.reporting
    expected = {key: int(amount * 100) for key, amount in hand.items() if amount}
    truth = dict(_truth(query, column))
    assert set(truth) ^ set(expected) == set()
    assert {key: (truth[key], expected[key]) for key in truth if truth[key] != expected[key]} == {}


def test_every_cost_type_occurs(query: Query) -> None:
    from orchestration.brand.margin_tables import COST_TYPES

    assert {row[0] for row in query("select distinct cost_type from truth.order_ledger")} == set(
        COST_TYPES
    )


def test_order_totals_are_sums_of_the_ledger(query: Query) -> None:
    wrong = query(
        """
        with sums as (
            select source_relation, shopify_order_id, sum(amount_minor) as cm2,
                sum(reporting_amount_minor) as reporting_cm2,
                sum(case when cost_type in ('gross_merchandise_sales', 'discount',
                    'merchandise_refund', 'cost_of_goods', 'cost_of_goods_returned')
                    then amount_minor else 0 end) as cm1
            from truth.order_ledger group by all
        )
        select count(*) from truth.order_totals left join sums
            using (source_relation, shopify_order_id)
        where cm1_minor <> coalesce(cm1, 0) or cm2_minor <> coalesce(cm2, 0)
            or reporting_cm2_minor <> coalesce(reporting_cm2, 0)
        """
    )
    assert wrong == [(0,)]


def test_both_clocks_hold_the_same_lifetime_total_and_nothing_precedes_its_order(
    query: Query,
) -> None:
    assert query("select count(*) from truth.order_ledger where event_date < cohort_date") == [(0,)]
    assert query("select count(*) from truth.order_ledger where event_date > cohort_date") != [(0,)]


def test_lines_without_any_cost_are_missing_and_not_zero(
    query: Query, by_hand: HandLedger
) -> None:
    assert by_hand.costless_lines
    assert query("select sum(missing_cost_line_count)::bigint from truth.order_totals") == [
        (len(by_hand.costless_lines),)
    ]


def test_a_cancelled_order_keeps_only_its_payment_fee(query: Query) -> None:
    kept = query(
        """
        select count(distinct ledger.shopify_order_id), sum(abs(rest)) from (
            select shopify_order_id,
                sum(case when cost_type <> 'payment_fee' then amount_minor else 0 end) as rest
            from truth.order_ledger group by all
        ) as ledger inner join shopify."order" as orders on orders.id = ledger.shopify_order_id
        where cancelled_at is not null
        """
    )
    assert kept[0][0] > 5
    assert kept[0][1] == 0
