"""Link, unlink and block: what a person decided, turned into instructions for the ledger.

What lives here: which records an instruction names, and when it would do nothing.
What never does: a change to the warehouse (the next build reads the ledger), a rule of identity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestration.identity import reading
from orchestration.identity.door import identity_tables
from orchestration.identity.errors import InstructionRefusedError
from orchestration.identity.records import Identifier, name_of
from orchestration.identity.resolve import Resolved, named_identifier, resolve
from orchestration.ledger import Ledger, open_ledger
from orchestration.settings import Settings

MOST_INSTRUCTIONS = 100
WHEN = "Takes effect with the next `tributary run`."
_PAGE = 10_000
_ADDRESS = re.compile(r"\S@\S|[+]\d{7,}")
Pair = tuple[str, str]
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Signed:
    """Why, and who says so; both are shown to whoever reads the guard log."""

    reason: str
    actor: str

    def checked(self) -> Signed:
        """Itself, if it may be published.

        Raises:
            InstructionRefusedError: reason or actor is empty or holds an address.
        """
        for name, text in (("reason", self.reason), ("actor", self.actor)):
            if not text.strip():
                raise InstructionRefusedError(
                    f"The {name} is empty.", remedy=f"Give --{name} in a few words."
                )
            if _ADDRESS.search(text):
                raise InstructionRefusedError(
                    f"The {name} holds an e-mail address or a phone, and is published.",
                    remedy="Say it without the address, for example with a ticket's number.",
                )
        return self


@dataclass(frozen=True)
class Outcome:
    """What was recorded, in words and as the ledger has it; nothing where nothing was to do."""

    message: str
    instructions: tuple[Mapping[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"message": self.message, "instructions": [dict(one) for one in self.instructions]}


def link(settings: Settings, left: str, right: str, signed: Signed, *, now: Clock) -> Outcome:
    """Make two names one customer.

    Names one record of each side. Takes back every unlink that stands between records of both,
    because the newest instruction of a pair holds.

    Raises:
        InstructionRefusedError: a name is a browser's, nobody's, or several customers'.
        UnknownIdentityError, AmbiguousIdentityError: see ``resolve``.
    """
    signed.checked()
    first, second = _both(settings, left, right)
    pair = _one_record(first, "The first name"), _one_record(second, "The second name")
    if pair[0] == pair[1]:
        return Outcome("One record shows both names: there is nothing to link.")
    with open_ledger(settings, now=now) as ledger:
        taken_back = _standing_pairs(ledger, "unlink", first.records, second.records)
        common = set(first.customers) & set(second.customers)
        if common and not taken_back:
            return Outcome(f"They are one customer already: {min(common)}.")
        return _record_pairs(ledger, "link", [pair, *taken_back], signed)


def unlink(settings: Settings, left: str, right: str, signed: Signed, *, now: Clock) -> Outcome:
    """Take the first name's records away from the customer that holds the second.

    An account, order or profile leaves alone; of an e-mail or phone, every record that shows it.

    Raises:
        InstructionRefusedError: they are not one customer, the first name is a whole customer or a
            browser, more than ``MOST_INSTRUCTIONS`` records show it, or nothing is left to stay.
        UnknownIdentityError, AmbiguousIdentityError: see ``resolve``.
    """
    signed.checked()
    with identity_tables(settings, "identity") as connection:
        first = resolve(connection, left, place="The first name")
        second = resolve(connection, right, place="The second name")
        owners = reading.customers_of(connection, {*first.records, *second.records})
    common = set(first.customers) & set(second.customers)
    leaving = [node for node in _leaving(first) if not common or owners.get(node) in common]
    with open_ledger(settings, now=now) as ledger:
        if common:
            stays = _staying(second, leaving, owners, common)
            pairs = [(node, stays) for node in leaving]
        else:
            # A link that was ordered since the build is taken back; else there is nothing to undo.
            pairs = _standing_pairs(ledger, "link", first.records, second.records)
        _check_count(len(pairs))
        return _record_pairs(ledger, "unlink", pairs, signed)


def block(
    settings: Settings, text: str, signed: Signed, *, lift: bool, force: bool, now: Clock
) -> Outcome:
    """Keep an identifier from joining records, or lift that; ``force`` allows one not seen yet.

    Raises:
        InstructionRefusedError: it is to be lifted, and no block stands.
        UnknownIdentityError, AmbiguousIdentityError: see ``named_identifier``.
    """
    signed.checked()
    kind = "unblock" if lift else "block"
    with identity_tables(settings, "identity") as connection:
        identifier = named_identifier(
            connection, text, place="The identifier", must_be_known=not force
        )
    with open_ledger(settings, now=now) as ledger:
        standing = _standing_block(ledger, identifier)
        if standing == kind:
            return Outcome(f"That stands already: {kind} {identifier.label()}.")
        if lift and standing is None:
            raise InstructionRefusedError(
                f"No block by hand stands on {identifier.label()}.",
                remedy="What the block list stops is in seeds/identity_blocklist.csv.",
            )
        sequence = ledger.record_identity_instruction(
            kind,
            identifier_type=identifier.type,
            identifier_scope=identifier.scope,
            identifier_value=identifier.value,
            reason=signed.reason,
            actor=signed.actor,
        )
    done = {"sequence": sequence, "kind": kind, "identifier": identifier.as_json()}
    return Outcome(f"Recorded: {kind} {identifier.label()}. {WHEN}", (done,))


def _both(settings: Settings, left: str, right: str) -> tuple[Resolved, Resolved]:
    with identity_tables(settings, "identity") as connection:
        return (
            resolve(connection, left, place="The first name"),
            resolve(connection, right, place="The second name"),
        )


def _one_record(name: Resolved, place: str) -> str:
    """The record that stands for a name in a link."""
    _refuse_browser(name, place)
    if not name.customers:
        raise InstructionRefusedError(
            f"{place} belongs to no customer: none of its identifiers may join records.",
            remedy="`tributary explain identity` shows why.",
        )
    if name.own_record is not None:
        return name.own_record
    if len(name.customers) > 1:
        raise InstructionRefusedError(
            f"{place} is shown by {len(name.customers)} customers.",
            remedy="Name one of them, or one record: `tributary explain identity` lists them.",
        )
    return name.starts[0]


def _leaving(name: Resolved) -> list[str]:
    _refuse_browser(name, "The first name")
    if name.kind == "customer":
        raise InstructionRefusedError(
            "The first name is a whole customer, so nothing would be left to leave.",
            remedy="Name the record, e-mail or phone that is somebody else's.",
        )
    return [name.own_record] if name.own_record is not None else list(name.records)


def _staying(
    name: Resolved, leaving: Sequence[str], owners: Mapping[str, str], common: set[str]
) -> str:
    """The record of the second name that what leaves is told apart from."""
    _refuse_browser(name, "The second name")
    own = name.own_record
    choices = [own] if own is not None else [*name.starts, *name.records]
    stays = [node for node in choices if node not in leaving and owners.get(node) in common]
    if not stays:
        raise InstructionRefusedError(
            "Every record of the second name would leave with the first.",
            remedy="Name a record that stays: `tributary explain identity` lists them.",
        )
    return stays[0]


def _check_count(count: int) -> None:
    if not count:
        raise InstructionRefusedError(
            "They are not one customer.",
            remedy="`tributary explain identity` shows what keeps them apart.",
        )
    if count > MOST_INSTRUCTIONS:
        raise InstructionRefusedError(
            f"{count:,} records would leave, more than {MOST_INSTRUCTIONS}.",
            remedy="Block the identifier instead, or unlink single records.",
        )


def _refuse_browser(name: Resolved, place: str) -> None:
    if name.kind == "browser":
        raise InstructionRefusedError(
            f"{place} is a browser, which is no record of a person.",
            remedy="Name a record, or block the browser: tributary identity block.",
        )


def _record_pairs(
    ledger: Ledger, kind: str, pairs: Sequence[Pair], signed: Signed
) -> Outcome:
    """One instruction per pair of records, each pair once."""
    each = list({frozenset(pair): pair for pair in reversed(pairs)}.values())[::-1]
    done = [
        {
            "sequence": ledger.record_identity_instruction(
                kind,
                left_node_key=left,
                right_node_key=right,
                reason=signed.reason,
                actor=signed.actor,
            ),
            "kind": kind,
            "left_node_key": left,
            "right_node_key": right,
        }
        for left, right in each
    ]
    more = f", and {len(each) - 1} more" if len(each) > 1 else ""
    names = " and ".join(map(name_of, each[0]))
    return Outcome(f"Recorded: {kind} {names}{more}. {WHEN}", tuple(done))


def _standing_pairs(
    ledger: Ledger, kind: str, left: Sequence[str], right: Sequence[str]
) -> list[Pair]:
    """Pairs of records of both names whose newest instruction is of this kind."""
    ours, theirs = set(left), set(right)
    newest: dict[frozenset[str], tuple[str, Pair]] = {}
    for row in _instructions(ledger):
        pair = (row["left_node_key"], row["right_node_key"])
        if (pair[0] in ours and pair[1] in theirs) or (pair[0] in theirs and pair[1] in ours):
            newest[frozenset(pair)] = (row["kind"], pair)
    return [pair for newest_kind, pair in newest.values() if newest_kind == kind]


def _standing_block(ledger: Ledger, identifier: Identifier) -> str | None:
    """block or unblock, whichever was ordered last; None where neither was."""
    standing = None
    wanted = (identifier.type, identifier.scope, identifier.value)
    for row in _instructions(ledger):
        if (row["identifier_type"], row["identifier_scope"], row["identifier_value"]) == wanted:
            standing = str(row["kind"])
    return standing


def _instructions(ledger: Ledger) -> Iterator[dict[str, Any]]:
    """Every instruction, the oldest first."""
    sequence = 0
    while rows := ledger.rows_since("identity_instruction", sequence, _PAGE):
        yield from rows
        sequence = rows[-1]["sequence"]
