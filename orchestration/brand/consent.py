"""What each person allowed, when, by which form, and what they asked for.

What lives here: the journal of consent per person and purpose, privacy requests, their raw tables,
and the true state over time.
What never does: delivery rules; GPC is sent by browsers (``web.py``) and only read here.

The journal has at most three facts per person and purpose: an opt-in, a later opt-out, and a second
opt-in. The second opt-in lifts the opt-out only where it came by the identifier that opted out.
An opt-out at the very second of the opt-in wins. A request to erase, a request not to sell and the
first GPC signal (ads only) end it: nothing lifts them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.fulfilment import NEVER
from orchestration.brand.ids import Ids
from orchestration.brand.persons import PRIMARY, SECOND, Persons
from orchestration.brand.phones import raw_phones
from orchestration.brand.window import DAY, Window
from orchestration.brand.words import COUNTRIES
from orchestration.brand.writer import TRUTH, BrandWriter

EMAIL, SMS, ADS, SALE, PROFILING = range(5)
PURPOSES = ("marketing", "marketing", "ads_sharing", "sale", "profiling")
CHANNELS = ("email", "sms", "ads", "ads", "email")
BY_CHECKOUT, BY_FORM, BY_AGENT, BY_LINK, BY_COMPLAINT = range(5)
SOURCES = ("checkout", "form", "agent", "link", "spam_complaint")
ACCESS, ERASE, OPT_OUT_SALE = range(3)
REQUESTS = ("access", "erase", "opt_out_sale")
# opt-in share, opt-out share of those, opt-out share of the others
_SHARES = (
    (0.64, 0.15, 0.05), (0.24, 0.1, 0.02), (0.56, 0.08, 0.09), (0.0, 0.0, 0.01), (0.2, 0.1, 0.03),
)


@dataclass(frozen=True)
class Journal:
    """Facts of one purpose; times are NEVER where the fact does not exist."""

    in_at: Ints
    out_at: Ints
    back_at: Ints
    in_kind: Ints  # e-mail kind the opt-in named
    out_kind: Ints
    back_kind: Ints
    in_source: Ints
    out_source: Ints

    @property
    def lifts(self) -> Bools:
        return np.asarray((self.back_at < NEVER) & (self.back_kind == self.out_kind))

    def state_of(self, kind: int) -> tuple[Ints, Ints]:
        """Last state of one address: 1 in, -1 out, 0 unknown, and its time."""
        state, at = np.zeros(len(self.in_at), np.int64), np.full(len(self.in_at), NEVER)
        for when, owner, value in (
            (self.in_at, self.in_kind, 1), (self.out_at, self.out_kind, -1),
            (self.back_at, self.back_kind, 1),
        ):
            here = (when < NEVER) & (owner == kind)
            state, at = np.where(here, value, state), np.where(here, when, at)
        return state, at


@dataclass(frozen=True)
class Consent:
    """The five journals and the requests of a chunk of persons; request times NEVER where none."""

    journals: tuple[Journal, ...]
    requested_at: Ints  # (request kind, person)


def make_consent(
    persons: Persons, first_order_at: Ints, window: Window, rng: np.random.Generator
) -> Consent:
    """Draw every person's consent; ``first_order_at`` is NEVER for those who never bought."""
    count = persons.count
    requested = np.full((len(REQUESTS), count), NEVER)
    span = window.end - persons.arrived_at
    for kind, share in ((ACCESS, 0.004), (ERASE, 0.005), (OPT_OUT_SALE, 0.008)):
        chance = np.where(persons.is_californian() & (kind == OPT_OUT_SALE), 0.05, share)
        at = persons.arrived_at + (rng.random(count) * span).astype(np.int64)
        requested[kind] = np.where(rng.random(count) < chance, at, NEVER)
    journals = tuple(
        _journal(place, persons, first_order_at, requested, window, rng)
        for place in range(len(PURPOSES))
    )
    return Consent(journals, requested)


