"""Who a person is, in every form that a store may hold: read from the built warehouse.

What lives here: her customer ids, her records, every spelling and digest that is hers alone.
What never does: writing; keeping any of it (the ledger does while the work lasts).

An identifier that another customer has as well (a family's phone) is not hers alone: rows are found
by her records then, and the other's stay.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Set

import duckdb
from sqlalchemy import Connection

from orchestration.activation import payloads
from orchestration.errors import TributaryError
from orchestration.landing import erased
from orchestration.landing.contract import RawContract, quoted
from orchestration.ledger import customer_ids, erasures, tombstones
from orchestration.ledger.erasures import Person
from orchestration.ledger.facts import Subject
from orchestration.resources import missing_tables

_BUILT = {
    "identity.int_identity_members": ("node_key", "customer_id", "source_table", "source_row_id"),
    "identity.int_identity_observations": ("node_key", "identifier_type", "identifier_value"),
    "identity.identity_map": ("identifier_type", "identifier_value", "customer_id"),
}
# What identity calls an id that its issuer gave, and the table whose rows carry it.
_ISSUED_ID = re.compile(r"([a-z]+)_([a-z]+)_id")
_DEVICE = ("anonymous_id", "web.anonymous_id")


class SeveralPeopleError(TributaryError):
    """The request names an address that several customers have, and nothing that is one's own."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"The request names {count} customers by an address that they share.",
            remedy="Find out whose it is and name her: tributary erase --customer-id ID.",
        )


def find_person(
    warehouse: duckdb.DuckDBPyConnection,
    ledger: Connection,
    contract: RawContract,
    key: bytes,
    subjects: Set[Subject],
) -> Person:
    """Everything that names whoever has one of the subjects.

    Args:
        key: of the tombstones: her raw rows are found as every later landing will find them.
        subjects: (customer_id | email_sha256 | phone_sha256, value), as the request named her.

    Raises:
        SeveralPeopleError: every address that is named belongs to several customers.
    """
    is_built = not missing_tables(warehouse, _BUILT)
    owners = _owners(warehouse, contract, key, subjects) if is_built else {}
    named = {value for kind, value in subjects if kind == "customer_id"}
    named |= {one for some in owners.values() if len(some) == 1 for one in some}
    if not named and any(owners.values()):
        raise SeveralPeopleError(max(map(len, owners.values())))
    ids = frozenset(customer_ids.same_people(ledger, named))
    records = _records(warehouse, ids) if is_built else frozenset()
    values, shared = _values(warehouse, ids) if is_built else (set(), set())
    # What she shares names the others as well: it is not looked for.
    plain = frozenset(
        one for one in subjects if one[0] != "customer_id" and owners.get(one, set()) <= ids
    )
    first = Person(ids, records, frozenset(), frozenset(), plain)
    for kind, value in values:
        first = _with(first, kind, {value})
    erased.know(warehouse, key, identities(first, key))
    emails, phones = _spellings(warehouse, contract, shared)
    found = _with(_with(first, "email", emails), "phone", phones)
    sent = _sent(warehouse, ids) | _delivered(ledger, found)
    return Person(
        ids, records, found.emails, found.phones, frozenset(subjects_of(found) | sent | plain)
    )


def subjects_of(person: Person) -> set[Subject]:
    """Our own digests of every spelling; landing/erased.py makes the same of a raw value."""
    return {
        *(("email_sha256", _sha(spelling)) for one in person.emails for spelling in _forms(one)),
        *(
            ("phone_sha256", _sha(form))
            for one in person.phones
            for form in (one.strip(), digits(one))
        ),
    }


def tombstones_of(person: Person) -> list[tuple[str, str]]:
    """(identifier type, value) of everything by which she must not come back."""
    return sorted({
        *(("customer_id", one) for one in person.customer_ids),
        *(("record", f"{table}|{row}") for table, row in person.records),
        *(("phone_digits", digits(one)) for one in person.phones if digits(one)),
        *((kind, value) for kind, value in person.digests if kind in tombstones.IDENTIFIER_TYPES),
        *subjects_of(person),
    })


def identities(person: Person, key: bytes) -> list[str]:
    """Keyed digests of her, as the raw rows are asked for."""
    return [tombstones.digest(key, one) for one in tombstones_of(person)]


def digits(phone: str) -> str:
    """The digits of a phone in any spelling."""
    return "".join(letter for letter in phone if letter in "0123456789")


def _with(person: Person, kind: str, values: Iterable[str]) -> Person:
    emails, phones = person.emails, person.phones
    if kind == "email":
        emails = emails | frozenset(values)
    else:
        phones = phones | frozenset(values)
    return Person(person.customer_ids, person.records, emails, phones, person.digests)


def _forms(email: str) -> set[str]:
    shown = unicodedata.normalize("NFC", email.strip()).lower()
    return {email.strip().lower(), shown, shown.rstrip(".")}


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _owners(
    warehouse: duckdb.DuckDBPyConnection, contract: RawContract, key: bytes, subjects: Set[Subject]
) -> dict[Subject, set[str]]:
    """Which customers have each address, by the raw rows that hold it in any spelling."""
    found: dict[Subject, set[str]] = {}
    for kind, value in sorted(subjects):
        if kind == "customer_id":
            continue
        phones = warehouse.execute(
            "select distinct phone from raw_landing.phone_number where sha256(phone_e164) = ?",
            [value],
        ).fetchall()
        asked = Person(
            phones=frozenset(row[0] for row in phones), digests=frozenset({(kind, value)})
        )
        erased.know(warehouse, key, identities(asked, key))
        records: set[tuple[str, str]] = set()
        for table, condition in erased.hers_by_table(warehouse, contract).items():
            for column in table.columns:
                if column.person is not None:
                    rows = warehouse.execute(
                        f"select distinct cast({quoted(column.name)} as varchar)"
                        f" from {table.relation}"
                        f" where {quoted(column.name)} is not null and {condition}"
                    ).fetchall()
                    records |= {(column.person, row[0]) for row in rows}
        found[kind, value] = _customers(warehouse, records, value)
    return found


