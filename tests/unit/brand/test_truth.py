"""Truth covers every record once."""

from __future__ import annotations

import pytest

from tests.unit.brand.conftest import Query


@pytest.mark.parametrize(
    ("table", "relation", "key"),
    [
        ("shopify.customer", "_source_relation", "id"),
        ("shopify.order", "_source_relation", "id"),
        ("klaviyo.person", "_source_relation", "id"),
        ("web.anonymous_id", "_source_relation", "anonymous_id"),
    ],
)
def test_every_record_has_its_truth_and_no_truth_is_without_a_record(
    query: Query, table: str, relation: str, key: str
) -> None:
    raw = '"shopify"."order"' if table == "shopify.order" else table
    raw = "web.event" if table == "web.anonymous_id" else raw
    ours = f"select distinct {relation}, cast({key} as varchar) from {raw}"
    truth = (
        "select distinct source_relation, source_row_id from truth.records "
        f"where source_table = '{table}'"
    )
    assert query(f"({ours}) except ({truth})") == []
    assert query(f"({truth}) except ({ours})") == []


def test_what_is_nobodys_is_shared_and_not_linkable(query: Query) -> None:
    assert query(
        "select count(*) from truth.records where person_id is null "
        "and (is_linkable or not is_shared)"
    ) == [(0,)]


def test_records_of_one_customer_account_are_one_person(query: Query) -> None:
    assert query(
        'select count(*) from shopify."order" o join truth.records a on a.source_table = '
        "'shopify.customer' and a.source_row_id = o.customer_id::varchar join truth.records b on "
        "b.source_table = 'shopify.order' and b.source_row_id = o.id::varchar "
        "where a.person_id <> b.person_id"
    ) == [(0,)]


def test_orders_with_own_identifiers_are_most_of_all(query: Query) -> None:
    share = query(
        "select avg(is_linkable::int) from truth.records where source_table = 'shopify.order'"
    )[0][0]
    assert share > 0.88
