"""The e-mail tool: profiles, newsletters, events, lists, subscriptions, suppressions.

What lives here: everything under ``klaviyo`` and the addresses that truly may not be written to.
What never does: consent itself (``consent.py`` decided it), visits (they ask for their clicks).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.consent import BY_AGENT, BY_COMPLAINT, BY_LINK, EMAIL, SMS, Consent
from orchestration.brand.fulfilment import NEVER
from orchestration.brand.ids import Ids
from orchestration.brand.orders import DTC, ONLINE, Heads
from orchestration.brand.persons import PRIMARY, SECOND, Persons, raw_phones
from orchestration.brand.web import Sessions
from orchestration.brand.window import DAY, Window
from orchestration.brand.writer import TRUTH, BrandWriter

RELATION = "aurora-klaviyo"
YEARLY_EVENTS = 15
METRICS = ("Received Email", "Opened Email", "Clicked Email", "Bounced Email", "Unsubscribed",
           "Marked Email as Spam", "Placed Order")  # fmt: skip
RECEIVED, OPENED, CLICKED, BOUNCED, UNSUBSCRIBED, COMPLAINED, PLACED = range(7)
_METRIC_IDS = tuple(f"MTR{number:03d}" for number in range(len(METRICS)))
_FLOWS = ("Welcome Series", "Abandoned Cart", "Post Purchase", "Win-Back")
_FLOW_IDS = tuple(f"FLW{number:03d}" for number in range(len(_FLOWS)))
_LISTS = ("Newsletter", "SMS Subscribers", "Early Access")
_LIST_IDS = ("LST001", "LST002", "LST003")
_REASONS = ("HARD_BOUNCE", "SPAM_COMPLAINT", "UNSUBSCRIBE", "USER_SUPPRESSED")


@dataclass(frozen=True)
class Newsletters:
    """One e-mail campaign a week: send times ascending, ids and names."""

    at: Ints
    ids: list[str]
    names: list[str]


def make_newsletters(window: Window) -> Newsletters:
    """Every Tuesday 15:00 UTC of the window."""
    days = [
        window.first + timedelta(days=offset)
        for offset in range(window.day_count)
        if (window.first + timedelta(days=offset)).weekday() == 1
    ]
    at = np.array([(day - date(1970, 1, 1)).days * DAY + 15 * 3600 for day in days], np.int64)
    return Newsletters(
        at, [f"CMP{number:04d}" for number in range(len(days))],
        [f"{day:%Y%m%d}_weekly_edit" for day in days],
    )  # fmt: skip


def write_setting(writer: BrandWriter, window: Window, newsletters: Newsletters) -> None:
    """Metrics, campaigns, flows and lists: once per brand."""

    def relation(count: int) -> a.Column:
        return a.const(RELATION, count)

    writer.write("klaviyo", "metric", {
        "_source_relation": relation(len(METRICS)), "id": a.pick(_METRIC_IDS, np.arange(len(METRICS))),
        "name": a.pick(METRICS, np.arange(len(METRICS))),
        "integration_name": a.pick(["Klaviyo", "Shopify"], (np.arange(len(METRICS)) == PLACED) * 1),
    })  # fmt: skip
    count = len(newsletters.ids)
    writer.write("klaviyo", "campaign", {
        "_source_relation": relation(count), "id": a.pick(newsletters.ids, np.arange(count)),
        "name": a.pick(newsletters.names, np.arange(count)),
        "subject": a.take(["New this week", "Your favourites are back", "A little something"],
                          np.arange(count) % 3),
        "status": a.const("Sent", count), "send_time": a.time(newsletters.at),
    })  # fmt: skip
    count = len(_FLOWS)
    writer.write("klaviyo", "flow", {
        "_source_relation": relation(count), "id": a.pick(_FLOW_IDS, np.arange(count)),
        "name": a.pick(_FLOWS, np.arange(count)), "status": a.const("live", count),
    })  # fmt: skip
    count = len(_LISTS)
    made = a.time(np.full(count, window.start))
    writer.write("klaviyo", "list", {
        "_source_relation": relation(count), "id": a.pick(_LIST_IDS, np.arange(count)),
        "name": a.pick(_LISTS, np.arange(count)),
        "opt_in_process": a.pick(["double_opt_in", "single_opt_in"], np.array([0, 1, 1])),
        "created": made, "updated": made,
    })  # fmt: skip


@dataclass(frozen=True)
class Profiles:
    """One row per profile: the main addresses first, then second ones."""

    person: Ints
    kind: Ints
    created: Ints
    state: Ints  # e-mail: 1 in, -1 out, 0 unknown
    state_at: Ints
    reason: Ints  # row of _REASONS, -1 none
    reason_at: Ints
    bounced_at: Ints
    row_of: Ints  # (2, persons): row of the main and of the second profile, -1 none

    @property
    def count(self) -> int:
        return len(self.person)


def make_profiles(
    persons: Persons, consent: Consent, window: Window, rng: np.random.Generator
) -> Profiles:
    """Who is in the e-mail tool and in what state it believes them to be.

    The tool never hears of opt-outs that an agent took.
    """
    main = np.flatnonzero(persons.has_profile)
    second = np.flatnonzero(persons.has_second_mail & persons.has_second_profile)
    person = np.concatenate([main, second])
    kind = np.repeat([PRIMARY, SECOND], [len(main), len(second)])
    row_of = np.full((2, persons.count), -1)
    row_of[0, main] = np.arange(len(main))
    row_of[1, second] = len(main) + np.arange(len(second))
    journal = consent.journals[EMAIL]
    heard = (journal.out_source != BY_AGENT)[person]
    state, at = np.zeros(len(person), np.int64), np.full(len(person), NEVER)
    for when, owner, value in (
        (journal.in_at, journal.in_kind, 1), (journal.out_at, journal.out_kind, -1),
        (journal.back_at, journal.back_kind, 1),
    ):  # fmt: skip
        here = (when[person] < NEVER) & (owner[person] == kind) & (heard | (value == 1))
        state, at = np.where(here, value, state), np.where(here, when[person], at)
    span = window.end - persons.arrived_at[person]
    moment = persons.arrived_at[person] + 3_600 + (rng.random(len(person)) * span).astype(np.int64)
    moment = np.minimum(moment, window.end)
    draw = rng.random(len(person))
    bounced = np.where(draw < 0.013, moment, NEVER)
    out_at = journal.out_at[person]
    complained = (state < 0) & (journal.out_source[person] == BY_COMPLAINT)
    reason = np.select(
        [draw < 0.013, complained, state < 0, draw > 0.994], [0, 1, 2, 3], -1
    )
    reason_at = np.select([reason == 0, reason == 3, reason > 0], [moment, moment, out_at], NEVER)
    return Profiles(
        person=person, kind=kind, created=persons.arrived_at[person] + 60, state=state,
        state_at=at, reason=reason, reason_at=reason_at, bounced_at=bounced, row_of=row_of,
    )  # fmt: skip


def mail_stops(persons: Persons, profiles: Profiles, consent: Consent) -> Ints:
    """From when a person gets no newsletter at the main address any more."""
    stop = consent.journals[EMAIL].out_at.copy()
    rows = profiles.row_of[0]
    bounce = np.where(rows >= 0, profiles.bounced_at[np.maximum(rows, 0)], NEVER)
    return np.minimum(stop, bounce)


@dataclass(frozen=True)
class _Events:
    profile: Ints
    metric: Ints
    at: Ints
    newsletter: Ints
    flow: Ints
    is_machine: Bools


def _events(
    profile: Ints, metric: int, at: Ints, newsletter: Ints | None = None, flow: Ints | None = None,
    is_machine: Bools | None = None,
) -> _Events:  # fmt: skip
    nothing = np.full(len(profile), -1)
    return _Events(
        profile, np.full(len(profile), metric), at, nothing if newsletter is None else newsletter,
        nothing if flow is None else flow,
        np.zeros(len(profile), bool) if is_machine is None else is_machine,
    )  # fmt: skip


def write_email(
    writer: BrandWriter, persons: Persons, heads: Heads, sessions: Sessions, consent: Consent,
    profiles: Profiles, newsletters: Newsletters, has_account: Bools, ids: Ids, window: Window,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Profiles, events, memberships and subscriptions of a chunk."""
    events = _all_events(persons, heads, sessions, consent, profiles, newsletters, window, rng)
    seen = np.full(profiles.count, -1)
    np.maximum.at(seen, events.profile, events.at)
    _write_profiles(writer, persons, profiles, seen, has_account, ids, rng)
    _write_events(writer, profiles, events, newsletters, persons, ids)
    _write_subscriptions(writer, persons, consent, profiles, rng)


