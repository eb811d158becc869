"""How well the identity graph found who is who, measured against a truth table.

What lives here: pairwise, cluster and coverage figures of ``identity.identity_map``, in SQL.
What never does: the truth inside a model; a change to the warehouse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from orchestration.errors import TributaryError
from orchestration.resources import warehouse_connection
from orchestration.settings import Settings


class TruthMissingError(TributaryError):
    """The truth table to score against is not there."""


@dataclass(frozen=True)
class IdentityScore:
    """Figures of one scoring: counts, and shares of 0 to 1 (None where nothing could be counted).

    Records are accounts, orders and profiles. A record without a customer counts as a cluster of
    its own, so that leaving records out costs recall. Browsers are counted apart.
    """

    records: int
    true_persons: int
    customers: int
    true_pairs: int
    predicted_pairs: int
    correct_pairs: int
    precision: float | None
    recall: float | None
    f1: float | None
    linkable_recall: float | None
    """Recall among the records that carry an identifier of the person's own."""
    sharing_recall: float | None
    """Recall among the pairs that show one same account, e-mail or phone after normalisation."""
    over_merge_rate: float | None
    """Customers that hold two true persons or more."""
    under_merge_rate: float | None
    """True persons whose records lie in two clusters or more."""
    exact_cluster_rate: float | None
    """True persons whose records are exactly one cluster."""
    order_coverage: float | None
    """Orders that have a customer."""
    known_device_rate: float | None
    """Browsers of one true person that were attached to a customer."""
    device_precision: float | None
    """Attached browsers whose customer is mostly that true person."""


def score_identity(settings: Settings, truth_dir: Path) -> IdentityScore:
    """Score the warehouse against ``truth_dir/records.parquet``.

    The file has one row per record and person: source_relation, source_table (``shopify.customer``,
    ``shopify.order``, ``klaviyo.person``, ``web.anonymous_id``), source_row_id, person_id (null for
    a record that is nobody's), and optionally is_linkable (the record carries an identifier of the
    person's own; true where absent). A browser of several persons has several rows.

    Raises:
        TruthMissingError: there is no such file.
        WarehouseBusyError: the warehouse stayed taken.
    """
    records = truth_dir / "records.parquet"
    if not records.is_file():
        raise TruthMissingError(
            f"{records} does not exist.",
            remedy="Give the truth folder that `tributary brand` wrote beside the raw tables.",
        )
    with warehouse_connection(settings, "score", read_only=True) as connection:
        connection.execute(
            "create or replace temp table truth as"
            " select source_relation, source_table,"
            " cast(source_row_id as varchar) as source_row_id,"
            " cast(person_id as varchar) as person_id,"
            " coalesce(is_linkable, true) as is_linkable"
            " from (select * from read_parquet(?)"
            " union all by name select null::boolean as is_linkable where false) as records",
            [str(records)],
        )
        connection.execute(_RESOLVED)
        sharing, found = _row(connection, _SHARING)
        return replace(score_resolved(connection), sharing_recall=_ratio(found, sharing))


_RESOLVED = """
create or replace temp table resolved as
select
    truth.source_table,
    truth.source_relation || '|' || truth.source_table || '|' || truth.source_row_id as record_key,
    truth.person_id,
    truth.is_linkable,
    identity_map.customer_id
from truth
left join identity.identity_map
    on identity_map.identifier_type = case truth.source_table
        when 'shopify.customer' then 'shopify_customer_id'
        when 'shopify.order' then 'shopify_order_id'
        when 'klaviyo.person' then 'klaviyo_profile_id'
        when 'web.anonymous_id' then 'anonymous_id'
    end
    and truth.source_relation = identity_map.identifier_scope
    and truth.source_row_id = identity_map.identifier_value
"""

# Pairs are counted by n(n-1)/2 per group; joining pairs would square the largest cluster.
_PAIRS = """
with records as (
    select person_id, is_linkable, coalesce(customer_id, record_key) as cluster_id
    from resolved where source_table <> 'web.anonymous_id' and person_id is not null
),
sizes as (
    select count(*) as n, 'true' as kind from records group by person_id
    union all select count(*), 'predicted' from records group by cluster_id
    union all select count(*), 'correct' from records group by person_id, cluster_id
    union all select count(*), 'linkable' from records where is_linkable group by person_id
    union all select count(*), 'found' from records where is_linkable
    group by person_id, cluster_id
)
select {sums} from sizes
""".format(
    sums=", ".join(
        f"coalesce(sum(n * (n - 1) // 2) filter (where kind = '{kind}'), 0)::bigint"
        for kind in ("true", "predicted", "correct", "linkable", "found")
    )
)