def _journal(
    place: int, persons: Persons, first_order_at: Ints, requested: Ints, window: Window,
    rng: np.random.Generator,
) -> Journal:
    count = persons.count
    share_in, share_out, share_cold = _SHARES[place]
    able = persons.has_phone if place == SMS else np.ones(count, bool)
    by_checkout = (first_order_at < NEVER) & (rng.random(count) < 0.6)
    form_at = persons.arrived_at + rng.integers(60, 3 * DAY, count)
    in_at = np.where(by_checkout, first_order_at, form_at)
    in_at = np.where(able & (rng.random(count) < share_in) & (in_at < window.end), in_at, NEVER)
    has_in = in_at < NEVER
    since = np.where(has_in, in_at, persons.arrived_at)
    out_at = since + (rng.exponential(110.0, count) * DAY).astype(np.int64) + DAY
    out_at = np.where(has_in & (rng.random(count) < 0.004), in_at, out_at)  # same second
    chance = np.where(has_in, share_out, share_cold)
    hit = able & ((rng.random(count) < chance) | (out_at == in_at)) & (out_at < window.end)
    out_at = np.where(hit, out_at, NEVER)
    back_at = np.minimum(out_at, window.end) + rng.integers(DAY, 60 * DAY, count)
    hit = has_in & (out_at < NEVER) & (rng.random(count) < 0.17) & (back_at < window.end)
    back_at = np.where(hit, back_at, NEVER)
    # After a request nobody asks again: facts behind it do not exist.
    barrier = requested[ERASE]
    if place in (ADS, SALE):
        barrier = np.minimum(barrier, requested[OPT_OUT_SALE])
    in_at, out_at, back_at = (
        np.where(at >= barrier, NEVER, at) for at in (in_at, out_at, back_at)
    )
    in_kind = np.where(persons.has_second_mail & (rng.random(count) < 0.1), SECOND, PRIMARY)
    other = persons.has_second_mail & persons.has_second_profile & (rng.random(count) < 0.2)
    out_kind = np.where(other & (place != SMS), SECOND, in_kind)
    stays = persons.has_second_mail & (rng.random(count) < 0.5) & (place != SMS)
    back_kind = np.where(stays, PRIMARY + SECOND - out_kind, out_kind)
    out_source = rng.choice([BY_LINK, BY_FORM, BY_AGENT], count, p=[0.6, 0.2, 0.2])
    if place == EMAIL:
        complaint = rng.random(count) < 0.06
        out_source = np.where(complaint, BY_COMPLAINT, out_source)
    has_profile = np.where(
        out_kind == SECOND, persons.has_second_mail & persons.has_second_profile,
        persons.has_profile,
    )
    out_source = np.where((out_source >= BY_LINK) & ~has_profile, BY_AGENT, out_source)
    return Journal(
        in_at, out_at, back_at, in_kind, out_kind, back_kind,
        np.where(by_checkout, BY_CHECKOUT, BY_FORM), out_source,
    )


def write_consent(
    writer: BrandWriter, persons: Persons, consent: Consent, has_account: Bools, ids: Ids,
    rng: np.random.Generator,
) -> None:
    """``privacy.consent_event`` and ``privacy.request``.

    A spam complaint, and one unsubscribe by link in four, is known to the e-mail tool only.
    """
    columns: list[tuple[Ints, ...]] = []
    for place, journal in enumerate(consent.journals):
        hidden = (journal.out_source == BY_COMPLAINT) | (
            (journal.out_source == BY_LINK) & (rng.random(persons.count) < 0.25) & (place == EMAIL)
        )
        again = np.full(persons.count, BY_FORM)
        for at, state, source, kind in (
            (journal.in_at, 1, journal.in_source, journal.in_kind),
            (np.where(hidden, NEVER, journal.out_at), 0, journal.out_source, journal.out_kind),
            (journal.back_at, 1, again, journal.back_kind),
        ):
            rows = np.flatnonzero(at < NEVER)
            columns.append((rows, at[rows], np.full(len(rows), place), np.full(len(rows), state),
                            source[rows], kind[rows]))
    stacked = np.concatenate([np.stack(column) for column in columns], axis=1)
    person, at, purpose, state, source, kind = stacked[
        :, np.lexsort((stacked[2], stacked[1], stacked[0]))
    ]
    count = len(person)
    by_phone = purpose == SMS
    by_account = (source == BY_AGENT) & has_account[person] & ~by_phone & (kind == PRIMARY)
    account = ids.account(persons, person, np.zeros(count, np.int64))
    value = a.filled(
        raw_phones(persons, person, np.where(by_phone, 2, -1)),
        a.where(by_account, a.text(account)),
        persons.mail_texts(person, kind),
    )
    proof = a.join(a.pick(["order-", "form-", "ticket-", "click-", ""], source),
                   a.hexes(ids.rows("consent", count), 41, 8))
    writer.write("privacy", "consent_event", {
        "_source_relation": ids.shops(persons.shop[person]),
        "consent_event_id": a.join("ce_", a.text(ids.rows("consent", count))),
        "identifier_type": a.pick(["email", "phone", "shopify_customer_id"],
                                  np.where(by_phone, 1, np.where(by_account, 2, 0))),
        "identifier_value": value,
        "purpose": a.pick(["marketing", "ads_sharing", "sale", "profiling"],
                          np.maximum(purpose - 1, 0)),
        "channel": a.pick(["email", "sms", "ads"], np.array([0, 1, 2, 2, 0])[purpose]),
        "state": a.pick(["opted_out", "opted_in"], state),
        "jurisdiction": _jurisdictions(persons, person),
        "source": a.pick(SOURCES, source),
        "proof": proof,
        "occurred_at": a.time(at),
    })
    _write_requests(writer, persons, consent, has_account, ids)


