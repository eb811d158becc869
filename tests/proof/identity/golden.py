"""How much of the golden record is true, and how well households are found.

What lives here: figures of a built warehouse against the brand's truth, and the claim made of them.
What never does: a build; a person's address in a figure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tests.proof.harness import Result

FIELDS = ("email", "phone_number", "name")


@dataclass(frozen=True)
class FieldFigures:
    """Customers of a known person whose person has such a value."""

    customers: int
    held: int
    """Those for whom a value survived."""
    right: int
    """Those for whom the person's own main value survived."""


@dataclass(frozen=True)
class HouseholdFigures:
    """Pairs of customers. Two customers of one person belong to one household, too."""

    true_pairs: int
    predicted_pairs: int
    correct_pairs: int
    shipped_true_pairs: int
    """True pairs of which both were sent an order: only these can be found by an address."""
    shipped_correct_pairs: int


@dataclass(frozen=True)
class GoldenFigures:
    customers: int
    known_customers: int
    """Customers most of whose records are one true person's."""
    fields: Mapping[str, FieldFigures]
    households: HouseholdFigures


def golden_figures(warehouse: Path, truth_dir: Path) -> GoldenFigures:
    """Score ``customer.dim_customers`` of a built warehouse.

    Args:
        truth_dir: holds ``persons.parquet`` and ``records.parquet``.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute(
            _COMPARED,
            {
                "persons": str(truth_dir / "persons.parquet"),
                "records": str(truth_dir / "records.parquet"),
            },
        )
        customers, known = _row(
            connection,
            "select (select count(*) from customer.dim_customers), count(*) from compared",
        )
        return GoldenFigures(
            customers=customers,
            known_customers=known,
            fields={field: _field(connection, field) for field in FIELDS},
            households=HouseholdFigures(*_row(connection, _PAIRS)),
        )


def golden_record(world: Callable[[bool], tuple[Path, Path]]) -> Callable[[bool], Result]:
    """The claim over a warehouse that ``world`` builds: it gives the file and the truth folder."""

    def measure(quick: bool) -> Result:
        figures = golden_figures(*world(quick))
        return Result(figure=said(figures), bar="stated, not held to", verdict="NOTE")

    return measure


def said(figures: GoldenFigures) -> str:
    """One line of shares; a share of nothing is a dash."""
    parts = [
        f"{field} right {_share(one.right, one.held)} of {one.held:,}"
        for field, one in figures.fields.items()
    ]
    homes = figures.households
    parts.append(
        f"households precision {_share(homes.correct_pairs, homes.predicted_pairs)},"
        f" recall {_share(homes.correct_pairs, homes.true_pairs)}"
        f" ({_share(homes.shipped_correct_pairs, homes.shipped_true_pairs)}"
        " where both were sent an order)"
    )
    return "; ".join(parts)


def _field(connection: duckdb.DuckDBPyConnection, field: str) -> FieldFigures:
    return FieldFigures(*_row(
        connection,
        f"select count(*), count({field}), count(*) filter (where {field} = true_{field})"
        f" from compared where true_{field} is not null",
    ))


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    return tuple(int(value) for value in connection.execute(query).fetchall()[0])


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else "–"


# A customer is the person to whom most of its records belong; the smaller number of equal ones.
_COMPARED = """
create temp table compared as
with
resolved as (
    select identity_map.customer_id, truth.person_id
    from read_parquet($records) as truth
    inner join identity.identity_map
        on identity_map.identifier_type = case truth.source_table
            when 'shopify.customer' then 'shopify_customer_id'
            when 'shopify.order' then 'shopify_order_id'
            when 'klaviyo.person' then 'klaviyo_profile_id'
        end
        and truth.source_relation = identity_map.identifier_scope
        and cast(truth.source_row_id as varchar) = identity_map.identifier_value
    where truth.person_id is not null
),
owners as (
    select customer_id, person_id, row_number() over (
        partition by customer_id order by count(*) desc, person_id
    ) as place
    from resolved
    group by customer_id, person_id
),
shipped as (
    select customer_id from customer.customer_field_sources
    where field = 'place' and source_table = 'shopify.order'
)
select
    customers.customer_id,
    customers.household_id,
    persons.household_id as true_household_id,
    shipped.customer_id is not null as is_shipped,
    customers.email,
    lower(trim(nfc_normalize(persons.email))) as true_email,
    customers.phone_number,
    persons.phone as true_phone_number,
    lower(nfc_normalize(trim(customers.first_name) || '|' || trim(customers.last_name))) as name,
    lower(nfc_normalize(trim(persons.first_name) || '|' || trim(persons.last_name))) as true_name
from customer.dim_customers as customers
inner join owners on customers.customer_id = owners.customer_id and owners.place = 1
inner join read_parquet($persons) as persons on owners.person_id = persons.person_id
left join shipped on customers.customer_id = shipped.customer_id
"""

# Pairs are counted by n(n-1)/2 per group, as records are.
_PAIRS = """
with sizes as (
    select 'true' as kind, count(*) as n from compared group by true_household_id
    union all
    select 'predicted', count(*) from compared group by household_id
    union all
    select 'correct', count(*) from compared group by true_household_id, household_id
    union all
    select 'shipped_true', count(*) from compared where is_shipped group by true_household_id
    union all
    select 'shipped_correct', count(*) from compared where is_shipped
    group by true_household_id, household_id
)
select {sums} from sizes
""".format(
    sums=", ".join(
        f"coalesce(sum(n * (n - 1) // 2) filter (where kind = '{kind}'), 0)::bigint"
        for kind in ("true", "predicted", "correct", "shipped_true", "shipped_correct")
    )
)