def _profile_ids(persons: Persons, profiles: Profiles) -> a.Column:
    return a.join("01J", a.hexes(persons.number[profiles.person] * 2 + (profiles.kind == SECOND),
                                 61, 16))  # fmt: skip


def _all_events(
    persons: Persons, heads: Heads, sessions: Sessions, consent: Consent, profiles: Profiles,
    newsletters: Newsletters, window: Window, rng: np.random.Generator,
) -> _Events:  # fmt: skip
    clicks = np.flatnonzero(sessions.newsletter >= 0)
    clicked_by = profiles.row_of[0, sessions.person[clicks]]
    clicked = sessions.newsletter[clicks]
    bought = np.flatnonzero((heads.channel == ONLINE) & (heads.scope == DTC) & (
        (heads.mail_kind == PRIMARY) | (heads.mail_kind == SECOND)))  # fmt: skip
    buyer = profiles.row_of[(heads.mail_kind[bought] == SECOND) * 1, heads.person[bought]]
    bought, buyer = bought[buyer >= 0], buyer[buyer >= 0]
    parts = [
        _events(clicked_by, CLICKED, sessions.start[clicks] - 4, clicked),
        _events(buyer, PLACED, heads.at[bought]),
        *_departures(consent, profiles),
    ]
    known = sum(len(part.profile) for part in parts)
    wanted = persons.count * YEARLY_EVENTS * window.day_count / 365.25 - known
    profile, number = _received(profiles, consent, newsletters, wanted / 1.47, rng)
    profile, number = np.concatenate([profile, clicked_by]), np.concatenate([number, clicked])
    pair = np.unique(profile * len(newsletters.at) + number)
    profile, number = pair // len(newsletters.at), pair % len(newsletters.at)
    opened_by_click = np.isin(pair, clicked_by * len(newsletters.at) + clicked)
    draw = rng.random(len(pair))
    flow = np.where(~opened_by_click & (draw > 0.88), rng.integers(0, len(_FLOWS), len(pair)), -1)
    at = newsletters.at[number] + rng.integers(0, 120, len(pair))
    at = np.where(flow >= 0, at - rng.integers(0, 6 * DAY, len(pair)), at)
    at = np.maximum(at, profiles.created[profile] + 60)
    shown = np.where(flow >= 0, -1, number)
    machine = ~opened_by_click & (draw < 0.16)
    opens = np.flatnonzero((draw < 0.32) | opened_by_click)
    delay = np.where(machine[opens], rng.integers(1, 40, len(opens)),
                     rng.integers(60, 12 * 3_600, len(opens)))  # fmt: skip
    first_click = np.full(len(pair), NEVER)
    where = np.searchsorted(pair, clicked_by * len(newsletters.at) + clicked)
    np.minimum.at(first_click, where, sessions.start[clicks] - 4)
    opened_at = np.minimum(at[opens] + delay, first_click[opens] - 8)
    parts += [
        _events(profile, RECEIVED, np.minimum(at, first_click - 20), shown, flow),
        _events(profile[opens], OPENED, opened_at, shown[opens], flow[opens], machine[opens]),
    ]
    return _sorted(parts, window)


