"""The e-mail tool: profiles, newsletters, events, lists, subscriptions, suppressions.

What lives here: everything under ``klaviyo`` and the addresses that truly may not be written to.
What never does: consent itself (``consent.py`` decided it), visits (they ask for their clicks).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.consent import BY_AGENT, BY_COMPLAINT, BY_LINK, EMAIL, Consent
from orchestration.brand.fulfilment import NEVER
from orchestration.brand.orders import DTC, ONLINE, Heads
from orchestration.brand.persons import PRIMARY, SECOND, Persons
from orchestration.brand.visits import Sessions
from orchestration.brand.window import DAY, Window

YEARLY_EVENTS = 15
FLOW_COUNT = 4
HARD_BOUNCE, SPAM_COMPLAINT, UNSUBSCRIBE, USER_SUPPRESSED = range(4)
RECEIVED, OPENED, CLICKED, BOUNCED, UNSUBSCRIBED, COMPLAINED, PLACED = range(7)


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
    )


@dataclass(frozen=True)
class Profiles:
    """One row per profile: the main addresses first, then second ones."""

    person: Ints
    kind: Ints
    created: Ints
    state: Ints  # e-mail: 1 in, -1 out, 0 unknown
    state_at: Ints
    reason: Ints  # a code below, -1 none
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
    ):
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
        [draw < 0.013, complained, state < 0, draw > 0.994],
        [HARD_BOUNCE, SPAM_COMPLAINT, UNSUBSCRIBE, USER_SUPPRESSED], -1,
    )
    by_tool = (reason == HARD_BOUNCE) | (reason == USER_SUPPRESSED)
    reason_at = np.select([by_tool, reason >= 0], [moment, out_at], NEVER)
    return Profiles(
        person=person, kind=kind, created=persons.arrived_at[person] + 60, state=state,
        state_at=at, reason=reason, reason_at=reason_at, bounced_at=bounced, row_of=row_of,
    )


def mail_stops(persons: Persons, profiles: Profiles, consent: Consent) -> Ints:
    """From when a person gets no newsletter at the main address any more."""
    bounced = np.full(persons.count, NEVER)
    main = profiles.kind == PRIMARY
    bounced[profiles.person[main]] = profiles.bounced_at[main]
    return np.asarray(np.minimum(consent.journals[EMAIL].out_at, bounced))


@dataclass(frozen=True)
class Events:
    profile: Ints
    metric: Ints
    at: Ints
    newsletter: Ints
    flow: Ints
    is_machine: Bools


def _events(
    profile: Ints, metric: int, at: Ints, newsletter: Ints | None = None, flow: Ints | None = None,
    is_machine: Bools | None = None,
) -> Events:
    nothing = np.full(len(profile), -1)
    return Events(
        profile, np.full(len(profile), metric), at, nothing if newsletter is None else newsletter,
        nothing if flow is None else flow,
        np.zeros(len(profile), bool) if is_machine is None else is_machine,
    )


def make_events(
    persons: Persons, heads: Heads, sessions: Sessions, consent: Consent, profiles: Profiles,
    newsletters: Newsletters, window: Window, rng: np.random.Generator,
) -> Events:
    clicks = np.flatnonzero(sessions.newsletter >= 0)
    clicked_by = profiles.row_of[0, sessions.person[clicks]]
    clicked = sessions.newsletter[clicks]
    bought = np.flatnonzero((heads.channel == ONLINE) & (heads.scope == DTC) & (
        (heads.mail_kind == PRIMARY) | (heads.mail_kind == SECOND)))
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
    flow = np.where(~opened_by_click & (draw > 0.88), rng.integers(0, FLOW_COUNT, len(pair)), -1)
    at = newsletters.at[number] + rng.integers(0, 120, len(pair))
    at = np.where(flow >= 0, at - rng.integers(0, 6 * DAY, len(pair)), at)
    at = np.maximum(at, profiles.created[profile] + 60)
    shown = np.where(flow >= 0, -1, number)
    machine = ~opened_by_click & (draw < 0.16)
    opens = np.flatnonzero((draw < 0.32) | opened_by_click)
    delay = np.where(machine[opens], rng.integers(1, 40, len(opens)),
                     rng.integers(60, 12 * 3_600, len(opens)))
    first_click = np.full(len(pair), NEVER)
    where = np.searchsorted(pair, clicked_by * len(newsletters.at) + clicked)
    np.minimum.at(first_click, where, sessions.start[clicks] - 4)
    opened_at = np.minimum(at[opens] + delay, first_click[opens] - 8)
    parts += [
        _events(profile, RECEIVED, np.minimum(at, first_click - 20), shown, flow),
        _events(profile[opens], OPENED, opened_at, shown[opens], flow[opens], machine[opens]),
    ]
    return _sorted(parts, window)


def _sorted(parts: list[Events], window: Window) -> Events:
    profile, metric, at, newsletter, flow, is_machine = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("profile", "metric", "at", "newsletter", "flow", "is_machine")
    )
    order = np.lexsort((metric, at, profile))
    at = np.clip(at, window.start, window.end)
    return Events(profile[order], metric[order], at[order], newsletter[order], flow[order],
                   is_machine[order])


def _departures(consent: Consent, profiles: Profiles) -> list[Events]:
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
) -> tuple[Ints, Ints]:
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
