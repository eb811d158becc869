"""An explanation in sentences and tables, for people.

What lives here: the words. Every identifier is masked unless ``reveal``.
What never does: gathering (explain.py), the picture (drawing.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.markup import escape
from rich.table import Table

from orchestration.console import table
from orchestration.identity.evidence import Apart, Explanation, Shared, Stopped, Summary, Together
from orchestration.identity.records import (
    Identifier,
    Instruction,
    OldId,
    Review,
    name_of,
    row_id_of,
    verdict_words,
)
from orchestration.identity.resolve import Resolved
from orchestration.identity.tally import identifiers_shown, records_by_kind, rules_applied

Lines = list[str | Table]
SHOWN_ROWS = 50


def as_lines(explanation: Explanation, *, reveal: bool = False) -> Lines:
    """The explanation, the answer first."""
    if isinstance(explanation, Together):
        return _together(explanation, reveal)
    if isinstance(explanation, Apart):
        return _apart(explanation, reveal)
    return _summary(explanation, reveal)


def day(at: datetime | None) -> str:
    """A date as people read it; empty where it is not known."""
    return "" if at is None else f"{at:%Y-%m-%d}"


def _together(found: Together, reveal: bool) -> Lines:
    left, right = found.left.label(reveal=reveal), found.right.label(reveal=reveal)
    if left == right:
        return [escape(f"Both names mean {left}."), *_followed(found.left, found.right)]
    if found.customer_id is None:
        return [escape(f"One record shows both {left} and {right}; it belongs to no customer.")]
    lines: Lines = [escape(f"{left} and {right} are one customer: {found.customer_id}.")]
    lines += _followed(found.left, found.right)
    if found.steps is None:
        return [*lines, "This build holds no link between them: build again, then ask again."]
    if not found.steps:
        return [*lines, "One record shows both."]
    rows = [
        (
            name_of(step.left_node),
            name_of(step.right_node),
            step.rule,
            "" if step.identifier is None else step.identifier.label(reveal=reveal),
            step.strength,
            day(step.linked_at),
            len(step.through),
        )
        for step in found.steps
    ]
    columns = ("from", "to", "rule", "both show", "strength", "since", "sightings between")
    weakest = max(step.strength for step in found.steps)
    first, last = found.steps[0].left_node, found.steps[-1].right_node
    return [
        *lines,
        table("The strongest way from one to the other", columns, rows),
        f"The weakest link is {weakest}.",
        *_undo(first, last),
    ]


def _undo(first: str, last: str) -> list[str]:
    # A browser is no record: there is nothing to take apart.
    if "browser" in name_of(first) or "browser" in name_of(last):
        return []
    return [escape(f"If they are two: tributary identity unlink '{first}' '{last}' --reason '…'")]


def _apart(found: Apart, reveal: bool) -> Lines:
    names = (found.left, found.right)
    lines: Lines = [_belonging(name, reveal) for name in names]
    lines += _followed(*names)
    lines += [
        _stop_table("What guards stopped between them", found.stops, reveal),
        _shared_table(found.shared, reveal),
        _instruction_table(found.instructions, reveal),
        _review_table(found.reviews),
    ]
    if not found.shared:
        lines.append("They have no identifier in common.")
    if found.near is not None:
        ours, theirs = (one.label(reveal=reveal) for one in found.near)
        lines.append(escape(f"Nearest miss: {ours} and {theirs} differ by one slip."))
    if all(name.customers for name in names):
        first, second = found.left.starts[0], found.right.starts[0]
        lines.append(escape(f"If they are one: tributary identity link '{first}' '{second}'"
                            " --reason '…'"))  # fmt: skip
    return lines


def _summary(found: Summary, reveal: bool) -> Lines:
    lines: Lines = [
        _belonging(found.what, reveal),
        *_followed(found.what),
        table(
            "Records",
            ("kind", "records", "first seen", "last seen"),
            [
                (one.kind, one.record_count, day(one.first_seen_at), day(one.last_seen_at))
                for one in records_by_kind(found)
            ],
        ),
        _identifier_table(found, reveal),
        table(
            "Links",
            ("rule", "strength", "links", "first", "last"),
            [
                (one.rule, one.strength, one.link_count, day(one.first_linked_at),
                 day(one.last_linked_at))
                for one in rules_applied(found.component.edges)
            ],
        ),
        table(
            "Browsers",
            ("browser", "rule", "since"),
            _first([(row_id_of(d.node_key), d.rule, day(d.first_seen_at)) for d in found.devices]),
        ),
        _history_table(found.history),
        _stop_table("What guards stopped", found.stops, reveal),
        _instruction_table(found.instructions, reveal),
        _review_table(found.reviews),
    ]  # fmt: skip
    if not found.what.customers:
        lines.append("None of its identifiers may join records, so it is nobody's.")
    return lines


def _belonging(name: Resolved, reveal: bool) -> str:
    label = name.label(reveal=reveal)
    if name.kind == "customer":
        count = len(name.records)
        return escape(f"{label} is one customer of {count:,} record{'s' if count > 1 else ''}.")
    customers = ", ".join(name.customers) or "no customer"
    if len(name.customers) > 3:
        customers = f"{len(name.customers)} customers"
    return escape(f"{label} belongs to {customers}.")


def _followed(*names: Resolved) -> list[str]:
    return [
        escape(
            f"{row.old_customer_id} became {row.customer_id} on {day(row.valid_from)}"
            f" ({row.reason})."
        )
        for name in names
        for row in name.followed
    ]


def _label(identifier: Identifier | None, reveal: bool) -> str:
    return "" if identifier is None else identifier.label(reveal=reveal)


def _stop_table(title: str, stops: Sequence[Stopped], reveal: bool) -> Table:
    rows = [
        (
            one.stop.guard,
            one.stop.rule,
            _label(one.identifier, reveal) or (one.stop.identifier_type or "").replace("_", " "),
            name_of(one.stop.left_node) if one.stop.left_node else "",
            name_of(one.stop.right_node) if one.stop.right_node else "",
            one.stop.reason,
            day(one.stop.stopped_at),
        )
        for one in stops
    ]
    columns = ("guard", "rule", "identifier", "record", "other record", "reason", "when")
    return table(title, columns, _first(rows))


def _shared_table(shared: Sequence[Shared], reveal: bool) -> Table:
    rows = [
        (
            one.identifier.label(reveal=reveal),
            verdict_words(one.verdict),
            one.reason,
            len(one.left_nodes),
            len(one.right_nodes),
        )
        for one in shared
    ]
    columns = ("both show", "what it may", "reason", "records here", "records there")
    return table("What they have in common", columns, _first(rows))


def _identifier_table(found: Summary, reveal: bool) -> Table:
    rows = [
        (
            one.identifier.label(reveal=reveal),
            one.identifier.scope,
            verdict_words(one.verdict),
            one.reason,
            one.record_count,
            day(one.first_seen_at),
            day(one.last_seen_at),
        )
        for one in identifiers_shown(found.sightings)
    ]
    columns = ("identifier", "scope", "what it may", "reason", "records", "first seen", "last seen")
    return table("Identifiers", columns, _first(rows))


def _history_table(history: Iterable[OldId]) -> Table:
    rows = [
        (row.old_customer_id, row.customer_id, day(row.valid_from), day(row.valid_to), row.reason)
        for row in history
    ]
    return table("Ids before", ("id", "stands for", "from", "until", "reason"), rows)


def _instruction_table(orders: Iterable[Instruction], reveal: bool) -> Table:
    rows = [
        (
            one.kind,
            _label(one.identifier, reveal) or name_of(one.left_node or ""),
            name_of(one.right_node) if one.right_node else "",
            one.reason,
            one.actor,
            day(one.recorded_at),
        )
        for one in orders
    ]
    return table("By hand", ("what", "of", "and", "reason", "by", "when"), rows)


def _review_table(reviews: Iterable[Review]) -> Table:
    rows = [
        (one.kind, one.left_customer_id, one.right_customer_id, one.reason,
         "" if one.probability is None else f"{one.probability:.2f}", day(one.raised_at))
        for one in reviews
    ]  # fmt: skip
    columns = ("review", "customer", "other customer", "reason", "probability", "when")
    return table("Waits for a person's eye", columns, rows)


def _first(rows: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """At most ``SHOWN_ROWS``; a last row says how many more there are (all are in the JSON)."""
    if len(rows) <= SHOWN_ROWS:
        return list(rows)
    more = (f"… and {len(rows) - SHOWN_ROWS} more", *[""] * (len(rows[0]) - 1))
    return [*rows[:SHOWN_ROWS], more]