def _sorted(parts: list[_Events], window: Window) -> _Events:
    profile, metric, at, newsletter, flow, is_machine = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("profile", "metric", "at", "newsletter", "flow", "is_machine")
    )
    order = np.lexsort((metric, at, profile))
    at = np.clip(at, window.start, window.end)
    return _Events(profile[order], metric[order], at[order], newsletter[order], flow[order],
                   is_machine[order])  # fmt: skip


def _departures(consent: Consent, profiles: Profiles) -> list[_Events]:
    journal = consent.journals[EMAIL]
    left = []
    for source, metric in ((BY_LINK, UNSUBSCRIBED), (BY_COMPLAINT, COMPLAINED)):
        person = np.flatnonzero((journal.out_at < NEVER) & (journal.out_source == source))
        profile = profiles.row_of[(journal.out_kind[person] == SECOND) * 1, person]
        left.append(_events(profile, metric, journal.out_at[person]))
    bounced = np.flatnonzero(profiles.bounced_at < NEVER)
    return [*left, _events(bounced, BOUNCED, profiles.bounced_at[bounced])]


def _received(
    profiles: Profiles, consent: Consent, newsletters: Newsletters, wanted: float,
    rng: np.random.Generator,
) -> tuple[Ints, Ints]:  # fmt: skip
    """About ``wanted`` deliveries, spread over what each profile could receive."""
    stop = np.minimum(consent.journals[EMAIL].out_at[profiles.person], profiles.bounced_at)
    first = np.searchsorted(newsletters.at, profiles.created)
    last = np.searchsorted(newsletters.at, stop)
    room = np.maximum(last - first, 0)
    share = min(max(wanted, 0.0) / max(int(room.sum()), 1), 1.0)
    # Duplicates fall away below, so ask for a little more.
    number = rng.poisson(room * -np.log1p(-min(share, 0.95)))
    profile = np.repeat(np.arange(profiles.count), number)
    newsletter = first[profile] + (rng.random(len(profile)) * room[profile]).astype(np.int64)
    return profile, newsletter


