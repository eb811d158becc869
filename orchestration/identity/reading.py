"""Every question that this room asks of the identity tables.

What lives here: one function per question, with its statement.
What never does: a write; a sentence for people.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from orchestration.identity.door import Connection, rows_of
from orchestration.identity.records import (
    BROWSER_TABLE,
    BROWSER_TYPE,
    Device,
    Edge,
    Identifier,
    Instruction,
    OldId,
    Review,
    Sighting,
    Stop,
)

_STOPS = """
select
    guard, rule, identifier_type, identifier_scope, identifier_sha256, left_node_key,
    right_node_key, left_customer_id, right_customer_id, reason, stopped_at
from identity.guard_log
where
    left_node_key in (select unnest($nodes)) or right_node_key in (select unnest($nodes))
    or left_customer_id in (select unnest($customers))
    or right_customer_id in (select unnest($customers))
    or identifier_sha256 in (select unnest($digests))
order by stopped_at, guard, left_node_key, right_node_key, identifier_sha256
"""
_SIGHTINGS = """
select
    observations.node_key, observations.identifier_type, observations.identifier_scope,
    observations.identifier_value, observations.strength,
    coalesce(identifiers.verdict, 'browser only'), identifiers.reason,
    observations.first_seen_at, observations.last_seen_at
from identity.int_identity_observations as observations
left join identity.int_identity_identifiers as identifiers
    on observations.identifier_type = identifiers.identifier_type
    and observations.identifier_scope = identifiers.identifier_scope
    and observations.identifier_value = identifiers.identifier_value
where
    observations.node_key in (select unnest($nodes))
    and observations.identifier_type <> 'person_name'
order by
    observations.first_seen_at, observations.node_key, observations.identifier_type,
    observations.identifier_scope, observations.identifier_value
"""
_INSTRUCTIONS = """
select
    kind, left_node_key, right_node_key, identifier_type, identifier_scope, identifier_value,
    reason, actor, recorded_at
from staging.stg_ledger__identity_instructions
where
    left_node_key in (select unnest($nodes)) or right_node_key in (select unnest($nodes))
    or identifier_type || '|' || identifier_scope || '|' || identifier_value
    in (select unnest($identifiers))
order by ledger_sequence
"""


def identifier_types(connection: Connection) -> list[str]:
    """Every type of identifier that a record shows."""
    return [row[0] for row in rows_of(
        connection,
        "select identifier_type from identity.int_identity_observations"
        " where identifier_type <> 'person_name' group by identifier_type order by 1",
    )]  # fmt: skip


def scopes_of(connection: Connection, identifier_type: str, value: str) -> list[str]:
    """Shops or accounts in which a record or a browser shows this value."""
    return [row[0] for row in rows_of(
        connection,
        "select identifier_scope from identity.int_identity_observations"
        " where identifier_type = $type and identifier_value = $value"
        " group by identifier_scope order by 1",
        type=identifier_type, value=value,
    )]  # fmt: skip


def scopes_of_browser(connection: Connection, anonymous_id: str) -> list[str]:
    """Sites on which a browser of this number made itself known."""
    return [row[0] for row in rows_of(
        connection,
        "select source_relation from identity.int_identity_observations"
        " where source_table = $table and source_row_id = $value"
        " group by source_relation order by 1",
        table=BROWSER_TABLE, value=anonymous_id,
    )]  # fmt: skip


def records_showing(connection: Connection, identifier: Identifier) -> list[str]:
    """Records, never browsers, that show the identifier; the earliest first."""
    return [row[0] for row in rows_of(
        connection,
        "select node_key from identity.int_identity_observations"
        " where identifier_type = $type and identifier_scope = $scope"
        " and identifier_value = $value and source_table <> $browser"
        " order by first_seen_at, node_key",
        type=identifier.type, scope=identifier.scope, value=identifier.value,
        browser=BROWSER_TABLE,
    )]  # fmt: skip


def first_seen(connection: Connection, nodes: Collection[str]) -> dict[str, datetime | None]:
    """When each known record was first seen, the earliest first."""
    return dict(rows_of(
        connection,
        "select node_key, min(first_seen_at) from identity.int_identity_observations"
        " where node_key in (select unnest($nodes)) group by node_key order by 2, 1",
        nodes=list(nodes),
    ))  # fmt: skip


def customers_of(connection: Connection, nodes: Collection[str]) -> dict[str, str]:
    """The customer of each record that has one; a browser's too."""
    return dict(rows_of(
        connection,
        "select node_key, customer_id from identity.int_identity_members"
        " where node_key in (select unnest($nodes))"
        " union all"
        " select identifier_scope || '|' || $table || '|' || identifier_value, customer_id"
        " from identity.identity_map where identifier_type = $type"
        " and identifier_scope || '|' || $table || '|' || identifier_value"
        " in (select unnest($nodes))",
        nodes=list(nodes), table=BROWSER_TABLE, type=BROWSER_TYPE,
    ))  # fmt: skip


def records_of(connection: Connection, customer_ids: Collection[str]) -> list[str]:
    """Every record of these customers, in the order of their keys."""
    return [row[0] for row in rows_of(
        connection,
        "select node_key from identity.int_identity_members"
        " where customer_id in (select unnest($customers)) order by node_key",
        customers=list(customer_ids),
    )]  # fmt: skip


