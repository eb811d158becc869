"""What a person types -> the records and customers it means.

What lives here: the forms of a name, and following ids that were retired.
What never does: a quote of what was typed, which may be an address; a guess among several scopes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.identity import reading
from orchestration.identity.door import Connection
from orchestration.identity.errors import AmbiguousIdentityError, UnknownIdentityError
from orchestration.identity.normal_forms import (
    email_for_matching,
    phone_for_matching,
    value_for_matching,
)
from orchestration.identity.records import (
    BROWSER_TABLE,
    BROWSER_TYPE,
    Identifier,
    OldId,
    name_of,
    row_id_of,
)

FORMS = (
    "Write cus_…, TYPE:VALUE, TYPE@SCOPE:VALUE, a bare e-mail, a phone such as +14155550123, "
    "or a record as relation|table|row."
)
_CUSTOMER = re.compile(r"cus_\w+")
_TYPED = re.compile(r"(?P<type>[A-Za-z_]+)(?:@(?P<scope>[^:]*))?:(?P<value>.+)", re.DOTALL)


@dataclass(frozen=True)
class Resolved:
    """What a name means: records (the earliest first) and the customers they belong to.

    ``starts`` are the records that stand for it on a path: a customer's seed, else all records.
    """

    kind: str
    records: tuple[str, ...]
    customers: tuple[str, ...]
    starts: tuple[str, ...]
    customer_id: str | None = None
    identifier: Identifier | None = None
    followed: tuple[OldId, ...] = ()

    def label(self, *, reveal: bool = False) -> str:
        """What it is in words, masked unless ``reveal``."""
        if self.identifier is not None:
            return self.identifier.label(reveal=reveal)
        return self.customer_id if self.customer_id is not None else name_of(self.records[0])

    @property
    def own_record(self) -> str | None:
        """The record that was named itself: by its key, or by its own number."""
        if self.kind == "record":
            return self.records[0]
        if self.identifier is None or not self.identifier.scope:
            return None
        return next(
            (
                node for node in self.records
                if node.split("|", 2)[0] == self.identifier.scope
                and row_id_of(node) == self.identifier.value
            ),
            None,
        )  # fmt: skip


def resolve(connection: Connection, text: str, *, place: str) -> Resolved:
    """Resolve what a person typed; ``place`` names the argument in errors.

    Raises:
        UnknownIdentityError: it has no known form, or nothing in the warehouse answers to it.
        AmbiguousIdentityError: its value is known in several shops or accounts.
    """
    text = text.strip()
    if _CUSTOMER.fullmatch(text):
        return _customer(connection, text, place)
    if text.count("|") >= 2:
        return _record(connection, text, place)
    identifier = named_identifier(connection, text, place=place)
    if identifier.type == BROWSER_TYPE:
        return _browser(connection, identifier)
    records = reading.records_showing(connection, identifier)
    if not records:
        raise UnknownIdentityError(
            f"{place} is known from browsers only; no record shows it.",
            remedy="Land the source that holds the record, or give another identifier.",
        )
    return _of_records(connection, "identifier", records, identifier)


def named_identifier(
    connection: Connection, text: str, *, place: str, must_be_known: bool = True
) -> Identifier:
    """The identifier that a text names, in the form of the warehouse.

    Raises:
        UnknownIdentityError: no such type, a value that cannot be one, or one that nothing shows.
        AmbiguousIdentityError: known in several scopes and none was given.
    """
    kind, scope, value = _parsed(connection, text.strip(), place)
    scopes = (
        reading.scopes_of_browser(connection, value)
        if kind == BROWSER_TYPE
        else reading.scopes_of(connection, kind, value)
    )
    if scope is not None and (scope in scopes or not must_be_known):
        return Identifier(kind, scope, value)
    if scope is None and len(scopes) == 1:
        return Identifier(kind, scopes[0], value)
    if scope is None and not must_be_known and kind in ("email", "phone"):
        return Identifier(kind, "", value)
    if scopes and scope is not None:
        raise UnknownIdentityError(
            f"{place} is not known in that scope, but in: {', '.join(scopes)}.",
            remedy=f"Write {kind}@{scopes[0]}:VALUE.",
        )
    if scopes:
        raise AmbiguousIdentityError(
            f"{place} is known in {len(scopes)} scopes: {', '.join(scopes)}.",
            remedy=f"Name one: {kind}@{scopes[0]}:VALUE.",
        )
    if not must_be_known:
        raise UnknownIdentityError(
            f"{place} is a {kind} that no record shows, and no scope is given.",
            remedy=f"Name the shop or account: {kind}@SCOPE:VALUE.",
        )
    raise UnknownIdentityError(
        f"{place} is a well-formed {kind.replace('_', ' ')} that no record and no browser shows.",
        remedy="Check it for typing errors; land its source if it is new.",
    )


def _parsed(connection: Connection, text: str, place: str) -> tuple[str, str | None, str]:
    """Type, scope where given, and value for matching."""
    typed = _TYPED.fullmatch(text)
    if typed is None:
        email, phone = email_for_matching(text), phone_for_matching(text)
        if email is None and phone is None:
            raise UnknownIdentityError(f"{place} has no form that is known.", remedy=FORMS)
        return ("email", None, email) if email is not None else ("phone", None, phone or "")
    kind = typed["type"].lower()
    known = sorted({*reading.identifier_types(connection), BROWSER_TYPE, "email", "phone"})
    if kind not in known:
        raise UnknownIdentityError(
            f"{place} begins with no known type of identifier.",
            remedy=f"Known: {', '.join(known)}.",
        )
    value = value_for_matching(kind, typed["value"])
    if value is None:
        raise UnknownIdentityError(
            f"{place} is no valid {kind.replace('_', ' ')}.",
            remedy="A phone is written like +14155550123, an e-mail like ann@shop.example.",
        )
    return kind, typed["scope"], value


def _customer(connection: Connection, customer_id: str, place: str) -> Resolved:
    current, followed = _follow(connection, customer_id)
    records = list(reading.first_seen(connection, reading.records_of(connection, [current])))
    if not records:
        raise UnknownIdentityError(
            f"{place}: no customer has the id {customer_id}, now or in the history.",
            remedy="Look it up by an e-mail, a phone or a record instead.",
        )
    seed = reading.seeds_of(connection, [current]).get(current, records[0])
    return Resolved(
        kind="customer",
        records=tuple(records),
        customers=(current,),
        starts=(seed,),
        customer_id=current,
        followed=followed,
    )


def _follow(connection: Connection, customer_id: str) -> tuple[str, tuple[OldId, ...]]:
    """The id that stands for this one today, and the rows that lead there."""
    followed: list[OldId] = []
    visited = {customer_id}
    while not reading.records_of(connection, [customer_id]):
        open_rows = [
            row
            for row in reading.history_of(connection, [customer_id])
            if row.old_customer_id == customer_id and row.valid_to is None
            and row.customer_id is not None and row.customer_id not in visited
        ]  # fmt: skip
        if not open_rows:
            break
        followed.append(open_rows[-1])
        customer_id = open_rows[-1].customer_id or customer_id
        visited.add(customer_id)
    return customer_id, tuple(followed)


def _record(connection: Connection, node_key: str, place: str) -> Resolved:
    relation, table, row = node_key.split("|", 2)
    if table == BROWSER_TABLE:
        text = f"{BROWSER_TYPE}@{relation}:{row}"
        return _browser(connection, named_identifier(connection, text, place=place))
    if not reading.first_seen(connection, [node_key]):
        raise UnknownIdentityError(
            f"{place} is no record of an account, an order, a profile or a checkout that shows "
            "an identifier.",
            remedy="Write relation|table|row as `tributary explain identity` prints records.",
        )
    return _of_records(connection, "record", [node_key], None)


def _browser(connection: Connection, identifier: Identifier) -> Resolved:
    node_key = f"{identifier.scope}|{BROWSER_TABLE}|{identifier.value}"
    return _of_records(connection, "browser", [node_key], identifier)


def _of_records(
    connection: Connection,
    kind: str,
    records: Sequence[str],
    identifier: Identifier | None,
) -> Resolved:
    customers = reading.customers_of(connection, records)
    return Resolved(
        kind=kind,
        records=tuple(records),
        customers=tuple(sorted(set(customers.values()))),
        starts=tuple(records),
        identifier=identifier,
    )