def _write_profiles(
    writer: BrandWriter, persons: Persons, profiles: Profiles, seen: Ints, has_account: Bools,
    ids: Ids, rng: np.random.Generator,
) -> None:  # fmt: skip
    person, count = profiles.person, profiles.count
    linked = has_account[person] & (profiles.kind == PRIMARY) & (rng.random(count) < 0.3)
    account = ids.account(persons, person, np.zeros(count, np.int64))
    style = np.where(rng.random(count) < 0.4, 2, -1)
    named = rng.random(count) < 0.85
    writer.write("klaviyo", "person", {
        "_source_relation": a.const(RELATION, count),
        "id": _profile_ids(persons, profiles),
        "email": persons.mails.take(a.pa.array(persons.mail_row(person, profiles.kind))),
        "phone_number": raw_phones(persons, person, style),
        "external_id": a.text(account).take(a.pa.array(np.arange(count), mask=~linked)),
        "first_name": a.where(named, persons.first_names(person).cast(a.pa.string())),
        "last_name": a.where(named, persons.last_names(person).cast(a.pa.string())),
        "city": persons.cities(person), "region": persons.regions(person),
        "zip": persons.zips(person), "country": persons.country_codes(person),
        "created": a.time(profiles.created),
        "updated": a.time(np.maximum(seen, profiles.created)),
        "last_event_date": a.time(seen, seen < 0),
        "_fivetran_deleted": a.flag(np.zeros(count, bool)),
    })  # fmt: skip