def seeds_of(connection: Connection, customer_ids: Collection[str]) -> dict[str, str]:
    """The record whose key each customer's id was minted from."""
    return dict(rows_of(
        connection,
        "select customer_id, source_relation || '|' || source_table || '|' || source_row_id"
        " from identity.customer_seeds where customer_id in (select unnest($customers))",
        customers=list(customer_ids),
    ))  # fmt: skip


def devices_of(connection: Connection, customer_ids: Collection[str]) -> list[Device]:
    """Browsers that are these customers' alone, the earliest first."""
    return [Device(*row) for row in rows_of(
        connection,
        "select identifier_scope || '|' || $table || '|' || identifier_value, customer_id, rule,"
        " first_seen_at from identity.identity_map"
        " where identifier_type = $type and customer_id in (select unnest($customers))"
        " order by first_seen_at, identifier_scope, identifier_value",
        customers=list(customer_ids), table=BROWSER_TABLE, type=BROWSER_TYPE,
    )]  # fmt: skip


def edges_of(connection: Connection, customer_ids: Collection[str]) -> list[Edge]:
    """The links that hold these customers together."""
    rows = rows_of(
        connection,
        "select edges.left_node, edges.right_node, edges.rule, edges.identifier_type,"
        " edges.identifier_scope, edges.identifier_value, edges.strength, edges.linked_at"
        " from identity.int_identity_edges as edges"
        " inner join identity.int_identity_members as members"
        " on edges.left_node = members.node_key"
        " where members.customer_id in (select unnest($customers))"
        " order by edges.linked_at, edges.left_node, edges.right_node, edges.rule,"
        " edges.identifier_value",
        customers=list(customer_ids),
    )
    return [
        Edge(row[0], row[1], row[2], _identifier(row[3:6]), row[6] or "", row[7]) for row in rows
    ]


def browsers_showing(
    connection: Connection, identifiers: Collection[Identifier]
) -> list[tuple[str, Identifier]]:
    """Browsers in which somebody gave one of these identifiers."""
    return [(row[0], Identifier(*row[1:])) for row in rows_of(
        connection,
        "select node_key, identifier_type, identifier_scope, identifier_value"
        " from identity.int_identity_observations"
        " where source_table = $browser"
        " and identifier_type || '|' || identifier_scope || '|' || identifier_value"
        " in (select unnest($identifiers))"
        " order by node_key, identifier_type, identifier_scope, identifier_value",
        browser=BROWSER_TABLE, identifiers=_keys(identifiers),
    )]  # fmt: skip


def reviews_of(connection: Connection, customer_ids: Collection[str]) -> list[Review]:
    """Open reviews that name these customers."""
    return [Review(*row) for row in rows_of(
        connection,
        "select review_kind, left_customer_id, right_customer_id, reason,"
        " cast(match_probability as double), raised_at from identity.identity_reviews"
        " where left_customer_id in (select unnest($customers))"
        " or right_customer_id in (select unnest($customers))"
        " order by raised_at, review_kind, left_customer_id, right_customer_id",
        customers=list(customer_ids),
    )]  # fmt: skip


def sightings_of(connection: Connection, nodes: Collection[str]) -> list[Sighting]:
    """What these records and browsers show, the earliest first; never a name."""
    return [
        Sighting(row[0], Identifier(*row[1:4]), *row[4:])
        for row in rows_of(connection, _SIGHTINGS, nodes=list(nodes))
    ]


def stops_of(
    connection: Connection,
    nodes: Collection[str],
    customer_ids: Collection[str],
    digests: Collection[str],
) -> list[Stop]:
    """What guards stopped at these records, customers or identifiers."""
    rows = rows_of(
        connection,
        _STOPS,
        nodes=list(nodes), customers=list(customer_ids), digests=list(digests),
    )  # fmt: skip
    return [Stop(*row) for row in rows]


def instructions_of(
    connection: Connection, nodes: Collection[str], identifiers: Collection[Identifier]
) -> list[Instruction]:
    """Orders by hand that name these records or identifiers, the oldest first."""
    rows = rows_of(
        connection,
        _INSTRUCTIONS,
        nodes=list(nodes),
        identifiers=_keys(identifiers),
    )
    return [
        Instruction(row[0], row[1], row[2], _identifier(row[3:6]), row[6], row[7], row[8])
        for row in rows
    ]


def history_of(connection: Connection, customer_ids: Collection[str]) -> list[OldId]:
    """Rows of the history that name these ids on either side, the oldest first."""
    return [OldId(*row) for row in rows_of(
        connection,
        "select old_customer_id, customer_id, valid_from, valid_to, reason"
        " from identity.customer_id_history"
        " where old_customer_id in (select unnest($customers))"
        " or customer_id in (select unnest($customers))"
        " order by valid_from, old_customer_id",
        customers=list(customer_ids),
    )]  # fmt: skip


def _identifier(row: tuple[Any, ...]) -> Identifier | None:
    # A link by hand or by score shows no identifier: its type is then the record itself.
    is_shown = row[0] and row[2] and row[0] != "record"
    return Identifier(row[0], row[1] or "", row[2]) if is_shown else None


def _keys(identifiers: Collection[Identifier]) -> list[str]:
    return [f"{one.type}|{one.scope}|{one.value}" for one in identifiers]
