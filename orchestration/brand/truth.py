"""Who each record is: persons, and every record's true owner.

What lives here: ``truth.persons``, ``truth.records``, and the shop's customer accounts, which are
records too.
What never does: margin (``margin_truth.py``), consent (``consent.py``).

``truth.records`` has one row per record and person. ``person_id`` is null where a record is
nobody's: it carries nothing of a person (walk-in, support and test orders, placeholder customers).
``is_shared``: the record belongs to several persons (a family's device) or to nobody.
``is_linkable``: the record carries an identifier of the person's own that a graph may join on; not
so for marketplace orders, behind their masked address, and devices that never said who uses them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.catalogue import CURRENCIES, SHOPS
from orchestration.brand.consent import EMAIL, ERASE, SMS, Consent
from orchestration.brand.email import Profiles
from orchestration.brand.email_tables import RELATION, profile_ids
from orchestration.brand.fulfilment import NEVER
from orchestration.brand.ids import Ids
from orchestration.brand.orders import ABROAD_ACCOUNT, ACCOUNT_OF_KIND, ACCOUNTS, Heads
from orchestration.brand.persons import (
    APPLE_RELAY,
    DEVICES,
    KINDS,
    MARKETPLACE_RELAY,
    POS,
    PRIMARY,
    SECOND,
    SUPPORT,
    TYPO,
    Persons,
)
from orchestration.brand.phones import raw_phones
from orchestration.brand.visits import Sessions, device_names, identified_sessions
from orchestration.brand.writer import TRUTH, BrandWriter

_KIND_OF_ACCOUNT = np.full(ACCOUNTS, PRIMARY)
for _kind, _account in sorted(ACCOUNT_OF_KIND.items(), reverse=True):
    _KIND_OF_ACCOUNT[_account] = _kind


@dataclass(frozen=True)
class Accounts:
    """Customer accounts of a chunk's persons, sorted by person and account."""

    person: Ints
    account: Ints
    created_at: Ints
    order_count: Ints

    def own_since(self, persons: Persons) -> Ints:
        """When each person's main account began, NEVER without one."""
        since = np.full(persons.count, NEVER)
        main = self.account == 0
        since[self.person[main]] = self.created_at[main]
        return since