def _write_events(
    writer: BrandWriter, profiles: Profiles, events: _Events, newsletters: Newsletters,
    persons: Persons, ids: Ids,
) -> None:  # fmt: skip
    count = len(events.profile)
    soft = events.metric == BOUNCED
    hard = profiles.reason[events.profile] == 0
    writer.write("klaviyo", "event", {
        "_source_relation": a.const(RELATION, count),
        "id": a.join("ev", a.text(ids.rows("klaviyo_event", count))),
        "person_id": _profile_ids(persons, profiles).take(a.pa.array(events.profile)),
        "metric_id": a.pick(_METRIC_IDS, events.metric),
        "datetime": a.time(events.at),
        "campaign_id": a.pick(newsletters.ids, events.newsletter),
        "flow_id": a.pick(_FLOW_IDS, events.flow),
        "property_url": a.pick(["https://aurora-store.com/"],
                               np.where(events.metric == CLICKED, 0, -1)),
        "property_client_name": a.pick(
            ["Apple Mail", "Gmail"],
            np.where(events.metric == OPENED, np.where(events.is_machine, 0, 1), -1)),
        "property_bounce_type": a.pick(["Hard", "Soft"],
                                       np.where(soft, np.where(hard, 0, 1), -1)),
        "is_machine_open": a.flag(events.is_machine, events.metric != OPENED),
    })  # fmt: skip


def _write_subscriptions(
    writer: BrandWriter, persons: Persons, consent: Consent, profiles: Profiles,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    names = _profile_ids(persons, profiles)
    sms = consent.journals[SMS]
    has_sms = (profiles.kind == PRIMARY) & persons.has_phone[profiles.person]
    by_phone = np.flatnonzero(has_sms)
    sms_out = sms.out_at[profiles.person] < NEVER
    sms_back = sms.lifts[profiles.person]
    sms_in = sms.in_at[profiles.person] < NEVER
    sms_state = np.where(sms_back, 1, np.where(sms_out, -1, np.where(sms_in, 1, 0)))
    sms_at = np.where(sms_back, sms.back_at[profiles.person], np.where(
        sms_out, sms.out_at[profiles.person], sms.in_at[profiles.person]))  # fmt: skip
    row = np.concatenate([np.arange(profiles.count), by_phone])
    is_sms = np.arange(len(row)) >= profiles.count
    state = np.where(is_sms, sms_state[row], profiles.state[row])
    at = np.where(is_sms, sms_at[row], profiles.state_at[row])
    reason = np.where(is_sms, -1, profiles.reason[row])
    known = state != 0
    writer.write("klaviyo", "profile_subscription", {
        "_source_relation": a.const(RELATION, len(row)),
        "profile_id": names.take(a.pa.array(row)),
        "channel": a.pick(["email", "sms"], is_sms * 1),
        "consent": a.pick(["UNSUBSCRIBED", "NEVER_SUBSCRIBED", "SUBSCRIBED"], state + 1),
        "consent_timestamp": a.time(np.where(known, at, 0), ~known),
        "last_updated": a.time(np.where(known, at, profiles.created[row])),
        "method": a.pick(["FORM", "API"], np.where(known, row % 2, -1)),
        "double_optin": a.flag((state == 1) & (rng.random(len(row)) < 0.4)),
        "suppression_reason": a.pick(_REASONS, reason),
        "suppression_timestamp": a.time(
            np.where(reason >= 0, profiles.reason_at[row], 0), reason < 0),
    })  # fmt: skip
    joined = np.flatnonzero(profiles.state == 1)
    early = joined[rng.random(len(joined)) < 0.08]
    texted = by_phone[sms_state[by_phone] == 1]
    member = np.concatenate([joined, texted, early])
    kind = np.repeat([0, 1, 2], [len(joined), len(texted), len(early)])
    since = np.where(kind == 1, sms_at[member], profiles.state_at[member])
    writer.write("klaviyo", "list_profile", {
        "_source_relation": a.const(RELATION, len(member)),
        "list_id": a.pick(_LIST_IDS, kind), "profile_id": names.take(a.pa.array(member)),
        "joined_group_at": a.time(since),
    })  # fmt: skip
    rows = np.flatnonzero(profiles.reason >= 0)
    writer.write(TRUTH, "suppressed_addresses", {
        "person_id": a.integer(persons.number[profiles.person[rows]]),
        "email": persons.mails.take(
            a.pa.array(persons.mail_row(profiles.person[rows], profiles.kind[rows]))),
        "reason": a.pick(_REASONS, profiles.reason[rows]),
        "suppressed_at": a.time(profiles.reason_at[rows]),
    })  # fmt: skip