# A person's records are few, so pairs within one person may be joined. Placeholders show nobody.
_SHARING = """
with shown as (
    select distinct resolved.person_id, resolved.record_key,
        coalesce(resolved.customer_id, resolved.record_key) as cluster_id,
        identifiers.identifier_type, identifiers.identifier_scope, identifiers.identifier_value
    from resolved
    inner join identity.int_identity_observations as observations
        on resolved.record_key = observations.node_key
    inner join identity.int_identity_identifiers as identifiers
        using (identifier_type, identifier_scope, identifier_value)
    where resolved.source_table <> 'web.anonymous_id' and resolved.person_id is not null
        and identifiers.identifier_type in ('shopify_customer_id', 'email', 'phone')
        and identifiers.verdict <> 'placeholder'
),
pairs as (
    select distinct one.record_key, other.record_key as other_key,
        one.cluster_id = other.cluster_id as is_found
    from shown as one
    inner join shown as other
        using (person_id, identifier_type, identifier_scope, identifier_value)
    where one.record_key < other.record_key
)
select count(*), count(*) filter (where is_found) from pairs
"""

_CLUSTERS = """
with records as (
    select person_id, customer_id, coalesce(customer_id, record_key) as cluster_id
    from resolved where source_table <> 'web.anonymous_id' and person_id is not null
),
clusters as (
    select cluster_id, bool_or(customer_id is not null) as is_customer,
        count(distinct person_id) as persons
    from records group by cluster_id
),
persons as (
    select records.person_id, count(distinct records.cluster_id) as clusters,
        max(clusters.persons) as persons_beside
    from records inner join clusters on records.cluster_id = clusters.cluster_id
    group by records.person_id
)
select
    (select count(*) from records),
    (select count(*) from persons),
    (select count(*) from clusters where is_customer),
    (select count(*) from clusters where persons > 1),
    (select count(*) from persons where clusters > 1),
    (select count(*) from persons where clusters = 1 and persons_beside = 1)
"""

_COVERAGE = """
with orders as (
    select distinct record_key, customer_id from resolved where source_table = 'shopify.order'
),
devices as (
    select record_key, min(person_id) as person_id, min(customer_id) as customer_id
    from resolved where source_table = 'web.anonymous_id' and person_id is not null
    group by record_key having count(distinct person_id) = 1
),
owners as (
    select customer_id, person_id, row_number() over (
        partition by customer_id order by count(*) desc, person_id
    ) as place
    from resolved
    where source_table <> 'web.anonymous_id' and person_id is not null and customer_id is not null
    group by customer_id, person_id
)
select
    (select count(*) from orders),
    (select count(*) from orders where customer_id is not null),
    (select count(*) from devices),
    (select count(*) from devices where customer_id is not null),
    (
        select count(*) from devices inner join owners
            on devices.customer_id = owners.customer_id and devices.person_id = owners.person_id
        where owners.place = 1
    )
"""


def score_resolved(connection: duckdb.DuckDBPyConnection) -> IdentityScore:
    """Score the temporary table ``resolved``; what records show is not in it: no sharing_recall.

    Its columns: source_table, record_key, person_id, is_linkable, customer_id.
    """
    true, predicted, correct, linkable, found = _row(connection, _PAIRS)
    records, persons, customers, merged, split, exact = _row(connection, _CLUSTERS)
    orders, covered, devices, known, right = _row(connection, _COVERAGE)
    return IdentityScore(
        records=records,
        true_persons=persons,
        customers=customers,
        true_pairs=true,
        predicted_pairs=predicted,
        correct_pairs=correct,
        precision=_ratio(correct, predicted),
        recall=_ratio(correct, true),
        f1=_ratio(2 * correct, predicted + true),
        linkable_recall=_ratio(found, linkable),
        sharing_recall=None,
        over_merge_rate=_ratio(merged, customers),
        under_merge_rate=_ratio(split, persons),
        exact_cluster_rate=_ratio(exact, persons),
        order_coverage=_ratio(covered, orders),
        known_device_rate=_ratio(known, devices),
        device_precision=_ratio(right, known),
    )


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    return tuple(int(value) for value in connection.execute(query).fetchall()[0])


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
