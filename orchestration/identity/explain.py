"""Why records are one customer, and what keeps others apart.

What lives here: gathering the evidence about one or two names into values.
What never does: statements (reading.py), text for people (report.py), a decision.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256

from orchestration.identity import reading
from orchestration.identity.door import Connection, identity_tables
from orchestration.identity.evidence import (
    Apart,
    Component,
    Explanation,
    Shared,
    Stopped,
    Summary,
    Together,
)
from orchestration.identity.near import nearest_miss
from orchestration.identity.paths import strongest_path
from orchestration.identity.records import (
    BROWSER_TYPE,
    Edge,
    Identifier,
    OldId,
    Sighting,
    Stop,
    row_id_of,
)
from orchestration.identity.resolve import Resolved, resolve
from orchestration.settings import Settings


@dataclass(frozen=True)
class _Side:
    """One name with every record of its customers."""

    nodes: frozenset[str]
    sightings: tuple[Sighting, ...]

    def by_identifier(self) -> dict[Identifier, list[Sighting]]:
        found: dict[Identifier, list[Sighting]] = {}
        for sighting in self.sightings:
            found.setdefault(sighting.identifier, []).append(sighting)
        return found


def explain_identity(settings: Settings, left: str, right: str | None) -> Explanation:
    """Explain one name, or two.

    Raises:
        UnknownIdentityError, AmbiguousIdentityError: see ``resolve``.
        IdentityMissingError, WarehouseBusyError: see ``identity_tables``.
    """
    with identity_tables(settings, "explain") as connection:
        first = resolve(connection, left, place="The first name")
        if right is None:
            return _summary(connection, first)
        second = resolve(connection, right, place="The second name")
        is_one_record = bool(set(first.starts) & set(second.starts))
        common = sorted(set(first.customers) & set(second.customers))
        if common or is_one_record:
            return _together(connection, first, second, common)
        return _apart(connection, first, second)


def _summary(connection: Connection, what: Resolved) -> Summary:
    component = _component(connection, [what])
    nodes = list(component.first_seen)
    sightings = tuple(reading.sightings_of(connection, nodes))
    devices = reading.devices_of(connection, what.customers)
    identifiers = {sighting.identifier for sighting in sightings}
    known = {*identifiers, *(identifier_of(one.node_key) for one in devices)}
    return Summary(
        what=what,
        component=component,
        sightings=sightings,
        devices=tuple(devices),
        history=_history(connection, what.customers),
        stops=tuple(_stops(connection, nodes, what.customers, known)),
        instructions=tuple(reading.instructions_of(connection, nodes, identifiers)),
        reviews=tuple(reading.reviews_of(connection, what.customers)),
    )


def _together(
    connection: Connection, left: Resolved, right: Resolved, common: Sequence[str]
) -> Together:
    component = _component(connection, [left, right], common)
    attached = [
        edge for what in (left, right) if what.kind == "browser"
        for edge in _browser_edges(connection, what, component)
    ]  # fmt: skip
    return Together(
        left=left,
        right=right,
        customer_id=common[0] if common else None,
        component=component,
        steps=strongest_path([*component.edges, *attached], left.starts, right.starts),
    )


def _browser_edges(
    connection: Connection, browser: Resolved, component: Component
) -> list[Edge]:
    """From a browser to the records of its customer that show what was given in it."""
    node = browser.records[0]
    devices = {one.node_key: one for one in reading.devices_of(connection, browser.customers)}
    given = {sighting.identifier for sighting in reading.sightings_of(connection, [node])}
    return [
        Edge(
            left_node=node,
            right_node=sighting.node_key,
            rule=devices[node].rule,
            identifier=sighting.identifier,
            strength="S4",
            linked_at=devices[node].first_seen_at,
        )
        for sighting in reading.sightings_of(connection, component.first_seen)
        if sighting.identifier in given and sighting.node_key != node and node in devices
    ]


def _apart(connection: Connection, left: Resolved, right: Resolved) -> Apart:
    component = _component(connection, [left, right])
    sides = _side(connection, component, left), _side(connection, component, right)
    shared = [*_shared(*sides), *_shared_browsers(connection, *sides)]
    in_common = {one.identifier for one in shared}
    known = {*in_common, *sides[0].by_identifier(), *sides[1].by_identifier()}
    customers = {*left.customers, *right.customers}
    nodes = list(component.first_seen)
    stops = [
        stopped
        for stopped in _stops(connection, nodes, customers, known)
        if _is_between(stopped.stop, left, right, sides)
        or (stopped.identifier in in_common and not _is_within(stopped.stop))
    ]
    orders = reading.instructions_of(connection, nodes, in_common)
    names_both = [
        order for order in orders
        if order.identifier is not None
        or _across(sides[0].nodes, sides[1].nodes, order.left_node, order.right_node)
    ]  # fmt: skip
    nearest = None
    if not (shared or stops):
        nearest = nearest_miss(sides[0].by_identifier(), sides[1].by_identifier())
    return Apart(
        left=left,
        right=right,
        component=component,
        stops=tuple(stops),
        shared=tuple(shared),
        instructions=tuple(names_both),
        reviews=tuple(
            one for one in reading.reviews_of(connection, customers)
            if _across(left.customers, right.customers, one.left_customer_id,
                       one.right_customer_id)
        ),
        near=nearest,
    )  # fmt: skip


def _component(
    connection: Connection, names: Sequence[Resolved], customers: Sequence[str] = ()
) -> Component:
    ids = sorted(customers or {one for name in names for one in name.customers})
    records = {*reading.records_of(connection, ids), *(r for name in names for r in name.records)}
    return Component(
        first_seen=reading.first_seen(connection, records),
        customer_of=reading.customers_of(connection, records),
        edges=tuple(reading.edges_of(connection, ids)),
    )


def _side(connection: Connection, component: Component, name: Resolved) -> _Side:
    nodes = {
        *name.records,
        *(node for node, owner in component.customer_of.items() if owner in name.customers),
    }
    return _Side(frozenset(nodes), tuple(reading.sightings_of(connection, nodes)))


def _shared(left: _Side, right: _Side) -> list[Shared]:
    ours, theirs = left.by_identifier(), right.by_identifier()
    return [
        Shared(
            identifier=identifier,
            verdict=ours[identifier][0].verdict,
            reason=ours[identifier][0].reason,
            left_nodes=tuple(one.node_key for one in ours[identifier]),
            right_nodes=tuple(one.node_key for one in theirs[identifier]),
        )
        for identifier in sorted(set(ours) & set(theirs))
    ]


def _shared_browsers(connection: Connection, left: _Side, right: _Side) -> list[Shared]:
    """Browsers on which both sides made themselves known."""
    ours, theirs = left.by_identifier(), right.by_identifier()
    given: dict[str, list[Identifier]] = {}
    for node, identifier in reading.browsers_showing(connection, {*ours, *theirs}):
        given.setdefault(node, []).append(identifier)
    return [
        Shared(
            identifier=identifier_of(node),
            verdict="shared browser",
            reason="a visit is of whoever signed in, for as long as the rule device allows",
            left_nodes=tuple(s.node_key for one in identifiers for s in ours.get(one, ())),
            right_nodes=tuple(s.node_key for one in identifiers for s in theirs.get(one, ())),
        )
        for node, identifiers in given.items()
        if any(one in ours for one in identifiers) and any(one in theirs for one in identifiers)
    ]


def _history(connection: Connection, customer_ids: Sequence[str]) -> tuple[OldId, ...]:
    """Every id that came to be one of these, also by way of another."""
    ids = set(customer_ids)
    rows = reading.history_of(connection, ids)
    while older := {row.old_customer_id for row in rows} - ids:
        ids |= older
        rows = reading.history_of(connection, ids)
    return tuple(rows)


def identifier_of(browser: str) -> Identifier:
    """A browser as an identifier."""
    return Identifier(BROWSER_TYPE, browser.split("|", 2)[0], row_id_of(browser))


def _is_between(
    stop: Stop, left: Resolved, right: Resolved, sides: tuple[_Side, _Side]
) -> bool:
    return _across(sides[0].nodes, sides[1].nodes, stop.left_node, stop.right_node) or _across(
        left.customers, right.customers, stop.left_customer_id, stop.right_customer_id
    )


def _is_within(stop: Stop) -> bool:
    """Between two records that another link joins all the same: it keeps nobody apart."""
    return stop.left_customer_id is not None and stop.left_customer_id == stop.right_customer_id


def _across(
    ours: frozenset[str] | Sequence[str],
    theirs: frozenset[str] | Sequence[str],
    one: str | None,
    other: str | None,
) -> bool:
    return (one in ours and other in theirs) or (one in theirs and other in ours)


def _stops(
    connection: Connection,
    nodes: Collection[str],
    customers: Collection[str],
    identifiers: Collection[Identifier],
) -> list[Stopped]:
    """Stops that name these; the log names an identifier by the digest of its value."""
    known = {
        (one.type, one.scope, sha256(one.value.encode()).hexdigest()): one for one in identifiers
    }
    stops = reading.stops_of(connection, nodes, customers, [digest for _, _, digest in known])
    found = [
        Stopped(
            stop,
            known.get((
                stop.identifier_type or "", stop.identifier_scope or "",
                stop.identifier_sha256 or "",
            )),
        )
        for stop in stops
    ]  # fmt: skip
    # A number may be known in another shop too: a digest alone is not enough.
    return [one for one in found if one.identifier is not None or one.stop.left_node is not None]