def _customers(
    warehouse: duckdb.DuckDBPyConnection, records: Set[tuple[str, str]], digest: str
) -> set[str]:
    """Who has one of the records, or an address of that digest in identity's own form."""
    rows = warehouse.execute(
        """
        select customer_id from identity.int_identity_members
        where source_table || '|' || source_row_id in (select unnest(?))
        union
        select members.customer_id
        from identity.int_identity_observations as observed
        inner join identity.int_identity_members as members
            on observed.node_key = members.node_key
        where observed.identifier_type in ('email', 'phone')
            and sha256(observed.identifier_value) = ?
        """,
        [[f"{table}|{row}" for table, row in sorted(records)], digest],
    ).fetchall()
    return {row[0] for row in rows}


def _records(
    warehouse: duckdb.DuckDBPyConnection, ids: Collection[str]
) -> frozenset[tuple[str, str]]:
    rows = warehouse.execute(
        "select distinct source_table, source_row_id from identity.int_identity_members"
        " where customer_id in (select unnest(?))",
        [sorted(ids)],
    ).fetchall()
    issued = warehouse.execute(
        "select identifier_type, identifier_value from identity.identity_map"
        " where customer_id in (select unnest(?)) and identifier_type not in ('email', 'phone')",
        [sorted(ids)],
    ).fetchall()
    found = {(table, row) for table, row in rows}
    for kind, value in issued:
        issuer = _ISSUED_ID.fullmatch(kind)
        if kind == _DEVICE[0]:
            found.add((_DEVICE[1], value))
        elif issuer is not None:
            found.add((".".join(issuer.groups()), value))
    return frozenset(found)


def _values(
    warehouse: duckdb.DuckDBPyConnection, ids: Collection[str]
) -> tuple[set[tuple[str, str]], set[str]]:
    """(type, value) of addresses that are hers alone, and the values that she shares."""
    rows = warehouse.execute(
        """
        select
            observed.identifier_type,
            observed.identifier_value,
            bool_and(members.customer_id in (select unnest(?))) as is_hers_alone,
            bool_or(members.customer_id in (select unnest(?))) as is_hers
        from identity.int_identity_observations as observed
        inner join identity.int_identity_members as members
            on observed.node_key = members.node_key
        where observed.identifier_type in ('email', 'phone')
        group by observed.identifier_type, observed.identifier_value
        having is_hers
        """,
        [sorted(ids), sorted(ids)],
    ).fetchall()
    own = {(kind, value) for kind, value, is_alone, _ in rows if is_alone}
    return own, {value for _, value, is_alone, _ in rows if not is_alone}


def _spellings(
    warehouse: duckdb.DuckDBPyConnection, contract: RawContract, shared: Set[str]
) -> tuple[set[str], set[str]]:
    """E-mails and phones as they stand in her raw rows, without those that she shares."""
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for table, condition in erased.hers_by_table(warehouse, contract).items():
        for column in table.columns:
            if erased.is_email(column) or erased.is_phone(column):
                rows = warehouse.execute(
                    f"select distinct {quoted(column.name)} from {table.relation}"
                    f" where {quoted(column.name)} is not null and {condition}"
                ).fetchall()
                found[erased.is_email(column)].update(str(row[0]) for row in rows)
    others = {digits(one) for one in shared}
    emails = {one for one in found[True] if not _forms(one) & shared}
    return emails, {one for one in found[False] if digits(one) and not _ends(one, others)}


def _ends(phone: str, others: Set[str]) -> bool:
    """Whether a phone, written nationally perhaps, is one of the others."""
    local = digits(phone).lstrip("0")
    return any(other and (other.endswith(local) or local.endswith(other)) for other in others)


def _sent(warehouse: duckdb.DuckDBPyConnection, ids: Collection[str]) -> set[Subject]:
    """Digests in the vendors' forms, as the desired state holds them, that nobody else has."""
    columns = warehouse.execute(
        """
        select hashed.table_name, hashed.column_name
        from information_schema.columns as hashed
        inner join information_schema.columns as keyed
            on hashed.table_schema = keyed.table_schema and hashed.table_name = keyed.table_name
        where hashed.table_schema = 'activation' and keyed.column_name = 'customer_id'
            and regexp_matches(hashed.column_name, '^(email|phone)_sha256')
        """
    ).fetchall()
    found: set[Subject] = set()
    for table, column in columns:
        name = quoted(column)
        rows = warehouse.execute(
            f"select {name} from activation.{quoted(table)} where {name} is not null"
            f" group by {name} having bool_and(customer_id in (select unnest(?)))",
            [sorted(ids)],
        ).fetchall()
        kind = "email_sha256" if column.startswith("email") else "phone_sha256"
        found |= {(kind, row[0]) for row in rows}
    return found


def _delivered(ledger: Connection, person: Person) -> set[Subject]:
    """Digests of addresses in what was sent under her ids."""
    found: set[Subject] = set()
    for row in erasures.rows_of(ledger, person):
        if row["key"] in person.customer_ids:
            sent = [payloads.parse(row["payload_json"])]
            sent += [dict(one.payload) for one in payloads.load_stale(row["stale_payloads_json"])]
            for payload in sent:
                found |= payloads.subjects(str(row["key"]), payload)
    return {subject for subject in found if subject[0] != "customer_id"}