def make_accounts(persons: Persons, heads: Heads) -> Accounts:
    """An account per address that ordered with one, and for everybody who registered."""
    registered = np.flatnonzero(persons.is_registered)
    used = np.flatnonzero(heads.account >= 0)
    key = np.concatenate([
        heads.person[used] * ACCOUNTS + heads.account[used], registered * ACCOUNTS
    ])
    at = np.concatenate([heads.at[used], persons.arrived_at[registered] + 1_200])
    distinct, place = np.unique(key, return_inverse=True)
    created = np.full(len(distinct), NEVER)
    np.minimum.at(created, place, at)
    orders = np.bincount(place[: len(used)], minlength=len(distinct))
    return Accounts(distinct // ACCOUNTS, distinct % ACCOUNTS, created, orders)


def write_accounts(
    writer: BrandWriter, persons: Persons, accounts: Accounts, consent: Consent, ids: Ids,
    rng: np.random.Generator,
) -> None:
    """``shopify.customer``; the first chunk brings the shops' shared accounts too."""
    person, account = accounts.person, accounts.account
    count = len(person)
    shop = np.where(account == ABROAD_ACCOUNT, 1 - persons.shop[person], persons.shop[person])
    kind = _KIND_OF_ACCOUNT[account]
    kind = np.where(account == ABROAD_ACCOUNT, PRIMARY, kind)
    own = account == 0
    journal = consent.journals[EMAIL]
    state, since = np.zeros(count, np.int64), np.full(count, NEVER)
    for address in (PRIMARY, SECOND):
        of_state, of_at = journal.state_of(address)
        here = (kind == address) & (account != ABROAD_ACCOUNT)
        state, since = np.where(here, of_state[person], state), np.where(here, of_at[person], since)
    sms = consent.journals[SMS].state_of(PRIMARY), consent.journals[SMS].state_of(SECOND)
    sms_state = np.where(own, (sms[0][0] + sms[1][0])[person], 0)
    sms_since = np.minimum(sms[0][1], sms[1][1])[person]
    relayed = account == ACCOUNT_OF_KIND[MARKETPLACE_RELAY]
    style = np.where(own & (rng.random(count) < 0.45), persons.phone_style[person], -1)
    first = a.either(relayed, "TikTok", persons.first_names(person))
    last = a.either(relayed, "Shop", persons.last_names(person))
    verified = own & persons.is_registered[person] & (rng.random(count) < 0.8)
    states = ["unsubscribed", "not_subscribed", "subscribed"]
    writer.write("shopify", "customer", {
        "_source_relation": ids.shops(shop),
        "id": a.integer(ids.account(persons, person, account)),
        "email": a.lower(persons.mail_texts(person, kind)),
        "phone": raw_phones(persons, person, style),
        "first_name": first, "last_name": last,
        "state": a.pick(["disabled", "enabled"], (own & persons.is_registered[person]) * 1),
        "verified_email": a.flag(verified),
        "orders_count": a.integer(accounts.order_count),
        "created_at": a.time(accounts.created_at), "updated_at": a.time(accounts.created_at),
        "email_marketing_consent_state": a.pick(states, state + 1),
        "email_marketing_consent_opt_in_level": a.pick(
            ["single_opt_in", "confirmed_opt_in"], np.where(state > 0, person % 2, -1)),
        "email_marketing_consent_consent_updated_at": a.time(
            np.where(state != 0, since, 0), state == 0),
        "sms_marketing_consent_state": a.pick(states, sms_state + 1),
        "sms_marketing_consent_opt_in_level": a.pick(
            ["single_opt_in"], np.where(sms_state > 0, 0, -1)),
        "sms_marketing_consent_consent_updated_at": a.time(
            np.where(sms_state != 0, sms_since, 0), sms_state == 0),
        "default_address_city": persons.cities(person),
        "default_address_province_code": persons.regions(person),
        "default_address_zip": persons.zips(person),
        "default_address_country_code": persons.country_codes(person),
        "note": a.none(count),
        "currency": a.pick(CURRENCIES, shop),
        "_fivetran_deleted": a.flag(np.zeros(count, bool)),
    })
    if ids.chunk == 0:
        _write_shared_accounts(writer, persons, ids)


def _write_shared_accounts(writer: BrandWriter, persons: Persons, ids: Ids) -> None:
    shop = np.array([0, 1, 0, 1])
    account = np.array([-2, -2, -3, -3])
    nobody = np.zeros(4, np.int64)
    number = ids.account(persons, nobody, account, shop)
    is_pos = account == -2
    mail = persons.mail_texts(nobody, np.where(is_pos, KINDS + POS, KINDS + SUPPORT))
    made = a.time(np.full(4, persons.arrived_at.min()))
    words = {"email": mail, "phone": a.none(4),
             "first_name": a.plain(a.pick(["Store", "Support"], (~is_pos) * 1)),
             "last_name": a.plain(a.pick(["Walk-in", "Aurora"], (~is_pos) * 1))}
    empty = a.pick([""], np.full(4, -1))
    writer.write("shopify", "customer", {
        "_source_relation": ids.shops(shop), "id": a.integer(number), **words,
        "state": a.pick(["disabled"], nobody), "verified_email": a.flag(np.zeros(4, bool)),
        "orders_count": a.integer(nobody), "created_at": made, "updated_at": made,
        "email_marketing_consent_state": a.pick(["not_subscribed"], nobody),
        "email_marketing_consent_opt_in_level": empty,
        "email_marketing_consent_consent_updated_at": a.none(4, "time"),
        "sms_marketing_consent_state": a.pick(["not_subscribed"], nobody),
        "sms_marketing_consent_opt_in_level": empty,
        "sms_marketing_consent_consent_updated_at": a.none(4, "time"),
        "default_address_city": empty, "default_address_province_code": empty,
        "default_address_zip": a.none(4), "default_address_country_code": empty,
        "note": a.none(4), "currency": a.pick(CURRENCIES, shop),
        "_fivetran_deleted": a.flag(np.zeros(4, bool)),
    })
    _write_records(writer, ids.shops(shop), "shopify.customer", a.text(number), nobody,
                   np.ones(4, bool), np.zeros(4, bool), np.ones(4, bool))


def write_persons(
    writer: BrandWriter, persons: Persons, heads: Heads, consent: Consent, gpc_at: Ints
) -> None:
    """``truth.persons``."""
    rows = np.arange(persons.count)
    erased = consent.requested_at[ERASE]
    writer.write(TRUTH, "persons", {
        "person_id": a.integer(persons.number),
        "household_id": a.integer(persons.number[persons.head]),
        "first_name": persons.first_names(rows), "last_name": persons.last_names(rows),
        "email": a.take(persons.mails, rows),
        "phone": raw_phones(persons, rows, np.full(persons.count, 2)),
        "country_code": persons.country_codes(rows), "region": persons.regions(rows),
        "shop": a.pick(SHOPS, persons.shop),
        "is_california": a.flag(persons.is_californian()),
        "order_count": a.integer(np.bincount(heads.person, minlength=persons.count)),
        "arrived_at": a.time(persons.arrived_at),
        "gpc_seen_at": a.time(np.where(gpc_at < NEVER, gpc_at, 0), gpc_at >= NEVER),
        "erasure_requested_at": a.time(np.where(erased < NEVER, erased, 0), erased >= NEVER),
    })


def write_records(
    writer: BrandWriter, persons: Persons, heads: Heads, has_phone: Bools, accounts: Accounts,
    profiles: Profiles, sessions: Sessions, ids: Ids,
) -> None:
    """``truth.records``; ``has_phone``: orders that carry the person's real number."""
    relayed = accounts.account == ACCOUNT_OF_KIND[MARKETPLACE_RELAY]
    shop = persons.shop[accounts.person]
    shop = np.where(accounts.account == ABROAD_ACCOUNT, 1 - shop, shop)
    none = np.zeros(len(accounts.person), bool)
    _write_records(writer, ids.shops(shop), "shopify.customer",
                   a.text(ids.account(persons, accounts.person, accounts.account)),
                   persons.number[accounts.person], none, ~relayed, none)
    masked = heads.mail_kind == MARKETPLACE_RELAY
    own = (heads.mail_kind >= 0) & (heads.mail_kind <= TYPO)
    linkable = (own | (heads.account >= 0) | has_phone) & ~masked
    nobody = ~linkable & ~masked & (heads.mail_kind != APPLE_RELAY)
    _write_records(writer, ids.shops(heads.shop), "shopify.order",
                   a.text(ids.rows("order", heads.count)), persons.number[heads.person],
                   nobody, linkable, nobody)
    names = profile_ids(persons, profiles)
    none = np.zeros(profiles.count, bool)
    _write_records(writer, a.const(RELATION, profiles.count), "klaviyo.person", names,
                   persons.number[profiles.person], none, ~none, none)
    _write_devices(writer, persons, sessions, ids)


def _write_devices(
    writer: BrandWriter, persons: Persons, sessions: Sessions, ids: Ids
) -> None:
    places = persons.count * DEVICES + len(SHOPS)
    device = sessions.shop * places + sessions.device
    pair, place = np.unique(device * persons.count + sessions.person, return_inverse=True)
    device, person = pair // persons.count, pair % persons.count
    named = np.zeros(len(pair), bool)
    named[place[identified_sessions(sessions)]] = True
    owners = np.bincount(np.searchsorted(np.unique(device), device))
    shared = owners[np.searchsorted(np.unique(device), device)] > 1
    _write_records(writer, ids.shops(device // places), "web.anonymous_id",
                   a.take(device_names(persons, ids), device % places),
                   persons.number[person], shared, named, np.zeros(len(pair), bool))


def _write_records(
    writer: BrandWriter, relation: a.Column, table: str, row_id: a.Column, person: Ints,
    is_shared: Bools, is_linkable: Bools, is_nobody: Bools,
) -> None:
    writer.write(TRUTH, "records", {
        "source_relation": a.plain(relation),
        "source_table": a.plain(a.const(table, len(person))),
        "source_row_id": row_id,
        "person_id": a.integer(person, is_nobody),
        "is_shared": a.flag(is_shared),
        "is_linkable": a.flag(is_linkable),
    })
