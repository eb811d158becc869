"""The score of the golden record counts what it says.

What lives here: a warehouse and a truth of four customers, small enough to count by hand.
What never does: a build.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.proof.identity.golden import (
    FieldFigures,
    HouseholdFigures,
    golden_figures,
    golden_record,
    said,
)

# p1 has two customers; p1 and p2 are one household, p3 another. c4 is nobody whom the truth knows.
WAREHOUSE = """
create schema customer;
create schema identity;
create table customer.dim_customers as
select * from (values
    ('c1', 'h1', 'ann@x.test', '+16505550001', 'ANN', ' Lee'),
    ('c1b', 'h2', 'typo@x.test', null, 'Ann', 'Lee'),
    ('c2', 'h1', null, '+16505550002', 'Bob', 'Lee'),
    ('c3', 'h1', 'cy@x.test', null, 'Masked', 'Name'),
    ('c4', 'h4', 'who@x.test', null, null, null)
) as customers (customer_id, household_id, email, phone_number, first_name, last_name);
create table customer.customer_field_sources as
select * from (values
    ('c1', 'place', 'shopify.order'), ('c1b', 'place', 'klaviyo.person'),
    ('c2', 'place', 'shopify.order'), ('c3', 'name', 'shopify.order')
) as sources (customer_id, field, source_table);
create table identity.identity_map as
select * from (values
    ('shopify_order_id', 's', '1', 'c1'), ('shopify_order_id', 's', '2', 'c1'),
    ('shopify_customer_id', 's', '1', 'c1'), ('klaviyo_profile_id', 'm', '1', 'c1b'),
    ('shopify_order_id', 's', '3', 'c2'), ('shopify_order_id', 's', '4', 'c3'),
    ('shopify_order_id', 's', '5', 'c4')
) as map (identifier_type, identifier_scope, identifier_value, customer_id)
"""
# Of c1's three records two are p1's: p1 it is.
TRUTH = {
    "records": """
        select * from (values
            ('s', 'shopify.order', '1', 1), ('s', 'shopify.order', '2', 2),
            ('s', 'shopify.customer', '1', 1), ('m', 'klaviyo.person', '1', 1),
            ('s', 'shopify.order', '3', 2), ('s', 'shopify.order', '4', 3),
            ('s', 'shopify.order', '5', null)
        ) as records (source_relation, source_table, source_row_id, person_id)
    """,
    "persons": """
        select * from (values
            (1, 7, 'Ann@x.test', '+16505550001', 'Ann', 'Lee'),
            (2, 7, 'bob@x.test', '+16505550009', 'Bob', 'Lee'),
            (3, 9, 'cy@x.test', null, 'Cy', 'Roe')
        ) as persons (person_id, household_id, email, phone, first_name, last_name)
    """,
}


@pytest.fixture
def built(tmp_path: Path) -> tuple[Path, Path]:
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(WAREHOUSE)
        for name, query in TRUTH.items():
            connection.execute(f"copy ({query}) to '{tmp_path / name}.parquet'")
    return warehouse, tmp_path


def test_values_are_held_against_the_person_most_records_belong_to(
    built: tuple[Path, Path],
) -> None:
    figures = golden_figures(*built)
    assert (figures.customers, figures.known_customers) == (5, 4)
    assert figures.fields == {
        "email": FieldFigures(customers=4, held=3, right=2),
        "phone_number": FieldFigures(customers=3, held=2, right=1),
        "name": FieldFigures(customers=4, held=4, right=3),
    }


def test_households_are_held_against_pairs_of_customers(built: tuple[Path, Path]) -> None:
    # True pairs: c1-c1b, c1-c2, c1b-c2. Predicted: c1-c2, c1-c3, c2-c3. Sent an order: c1-c2.
    assert golden_figures(*built).households == HouseholdFigures(
        true_pairs=3, predicted_pairs=3, correct_pairs=1,
        shipped_true_pairs=1, shipped_correct_pairs=1,
    )  # fmt: skip


def test_the_claim_states_shares_and_never_a_value(built: tuple[Path, Path]) -> None:
    result = golden_record(lambda quick: built)(True)
    assert result.verdict == "NOTE"
    assert result.figure == said(golden_figures(*built))
    assert "email right 0.6667 of 3" in result.figure
    assert "precision 0.3333, recall 0.3333 (1.0000" in result.figure
    assert "@" not in result.figure