def _jurisdictions(persons: Persons, person: Ints) -> a.Column:
    is_us = np.array([row.code == "US" for row in COUNTRIES])[persons.country[person]]
    region = a.join("US-", a.filled(persons.regions(person), ""))
    return a.either(is_us, region, persons.country_codes(person))


def _write_requests(
    writer: BrandWriter, persons: Persons, consent: Consent, has_account: Bools, ids: Ids
) -> None:
    kind, person = np.nonzero(consent.requested_at < NEVER)
    at = consent.requested_at[kind, person]
    count = len(person)
    with_account = has_account[person] & (persons.number[person] % 2 == 0)
    number = ids.account(persons, person, np.zeros(count, np.int64))
    with_mail = ~with_account | (persons.number[person] % 3 > 0)
    done = (ids.end - at) > 30 * DAY
    writer.write("privacy", "request", {
        "_source_relation": ids.shops(persons.shop[person]),
        "request_id": a.join("pr_", a.text(ids.rows("request", count))),
        "kind": a.pick(REQUESTS, kind),
        "source": a.pick(["form", "agent", "webhook"], persons.number[person] % 3),
        "email": a.where(with_mail, a.take(persons.mails, person)),
        "phone": raw_phones(persons, person, np.where(with_mail, persons.phone_style[person], -1)),
        "country_code": persons.country_codes(person),
        "customer_id": a.integer(number, ~with_account),
        "requested_at": a.time(at),
        "completed_at": a.time(at + 20 * DAY, ~done),
    })


def write_truth(
    writer: BrandWriter, persons: Persons, consent: Consent, gpc_at: Ints
) -> None:
    """``truth.consent``: the state of every person and purpose at every moment.

    ``unknown`` from arrival until the first fact; the last interval has no ``valid_to``.
    """
    pieces: list[Ints] = []
    for place, journal in enumerate(consent.journals):
        stop = consent.requested_at[ERASE]
        if place in (ADS, SALE):
            stop = np.minimum(np.minimum(stop, consent.requested_at[OPT_OUT_SALE]), gpc_at)
        in_at = np.where(journal.out_at <= journal.in_at, NEVER, journal.in_at)
        back_at = np.where(journal.lifts, journal.back_at, NEVER)
        facts = [(persons.arrived_at, 0)] + [
            (np.where(at < stop, at, NEVER), state)
            for at, state in ((in_at, 1), (journal.out_at, 2), (back_at, 1))
        ] + [(stop, 2)]
        for step, (at, state) in enumerate(facts):
            rows = np.flatnonzero(at < NEVER)
            each = np.ones(len(rows), np.int64)
            pieces.append(np.stack([rows, place * each, at[rows], step * each, state * each]))
    facts_of = np.concatenate(pieces, axis=1)
    facts_of = facts_of[:, np.lexsort(facts_of[3::-1])]
    person, purpose, since, _, state_of = facts_of
    same = np.concatenate([(np.diff(person) == 0) & (np.diff(purpose) == 0), [False]])
    until = np.concatenate([since[1:], [NEVER]])
    keep = ~(same & (until <= since))  # an instant that something else took over
    person, purpose, since, state_of, until, same = (
        column[keep] for column in (person, purpose, since, state_of, until, same)
    )
    writer.write(TRUTH, "consent", {
        "person_id": a.integer(persons.number[person]),
        "purpose": a.pick(["marketing", "ads_sharing", "sale", "profiling"],
                          np.maximum(purpose - 1, 0)),
        "channel": a.pick(["email", "sms", "ads"], np.array([0, 1, 2, 2, 0])[purpose]),
        "consent_state": a.pick(["unknown", "opted_in", "opted_out"], state_of),
        "valid_from": a.time(since),
        "valid_to": a.time(np.where(same, until, 0), ~same),
    })
